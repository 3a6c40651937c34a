"""The words that carry a code. A language that is not here gets English."""

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
    """The text of an SMS."""
    return SENTENCES.get(language, SENTENCES["en"]).format(code=code)


def spoken(code: str, language: str) -> str:
    """What the voice says: the digits one by one."""
    return written(" ".join(code), language)


# The last line that phones fill in by themselves: "@example.com #123456".
AUTOFILL: Final = re.compile(r"@[^\s#]+ #([0-9]{4,6})(?![0-9])")
# No part of an order "#2911", an amount, a time, a longer number, a word or an address.
CODE: Final = re.compile(r"(?<![A-Za-z0-9_#+$€£/@-])(?<![0-9][.,:])[0-9]{4,6}(?![A-Za-z0-9_/@€-])(?![.,:][0-9])")


def code_in(text: str) -> str:
    """The code that a text seems to bring; empty if there is none or more than one."""
    lines = text.strip().splitlines()
    autofill = AUTOFILL.match(lines[-1]) if lines else None
    if autofill:
        return autofill[1]
    found = CODE.findall(text)
    return str(found[0]) if len(found) == 1 else ""
