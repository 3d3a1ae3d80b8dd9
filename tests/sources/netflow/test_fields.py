"""What single fields of exports mean: sampling from wherever it is said, ICMP, interfaces, sequence numbers."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from tests.sources.netflow.messages import data, ip, ipfix, options_template, template, v9

from slowworm.sources.base import Reading
from slowworm.sources.netflow.bare import NetflowFile

PAIR = ip("10.0.0.1") + ip("192.0.2.1")
BASE = ((8, 4), (12, 4), (4, 1), (2, 4))


def base(protocol: int = 6) -> bytes:
    return PAIR + struct.pack(">BI", protocol, 3)


def column(reading: Reading, name: str) -> list[Any]:
    return [value for batch in reading.batches for value in batch.column(name).to_pylist()]


def notes(reading: Reading) -> dict[str, int]:
    return {n.id: n.count for n in reading.notes if n.id.startswith("sampling")}


def with_options(fields: tuple[tuple[int, int], ...], *said: bytes, record: bytes, extra: Any) -> Reading:
    message = ipfix(
        options_template(257, (149, 4), *fields, version=10),
        data(257, *(struct.pack(">I", 7) + s for s in said)),
        template(256, *BASE, *extra, version=10),
        data(256, record),
    )
    return NetflowFile().read("x", message)


@pytest.mark.parametrize(
    ("fields", "said", "rate"),
    [
        (((34, 4),), struct.pack(">I", 100), 100),
        (((50, 4),), struct.pack(">I", 200), 200),
        (((305, 4), (306, 4)), struct.pack(">II", 1, 999), 1000),
        (((305, 4), (306, 4)), struct.pack(">II", 10, 90), 10),
        (((309, 4), (310, 4)), struct.pack(">II", 2, 128), 64),  # 2 out of 128 (RFC 5477, 8.2.7)
        (((311, 8),), struct.pack(">d", 0.001), 1000),
        (((311, 8),), struct.pack(">d", float("nan")), None),
        (((305, 4), (306, 4)), struct.pack(">II", 0, 5), None),
        (((34, 4),), struct.pack(">I", 0), None),
    ],
)
def test_rates_as_options_say_them(
    fields: tuple[tuple[int, int], ...], said: bytes, rate: int | None
) -> None:
    assert column(with_options(fields, said, record=base(), extra=()), "sampling_rate") == [rate]


def test_the_records_own_rate_wins_and_a_contradiction_is_told() -> None:
    reading = with_options(
        ((34, 4),), struct.pack(">I", 100), record=base() + struct.pack(">I", 10), extra=((34, 4),)
    )
    assert (column(reading, "sampling_rate"), notes(reading)) == ([10], {"sampling-differs": 1})


def test_a_rate_of_0_in_the_record_says_nothing() -> None:
    reading = with_options(((34, 4),), struct.pack(">I", 100), record=base() + bytes(4), extra=((34, 4),))
    assert (column(reading, "sampling_rate"), notes(reading)) == ([100], {})


@pytest.mark.parametrize(
    ("sampler", "rate", "unknown"),
    [(1, 100, {}), (2, 200, {}), (3, None, {"sampling-unknown": 1}), (0, None, {})],
)
def test_each_sampler_has_its_rate(sampler: int, rate: int | None, unknown: dict[str, int]) -> None:
    reading = with_options(
        ((302, 2), (34, 4)), struct.pack(">HI", 1, 100), struct.pack(">HI", 2, 200),
        record=base() + struct.pack(">H", sampler), extra=((302, 2),),
    )  # fmt: skip
    assert (column(reading, "sampling_rate"), notes(reading)) == ([rate], unknown)


def test_several_rates_and_records_that_do_not_say_which_are_unknown() -> None:
    two = (struct.pack(">HI", 1, 100), struct.pack(">HI", 2, 200))
    reading = with_options(((302, 2), (34, 4)), *two, record=base(), extra=())
    assert (column(reading, "sampling_rate"), notes(reading)) == ([None], {"sampling-unknown": 1})


def v5(sampling: int, *, out_if: int = 2) -> bytes:
    head = struct.pack(">HHIIIIBBH", 5, 1, 9000, 1_700_000_000, 0, 1, 0, 0, sampling)
    record = PAIR + bytes(4) + struct.pack(">HHIIIIHHBBBB", 1, out_if, 3, 120, 1000, 2000, 9, 23, 0, 2, 6, 0)
    return head + record + bytes(8)


@pytest.mark.parametrize(
    ("field", "rate", "unknown"),
    # Two bits of mode, fourteen of interval (Cisco NetFlow export formats).
    [(0, None, {}), (0x4064, 100, {}), (100, 100, {}), (0x4000, None, {"sampling-unknown": 1})],
)
def test_sampling_in_the_header_of_version_5(field: int, rate: int | None, unknown: dict[str, int]) -> None:
    reading = NetflowFile().read("x", v5(field))
    assert (column(reading, "sampling_rate"), notes(reading)) == ([rate], unknown)


def test_interface_0_is_none() -> None:
    reading = NetflowFile().read("x", v5(0, out_if=0))
    assert (column(reading, "in_if"), column(reading, "out_if")) == (["1"], [None])


@pytest.mark.parametrize(
    ("status", "out_if", "action"),
    # forwardingStatus (RFC 7270, 4.12): 64 forwarded, 128 dropped, 129 and 130 by an access list
    [(64, "7", None), (128, "Null", None), (129, "Null", "deny"), (130, "Null", "deny"), (0, "7", None)],
)
def test_what_the_router_dropped_went_to_null(status: int, out_if: str, action: str | None) -> None:
    message = v9(template(256, *BASE, (14, 4), (89, 1)), data(256, base() + struct.pack(">IB", 7, status)))
    reading = NetflowFile().read("x", message)
    assert (column(reading, "out_if"), column(reading, "action")) == ([out_if], [action])


def test_sequence_numbers_are_of_tcp_only() -> None:
    fields = template(256, *BASE, (184, 4), version=10)
    records = [base(p) + struct.pack(">I", 0xC0000201) for p in (6, 17)]
    reading = NetflowFile().read("x", ipfix(fields, data(256, *records)))
    assert column(reading, "tcp_sequence_number") == [0xC0000201, None]


@pytest.mark.parametrize(
    ("extra", "tail", "protocol", "icmp"),
    [
        (((32, 2),), struct.pack(">H", 0x0301), 1, (3, 1)),
        (((11, 2),), struct.pack(">H", 0x0800), 1, (8, 0)),  # in place of the port, as ever
        (((176, 1), (177, 1)), b"\x03\x0d", 1, (3, 13)),
        (((32, 2),), struct.pack(">H", 0x8700), 58, (135, 0)),  # the field of IPv4 for want of the other
        (((139, 2), (32, 2)), struct.pack(">HH", 0x8501, 0), 58, (133, 1)),
        (((32, 2), (139, 2)), struct.pack(">HH", 0, 0x8501), 58, (133, 1)),
        (((32, 2), (11, 2)), struct.pack(">HH", 0, 443), 6, (None, None)),
    ],
)
def test_icmp_by_whichever_field_the_template_has(
    extra: tuple[tuple[int, int], ...], tail: bytes, protocol: int, icmp: tuple[int | None, int | None]
) -> None:
    reading = NetflowFile().read("x", v9(template(256, *BASE, *extra), data(256, base(protocol) + tail)))
    assert (column(reading, "icmp_type"), column(reading, "icmp_code")) == ([icmp[0]], [icmp[1]])


def test_the_exporter_behind_a_mediator_is_the_one_that_the_record_names() -> None:
    message = ipfix(
        template(256, *BASE, (130, 4), version=10), data(256, base() + ip("198.51.100.7"), base() + bytes(4))
    )
    assert column(NetflowFile().read("x", message), "exporter") == ["198.51.100.7", None]
