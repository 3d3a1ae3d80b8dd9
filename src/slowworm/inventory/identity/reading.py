"""Reading what identifies hosts: any of the tables in any file, recognised row by row, with an account of the rest."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from slowworm.errors import InputError, UsageError
from slowworm.inventory.identity.bindings import binding, rejoined
from slowworm.inventory.identity.leases import lease_file
from slowworm.inventory.identity.neighbours import neighbour
from slowworm.inventory.identity.ports import port_entry
from slowworm.inventory.identity.records import MAC, Line, Nameless, Record
from slowworm.inventory.identity.tables import Account, Tables
from slowworm.inventory.identity.translations import translation
from slowworm.sources.base import Problem
from slowworm.sources.inputs import MAX_INPUT, TOO_LARGE, paths_of
from slowworm.sources.packing import unpacked
from slowworm.sources.session import Section, clean, looks_binary, readable, split

MAX_PROBLEMS = 50
"""Lines shown for one file that were not understood; the rest is one line with a count."""

MAX_LINE = 500
"""Longest row of any of the tables: conntrack's with labels and accounting have 300 characters."""

MAX_TEXT = 120
"""Characters of a line that are quoted."""

ACCEPTED = (
    "show ip arp, show mac address-table, show ip nat translations, show ip dhcp binding, ip neigh, arp -a, "
    "conntrack -L, dhcpd.leases, kea-leases4.csv"
)

_DATA = re.compile(rf"(?<![\w.:])(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\w.])|{MAC}(?![\w.:]))")
"""What makes a line a row of something: an address or a MAC address. Titles and legends have neither."""

_ROWS: tuple[Callable[[Line], Record | Nameless | None], ...] = (neighbour, port_entry, translation, binding)


def read_tables(names: Iterable[str | os.PathLike[str]]) -> Tables:
    """Read files and directories. A file of which nothing can be read gives an account with its problem.

    Raises :class:`UsageError` for a name that is not there, and for standard input.
    """
    tables = Tables()
    for name in names:
        if os.fspath(name) == "-":
            raise UsageError("identity tables are read from files, not from standard input")
        for path in paths_of([name]):
            tables.accounts.append(_read(path, tables))
    return tables


def _read(path: str, tables: Tables) -> Account:
    try:
        if Path(path).stat().st_size > MAX_INPUT:
            raise InputError(f"too large: {TOO_LARGE}")
        data, damage = unpacked(path, Path(path).read_bytes())
        if looks_binary(data):
            raise InputError(f"binary data; text of {ACCEPTED} is read")
    except (OSError, InputError) as error:
        reason = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        return Account(path=path, problems=(Problem(where=path, text=reason),))
    found = lease_file(path, data)
    if found is not None:
        for lease in found[0]:
            tables.add(lease, path)
        return Account(path=path, rows=len(found[0]), problems=_limited(path, [*damage, *found[1]]))
    rows, nameless, problems = 0, 0, []
    for line in _lines(path, data):
        row = next((r for read in _ROWS if (r := read(line)) is not None), None)
        if isinstance(row, Nameless):
            nameless += 1
        elif row is not None:
            rows += 1
            tables.add(row, path)
        elif _DATA.search(line.text):
            problems.append(Problem(where=line.where, text=readable(line.text.strip()[:MAX_TEXT])))
    if not rows and not nameless:
        problems.append(Problem(where=path, text=f"no table that identifies hosts; {ACCEPTED} are read"))
    return Account(path=path, rows=rows, problems=_limited(path, [*damage, *problems]))


def _lines(path: str, data: bytes) -> Iterator[Line]:
    for section in split(path, clean(data)):
        yield from rejoined(list(_of_section(section)))


def _of_section(section: Section) -> Iterator[Line]:
    """Lines behind a prompt; the first is the command, unless the prompt is missing."""
    lines = section.text.split("\n")
    for number, text in enumerate(lines):
        if number == 0 and section.prompted and len(lines) > 1:
            continue
        where = f"{section.path}:{section.line + number}"
        yield Line(text=text.rstrip("\r")[:MAX_LINE], where=where, device=section.hostname)


def _limited(path: str, problems: list[Problem]) -> tuple[Problem, ...]:
    if len(problems) <= MAX_PROBLEMS:
        return tuple(problems)
    more = sum(p.count for p in problems[MAX_PROBLEMS:])
    text = "more lines like these were not understood"
    return (*problems[:MAX_PROBLEMS], Problem(where=path, text=text, count=more))
