"""Hostile and broken text: nothing raises, time grows with the size and no faster, memory is bounded."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest
from tests.support import HEADER, Row

from slowworm.errors import InputError
from slowworm.sources.base import Reading
from slowworm.sources.formats import Formats
from slowworm.sources.inputs import read_bytes
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.cache_flow_rows import scan
from slowworm.sources.text.flow_monitor import FlowMonitorCache
from slowworm.sources.text.ip_accounting import IpAccounting
from slowworm.sources.text.mls_entry import MlsEntry
from slowworm.sources.text.mls_ip import MlsIp

FORMATS = Formats(text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()))

SECONDS_PER_MEGABYTE = 2.0
"""Of processor time. Ordinary listings need 0.1 to 0.3, what backtracks hundreds."""

BYTES_PER_BYTE = 120
"""A text of lines of two characters is a list of strings of fifty bytes, and their kinds are remembered."""

ROW = Row("10.0.0.1", "192.0.2.1", 1024, 80, 1)
BEFORE = {
    "alone": b"",
    "behind a cache listing": f"R1#show ip cache flow\n{HEADER}\n{ROW}\n".encode(),
    "behind an accounting listing": b"R1#show ip accounting\n 10.0.0.1 192.0.2.1 2 96\n",
}
UNITS = {
    "spaces": b" ",
    "tabs": b"\t",
    "empty lines": b"\n",
    "carriage returns": b"\r",
    "NULs": b"\x00x",
    "dashes": b"-",
    "hash signs": b"#",
    "one-letter prompts": b"a#",
    "prompts on lines": b"a#\n",
    "prompts with a word": b"a#x\n",
    "commands": b"a#show ip cache flow\n",
    "commands of accounting": b"a#sh ip acco\n",
    "other commands": b"a>show x\n",
    "damaged prompts": b"a<sh",
    "enabled prompts": b"a(enable)",
    "greater-than signs": b"a>",
    "digits": b"1",
    "zeros and blanks": b"0 ",
    "dots": b".",
    "digits and dots": b"1.",
    "addresses": b"1.1.1.1 ",
    "impossible addresses": b"999.999.999.999 ",
    "escape characters": b"\x1b",
    "open escape sequences": b"\x1b[",
    "open window titles": b"\x1b]",
    "escape sequences": b"\x1b[m",
    "cursor moves": b"\x1b[1;1H",
    "backspaces": b"\x08",
    "typed and erased": b"a\x08",
    "backspaces on lines": b"\x08\n",
    "backspaces behind a prompt": b"a#b\x08\n",
    "paging": b"--More--",
    "open paging": b"--More",
    "paging with blanks": b"-- More ",
    "paging of an ASA": b"<--- More --->",
    "open paging of an ASA": b"<---",
    "carets of paging": b"--More--^H",
    "one endless line": b"abc def 123 ",
    "one endless word": b"a",
    "one-letter lines": b"a\n",
    "half rows": b"Vl1 1.1.1.1 ",
    "rows without a count": b"Vl1 1.1.1.1 Vl2 2.2.2.2 06 0050 ",
    "rows and junk": b"Vl1 1.1.1.1 Vl2 2.2.2.2 06 0050 0051 2 (junk)\n",
    "rows of accounting": b"1.1.1.1 2.2.2.2 2 96 ",
    "impossible rows of accounting": b"1.1.1.1 2.2.2.2 2 6 ",
    "verbose rows": b"Vl1 1.1.1.1 Vl2 2.2.2.2 06 00 10 2\n0050 /0 0 0050 /0 0 1.1.1.1 40 1.1\n",
    "half verbose rows": b"Vl1 1.1.1.1 Vl2 2.2.2.2 06 00 10 2 0050 /0 0 0050 /",
    "headers": HEADER.encode() + b"\n",
    "header words": b"SrcIf DstIf Pkts ",
    "headers of accounting": b"Source Destination ",
    "packet sizes": b"IP packet size distribution (1 total packets): 1 ",
    "open packet sizes": b"IP packet size distribution (",
    "protocols": b"TCP-WWW 1 1 1 1 1 1 1 ",
    "half counters": b"1K active, ",
    "MAC addresses": b"MAC: (",
    "dates of messages": b"Jan 1 1:1:1.1",
    "messages": b"%A-1-B: x\n",
    "comments": b"! ",
    "banners": b"* x *\n",
    "authorized": b"authorized ",
    "high bytes": b"\xff",
    "bells": b"a\x07",
    "marks": b"some words \x1e and more\n",
    "MLS flows": b"1.1.1.1 2.2.2.2 tcp :1 :2 ",
}


def fill(unit: bytes, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size]


def outcome(data: bytes) -> Reading | str:
    """The reading or what the input error says; any other exception fails the test."""
    try:
        return read_bytes("f", data, FORMATS)
    except InputError as error:
        return str(error)


def seconds(data: bytes) -> float:
    """Processor time of reading ``data``."""
    begin = time.process_time()
    outcome(data)
    return time.process_time() - begin


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    """Compiling, or loading what was compiled, is no part of the time."""
    scan(b" " * 2_000_001)


@pytest.mark.parametrize("unit", UNITS.values(), ids=list(UNITS))
def test_a_text_of_one_thing_takes_time_in_proportion_to_its_size(unit: bytes) -> None:
    for before in BEFORE.values():
        size = 60_000
        assert seconds(before + fill(unit, size) + b"x") < SECONDS_PER_MEGABYTE * size / 1e6 + 0.2


@pytest.mark.parametrize("name", ["spaces", "dashes", "hash signs", "one-letter prompts", "digits", "dots",
                                  "escape characters", "backspaces", "paging", "one endless line"])  # fmt: skip
def test_megabytes_of_one_thing_are_read_in_seconds(name: str) -> None:
    before = BEFORE["behind a cache listing"]
    assert seconds(before + fill(UNITS[name], 2_000_000) + b"x") < SECONDS_PER_MEGABYTE


@pytest.mark.parametrize("size", [1000, 100_000, 2_500_000])
def test_random_bytes_are_refused_quickly(size: int) -> None:
    data = random.Random(size).randbytes(size)
    begin = time.process_time()
    assert outcome(data) == "binary data of no known format; slowworm formats lists what can be read"
    assert time.process_time() - begin < 0.2
    assert seconds(BEFORE["behind a cache listing"] + b" " * 9000 + data[:300_000]) < SECONDS_PER_MEGABYTE


@pytest.mark.parametrize("unit", UNITS.values(), ids=list(UNITS))
def test_memory_is_bounded_by_the_size(unit: bytes) -> None:
    data = BEFORE["behind a cache listing"] + fill(unit, 12_000)
    tracemalloc.start()
    outcome(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BYTES_PER_BYTE * len(data) + 2_000_000


def test_what_was_before_the_hostile_text_is_kept() -> None:
    for name, unit in UNITS.items():
        for before in BEFORE.values():
            if before:
                told = outcome(before + b"\n" + fill(unit, 2000))
                assert isinstance(told, Reading), name
                sources = [row["src_addr"] for batch in told.batches for row in batch.to_pylist()]
                assert 0x0A000001 in sources, name


def test_random_mixtures_of_all_of_it_do_not_raise() -> None:
    rng = random.Random(8)
    pieces = [*UNITS.values(), *BEFORE.values(), b" ", b"\n"]
    for _ in range(150):
        told = outcome(b"".join(rng.choice(pieces) * rng.randrange(1, 4) for _ in range(rng.randrange(60))))
        assert told if isinstance(told, str) else told.path == "f"
