"""A writer, an upkeeper and a reader at the same store at once, each a process of its own."""

import subprocess
import sys
from pathlib import Path

from tests.store.made_flows import files_of, numbers
from tests.support import ROOT

from slowworm.store.store import Store

BATCHES, ROWS = 40, 20

WRITER = f"""
import sys
from tests.store.made_flows import at, numbered
from slowworm.store.store import Store
store = Store.open(sys.argv[1])
for number in range({BATCHES}):
    store.append(numbered(number * {ROWS}, {ROWS}), received=at(number / 10))
    print(number, flush=True)
"""

UPKEEP = """
import sys
from tests.store.made_flows import at
from slowworm.store import merge
from slowworm.store.store import Store
merge.FEWEST_NOW = 3
store = Store.open(sys.argv[1])
merged = 0
while store.root.joinpath("running").exists():
    merged += store.compact(now=at(5)).after
print(merged)
"""


def test_readers_see_every_flow_once_while_files_come_and_go(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    running = tmp_path / "store" / "running"
    running.touch()
    upkeep = subprocess.Popen(
        [sys.executable, "-c", UPKEEP, str(store.root)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store.root)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as writer:
            assert writer.stdout is not None
            seen = 0
            for line in writer.stdout:
                readings = list(store.readings())
                found = numbers(b for r in readings for b in r.batches)
                assert found == list(range(len(found))), "each flow once, none missing before another"
                assert len(found) >= (int(line) + 1) * ROWS, "what was appended before is there"
                assert not [p for r in readings for p in r.problems]
                seen += 1
        assert (writer.returncode, seen) == (0, BATCHES)
    finally:
        running.unlink()
        out, _ = upkeep.communicate(timeout=60)
    assert upkeep.returncode == 0
    assert int(out) > 3, "something was merged meanwhile"
    assert numbers(store.batches()) == list(range(BATCHES * ROWS))
    store.compact()
    assert len(files_of(store)) == 1
