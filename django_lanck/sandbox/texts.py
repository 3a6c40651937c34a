"""The words that carry a code. A language that is not here gets English."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "ar": "رمز التحقق الخاص بك هو {code}",
    "de": "Ihr Code lautet {code}",
    "en": "Your code is {code}",
    "es": "Tu código es {code}",
    "fa": "کد تأیید شما {code} است",
    "fr": "Votre code est {code}",
    "he": "קוד האימות שלך הוא {code}",
    "hi": "आपका कोड {code} है",
    "it": "Il tuo codice è {code}",
    "ja": "認証コードは {code} です",
    "pt": "O seu código é {code}",
    "ru": "Ваш код: {code}",
    "tr": "Doğrulama kodunuz: {code}",
    "uk": "Ваш код: {code}",
    "zh": "您的验证码是 {code}",
}


def written(code: str, language: str) -> str:
    """The text of an SMS."""
    return SENTENCES.get(language, SENTENCES["en"]).format(code=code)


def spoken(code: str, language: str) -> str:
    """What the voice says: the digits one by one."""
    return written(" ".join(code), language)
