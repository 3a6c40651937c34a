"""The texts of messages with a code. Languages that are not listed get English."""

from __future__ import annotations

import re
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
    """Return the text of an SMS with the code."""
    return SENTENCES.get(language, SENTENCES["en"]).format(code=code)


def spoken(code: str, language: str) -> str:
    """Return the text that a voice dictates, with the digits one by one."""
    return written(" ".join(code), language)


# The last line of an SMS that phones fill in automatically: "@example.com #123456".
AUTOFILL: Final = re.compile(r"@[^\s#]+ #([0-9]{4,6})(?![0-9])")
# Not part of an order number "#2911", an amount, a time, a longer number, a word or a URL.
CODE: Final = re.compile(r"(?<![A-Za-z0-9_#+$€£/@-])(?<![0-9][.,:])[0-9]{4,6}(?![A-Za-z0-9_/@€-])(?![.,:][0-9])")


def code_in(text: str) -> str:
    """Return the code in a text, or an empty string if there is none or more than one."""
    lines = text.strip().splitlines()
    autofill = AUTOFILL.match(lines[-1]) if lines else None
    if autofill:
        return autofill[1]
    found = CODE.findall(text)
    return str(found[0]) if len(found) == 1 else ""
