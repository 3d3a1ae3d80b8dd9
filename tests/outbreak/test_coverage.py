"""Coverage: counted targets, shares and order by subnet, and a map on which every prefix is one area."""

import datetime
import ipaddress

import numpy as np
import pytest

from slowworm.outbreak.coverage import coverage, hilbert_cells, hilbert_counts, subnets

INSIDE = (ipaddress.ip_network("10.7.0.0/16"),)


def values(*texts: str) -> np.ndarray:
    return np.array([int(ipaddress.IPv4Address(t)) for t in texts])


def test_targets_subnets_and_directions_are_counted() -> None:
    source = values("10.7.1.1", "10.7.1.1", "10.7.1.1", "10.7.1.1", "192.0.2.1", "10.7.1.1")
    target = values("10.7.1.2", "10.7.9.9", "10.9.9.9", "99.1.1.1", "10.7.9.9", "10.7.9.9")
    found = coverage(source, target, inside=INSIDE)
    assert found is not None
    assert (found.targets, found.contacts) == (4, 6)
    assert dict(found.subnets) == {8: 2, 16: 3, 24: 4}
    # By the longest prefix shared: /24, /16, /8, nothing, nothing, /16.
    assert dict(found.local) == pytest.approx({0: 2 / 6, 8: 1 / 6, 16: 2 / 6, 24: 1 / 6})
    assert dict(found.directions) == {(True, True): 3, (True, False): 2, (False, True): 1, (False, False): 0}
    assert found.inside_share == pytest.approx(2 / 65536)


def test_without_inside_prefixes_nothing_is_said_of_inside() -> None:
    found = coverage(values("10.7.1.1"), values("10.7.1.2"))
    assert found is not None
    assert (found.directions, found.inside_share) == ((), None)


def test_overlapping_prefixes_count_once() -> None:
    twice = (*INSIDE, ipaddress.ip_network("10.7.128.0/17"), ipaddress.ip_network("2001:db8::/32"))
    found = coverage(values("10.7.1.1"), values("10.7.200.2"), inside=twice)
    assert found is not None
    assert found.inside_share == pytest.approx(1 / 65536)


def test_ipv6_and_nothing_have_no_coverage() -> None:
    assert coverage(np.array([-1]), np.array([-1])) is None
    assert coverage(np.zeros(0, np.int64), np.zeros(0, np.int64)) is None
    assert subnets(np.zeros(0, np.int64), np.zeros(0, np.int64), length=16).num_rows == 0
    assert hilbert_counts(np.array([-1])).sum() == 0


def test_subnets_come_in_the_order_they_were_touched() -> None:
    target = values("10.7.1.2", "99.1.1.1", "10.7.1.3", "10.7.1.2", "10.8.0.1")
    first = np.array([5, 3, 9, 1, -1]) * 10**9
    rows = subnets(target, first, length=16, inside=INSIDE).to_pylist()
    assert [str(ipaddress.IPv4Address(r["prefix"])) for r in rows] == ["10.7.0.0", "99.1.0.0", "10.8.0.0"]
    assert [r["order"] for r in rows] == [1, 2, None]
    assert [r["targets"] for r in rows] == [2, 1, 1]
    assert [r["contacts"] for r in rows] == [3, 1, 1]
    assert rows[0]["share"] == pytest.approx(2 / 65536)
    assert [r["inside"] for r in rows] == [True, False, False]
    assert rows[0]["first_time"] == datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.UTC)
    assert rows[2]["first_time"] is None
    assert subnets(target, first, length=24)["inside"].null_count == 3


@pytest.mark.parametrize("length", [8, 16, 24])
def test_tables_agree_with_the_numbers(length: int) -> None:
    rng = np.random.default_rng(length)
    target = rng.integers(0, 2**32, 5000)
    table = subnets(target, rng.integers(0, 10**15, 5000), length=length)
    found = coverage(target, target)
    assert found is not None
    assert table.num_rows == dict(found.subnets)[length] == len({int(t) >> 32 - length for t in target})
    assert sum(table["contacts"].to_pylist()) == 5000
    assert table["order"].to_pylist() == list(range(1, table.num_rows + 1))


def test_the_hilbert_curve_visits_every_cell_and_never_jumps() -> None:
    for order in (1, 2, 5, 8):
        x, y = hilbert_cells(order=order)
        assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == 4**order
        assert (np.abs(np.diff(x)) + np.abs(np.diff(y)) == 1).all()
        assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 2**order - 1, 0)


def test_a_prefix_is_a_square_or_half_of_one_on_the_map() -> None:
    x, y = hilbert_cells(order=8)
    for length in (4, 7, 8, 12):
        start = 5 << 16 - length
        cells = slice(start, start + (1 << 16 - length))
        width, height = np.ptp(x[cells]) + 1, np.ptp(y[cells]) + 1
        assert width * height == 1 << 16 - length


def test_the_map_counts_distinct_targets_where_they_are() -> None:
    counts = hilbert_counts(values("10.7.1.2", "10.7.1.2", "10.7.3.4", "255.255.0.1"), order=8)
    assert len(counts) == 65536
    assert counts[(10 << 8) + 7] == 2
    assert counts[65535] == 1
    assert counts.sum() == 3
