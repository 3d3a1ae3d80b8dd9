"""Which peer reads which fixture."""

from __future__ import annotations

from pathlib import Path

from tests.sources.agreement.fixtures import COLUMNS, NFDUMP, NOTHING, PACKETS, Fixture
from tests.sources.agreement.peers.exports import exports, sflow
from tests.sources.agreement.peers.logs import argus, nfdump_text, zeek
from tests.sources.agreement.peers.nfdump import nfdump
from tests.sources.agreement.peers.packets import packets
from tests.sources.agreement.records import Record
from tests.support import SHARED


def by_peer(fixture: Fixture) -> tuple[list[Record], int]:
    """Flow records, and how many other data records there are."""
    files = [SHARED / "data" / name for name in fixture.files]
    if fixture.peer == NOTHING:
        return [], 0
    if fixture.peer == PACKETS:
        return packets(files)
    if fixture.peer == NFDUMP:
        return nfdump(files)
    if fixture.peer == COLUMNS:
        return _log(files[0])
    return sflow(files) if "sflow" in fixture.name else exports(files)


def _log(file: Path) -> tuple[list[Record], int]:
    if file.name.startswith("nfcapd"):
        return nfdump_text([file])
    return zeek([file]) if file.name.startswith("conn") else argus([file])
