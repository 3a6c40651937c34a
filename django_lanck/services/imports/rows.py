"""Rows of a file, read as users, numbers and times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, router
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from ...exceptions import InvalidArgument, LanckError
from ...models import DatabaseNow
from ...models.time import start_of_day
from ..numbers import parse_number

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A time that is later than the database's by less than this is of a clock that is ahead.
CLOCK_DIFFERENCE: Final = timedelta(minutes=5)
NOT_A_TIME: Final = "It has to be a date or a time in ISO 8601, such as 2024-01-31 or 2024-01-31T10:00:00Z."


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row of a file. ``user`` is the value of the user field; ``error`` is set for a row that cannot be read."""

    line: int
    user: str = ""
    number: str = field(default="", repr=False)
    verified_at: str = ""
    error: LanckError | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with its user, number (E.164) and time."""

    line: int
    user_id: Any
    number: str = field(repr=False)
    verified_at: datetime


def entries_of(
    rows: Iterable[ImportRow],
    *,
    user_field: models.Field[Any, Any],
    region: str | None,
    on_error: Callable[[int, LanckError], object],
) -> list[Entry]:
    """Return the rows as entries. ``on_error(line, error)`` is called for each one that has none."""
    rows = list(rows)
    users = _Users.named_by({row.user for row in rows if row.error is None}, user_field)
    entries = []
    for row in rows:
        try:
            entries.append(_entry(row, users, region))
        except LanckError as error:
            on_error(row.line, error)
    return entries


def _entry(row: ImportRow, users: _Users, region: str | None) -> Entry:
    if row.error is not None:
        raise row.error
    user_id, now = users.find(row.user)
    phone = parse_number(row.number, region=region)
    return Entry(row.line, user_id, str(phone.as_e164), checked_time(_parsed_time(row.verified_at), now))


def all_users() -> models.QuerySet[Any]:
    """Return the users as they are in the database that is written to."""
    model = get_user_model()
    return model._default_manager.using(router.db_for_write(model))


def user_field_named(name: str) -> models.Field[Any, Any]:
    """Return the field of the user model by which rows name their users. Raises InvalidArgument."""
    options = get_user_model()._meta
    try:
        found = options.pk if name == "pk" else options.get_field(name or get_user_model().USERNAME_FIELD)
    except FieldDoesNotExist:
        found = None
    if not isinstance(found, models.Field) or found.is_relation:
        raise InvalidArgument("user_field", "The user model has no such field.")
    return found


@dataclass(frozen=True, slots=True)
class _Users:
    """The users whom rows name: the keys of those with each value, and the database's time."""

    field: models.Field[Any, Any]
    keys: Mapping[Any, list[Any]]
    now: datetime | None

    @classmethod
    def named_by(cls, texts: Iterable[str], user_field: models.Field[Any, Any]) -> _Users:
        values = {value for value in (_value(user_field, text) for text in texts) if value is not None}
        found = all_users().filter(**{f"{user_field.name}__in": values}).annotate(now=DatabaseNow())
        keys: dict[Any, list[Any]] = {}
        now = None
        for value, key, at in found.values_list(user_field.name, "pk", "now"):
            keys.setdefault(value, []).append(key)
            now = at
        return cls(user_field, keys, now)

    def find(self, text: str) -> tuple[Any, datetime]:
        """Return the key of the user with this value, and the database's time. Raises InvalidArgument."""
        found = self.keys.get(_value(self.field, text), [])
        if len(found) == 1 and self.now is not None:
            return found[0], self.now
        raise InvalidArgument("user", f"{'Several users have' if found else 'No user has'} this {self.field.name}.")


def _value(user_field: models.Field[Any, Any], text: str) -> Any:
    """Return a text as a value of the field, or None where it cannot be one."""
    try:
        value = None if "\x00" in text else user_field.to_python(text.strip())
        if not isinstance(value, str):
            user_field.run_validators(value)  # a number may be too large for the database
    except ValidationError:
        return None
    return value


def _parsed_time(text: str) -> datetime:
    """Return the time of a text in ISO 8601. Raises InvalidArgument."""
    text = text.strip()
    try:
        if value := parse_date(text) or parse_datetime(text):
            return aware_time(value)
    except (ValueError, OverflowError):
        pass
    raise InvalidArgument("verified_at", NOT_A_TIME)


def aware_time(value: datetime | date) -> datetime:
    """Return a time with its time zone, by default the site's; of a date, the start of the day."""
    if not isinstance(value, datetime):
        return start_of_day(value)
    return timezone.make_aware(value, timezone.get_default_timezone()) if timezone.is_naive(value) else value


def checked_time(at: datetime, now: datetime) -> datetime:
    """Return the time of a verification, at most ``now``. Raises InvalidArgument for a time in the future.

    No proof would be newer than such a time, so that the next owner of the number could not claim it.
    """
    if at > now + CLOCK_DIFFERENCE:
        raise InvalidArgument("verified_at", "It must not be in the future.")
    if at < EARLIEST:
        raise InvalidArgument("verified_at", "It must not be before 1970.")
    return min(at, now)
