"""What is true of any two ways to give the same messages: more behind them, in parts, in another order, alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slowworm.sources.capture.flowcache import flows as assembled
from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.netflow.bare import NetflowFile
from slowworm.sources.netflow.decode import decode as decode_netflow
from slowworm.sources.netflow.state import State
from slowworm.sources.nfcapd import NFCAPD
from slowworm.sources.packets.dissect import dissect
from slowworm.sources.sflow.bare import SflowDatagrams
from slowworm.sources.sflow.decode import decode as decode_sflow
from tests.fuzz import files, messages
from tests.fuzz.decoders import datagrams
from tests.fuzz.mutate import Messages, Pool, mass
from tests.fuzz.oracles import table_rows
from tests.fuzz.targets import SEED, Target, targets

RNG = random.Random(SEED)
STATELESS = [m for m in messages.fixed(RNG) if m[:2] != b"\x00\x01"]
FLOWS = [m for version in (9, 10) for m in messages.with_layouts(RNG, version, messages.FLOWS)]
IPFIX = messages.with_layouts(RNG, 10, messages.LAYOUTS)
SAMPLES = messages.sflow_datagrams(RNG)
GOOD = {
    "netflow": [*STATELESS, *FLOWS],
    "sflow": SAMPLES,
}
Batches = Sequence[pa.RecordBatch]


def netflow(parts: Sequence[bytes], state: State | None = None) -> Batches:
    """All from one exporter, so that the order of messages is no matter of who sent them."""
    return [b for _, b in decode_netflow(datagrams(Messages.of(parts), 1), "x", state).batches]


def sflow(parts: Sequence[bytes]) -> Batches:
    made = Messages.of(parts)
    return decode_sflow(made.data, made.offset, made.size, np.zeros(len(made), np.int64), path="x").batches


DECODERS: dict[str, Callable[[Sequence[bytes]], Batches]] = {"netflow": netflow, "sflow": sflow}
FILES: dict[str, tuple[Callable[[bytes], Batches], bytes]] = {
    "netflow-stream": (lambda d: NetflowFile().read("x", d).batches, b"".join(STATELESS)),
    "ipfix-stream": (lambda d: NetflowFile().read("x", d).batches, b"".join(IPFIX)),
    "sflow-stream": (lambda d: SflowDatagrams().read("x", d).batches, b"".join(SAMPLES)),
    "pcap": (
        lambda d: PacketCapture().read("x", d).batches,
        files.pcap([frame for link, frame in files.framed() if link == 1]),
    ),
    "pcapng": (
        lambda d: PacketCapture().read("x", d).batches,
        files.pcapng([frame for link, frame in files.framed() if link == 1]),
    ),
    "nfcapd": (
        lambda d: NFCAPD.read("x", d).batches,
        files.nfcapd2([files.nf_block(files.records3(RNG), 0)] * 3, 0),
    ),
}  # fmt: skip


def counted(batches: Batches) -> Counter[str]:
    return Counter(map(repr, table_rows(batches)))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=20, deadline=None)
@given(garbage=st.binary(min_size=1, max_size=300))
def test_garbage_behind_a_file_changes_none_of_its_rows(name: str, garbage: bytes) -> None:
    read, data = FILES[name]
    good, more = counted(read(data)), counted(read(data + garbage))
    assert not good - more
    assert sum(more.values()) <= sum(good.values()) + len(garbage)


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=12, deadline=None)
@given(garbage=st.lists(st.binary(max_size=200), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_datagrams_of_garbage_in_between_change_no_row(name: str, garbage: list[bytes], seed: int) -> None:
    decode, parts = DECODERS[name], list(GOOD[name])
    for piece in garbage:
        parts.insert(random.Random(seed).randrange(len(parts) + 1), piece)
    assert not counted(decode(GOOD[name])) - counted(decode(parts))


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=10, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_datagrams_changes_no_row(name: str, order: random.Random) -> None:
    parts = list(GOOD[name])
    order.shuffle(parts)
    assert counted(DECODERS[name](parts)) == counted(DECODERS[name](GOOD[name]))


@settings(max_examples=12, deadline=None)
@given(cut=st.integers(0, len(GOOD["netflow"])))
def test_messages_in_two_inputs_give_the_rows_of_one(cut: int) -> None:
    parts, state = GOOD["netflow"], State(holds=True)
    both = [*netflow(parts[:cut], state), *netflow(parts[cut:], state)]
    assert counted(both) == counted(netflow(parts))


@pytest.mark.parametrize(("name", "decode"), [("netflow-fixed", netflow), ("sflow", sflow)])
def test_a_mutated_datagram_gives_the_same_rows_alone_and_among_others(
    name: str, decode: Callable[[Sequence[bytes]], Batches]
) -> None:
    target: Target = targets()[name]
    parts = mass(np.random.default_rng(SEED), Pool(target.all_seeds(), target.find), 150).parts()
    # A message whose version became one with templates speaks for others too.
    parts = [p for p in parts if p[:2] not in (b"\x00\x09", b"\x00\x0a")]
    alone: Counter[str] = Counter()
    for part in parts:
        alone += counted(decode([part]))
    assert counted(decode(parts)) == alone


def test_a_mutated_packet_is_dissected_the_same_alone_and_among_others() -> None:
    target = targets()["packets"]
    made = mass(np.random.default_rng(SEED), Pool(target.all_seeds(), target.find), 400)
    parts = [p for p in made.parts() if len(p) >= 2]
    alone: Counter[str] = Counter()
    for part in parts:
        alone += counted(_dissected([part]))
    together = _dissected(parts, apart=True)
    assert counted(together) == alone


def _dissected(parts: Sequence[bytes], *, apart: bool = False) -> Batches:
    """Flows of packets that are an hour apart, so that each is one: the times are left out."""
    given = Messages.of(parts)
    view = np.frombuffer(given.data, np.uint8)
    link = view[given.offset].astype(np.int64) << 8 | view[given.offset + 1]
    packets = dissect(given.data, given.offset + 2, given.size - 2, link)
    times = np.arange(len(parts), dtype=np.int64) * 3600 * 10**9 if apart else np.zeros(1, np.int64)
    return [
        b.drop_columns(["start_time", "end_time"])
        for b in assembled(packets, times + messages.SECONDS * 10**9)
    ]
