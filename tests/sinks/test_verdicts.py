"""Flows that were converted are judged as before: what a format carries is what the detector needs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tests.sinks.random_flows import CARRIED
from tests.support import EXAMPLES, SHARED

import slowworm

Judged = list[tuple[object, ...]]

REAL = (
    "derived/hns/softflowd_v5.pcap",
    "derived/synscan/softflowd_v9.pcap",
    "detection/StratosphereLinuxIPS/dataset/test7-malicious.pcap",
)


def judged(result: slowworm.HuntResult, *, named: bool = True) -> Judged:
    return [
        (str(v.address), v.verdict, v.activity, v.protocol, v.port, v.targets, v.weight, named and v.in_if)
        for v in result.verdicts
    ]


def converted(source: Path, to: str) -> tuple[slowworm.ConvertResult, slowworm.HuntResult]:
    file = io.BytesIO()
    result = slowworm.convert(source, output=file, to=to)
    return result, slowworm.hunt(file.getvalue())


@pytest.mark.skipif(not (SHARED / "data").exists(), reason="shared data are not here")
@pytest.mark.parametrize("path", REAL)
def test_captures_of_others_keep_their_verdicts_through_every_format(path: str) -> None:
    source = SHARED / "data" / path
    before = judged(slowworm.hunt(source))
    assert before, "there is something to find"
    for name in CARRIED:
        result, after = converted(source, name)
        assert judged(after) == before, name
        assert result.written == result.read - sum(loss.count for loss in result.losses if loss.flows)


@pytest.mark.parametrize("name", CARRIED)
@pytest.mark.parametrize("example", ["codered-netflow.txt", "codered-accounting.txt"])
def test_pasted_listings_keep_their_verdicts_where_the_format_has_room_for_not_known(
    example: str, name: str
) -> None:
    before = slowworm.hunt(EXAMPLES / example)
    if name == "netflow-v5":
        result, _ = converted(EXAMPLES / "codered-netflow.txt", name)
        assert {"zero-bytes", "zero-tcp_flags"} <= {loss.id for loss in result.losses}
        return
    _, after = converted(EXAMPLES / example, name)
    # Names of interfaces are more than nfdump's table has room for.
    assert judged(after, named=name != "nfdump-csv") == judged(before, named=name != "nfdump-csv")


def test_listings_without_protocols_are_nothing_for_version_5() -> None:
    result = slowworm.convert(EXAMPLES / "codered-accounting.txt", output=io.BytesIO(), to="netflow-v5")
    assert (result.read, result.written, result.left_out) == (16, 0, 16)
    assert {loss.id: loss.count for loss in result.losses if loss.flows} == {"no-protocol": 16}
