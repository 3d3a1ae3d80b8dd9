"""Joining flows with DNS: who had got which address when; the kernel that walks messages, both ways."""

from __future__ import annotations

import ipaddress
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slowworm.flows.table import flow_batch
from slowworm.kernels import dns as kernels
from slowworm.sources.base import Lookups
from slowworm.sources.dns import resolved
from slowworm.sources.dns.resolved import Earliest, Resolutions


def column(*addresses: str) -> pa.Array:
    parsed = [ipaddress.ip_address(a) for a in addresses]
    if parsed[0].version == 4:
        return pa.array([int(a) for a in parsed], pa.uint32())
    return pa.array([a.packed for a in parsed], pa.binary(16))


def lookups(client: str, answer: str | None, at: int | None) -> Lookups:
    return Lookups(
        client=column(client),
        time=pa.array([at], pa.int64()),
        answer=None if answer is None else column(answer),
    )


def told(*found: tuple[str, str | None, int | None]) -> Resolutions:
    resolutions = Resolutions()
    for one in found:
        resolutions.learn(lookups(*one))
    return resolutions


def marked(
    resolutions: Resolutions, *flows: tuple[str, str, int | None], **columns: Any
) -> list[bool | None]:
    version = ipaddress.ip_address(flows[0][0]).version
    start = pa.array([f[2] for f in flows], pa.int64()).cast(pa.timestamp("ns", "UTC"))
    batch = flow_batch(
        {"src_addr": column(*(f[0] for f in flows)), "dst_addr": column(*(f[1] for f in flows)),
         "start_time": start, **columns},
        rows=len(flows), ip_version=version,
    )  # fmt: skip
    made = resolutions.marked(batch)
    assert made.schema.equals(batch.schema, check_metadata=True)
    answer: list[bool | None] = made.column("resolved").to_pylist()
    return answer


A, B, ONE, TWO = "10.0.0.1", "10.0.0.2", "192.0.2.1", "192.0.2.2"


@pytest.mark.parametrize(
    ("flow", "answer"),
    [
        ((A, ONE, 10), True),
        ((A, ONE, 9), None),  # nothing of that client was seen by then
        ((A, TWO, 10), False),
        ((A, TWO, None), False),  # times that are not known count as early enough
        ((A, ONE, None), True),
        ((B, ONE, 99), None),
        ((ONE, A, 99), None),
    ],
)
def test_before_the_flow_and_by_its_own_source(flow: tuple[str, str, int], answer: bool | None) -> None:
    assert marked(told((A, None, 10), (A, ONE, 10)), flow) == [answer]


def test_a_lookup_without_a_time_was_early_enough() -> None:
    assert marked(told((A, ONE, None)), (A, ONE, 1), (A, TWO, 1)) == [True, False]


def test_the_earliest_of_several_answers_counts_whatever_the_order() -> None:
    for order in ((30, 10, 20), (10, 20, 30), (20, 30, 10)):
        resolutions = told(*((A, ONE, at) for at in order))
        assert marked(resolutions, (A, ONE, 9), (A, ONE, 10)) == [None, True]


def test_what_a_host_may_have_got_over_the_other_version_is_not_called_unresolved() -> None:
    resolutions = told((A, "2001:db8::9", 5), ("2001:db8::1", None, 1))
    flows = [("2001:db8::1", "2001:db8::9", at) for at in (4, 5)] + [("2001:db8::1", "2001:db8::8", 5)]
    assert marked(resolutions, *flows) == [False, None, False]


def test_addresses_that_end_in_zeros_are_told_apart() -> None:
    resolutions = told(("2001:db8::", "2001:db8:1::", 1))
    assert marked(resolutions, ("2001:db8::", "2001:db8:1::", 2), ("2001:db8::", "2001:db8:1:0:1::", 2)) == [
        True,
        False,
    ]


def test_what_the_source_said_stays_where_dns_says_nothing() -> None:
    kept = pa.array([True, False], pa.bool_())
    assert marked(told((A, ONE, 1)), (B, ONE, 5), (A, ONE, 5), resolved=kept) == [True, True]


def test_arp_has_no_names() -> None:
    arp = pa.array([0x0806], pa.uint16())
    assert marked(told((A, None, 1)), (A, TWO, 5), ethertype=arp) == [None]


def test_without_dns_batches_are_not_touched() -> None:
    batch = flow_batch({"src_addr": column(A), "dst_addr": column(B)}, rows=1)
    assert Resolutions().marked(batch) is batch


def test_beyond_what_is_kept_nothing_is_called_unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolved, "MAX_KEYS", 2)
    resolutions = told((A, ONE, 1), (A, TWO, 2), (A, "192.0.2.3", 3))
    assert resolutions.full
    # The earliest are kept.
    assert marked(resolutions, (A, ONE, 9), (A, "192.0.2.3", 9), (A, "192.0.2.9", 9)) == [True, None, None]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-5, 5)), max_size=60), st.integers(1, 10))
def test_the_earliest_time_of_every_key_is_kept(pairs: list[tuple[int, int]], piece: int) -> None:
    table = Earliest()
    for begin in range(0, len(pairs), piece):
        part = pairs[begin : begin + piece]
        table.add(np.array([k for k, _ in part], np.uint64), np.array([t for _, t in part], np.int64))
        if begin % 2:
            table.first(np.zeros(1, np.uint64))
    expected = {k: min(t for other, t in pairs if other == k) for k, _ in pairs}
    found = table.first(np.arange(22, dtype=np.uint64)).tolist()
    assert found == [expected.get(k, resolved.NEVER) for k in range(22)]
    assert len(table) == len(expected)


# The walk of messages


def walked(messages: list[bytes], *, compiled: bool) -> tuple[list[tuple[int, int, int]], int]:
    data = b"\xff".join(messages) + b"\xff"
    size = np.array([len(m) for m in messages], np.int64)
    begin = np.cumsum(size + 1) - size - 1
    room = int((size // kernels.SMALLEST_ANSWER).sum())
    owner, place, kind = (np.zeros(room, np.int64) for _ in range(3))
    run = kernels.answers.compiled if compiled else kernels.answers.python
    count, short = run(
        np.frombuffer(data, np.uint8) if compiled else data, begin, size, len(size), owner, place, kind
    )
    for o, p, k in zip(owner[:count], place[:count], kind[:count], strict=True):
        assert begin[o] <= p <= begin[o] + size[o] - (4 if k == 4 else 16)
    return list(
        zip(owner[:count].tolist(), place[:count].tolist(), kind[:count].tolist(), strict=True)
    ), short


HEAD = struct.pack(">HHHHHH", 1, 0x8180, 1, 2, 0, 0)
NAME = b"\x03www\x04test\x00"
TWO_ANSWERS = (
    HEAD + NAME + struct.pack(">HH", 28, 1)
    + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 9, 4) + bytes((192, 0, 2, 1))
    + b"\x00" + struct.pack(">HHIH", 28, 1, 9, 16) + bytes(range(16))
)  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
def test_addresses_are_found_behind_compressed_and_empty_names(compiled: bool) -> None:
    found, short = walked([b"", TWO_ANSWERS, TWO_ANSWERS[:-1]], compiled=compiled)
    assert [(o, k) for o, _, k in found] == [(1, 4), (1, 6), (2, 4)]
    assert short == 2


@pytest.mark.parametrize(
    "head",
    [struct.pack(">H", 1) + struct.pack(">H", flags) + HEAD[4:] for flags in (0x0100, 0xA980)],
    ids=["query", "update"],
)
def test_only_answers_to_queries_have_addresses(head: bytes) -> None:
    assert walked([head + TWO_ANSWERS[12:]], compiled=False) == ([], 0)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=80).map(lambda b: b[:2] + b"\x81" + b[3:]), max_size=5), st.data())
@example([HEAD + b"\xc0" * 40], None)
def test_any_bytes_end_the_same_both_ways(messages: list[bytes], data: Any) -> None:
    if data is not None:
        damaged = bytearray(TWO_ANSWERS)
        for _ in range(data.draw(st.integers(0, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        messages = [*messages, bytes(damaged)]
    assert walked(messages, compiled=False) == walked(messages, compiled=True)
