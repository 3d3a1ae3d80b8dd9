"""Zeek's dns.log: which client asked for names, and which addresses the answers gave it."""

from __future__ import annotations

import numpy as np

from slowworm.sources.base import Lookups
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.lines import Bools
from slowworm.sources.logs.lookups import lookups
from slowworm.sources.logs.zeek_rows import Rows

NO_DNS = (137, 5353, 5355)
"""Ports of NetBIOS names, mDNS and LLMNR, which Zeek logs as well: the asked answer everybody, not a client."""


def dns_rows(rows: Rows) -> Bools:
    """Which rows are of dns.log: by the name of the log, else by what only it has."""
    log = rows.words["_path"].mapped(lambda text: int(text == "dns"))
    has = rows.words["query"].size > 0
    has[rows.answers[1]] = True
    bare = (rows.words["conn_state"].size == 0) & ~rows.numbers["orig_pkts"].known
    found: Bools = np.where(log.known, log.values > 0, has & bare)
    return found


def lookups_of(rows: Rows, which: Bools) -> list[Lookups]:
    """The lookups of the rows ``which``."""
    port = rows.numbers["id.resp_p"]
    named = which & ~(port.known & np.isin(port.values, NO_DNS))
    return list(lookups(hosts(rows.words["id.orig_h"]), rows.numbers["ts"], named, *rows.answers))
