"""Who opened a conversation, told without times and flags."""

import numpy as np
import pytest

from slowworm.detect.direction import Direction, directions
from slowworm.detect.profiles import load_profiles

TCP, UDP, ICMP = 6, 17, 1


def judge(rows: list[tuple[int, int, int, int]], icmp_type: int = -1) -> Direction:
    """Rows of (source, protocol, source port, destination port)."""
    source, protocol, sp, dp = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    return directions(
        source=source,
        protocol=protocol,
        src_port=sp,
        dst_port=dp,
        icmp_type=np.full(len(rows), icmp_type),
        random_port_sources=load_profiles().random_port_sources(),
    )


@pytest.mark.parametrize(("sp", "dp"), [(40000, 80), (1040, 445), (51515, 3389), (2000, 8080), (60000, 6881)])
def test_a_known_service_port_is_the_called_side(sp: int, dp: int) -> None:
    assert not judge([(1, TCP, sp, dp)]).answer[0]
    assert judge([(1, TCP, dp, sp)]).answer[0]


def test_a_servers_answers_on_a_port_nobody_knows_are_known_by_their_fan() -> None:
    rng = np.random.default_rng(1)
    rows = [(7, TCP, 7777, int(p)) for p in rng.integers(20000, 65000, 30)]
    assert judge(rows).answer.all()
    calls = [(7, TCP, int(p), 7777) for p in rng.integers(20000, 65000, 30)]
    assert not judge(calls).answer.any()


def test_a_probe_with_both_ports_fixed_is_no_answer() -> None:
    assert not judge([(7, UDP, 1045, 1434)] * 30).answer.any()
    assert not judge([(7, TCP, 80, 34567)] * 30).answer.any()


def test_a_vertical_scan_from_one_source_port_is_no_answer() -> None:
    rows = [(7, TCP, 40000, p) for p in range(1, 3000, 7)]
    assert not judge(rows).answer.any()
    assert not judge([(7, TCP, 53, p) for p in range(1, 3000, 7) if p != 53]).answer.any()


def test_symmetric_ports_leave_the_caller_unknown() -> None:
    found = judge([(7, UDP, 123, 123)])
    assert found.unknown[0]
    assert not found.answer[0]


def test_witty_is_not_taken_for_a_servers_answers() -> None:
    rng = np.random.default_rng(2)
    found = judge([(7, UDP, 4000, int(p)) for p in rng.integers(0, 65536, 60)])
    assert found.random_port.all()
    assert not found.answer.any()
    icq = judge([(7, UDP, 4000, int(p)) for p in rng.integers(49152, 65536, 60)])
    assert not icq.random_port.any()


@pytest.mark.parametrize(
    ("kind", "answer", "error"), [(8, False, False), (0, True, False), (3, False, True), (11, False, True)]
)
def test_icmp_types_tell(kind: int, answer: bool, error: bool) -> None:
    found = judge([(7, ICMP, -1, -1)], icmp_type=kind)
    assert (found.answer[0], found.error[0]) == (answer, error)
