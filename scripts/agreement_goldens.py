"""Goldens of tests/sources/agreement: what tshark and nfdump say of every public fixture.

    python -m scripts.agreement_goldens [--show]

Needs tshark, nfdump and the shared data. Counts and digests are written, no data. ``--show`` prints some of the
records that differ. Afterwards: python -m pytest tests/sources/agreement --write-docs
"""

from __future__ import annotations

import argparse
from collections import Counter

from tests.sources.agreement import ours
from tests.sources.agreement.fixtures import FIXTURES
from tests.sources.agreement.goldens import compared, save
from tests.sources.agreement.peers.choose import by_peer
from tests.sources.agreement.records import FIELDS, ROWS, columns


def main() -> None:
    """Make all of them, and say where they disagree."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--show", action="store_true", help="print records that differ")
    show = arguments.parse_args().show
    goldens = {}
    for fixture in FIXTURES:
        peer, others = by_peer(fixture)
        mine = ours.records(fixture)
        golden = compared(peer, others, mine, ours.others(fixture))
        goldens[fixture.name] = golden
        differ = {name: column.differ for name, column in golden.columns.items() if column.differ}
        if differ or golden.peer != golden.ours:
            print(fixture.name, golden.peer, golden.ours, differ, "" if fixture.why else "NOT EXPLAINED")
        if differ and show:
            fields = [name for name in FIELDS if name in golden.columns]
            sides = [Counter(columns(records, fields)[ROWS]) for records in (peer, mine)]
            for name, more in (("peer", sides[0] - sides[1]), ("ours", sides[1] - sides[0])):
                for row in sorted(more)[:4]:
                    print("  ", name, row)
    save(goldens)


if __name__ == "__main__":
    main()
