"""Azure: the examples of Microsoft's flow log documentation, versions 1, 2 and of virtual networks."""

from __future__ import annotations

import json
from typing import Any

from tests.sources.tables.flow_rows import notes, plain

from slowworm.sources.cloud import AzureNsgFlow

FORM = AzureNsgFlow()


def group(*tuples: str, version: int = 2) -> dict[str, Any]:
    return {
        "time": "2018-11-13T12:00:35.3899262Z",
        "category": "NetworkSecurityGroupFlowEvent",
        "resourceId": "/SUBSCRIPTIONS/0/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/MYNSG",
        "operationName": "NetworkSecurityGroupFlowEvents",
        "properties": {
            "Version": version,
            "flows": [{"rule": "r", "flows": [{"mac": "000D3AF87856", "flowTuples": list(tuples)}]}],
        },
    }


def network(*tuples: str) -> dict[str, Any]:
    return {
        "time": "2022-09-14T09:00:52.5625085Z",
        "flowLogVersion": 4,
        "macAddress": "00224871C205",
        "category": "FlowLogFlowEvent",
        "flowLogResourceID": "/S/FLOWLOGS/VNETFLOWLOG",
        "targetResourceID": "/s/virtualNetworks/myVNet01",
        "flowRecords": {"flows": [{"aclID": "9", "flowGroups": [{"rule": "R", "flowTuples": list(tuples)}]}]},
    }


def text(*records: dict[str, Any], indent: int | None = 1) -> bytes:
    return json.dumps({"records": list(records)}, indent=indent).encode()


def read(*records: dict[str, Any]) -> list[dict[str, Any]]:
    reading = FORM.read("PT1H.json", text(*records))
    assert not reading.problems, reading.problems
    return plain(reading)


def test_version_1_has_verdicts_but_no_counters() -> None:
    denied, allowed = read(
        group(
            "1487282421,42.119.146.95,10.1.0.4,51529,5358,T,I,D",
            "1487282370,10.1.0.4,163.28.66.17,61771,53,U,O,A",
            version=1,
        )
    )
    assert denied == {
        "src_addr": "42.119.146.95", "dst_addr": "10.1.0.4", "protocol": 6, "src_port": 51529, "dst_port": 5358,
        "action": "deny", "exporter": "MYNSG", "in_if": "000D3AF87856",
        "start_time": "2017-02-16T22:00:21", "end_time": "2017-02-16T22:00:21",
    }  # fmt: skip
    assert (allowed["protocol"], allowed["action"], allowed["out_if"]) == (17, "allow", "000D3AF87856")


def test_version_2_counts_both_directions_since_the_tuple_before() -> None:
    flow = "10.5.16.4,13.67.143.118,59831,443,T,O,A"
    records = [
        group(f"1542110402,{flow},B,,,,", f"1542110437,{flow},C,10,1000,8,9000"),
        group(f"1542110467,{flow},E,2,132,0,0", "1542110377,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,"),
    ]
    reading = FORM.read("PT1H.json", text(*records))
    assert notes(reading) == {"begins-merged": 1}
    first, answer, last, denied = plain(reading)
    assert (first["start_time"], first["end_time"]) == ("2018-11-13T12:00:02", "2018-11-13T12:00:37")
    assert (first["packets"], first["bytes"], answer["packets"], answer["bytes"]) == (10, 1000, 8, 9000)
    assert (answer["src_addr"], answer["dst_port"], answer["in_if"]) == (
        "13.67.143.118",
        59831,
        "000D3AF87856",
    )
    assert (last["start_time"], last["packets"]) == ("2018-11-13T12:00:37", 2)
    assert (denied["action"], "packets" in denied) == ("deny", False)


def test_a_flow_that_only_begins_stays_without_counters() -> None:
    (flow,) = read(group("1542110402,10.5.16.4,13.67.143.118,59831,443,T,O,A,B,,,,"))
    assert not {"packets", "bytes", "end_time"} & set(flow)


def test_virtual_networks_have_numbers_for_protocols_and_milliseconds() -> None:
    opener, answer, denied = read(
        network(
            "1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,B,NX,0,0,0,0",
            "1663146003606,10.0.0.6,52.239.184.180,23956,443,6,O,E,NX,3,767,2,1580",
            "1663146003637,fd00::4,fd00::5,0,0,58,I,D,NX,0,0,0,0",
        )
    )
    assert (opener["start_time"], opener["end_time"]) == (
        "2022-09-14T09:00:03.599",
        "2022-09-14T09:00:03.606",
    )
    assert (opener["packets"], answer["bytes"], opener["exporter"]) == (3, 1580, "myVNet01")
    assert (denied["src_addr"], denied["protocol"], denied["action"]) == ("fd00::4", 58, "deny")
    assert not {"src_port", "packets"} & set(denied)


def test_seconds_are_seconds_in_virtual_networks_too() -> None:
    (flow, _) = read(network("1754512773,10.0.0.4,13.107.21.200,49982,443,6,O,C,NX,7,1158,12,8143"))
    assert flow["end_time"] == "2025-08-06T20:39:33"


def test_records_may_come_one_a_line_or_in_an_array() -> None:
    records = [network("1663146003606,10.0.0.6,52.239.184.180,23956,443,6,O,E,NX,3,767,0,0")] * 3
    assert FORM.read("x", json.dumps(records).encode()).flows == 3
    assert FORM.read("x", "\n".join(json.dumps(r) for r in records).encode()).flows == 3


def test_damaged_tuples_and_records_are_problems_with_their_place() -> None:
    good = "1663146003606,10.0.0.6,52.239.184.180,{p},443,6,O,E,NX,3,767,0,0"
    bad = ["", "x,1", good.format(p=70000), good.format(p=1).replace(",O,E", ",O,Q"), good.format(p="1\n2")]
    reading = FORM.read("x", text(network(*bad, good.format(p=5))))
    assert (reading.flows, sum(p.count for p in reading.problems)) == (1, 5), "an unknown state is no verdict"
    whole = text(network(good.format(p=1)), network(good.format(p=2)), network(good.format(p=3)))
    second = whole.index(b'"time"', whole.index(b'"time"') + 1)
    reading = FORM.read("x", whole[:second] + b'"' + whole[second:])
    assert [f["src_port"] for f in plain(reading)] == [1, 3]
    assert [p.where for p in reading.problems] == [f"x:{whole[:second].count(10)}"]
    reading = FORM.read("x", whole[:-150])
    assert [f["src_port"] for f in plain(reading)] == [1, 2]
    assert len(reading.problems) == 1


def test_deep_nesting_is_a_problem_not_a_crash() -> None:
    for hostile in (b'{"records":' + b"[" * 200_000, b'{"time":' * 50_000, b'[{"properties":' * 50_000):
        reading = FORM.read("x", hostile)
        assert reading.flows == 0


def test_it_recognises_its_own_and_nothing_else() -> None:
    assert FORM.recognises(text(group("x")))
    assert FORM.recognises(text(network("x")))
    assert not FORM.recognises(b'{"records": [{"time": "2022"}]}')
