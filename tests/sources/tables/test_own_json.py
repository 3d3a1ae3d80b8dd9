"""`slowworm-jsonl`: JSON lines of the flow table are read, and what is none of it is told with its line."""

from __future__ import annotations

import json

import pytest
from tests.sources.tables.flow_rows import notes, rows

from slowworm.sources.formats import standard_formats
from slowworm.sources.tables import SlowwormJson

JSON = SlowwormJson()
FLOW = {"src_addr": "10.0.0.1", "dst_addr": "10.0.0.2", "protocol": 6, "dst_port": 445, "packets": 1}


def lines(*objects: object) -> bytes:
    return "".join(o if isinstance(o, str) else json.dumps(o) + "\n" for o in objects).encode()


def test_objects_become_flows_of_both_versions() -> None:
    six = {
        "dst_addr": "2001:db8::2",
        "start_time": "2024-05-01T12:00:00.000000001Z",
        "resolved": False,
        "in_if": "Gi0/1",
    }
    reading = JSON.read(
        "x.jsonl", lines(FLOW, six, "\n", FLOW | {"action": "deny", "label": 'a "b" é', "line": 7})
    )
    assert (reading.formats, reading.problems, notes(reading)) == ((("slowworm-jsonl", 3),), (), {})
    first, wide, denied = rows(reading)
    assert (first["dst_port"], first["line"], first["input"]) == (445, 1, "x.jsonl")
    assert (denied["action"], denied["label"], denied["line"]) == ("deny", 'a "b" é', 7)
    assert (wide["start_time"], wide["resolved"]) == ("2024-05-01T12:00:00.000000001", False)
    assert (wide["in_if"], wide["line"], "src_addr" in wide) == ("Gi0/1", 2, False)


def test_it_is_recognised_by_its_columns() -> None:
    found = standard_formats().of_bytes(lines(FLOW))
    assert found is not None
    assert found.info.name == "slowworm-jsonl"
    for other in (
        {"type": "FLOW", "src_addr": "1.2.3.4"},
        {"packets": 1},
        [1],
        "no JSON\n",
        {"src_addr": "1", "x": 2},
    ):
        assert not JSON.recognises(lines(other))
    assert not JSON.recognises(b"")
    assert not JSON.recognises(b"[" * 100_000)


@pytest.mark.parametrize(
    "bad",
    [
        "{\n", "null\n", "[1]\n", '"x"\n', {"dst_addr": "10.0.0.999"}, {"packets": 1}, FLOW | {"dst_port": 70_000},
        FLOW | {"dst_addr": "2001:db8::1"}, FLOW | {"start_time": "noon"}, FLOW | {"resolved": 3},
    ],
)  # fmt: skip
def test_a_line_that_is_no_flow_is_a_problem_with_its_place(bad: object) -> None:
    reading = JSON.read("x.jsonl", lines(FLOW, bad, FLOW))
    assert reading.flows in (2, 3)  # a value of another type is left out, and told
    assert [p.where for p in reading.problems] == ["x.jsonl:2"]
