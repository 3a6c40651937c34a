"""The countries and networks of the sample traffic, its times of day, and its incidents.

The numbers belong to nobody: regulators reserve them for fiction (US, GB, DE, FR, SE, IE), or they are zeros (BR, ES,
IN).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple


class Network(NamedTuple):
    """``delivers`` is the share of delivered messages, ``seconds`` the median of their delivery time."""

    mccmnc: str
    name: str
    share: int
    delivers: float
    seconds: float


class Country(NamedTuple):
    """``share`` of all traffic in percent; ``numbers`` with an X for each random digit; ``hours`` ahead of UTC."""

    code: str
    share: int
    hours: int
    language: str
    price: Decimal
    numbers: tuple[str, ...]
    networks: tuple[Network, ...]


AREA_CODES: Final = (201, 206, 212, 305, 312, 404, 415, 503, 617, 702)
COUNTRIES: Final = (
    Country(
        "US", 30, -6, "en", Decimal("0.0075"), tuple(f"+1{area}55501XX" for area in AREA_CODES),
        (Network("310260", "Demo Wireless", 6, 0.975, 3), Network("310410", "Demo Cellular", 4, 0.96, 5)),
    ),
    Country(
        "GB", 16, 0, "en", Decimal("0.0400"), ("+447700900XXX",),
        (Network("23415", "Demo Mobile UK", 5, 0.97, 4), Network("23410", "Albion Demo", 5, 0.955, 6)),
    ),
    Country(
        "DE", 13, 1, "de", Decimal("0.0750"), ("+4917139200XX", "+49176040690XX"),
        (Network("26201", "Demo Funk", 5, 0.97, 4), Network("26202", "Muster Mobil", 5, 0.96, 5)),
    ),
    Country(
        "FR", 11, 1, "fr", Decimal("0.0550"), ("+33639980XXX",),
        (Network("20801", "Démo Mobile", 6, 0.965, 5), Network("20810", "Exemple Télécom", 4, 0.94, 8)),
    ),
    Country(
        "ES", 9, 1, "es", Decimal("0.0480"), ("+34600000XXX",),
        (Network("21407", "Demo Móvil", 6, 0.965, 5), Network("21401", "Ejemplo Móvil", 4, 0.95, 6)),
    ),
    Country(
        "BR", 8, -3, "pt", Decimal("0.0250"), ("+5511900000XXX",),
        (Network("72405", "Demo Celular", 6, 0.93, 9), Network("72410", "Exemplo Móvel", 4, 0.91, 14)),
    ),
    Country(
        "IN", 7, 5, "en", Decimal("0.0180"), ("+919000000XXX",),
        (Network("405871", "Demo Mobile India", 7, 0.90, 12), Network("40410", "Udaharan Tel", 3, 0.86, 25)),
    ),
    Country(
        "SE", 4, 1, "en", Decimal("0.0450"), tuple(f"+467017406{ten}X" for ten in range(1, 10)),
        (Network("24001", "Demo Mobil", 6, 0.975, 3), Network("24007", "Exempel Mobil", 4, 0.97, 4)),
    ),
    Country(
        "IE", 2, 0, "en", Decimal("0.0520"), ("+35320915XXXX",),
        (Network("27201", "Demo Mobile Ireland", 10, 0.96, 5),),
    ),
)  # fmt: skip
IRELAND: Final = COUNTRIES[-1]

# Codes: purpose, source of the code, channel, and weight.
CODES: Final = (
    ("signup", "lanck", "sms", 46),
    ("signup", "lanck", "voice", 5),
    ("signup", "lanck", "call", 8),
    ("signup", "site", "failover", 3),
    ("login", "lanck", "sms", 22),
    ("login", "site", "viber", 5),
    ("login", "site", "push", 4),
    ("change_number", "lanck", "sms", 5),
    ("change_number", "lanck", "voice", 2),
)
# Messages without a code: channel and weight.
TEXTS: Final = (("sms", 45), ("viber", 20), ("push", 20), ("rcs", 5), ("failover", 5), ("t2s", 5))
# The price of a channel, as a multiple of an SMS to the same country.
PRICES: Final = {"voice": "1.8", "call": "0.4", "viber": "0.6", "push": "0", "rcs": "0.8", "t2s": "1.8"}

# The weight of each hour of a day, and of each day of a week from Monday.
HOURS: Final = (3, 2, 1, 1, 1, 2, 5, 10, 16, 20, 22, 23, 24, 22, 21, 21, 22, 24, 27, 29, 27, 21, 13, 7)
WEEKDAYS: Final = (10, 11, 11, 11, 10, 7, 6)


class Incident(NamedTuple):
    """An incident so many days before the last one, from the hour ``begins`` until ``ends`` (UTC)."""

    days_ago: int
    begins: int = 0
    ends: int = 24
    where: str = ""

    def covers(self, days_ago: int, hour: int) -> bool:
        return days_ago == self.days_ago and self.begins <= hour < self.ends


FAILURE: Final = Incident(12, where="ES")  # almost no message to this country is delivered
OUT_OF_FUNDS: Final = Incident(9, 14, 16)  # LANCK refuses every message
SILENCE: Final = Incident(20, 9, 10)  # LANCK's responses are lost
ATTACK: Final = Incident(5, 1, 4, where="+35320911")  # pumping: codes that nobody enters, until the prefix is paused
PROBE: Final = Incident(1, 22, 23, where="+35320914")  # the attacker tries another prefix, which is not paused yet

PROBES: Final = 40


def weight_of(day: date) -> int:
    """Return the weight of a day among others."""
    return WEEKDAYS[day.weekday()]
