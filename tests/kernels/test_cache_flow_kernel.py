"""The byte kernel of `show ip cache flow`: compiled, checked and uncompiled agree with a reading by tokens."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slowworm.kernels import cache_flow as kernels
from slowworm.sources.text import cache_flow_rows
from slowworm.sources.text.cache_flow_rows import CacheRows, scan

ALWAYS, NEVER = 0, 1 << 60
TOKEN = re.compile(rb"[^\x00-\x20]+")
NAME = re.compile(rb"[A-Za-z][^\x00-\x20]{0,39}")
QUAD = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
COUNT = re.compile(rb"([0-9]{1,15})|([0-9]{1,15})K|([0-9]{1,12})M|([0-9]{1,9})G")


@dataclass(frozen=True)
class Read:
    """What is compared: rows (addresses, protocol, ports, packets, names, line) and gaps (span, line, rows before)."""

    rows: list[tuple[object, ...]]
    gaps: list[tuple[int, int, int, int]]


def by_tokens(data: bytes) -> Read:
    """The same reading, slow and plain: eight tokens in a row that fit are a row."""
    spans = [m.span() for m in TOKEN.finditer(data)]
    words = [data[a:b] for a, b in spans]
    read = Read([], [])
    at, gap_open = 0, False
    while at < len(words):
        row = row_of(words[at : at + 8])
        if row is not None:
            line = data.count(b"\n", 0, spans[at + 1][0])
            read.rows.append((*row, line))
            at, gap_open = at + 8, False
            continue
        begin, end = spans[at]
        if gap_open:
            first, _, line, before = read.gaps[-1]
            read.gaps[-1] = (first, end, line, before)
        else:
            read.gaps.append((begin, end, data.count(b"\n", 0, begin), len(read.rows)))
        at, gap_open = at + 1, True
    return read


def row_of(words: list[bytes]) -> tuple[object, ...] | None:
    if len(words) < 8:
        return None
    src_if, src, dst_if, dst, protocol, src_port, dst_port, packets = words
    if not (NAME.fullmatch(src_if) and NAME.fullmatch(dst_if)):
        return None
    addresses = [quad(src), quad(dst)]
    if None in addresses or not re.fullmatch(rb"[0-9A-Fa-f]{2}", protocol):
        return None
    if not all(re.fullmatch(rb"[0-9A-Fa-f]{4}", port) for port in (src_port, dst_port)):
        return None
    match = COUNT.fullmatch(packets)
    if match is None:
        return None
    number, scale = next((int(g), 1000**k) for k, g in enumerate(match.groups()) if g)
    ports = (int(protocol, 16), int(src_port, 16), int(dst_port, 16))
    return (*addresses, *ports, number * scale, src_if.decode("latin-1"), dst_if.decode("latin-1"))


def quad(word: bytes) -> int | None:
    if not QUAD.fullmatch(word):
        return None
    octets = [int(part) for part in word.split(b".")]
    return int.from_bytes(bytes(octets), "big") if max(octets) < 256 else None


def told(found: CacheRows) -> Read:
    names = [*found.names, None]  # a code of -1 is no name
    columns = (found.src, found.dst, found.protocol, found.src_port, found.dst_port, found.packets)
    in_ifs, out_ifs = ([names[code] for code in codes.tolist()] for codes in (found.in_if, found.out_if))
    rows = zip(*(c.tolist() for c in columns), in_ifs, out_ifs, found.line.tolist(), strict=True)
    gaps = (found.gap_begin, found.gap_end, found.gap_line, found.gap_row)
    return Read(list(rows), list(zip(*(g.tolist() for g in gaps), strict=True)))


def checked_module() -> ModuleType:
    """The kernel's module once more, its kernels fresh, so that SLOWWORM_BOUNDSCHECK takes effect."""
    spec = importlib.util.spec_from_file_location("checked_cache_flow", str(kernels.__file__))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def checked() -> ModuleType:
    """The kernel compiled with bounds checking, once for the session."""
    module = checked_module()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLOWWORM_BOUNDSCHECK", "1")
        scan_with(module, ALWAYS, b"Vl1 1.1.1.1 Vl2 2.2.2.2 06 0050 0051 1")
    return module


def scan_with(module: ModuleType, compile_from: int, data: bytes) -> CacheRows:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache_flow_rows, "COMPILE_FROM_BYTES", compile_from)
        patch.setattr(cache_flow_rows, "kernels", module)
        return scan(data)


def assert_all_agree(data: bytes, checked: ModuleType) -> Read:
    expected = by_tokens(data)
    assert told(scan_with(kernels, NEVER, data)) == expected
    assert told(scan_with(kernels, ALWAYS, data)) == expected
    assert told(scan_with(checked, ALWAYS, data)) == expected
    return expected


ROW = b"Vl1 193.23.45.35 Vl3 2.34.56.12 06 0F9F 0050 2"
QUADS = st.sampled_from([b"1.1.1.1", b"193.23.45.35", b"255.255.255.255", b"0.0.0.0", b"010.001.000.009"])
NEAR_QUADS = st.sampled_from(
    [b"256.1.1.1", b"1.1.1", b"1.1.1.1.", b"1.1.1.1.1", b"1..1.1", b"1111.1.1.1", b".1.1.1", b"1.1.1.1\xff"]
)
NAMES = st.sampled_from([b"Vl1", b"Null", b"Local", b"Se1/0*", b"Gi0/1.100", b"V", b"z" * 40, b"A\xe9\xff"])
NEAR_NAMES = st.sampled_from([b"z" * 41, b"1Vl", b"*", b"\xe9", b"@", b"[", b"`", b"{", b"z" * 300])
HEX = st.sampled_from(
    [b"06", b"0F9F", b"ffff", b"FfFf", b"11", b"00", b"0", b"0G", b"123", b"12345", b"00500"]
)
COUNTS = st.sampled_from(
    [
        b"1",
        b"0",
        b"12K",
        b"3M",
        b"7G",
        b"999999999999999",
        b"999999999999999K",
        b"999999999999M",
        b"999999999G",
    ]
)
NEAR_COUNTS = st.sampled_from(
    [b"9" * 16, b"9" * 13 + b"M", b"9" * 10 + b"G", b"K", b"1k", b"1KK", b"-1", b"1.5M", b"1,000", b""]
)
WORDS = st.one_of(QUADS, NEAR_QUADS, NAMES, NEAR_NAMES, HEX, COUNTS, NEAR_COUNTS, st.binary(max_size=6))
BLANKS = st.sampled_from([b" ", b"\n", b"\r\n", b"\t", b"  \n\n ", b"\x00", b"\x1b", b"\x08\x08", b"\x0b"])
ROWS = st.tuples(NAMES, QUADS, NAMES, QUADS, HEX, HEX, HEX, COUNTS).map(list)
TRUE_ROWS = st.tuples(
    NAMES, QUADS, NAMES, QUADS, st.just(b"06"), st.just(b"0F9F"), st.just(b"0050"), COUNTS
).map(list)
PIECES = st.one_of(ROWS, TRUE_ROWS, TRUE_ROWS.map(lambda r: r[:-1]), st.lists(WORDS, max_size=5))


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Rows, near rows, cut rows and words, with white space of any kind between them, or none."""
    words = [word for piece in draw(st.lists(PIECES, max_size=12)) for word in piece]
    glue = draw(st.one_of(st.just(b" "), st.just(b"\n"), st.none()))
    parts = [draw(st.sampled_from([b"", b"\n", b" "]))]
    for word in words:
        parts += [word, draw(BLANKS) if glue is None else glue]
    return b"".join(parts[: None if draw(st.booleans()) else -1])


@settings(max_examples=250, deadline=None)
@given(data=texts())
def test_every_way_of_running_reads_what_a_reading_by_tokens_reads(data: bytes, checked: ModuleType) -> None:
    assert_all_agree(data, checked)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300))
def test_every_way_of_running_agrees_on_random_bytes(data: bytes, checked: ModuleType) -> None:
    assert_all_agree(data, checked)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.integers(0, 20))
def test_every_way_of_running_agrees_on_damaged_listings(
    seed: int, changes: int, checked: ModuleType
) -> None:
    rng = random.Random(seed)
    text = bytearray(b" \n".join([ROW] * rng.randrange(1, 8)))
    for _ in range(changes):
        at = rng.randrange(len(text))
        text[at : at + rng.randrange(2)] = rng.choice([b" ", b"", b"\n", b".", b"9", b"\xff", b"G", b"Z"])
        text = text or bytearray(b" ")
    assert_all_agree(bytes(text), checked)


def test_rows_as_short_as_they_can_be_have_room(checked: ModuleType) -> None:
    shortest = b"V 1.1.1.1 N 1.1.1.1 06 0050 0050 1 "
    assert len(shortest) == kernels.MIN_ROW_BYTES
    for count in (1, 2, 35, 36, 2000):
        assert len(assert_all_agree(shortest * count, checked).rows) == count
        assert len(assert_all_agree((shortest * count)[:-1], checked).rows) == count
        assert len(assert_all_agree(b"x " + (shortest + b"x ") * count, checked).gaps) == count + 1


def test_the_bounds_check_can_fail(checked: ModuleType) -> None:
    data = np.frombuffer(ROW, np.uint8)
    with pytest.raises(IndexError):
        checked.ipv4.compiled(data, len(ROW) + 8, len(ROW) - 1)


@pytest.mark.parametrize(
    ("printed", "packets"),
    [
        (b"1", 1),
        (b"12K", 12_000),
        (b"3M", 3_000_000),
        (b"7G", 7_000_000_000),
        (b"999999999G", 999999999 * 10**9),
    ],
)
def test_abbreviated_counts_are_multiplied_out(printed: bytes, packets: int, checked: ModuleType) -> None:
    read = assert_all_agree(ROW[:-1] + printed, checked)
    assert [row[5] for row in read.rows] == [packets]


@pytest.mark.parametrize(
    "printed", [b"9" * 16, b"9" * 13 + b"M", b"9" * 10 + b"G", b"K", b"1k", b"1KK", b"1.5M", b"-1"]
)
def test_a_count_that_is_none_or_would_overflow_is_no_row(printed: bytes, checked: ModuleType) -> None:
    assert assert_all_agree(ROW[:-1] + printed, checked).rows == []


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\n\n  ", b"\t", b" \r\n\t "])
@pytest.mark.parametrize("place", range(7))
def test_a_row_may_be_wrapped_anywhere(blank: bytes, place: int, checked: ModuleType) -> None:
    words = ROW.split()
    wrapped = b" ".join(words[: place + 1]) + blank + b" ".join(words[place + 1 :])
    read = assert_all_agree(b"\n" + wrapped + b"\n" + ROW, checked)
    plain = by_tokens(ROW).rows[0][:-1]
    assert [row[:-1] for row in read.rows] == [plain, plain]
    source_at = (b"\n" + wrapped).index(b"193.23.45.35")
    assert read.rows[0][-1] == (b"\n" + wrapped).count(b"\n", 0, source_at)
    assert read.rows[1][-1] == (b"\n" + wrapped + b"\n").count(b"\n")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" ", b" \r\n"])
def test_collapsed_and_crlf_listings_are_the_same_rows(end: bytes, checked: ModuleType) -> None:
    rows = [ROW.replace(b"0F9F", b"%04X" % n) for n in range(50)]
    read = assert_all_agree(end.join(rows), checked)
    assert [row[3] for row in read.rows] == list(range(50))
    assert read.gaps == []


def test_names_past_the_limit_are_missing_and_known_ones_are_kept() -> None:
    count = kernels.MAX_NAMES // 2 + 2000
    rows = [b"a%d 1.1.1.1 b%d 2.2.2.2 06 0050 0051 1" % (n, n) for n in range(count)]
    again = b"\na7 1.1.1.1 b7 2.2.2.2 06 0050 0051 1"
    found = scan_with(kernels, ALWAYS, b"\n".join(rows) + again)
    assert found.rows == count + 1
    assert len(found.names) == kernels.MAX_NAMES
    columns = found.columns(1)
    for column, letter in (("in_if", "a"), ("out_if", "b")):
        *first, last = columns[column].to_pylist()
        assert all(name in (None, f"{letter}{n}") for n, name in enumerate(first))
        assert sum(name is None for name in first[: kernels.MAX_NAMES // 2]) <= 10, "hashes that crowd"
        assert sum(name is not None for name in first[kernels.MAX_NAMES // 2 :]) <= 10
        assert last == f"{letter}7"


def test_names_made_to_collide_end_as_missing_not_as_each_other(checked: ModuleType) -> None:
    # "Aa" and "BB" have the same hash, and so has every sequence of them.
    names = ["".join("BB" if n >> bit & 1 else "Aa" for bit in range(9)) for n in range(512)]
    data = "\n".join(f"{name} 1.1.1.1 Null 2.2.2.2 06 0050 0051 1" for name in names).encode()
    for module, compile_from in ((kernels, NEVER), (kernels, ALWAYS), (checked, ALWAYS)):
        in_ifs = scan_with(module, compile_from, data).columns(1)["in_if"].to_pylist()
        kept = [name for name in in_ifs if name is not None]
        assert kept == names[: len(kept)]
        assert kernels.MAX_PROBES - 2 <= len(kept) <= kernels.MAX_PROBES


@pytest.mark.parametrize(
    "unit", [ROW + b"\n", b"V 1.1.1.1 N 1.1.1.1 06 0050 0050 1 ", b"x", b" ", b"a1 1.1.1.1 "]
)
def test_a_scan_takes_at_most_three_times_the_text_in_memory(unit: bytes) -> None:
    data = unit * (2_400_000 // len(unit))
    scan(data)  # compiled from here on
    tracemalloc.start()
    scan(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    names = 3 * kernels.MAX_NAMES * 8 + kernels.SLOTS_PER_NAME * kernels.MAX_NAMES * 4
    assert peak < 3 * len(data) + names


def test_a_small_text_takes_little_memory() -> None:
    tracemalloc.start()
    for _ in range(3):
        scan(ROW)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_a_small_text_does_not_import_the_compiler() -> None:
    program = (
        "import sys; from slowworm.sources.text.cache_flow_rows import scan; "
        "scan(b'x' * 9999); print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_cache_lies_where_the_environment_says(tmp_path: Path) -> None:
    done = compile_count({"SLOWWORM_CACHE": str(tmp_path)})
    assert done == "7"
    assert [path.parent.parent.parent for path in tmp_path.rglob("*count*.nbi")] == [tmp_path / "kernels"]


def test_kernels_compile_where_nothing_can_be_cached(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    assert compile_count({"SLOWWORM_CACHE": str(blocked)}, uncached=True) == "7"


def compile_count(environment: dict[str, str], *, uncached: bool = False) -> str:
    """What the smallest kernel reads from ``7``, compiled in a process of its own."""
    lines = ["import numpy as np", "from slowworm.kernels.cache_flow import count"]
    if uncached:  # as on a machine where no place is writable
        lines += [
            "from numba.core import caching",
            "caching.CacheImpl._locator_classes = []",
            "caching.CompileResultCacheImpl._locator_classes = []",
        ]
    lines.append("print(count.compiled(np.frombuffer(b'7 ', np.uint8), 2, 0)[1])")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout.strip()


def test_a_kernel_is_a_plain_function() -> None:
    from slowworm.kernels.run import Kernel

    anything: Any = len
    with pytest.raises(TypeError, match="plain function"):
        Kernel(anything)
