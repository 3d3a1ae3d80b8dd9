"""Attempts: both flows of a connection become one row, with the caller and the outcome that a reader would give."""

import numpy as np
import pyarrow as pa
import pytest
from scripts.quality.attempts import ANSWERED, FAILED, REJECTED, attempts
from tests.quality.flow_rows import RST_ACK, START, F, batch, talk, tried

from slowworm.flows.addresses import format_ipv4
from slowworm.rehearse.world import Vantage, WorldSpec, build

A, B = "10.0.0.5", "31.7.7.9"


def seen(flows: list[F]) -> list[tuple[str, str, int, int]]:
    a = tried(flows)
    return [
        (format_ipv4(int(s)), format_ipv4(int(d)), int(p), int(o))
        for s, d, p, o in zip(a.source, a.destination, a.port, a.outcome, strict=True)
    ]


@pytest.mark.parametrize("other_way", [False, True])
def test_both_flows_of_a_conversation_are_one_attempt_of_the_caller(other_way: bool) -> None:
    one, two = (B, A) if other_way else (A, B)
    assert seen(talk(one, two, 443)) == [(one, two, 443, ANSWERED)]
    assert seen(talk(one, two, 443)[::-1]) == [(one, two, 443, ANSWERED)]


def test_a_lone_syn_failed_and_a_reset_rejected_it() -> None:
    probe = F(A, B, 445)
    assert seen([probe]) == [(A, B, 445, FAILED)]
    assert seen([probe, probe.back(RST_ACK, 1)]) == [(A, B, 445, REJECTED)]


def test_a_lone_syn_is_an_attempt_whatever_the_ports_and_the_clocks_say() -> None:
    odd = F(A, B, 52_000, sp=80)
    assert seen([odd]) == [(A, B, 52_000, FAILED)]
    early = F(B, A, 80, at=-1.0, flags=RST_ACK, sp=52_000)
    assert seen([odd, early]) == [(A, B, 52_000, REJECTED)]


@pytest.mark.parametrize("flags", [18, 4, 20])
def test_backscatter_starts_nothing(flags: int) -> None:
    assert seen([F(B, A, 4000, flags=flags, sp=80)]) == []


def test_of_a_view_of_one_direction_only_the_caller_counts_and_has_been_answered() -> None:
    call, answer = talk(A, B, 443)
    assert seen([call]) == [(A, B, 443, ANSWERED)]
    assert seen([answer]) == []


def test_udp_and_echo_fail_where_nothing_comes_back() -> None:
    ask = F(A, B, 1434, protocol=17, flags=None)
    assert seen([ask]) == [(A, B, 1434, FAILED)]
    assert seen([ask, ask.back()]) == [(A, B, 1434, ANSWERED)]
    echo = F(A, B, protocol=1, kind=8, flags=None)
    assert seen([echo]) == [(A, B, -1, FAILED)]
    assert seen([echo.back(), echo]) == [(A, B, -1, ANSWERED)]
    assert seen([F(A, B, protocol=1, kind=3, flags=None)]) == []


def test_the_same_flow_from_two_exporters_is_one_attempt_of_as_many_packets() -> None:
    a = tried([F(A, B, 23, packets=3), F(A, B, 23, packets=3, at=0.2)])
    assert (len(a), int(a.packets[0]), int(a.time[0])) == (1, 3, START * 10**9)


def test_without_flags_few_unanswered_packets_failed_and_many_did_not() -> None:
    assert [o for *_, o in seen([F(A, B, 80, flags=None, packets=n) for n in (3,)])] == [FAILED]
    assert [o for *_, o in seen([F(A, B, 80, flags=None, packets=n) for n in (4,)])] == [ANSWERED]


def test_contacts_are_counted_once_per_destination_up_to_a_time() -> None:
    a = tried([F(A, f"31.7.{n % 4}.9", 80, at=n, sp=3000 + n) for n in range(8)])
    source, times = a.source[:1], a.time
    assert [int(a.contacts_until(source, times[i : i + 1])[0]) for i in (0, 3, 7)] == [1, 4, 4]
    assert a.contact_times(int(source[0])).tolist() == times[:4].tolist()
    assert a.contact_times(1).tolist() == []


def test_the_order_of_rows_does_not_matter() -> None:
    flows = [f for n in range(40) for f in talk(A, f"31.7.{n}.9", 80 + n % 3, at=n % 7, sp=2000 + n)]
    flows += [F(B, f"9.9.{n}.1", 23, at=n % 5, sp=100 * n + 7) for n in range(40)]
    order = np.random.default_rng(3).permutation(len(flows))
    one, two = tried(flows), tried([flows[i] for i in order])
    for name in ("source", "destination", "port", "time", "outcome", "flags"):
        assert (getattr(one, name) == getattr(two, name)).all(), name


def test_flows_without_times_are_refused_with_the_reason() -> None:
    flows = batch([F(A, B)])
    bare = pa.RecordBatch.from_arrays(
        [pa.nulls(1, flows.schema.field(0).type), *flows.columns[1:]], schema=flows.schema
    )
    with pytest.raises(ValueError, match="flows without times"):
        attempts([bare])


@pytest.mark.parametrize(("sampling", "share"), [(1, 1.0), (10, 0.98)])
def test_in_a_labelled_world_callers_and_outcomes_are_the_true_ones(sampling: int, share: float) -> None:
    spec = WorldSpec(
        seed=11, hosts=150, span_seconds=400, actors="judgement", vantage=Vantage(sampling=sampling)
    )
    made = build(spec)
    flows = pa.Table.from_batches(made.flows)
    forward, failed = np.concatenate(made.truth.flow_forward), np.concatenate(made.truth.flow_failed)
    names = ("src_addr", "dst_addr", "protocol", "src_port", "dst_port")
    rows = zip(*(flows.column(n).to_pylist() for n in names), strict=True)
    truth = {row: bool(bad) for row, calls, bad in zip(rows, forward, failed, strict=True) if calls}
    a = attempts(made.flows)
    ports = zip(a.src_port.tolist(), a.port.tolist(), strict=True)
    found = [
        (s, d, p, None if p == 1 else sp, None if p == 1 else dp)
        for s, d, p, (sp, dp) in zip(
            a.source.tolist(), a.destination.tolist(), a.protocol.tolist(), ports, strict=True
        )
    ]
    assert len(found) > 1000
    right = [truth[key] for key in found if key in truth]
    assert len(right) >= share * len(found)
    if sampling == 1:  # where answers are sampled away, a failure cannot be told
        agreed = sum(bad == bool(own) for bad, own in zip(right, a.failed, strict=True))
        assert agreed >= 0.999 * len(found)
