from __future__ import annotations

# E.164 has at most 15 digits; LANCK's inbound numbers may be names. A plain CharField holds them, so that a site's
# PHONENUMBER_DB_FORMAT cannot change what is stored.
NUMBER_LENGTH = 20
SHOWN_START, SHOWN_END = 5, 4


def mask_number(number: str) -> str:
    """``+12015550123`` → ``+1201•••0123``; what is too short to keep a secret is masked whole."""
    if len(number) <= SHOWN_START + SHOWN_END:
        return "•••"
    return f"{number[:SHOWN_START]}•••{number[-SHOWN_END:]}"
