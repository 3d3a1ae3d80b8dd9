"""Moments as ns since 1970 in columns, as aware datetimes in UTC or ISO 8601 text at the edges."""

from __future__ import annotations

import datetime

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def moment(nanoseconds: int) -> datetime.datetime:
    """To a datetime, cut to microseconds."""
    return EPOCH + datetime.timedelta(microseconds=nanoseconds // 1000)


def nanoseconds(when: datetime.datetime | None) -> int:
    """From a datetime; -1 for ``None``."""
    return -1 if when is None else (when - EPOCH) // datetime.timedelta(microseconds=1) * 1000


def iso(when: datetime.datetime | None) -> str | None:
    """As ISO 8601 text that ends in ``Z``."""
    return when.isoformat().replace("+00:00", "Z") if when else None
