"""Which column is which in Zeek's tab-separated logs: header lines, their changes from one rotated log to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from slowworm.sources.logs.cells import Table, split
from slowworm.sources.logs.lines import Account, Bytes, Chunk, Ints

DEFAULT = [
    *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration"),
    *("orig_bytes", "resp_bytes", "conn_state", "local_orig", "local_resp", "missed_bytes", "history"),
    *("orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "tunnel_parents"),
]
"""Columns of a log whose header was cut off."""

MAX_LAYOUTS = 100
"""Different headers that are followed in one input. Each costs a pass; a day of rotated logs has one or two."""

_NEEDED = {"id.orig_h", "id.resp_h"}
_READ = {"conn_state", "orig_pkts", "answers"}
"""Columns of conn.log, and of dns.log: one of them makes a log one that is read."""
_ALIASES = {"detailedlabel": "detailed-label", "detailed_label": "detailed-label"}
_ESCAPE = re.compile(rb"\\x([0-9A-Fa-f]{2})")


class Layouts:
    """The header lines met so far in one input; ``other`` counts rows of logs that are not read."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bytes], int] = {(9, b"\t".join(n.encode() for n in DEFAULT)): 0}
        self._names: list[tuple[int, list[str]]] = [(9, list(DEFAULT))]
        self._separator = 9
        self._current = 0
        self._beyond = False
        self.other = 0

    def tables(self, chunk: Chunk, account: Account) -> Iterator[tuple[Table, list[str]]]:
        """The rows of ``chunk`` under each layout, with the columns' names."""
        headers = np.flatnonzero(chunk.starts_with(b"#"))
        changes, layout = [0], [self._current]
        for row in headers.tolist():
            if self._header(chunk.line(row)):
                changes.append(row)
                layout.append(self._current)
        rows = np.flatnonzero((chunk.end > chunk.start) & ~chunk.starts_with(b"#") & ~chunk.starts_with(b"{"))
        if not len(rows):
            return
        of_row = np.array(layout)[np.searchsorted(np.array(changes), rows, side="right") - 1]
        for index in np.unique(of_row).tolist():
            mine = rows[of_row == index]
            if index < 0:
                account.add(f"more than {MAX_LAYOUTS} different headers", mine + chunk.first_line, chunk)
                continue
            separator, names = self._names[index]
            if not set(names) >= _NEEDED or not _READ & set(names):
                self.other += len(mine)
                continue
            yield from self._cut(chunk, mine, separator, names, account)

    def _cut(
        self,
        chunk: Chunk,
        rows: Ints,
        separator: int,
        names: list[str],
        account: Account,
    ) -> Iterator[tuple[Table, list[str]]]:
        table = split(chunk, rows, separator)
        glued = " " in names[-1]
        if glued:
            # IoT-23 (conn.log.labeled) puts three blanks instead of tabs before its two label columns.
            *names, last = names
            names = [*names, *last.split()]
            blanks = Chunk(
                data=_blanks_as(chunk.data, separator),
                start=chunk.start,
                end=chunk.end,
                first_line=chunk.first_line,
            )
            table = split(blanks, rows, separator)
        # A row cut short may end in the middle of a number: it is not trusted.
        whole = table.count == len(names)
        account.add(
            f"a row of another number of columns than its header's {len(names)}", table.line[~whole], chunk
        )
        if whole.any():
            yield table.take(whole), names

    def _header(self, line: bytes) -> bool:
        """Take note of a header line; whether it began another layout."""
        if line.startswith(b"#separator"):
            text = _ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), line[len(b"#separator") :].lstrip(b" \t"))
            self._separator = text[0] if len(text) == 1 and text[0] not in (10, 13) else 9
        if not line.startswith(b"#fields"):
            return False
        rest = line[len(b"#fields") :]
        # Copied through an editor or a terminal, tabs may have become blanks.
        separator = self._separator if rest[:1] == bytes([self._separator]) else 9
        key = (separator, rest[1:])
        if key not in self._known:
            if len(self._known) >= MAX_LAYOUTS:
                self._current = -1
                return True
            names = rest[1:].decode("utf-8", "replace").split(chr(separator))
            self._known[key] = len(self._names)
            self._names.append((separator, [_ALIASES.get(n.strip(), n.strip()) for n in names]))
        self._current = self._known[key]
        return True


def _blanks_as(data: Bytes, separator: int) -> Bytes:
    """Three blanks in a row as two blanks and a separator; the length stays."""
    text = data.tobytes().replace(b"   ", b"  " + bytes([separator]))
    return np.frombuffer(text, np.uint8)
