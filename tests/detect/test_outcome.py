"""What became of a contact, case by case."""

import pytest

import slowworm
from slowworm.detect.contacts import contacts
from slowworm.detect.outcome import ANSWERED, FAILED, NOT_KNOWN
from slowworm.sources.arrow import read_arrow

Flow = dict[str, object]
SYN, RST, PSH, ACK, FIN = 2, 4, 8, 16, 1


def outcome(*flows: Flow) -> list[tuple[str, int]]:
    import pyarrow as pa

    names = (
        "src_addr",
        "dst_addr",
        "protocol",
        "src_port",
        "dst_port",
        "packets",
        "bytes",
        "tcp_flags",
        "icmp_type",
        "action",
    )
    defaults: Flow = {"src_addr": "10.0.0.1", "dst_addr": "10.0.0.2", "protocol": 6, "src_port": 40000,
                                   "dst_port": 80}  # fmt: skip
    table = pa.Table.from_pylist([{n: {**defaults, **f}.get(n) for n in names} for f in flows])
    batch = contacts(read_arrow(table).batches[0])
    return [(str(a), o) for a, o in zip(clients(batch), batch.column("outcome").to_pylist(), strict=True)]


def clients(batch: object) -> list[object]:
    from slowworm.flows.addresses import to_objects

    return list(to_objects(batch.column("client")))  # type: ignore[attr-defined]


def back(**extra: object) -> Flow:
    return {"src_addr": "10.0.0.2", "dst_addr": "10.0.0.1", "src_port": 80, "dst_port": 40000, **extra}


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([{"packets": 1}], FAILED),
        ([{"packets": 3}], FAILED),
        ([{"packets": 4}], NOT_KNOWN),
        ([{"packets": 8}], ANSWERED),
        ([{"packets": 6, "bytes": 6 * 300}], ANSWERED),
        ([{"packets": 5000, "bytes": 5000 * 52}], ANSWERED),
        ([{"packets": 1, "tcp_flags": ACK}], NOT_KNOWN),
        ([{"packets": 1, "tcp_flags": SYN | ACK}], ANSWERED),
        ([{"packets": 6, "bytes": 6 * 48}], FAILED),
        ([{"packets": 6, "bytes": 6 * 48}, back(packets=5)], ANSWERED),
        ([{"packets": 2}, back(packets=1)], FAILED),
        ([{"packets": 3}, back(packets=3)], ANSWERED),
        ([{"packets": 1, "tcp_flags": SYN | ACK | PSH | FIN}], ANSWERED),
        ([{"packets": 5, "tcp_flags": SYN}], FAILED),
        ([{"packets": 2, "tcp_flags": SYN | ACK}, back(packets=1, tcp_flags=RST | ACK)], FAILED),
        ([{"packets": 2, "tcp_flags": SYN}, back(packets=1, tcp_flags=RST | ACK)], FAILED),
        ([back(packets=3)], NOT_KNOWN),
        ([{"protocol": 17, "dst_port": 1434, "packets": 1, "action": "deny"}], FAILED),
        ([{"packets": 1, "tcp_flags": ACK, "action": "deny"}], NOT_KNOWN),
        ([{"packets": 40, "action": "allow"}], ANSWERED),
        ([{"packets": 1, "protocol": 17, "dst_port": 53}], NOT_KNOWN),
        (
            [{"packets": 1, "protocol": 17, "dst_port": 53}, back(packets=1, protocol=17, src_port=53)],
            ANSWERED,
        ),
        ([{"protocol": None, "src_port": None, "dst_port": None, "packets": 2, "bytes": 96}], FAILED),
        ([{"protocol": None, "src_port": None, "dst_port": None, "packets": 3, "bytes": 213}], NOT_KNOWN),
        ([{"protocol": None, "src_port": None, "dst_port": None, "packets": 9, "bytes": 9 * 48}], NOT_KNOWN),
        ([{"protocol": None, "src_port": None, "dst_port": None, "packets": 5, "bytes": 5 * 48}], FAILED),
        ([{"protocol": None, "src_port": None, "dst_port": None, "packets": 40, "bytes": 9000}], ANSWERED),
    ],
)
def test_outcomes(flows: list[Flow], expected: int) -> None:
    assert outcome(*flows) == [("10.0.0.1", expected)]


def test_a_pair_is_one_contact_whichever_way_it_is_seen() -> None:
    ntp: Flow = {"protocol": 17, "src_port": 123, "dst_port": 123, "packets": 1}
    reverse: Flow = {**ntp, "src_addr": "10.0.0.2", "dst_addr": "10.0.0.1"}
    assert outcome(ntp, reverse) == outcome(reverse, ntp) == [("10.0.0.1", ANSWERED)]
    assert outcome(reverse) == [("10.0.0.2", NOT_KNOWN)]


def test_icmp_errors_are_nobodys_call() -> None:
    ping: Flow = {"protocol": 1, "icmp_type": 8, "src_port": None, "dst_port": None, "packets": 1}
    unreachable: Flow = {**ping, "icmp_type": 3, "src_addr": "10.0.0.9", "dst_addr": "10.0.0.1"}
    assert outcome(ping, unreachable) == [("10.0.0.1", NOT_KNOWN)]


def test_a_flow_seen_at_ingress_and_egress_is_one_visit() -> None:
    rows = [
        f"Vl1 10.1.1.1 {out} {i}.20.30.40 06 0{i:03X} 01BD 2"
        for i in range(20, 30)
        for out in ("Se1/0", "Se1/0*")
    ]
    result = slowworm.hunt("\n".join(rows) + "\n")
    pieces = {e.name: e.weight for e in result.verdicts[0].evidence}
    assert pieces["single-visits"] == 40.0
