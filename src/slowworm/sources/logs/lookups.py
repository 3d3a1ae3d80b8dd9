"""DNS in logs: rows with a client and texts of answers to lookups, one address a row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from slowworm.sources.base import Lookups
from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.hosts import Hosts, hosts
from slowworm.sources.logs.lines import Bools, Ints


def lookups(client: Hosts, time: Numbers, which: Bools, answers: Cells, owner: Ints) -> Iterator[Lookups]:
    """Lookups of the rows ``which`` of a log; an answer that is no address (a name, a text) is none.

    ``answers``: texts of all answers; ``owner``: the row of each.
    """
    kept = which[owner]
    owner, found = owner[kept], hosts(answers.take(kept))
    for version in (4, 6):
        rows = np.flatnonzero(which & (client.version == version))
        if not len(rows):
            continue
        yield Lookups(client=client.column(rows, version), time=time.take(rows).array(pa.int64()))
        for kind in (4, 6):
            of = np.flatnonzero((found.version == kind) & (client.version[owner] == version))
            if len(of):
                yield Lookups(
                    client=client.column(owner[of], version),
                    answer=found.column(of, kind),
                    time=time.take(owner[of]).array(pa.int64()),
                )
