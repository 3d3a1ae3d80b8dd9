"""`zeek-conn`, `zeek-dns`: Zeek's logs, tab separated or as JSON lines, rotated logs in a row, labelled variants."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Lookups, Note, Reading
from slowworm.sources.logs.lines import Account, chunks, clean, head_lines
from slowworm.sources.logs.zeek_conn import connections, count_bad, of_other_logs
from slowworm.sources.logs.zeek_dns import dns_rows, lookups_of
from slowworm.sources.logs.zeek_layout import Layouts
from slowworm.sources.logs.zeek_rows import rows_of

CONN = FormatInfo(
    name="zeek-conn",
    title="Zeek conn.log",
    commands=(),
    carries="both directions of a connection: times, addresses, ports, ICMP, packets, IP octets, TCP flags, labels",
    lacks="interfaces, PSH and URG; TCP flags are those that the history proves",
)
DNS = FormatInfo(
    name="zeek-dns",
    title="Zeek dns.log, beside flows",
    commands=(),
    carries="no flows: which client had got which address from DNS, for the flows of the other inputs",
    lacks="DNS over TLS and HTTPS",
)
OTHER = FormatInfo(
    name="zeek-other",
    title="Zeek's other logs, passed over",
    commands=(),
    carries="nothing that is read: a directory of Zeek's logs may be given whole",
    lacks="flows",
)

HEAD_LINES = 400
"""Lines at the beginning of a file that tell which log it is; a stream of all logs has them mixed."""

_OF_ZEEK = re.compile(
    r'\{"(?:_path":|ts":(?:[\d.]+|"[\d:TZ.+-]+"),.{0,4000}"(?:uids?|id\.orig_h|fuid|note|peer|node|host|fingerprint'
    r'|operation|level)":)'
)
"""A JSON line of some log of Zeek: the time stands first, and one of these names is in every log."""


class ZeekConn:
    """Zeek's connection log."""

    info = CONN

    def recognises(self, head: bytes) -> bool:
        """A #fields line, or a JSON object, with both addresses and what only conn.log has."""
        return _log_of(head) is CONN

    def read(self, path: str, data: bytes) -> Reading:
        """Two flows a connection: the opener's and, if it has packets, the answerer's."""
        return _read(self.info, path, data)


class ZeekDns:
    """Zeek's log of DNS, which says from what the flows of other inputs were resolved."""

    info = DNS

    def recognises(self, head: bytes) -> bool:
        """A #fields line, or a JSON object, with the client and what only dns.log has."""
        return _log_of(head) is DNS

    def read(self, path: str, data: bytes) -> Reading:
        """Lookups, and the flows of a stream of all logs."""
        return _read(self.info, path, data)


class ZeekOther:
    """Any other log of Zeek's, so that a directory of them needs no picking."""

    info = OTHER

    def recognises(self, head: bytes) -> bool:
        """Zeek's header, or a JSON object that begins as all of Zeek's do."""
        return _log_of(head) is OTHER

    def read(self, path: str, data: bytes) -> Reading:
        """Nothing but the count of what was passed over."""
        return _read(self.info, path, data)


def _log_of(head: bytes) -> FormatInfo | None:
    """Which log begins so. Connections win: a stream of all logs may have anything in front of them."""
    found: FormatInfo | None = None
    for line in head_lines(head, HEAD_LINES):
        fields, record = line.startswith("#fields"), line.startswith("{")
        if (fields and "id.orig_h" in line) or (record and '"id.orig_h"' in line):
            mark = "{}" if fields else '"{}"'
            if any(mark.format(name) in line for name in ("conn_state", "orig_pkts")):
                return CONN
            if mark.format("trans_id") in line:
                found = DNS
        if found is None and (line.startswith(("#separator ", "#fields\t")) or _OF_ZEEK.match(line)):
            found = OTHER
    return found


def _read(info: FormatInfo, path: str, data: bytes) -> Reading:
    account, layouts = Account(path), Layouts()
    batches: list[pa.RecordBatch] = []
    lookups: list[Lookups] = []
    others = local = 0
    for chunk in chunks(clean(data, account), account):
        for piece in rows_of(chunk, layouts, account):
            dns = dns_rows(piece)
            lookups += lookups_of(piece, dns)
            found = connections(piece)
            broken = found.broken()
            elsewhere, bare = of_other_logs(piece)
            other = elsewhere | (bare & ~broken) | dns
            if info is not CONN:
                other |= bare
            others += int((other & ~dns).sum())
            account.add("no good pair of addresses", piece.line[broken & ~other], chunk)
            keep = ~other
            local += int(np.count_nonzero(keep & (np.isin(piece.words["local_orig"].byte(0), (84, 116)))))
            count_bad(piece, keep & ~broken, account, chunk)
            batches += found.only(keep).batches(path)
    notes = [
        Note(
            id="other-logs",
            text="lines of Zeek's other logs were passed over",
            count=others + layouts.other,
        ),
        Note(id="zeek-local", text="connections that Zeek calls opened from inside", count=local),
    ]
    return account.reading(info, batches, notes, lookups)
