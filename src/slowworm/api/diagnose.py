"""``slowworm.diagnose``: from a router's output to findings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from slowworm.api.readings import is_text
from slowworm.diagnose.judge import diagnosed
from slowworm.diagnose.reading import SessionReader
from slowworm.diagnose.rules import standard_rules
from slowworm.diagnose.show.commands import standard_commands
from slowworm.errors import InputError, UsageError
from slowworm.report.diagnosis import Diagnosis
from slowworm.sources.base import Problem
from slowworm.sources.inputs import STDIN, bytes_of, paths_of
from slowworm.sources.packing import unpacked
from slowworm.sources.session import looks_binary

MAX_NAMED = 5
"""Infected hosts that the story names one by one."""


def diagnose(
    *inputs: Any,
    flows: str | os.PathLike[str] | Iterable[Any] = (),
    at: str | datetime | Iterable[str | datetime] = (),
) -> Diagnosis:
    """Say what a scan does to routers, why, and when they fail, from their ``show`` output and configuration.

    ``inputs``: paths (files, directories, ``"-"`` for stdin), or text as ``bytes`` or as a ``str`` of several words.
    ``flows``: inputs as for :func:`slowworm.hunt`; the hosts they show infected begin the story. ``at``: when each
    input was taken, in their order, where the text itself does not tell (ISO 8601).

    Raises :class:`slowworm.UsageError` for a request that cannot be served, :class:`slowworm.InputError` where nothing
    could be read from any input.
    """
    if not inputs:
        raise UsageError(
            "nothing to diagnose: name files with show output or a configuration, or '-' for standard input"
        )
    times = _times(at)
    reader = SessionReader(standard_commands())
    problems: list[Problem] = []
    facts = 0
    for number, (name, read) in enumerate(_inputs(inputs)):
        try:
            data, damage = unpacked(name, read())
            problems += damage
            if looks_binary(data):
                raise InputError("binary data, no router's output")
        except (OSError, InputError) as error:
            text = getattr(error, "strerror", None) or str(error)
            problems.append(Problem(where=name, text=f"cannot be read: {text}"))
            continue
        facts += reader.read(name, data, at=times[number] if number < len(times) else None)
    routers = reader.routers()
    if not facts:
        said = "; ".join(f"{p.where}: {p.text}" for p in problems)
        first = next((p for r in routers for p in r.problems), None)
        begins = f"; {first.where} begins {first.text[:60]!r}" if first else ""
        raise InputError(
            said or f"no output of a known command found{begins}; slowworm formats lists what is read"
        )
    scanners = _scanners(flows)
    rules = standard_rules()
    return Diagnosis(
        routers=tuple(diagnosed(r, rules, scanners=scanners) for r in routers if r.facts or r.problems),
        problems=tuple(problems),
    )


def _inputs(inputs: Sequence[Any]) -> Iterable[tuple[str, Any]]:
    """Names with what reads them."""
    for number, item in enumerate(inputs, 1):
        if isinstance(item, bytes | bytearray | memoryview):
            yield f"text {number}", partial(bytes, item)
        elif isinstance(item, str) and is_text(item):
            yield f"text {number}", item.encode
        elif isinstance(item, str | os.PathLike):
            if not os.fspath(item).strip():
                raise UsageError(f"input {number} is an empty name: a variable that was never set?")
            for path in paths_of([item]):
                yield "stdin" if path == STDIN else path, partial(bytes_of, path)
        else:
            raise UsageError(f"input {number} is a {type(item).__name__}: a path or text is needed")


def _times(at: str | datetime | Iterable[str | datetime]) -> list[datetime]:
    found = []
    for value in [at] if isinstance(at, str | datetime) else at:
        try:
            time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError as error:
            raise UsageError(f"at: {value!r} is no time such as 2001-07-19T14:30:00") from error
        found.append(time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time)
    return found


def _scanners(flows: str | os.PathLike[str] | Iterable[Any]) -> list[str]:
    """A sentence for each infected host that flows show."""
    wanted = [flows] if isinstance(flows, str | os.PathLike | bytes) else list(flows)
    if not wanted:
        return []
    from slowworm.api.hunt import hunt

    infected = hunt(*wanted).infected
    said = [
        f"{v.address} scans {v.targets:,} addresses"
        + (f" behind {v.in_if}" if v.in_if else "")
        + (f" on port {v.port}" if v.port is not None else "")
        for v in infected[:MAX_NAMED]
    ]
    if len(infected) > MAX_NAMED:
        said.append(f"and {len(infected) - MAX_NAMED} more infected hosts: slowworm hunt names them")
    return said or [
        "the flows show no infected host: what stresses the router is something else, or not in them"
    ]
