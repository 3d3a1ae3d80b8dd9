"""``slowworm.hunt``: from inputs of any kind to a result."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from slowworm.detect.detector import Detection, detect
from slowworm.detect.profiles import Profiles, load_profiles
from slowworm.engine.local import run
from slowworm.errors import InputError, UsageError
from slowworm.flows.addresses import Network
from slowworm.flows.filter import Filter
from slowworm.outbreak.summary import outbreaks
from slowworm.report.case import HuntResult, InputSummary
from slowworm.sources.base import Note, Reading, merged
from slowworm.sources.formats import standard_formats
from slowworm.sources.inputs import paths_of, read_bytes, read_inputs

MAX_PATH = 4096
MAX_PATH_WORDS = 8
"""A one-line listing has at least one row of eight words; paths with more are rare, and found if they exist."""


def hunt(
    *inputs: Any,
    as_format: str | None = None,
    only_flows: str | None = None,
    inside: str | Iterable[str | Network] = (),
    profiles: Profiles | str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
    everyone: bool = False,
) -> HuntResult:
    """Say which hosts a scanning worm has infected.

    ``inputs``: paths (files, directories, ``"-"`` for stdin), text as ``bytes`` or as a ``str`` of several
    words, and Arrow tables or anything with the Arrow PyCapsule interface (Polars, pandas, DuckDB).
    ``as_format``: read as this format only. ``only_flows``: look only at flows that match this filter.
    ``inside``: prefixes of one's own network. ``profiles``: profiles, or directories of one's own in addition.
    ``everyone``: verdicts on clean hosts too.

    Raises :class:`slowworm.UsageError` for a request that cannot be served, :class:`slowworm.InputError`
    where nothing could be read from any input.
    """
    if not inputs:
        raise UsageError(
            "nothing to hunt in: name files, directories, '-' for standard input, or pass tables"
        )
    networks = tuple(_network(n) for n in ([inside] if isinstance(inside, str) else inside))
    if isinstance(profiles, str | os.PathLike):
        profiles = [profiles]
    chosen = profiles if isinstance(profiles, Profiles) else load_profiles(profiles)
    only = Filter.parse(only_flows) if only_flows else None
    readings = list(_readings(inputs, as_format))
    if not any(r.formats or r.notes for r in readings):
        raise InputError(
            "\n".join(f"{p.where}: {p.text}" for r in readings for p in r.problems) or "nothing to read"
        )
    batches = [b for r in readings for b in r.batches]
    notes = [n for r in readings for n in r.notes]
    notes += [
        Note(id="profile-skipped", text=f"a profile of your own is not used: {p}") for p in chosen.problems
    ]
    if only is not None:
        total = sum(b.num_rows for b in batches)
        batches = [b.filter(pa.array(only.mask(b))) for b in batches]
        kept = sum(b.num_rows for b in batches)
        notes.append(
            Note(
                id="only-flows",
                count=total - kept,
                text=(
                    f"looked at {kept:,} of {total:,} flows, those that match: {only}; this can hide answers"
                ),
            )
        )
    found = run(batches, lambda part: detect(part, profiles=chosen, inside=networks, everyone=everyone))
    return _result(readings, batches, found, notes)


def _readings(inputs: Iterable[Any], as_format: str | None) -> Iterator[Reading]:
    formats = standard_formats()
    formats.check(as_format)
    for number, item in enumerate(inputs, 1):
        if isinstance(item, str) and not item.strip():
            raise UsageError(f"input {number} is an empty name: a variable that was never set?")
        if isinstance(item, bytes | bytearray | memoryview):
            yield _text(f"text {number}", bytes(item), formats, as_format)
        elif isinstance(item, os.PathLike) or (isinstance(item, str) and not _is_text(item)):
            yield from read_inputs(paths_of([item]), formats, only=as_format)
        elif isinstance(item, str):
            yield _text(f"text {number}", item.encode(), formats, as_format)
        else:
            from slowworm.sources.arrow import is_arrow, read_arrow

            if not is_arrow(item):
                raise UsageError(
                    f"input {number} is a {type(item).__name__}: a path, text or Arrow table is needed"
                )
            yield read_arrow(item, name=f"table {number}")


def _is_text(item: str) -> bool:
    """A ``str`` is text rather than a path if it has several lines, or many words and names no file."""
    return (
        "\n" in item
        or len(item) > MAX_PATH
        or (len(item.split()) > MAX_PATH_WORDS and not os.path.exists(item))  # noqa: PTH110 - no error for too long a name
    )


def _text(name: str, data: bytes, formats: Any, as_format: str | None) -> Reading:
    try:
        return read_bytes(name, data, formats, only=as_format)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _network(text: str | Network) -> Network:
    try:
        return text if isinstance(text, Network) else ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(
            f"inside: {text!r} is no prefix such as 192.0.2.0/24; for several repeat the option"
        ) from error


def _result(
    readings: list[Reading], batches: list[pa.RecordBatch], found: list[Detection], notes: list[Note]
) -> HuntResult:
    verdicts = tuple(sorted((v for d in found for v in d.verdicts), key=lambda v: v.sort_key))
    return HuntResult(
        inputs=tuple(
            InputSummary(
                path=r.path, formats=r.formats, flows=r.flows, problems=r.problems, context=r.context
            )
            for r in readings
        ),
        verdicts=verdicts,
        notes=merged([*(n for d in found for n in d.notes), *notes]),
        outbreaks=outbreaks(verdicts),
        hosts=sum(d.hosts for d in found),
        flows=tuple(batches),
    )
