"""What convert writes we read back equal: random flows, with nulls and extremes, through every format."""

from __future__ import annotations

from hypothesis import given, settings
from tests.sinks.random_flows import CARRIED, Row, batch_of, batches, read, rows_of, sorted_rows, write

from slowworm.sinks.outputs import standard_outputs


def test_every_output_format_has_its_round_trip() -> None:
    assert set(CARRIED) == {info.name for info in standard_outputs().infos()}


@settings(max_examples=30, deadline=None)
@given(flows=batches())
def test_what_is_written_is_read_back_equal(flows: list[tuple[int, list[Row]]]) -> None:
    made = [batch_of(version, found) for version, found in flows]
    for name, carried in CARRIED.items():
        data, written = write(name, made)
        expected = [(v, back) for v, found in flows for row in found if (back := carried(v, row)) is not None]
        lost = sum(len(found) for _, found in flows) - len(expected)
        assert written.flows == len(expected), name
        assert sum(loss.count for loss in written.losses if loss.flows) == lost, name
        if not expected:
            continue
        reading = read(data)
        assert reading.problems == (), name
        kept = set(expected[0][1])
        came = [(v, {n: x for n, x in row.items() if n in kept}) for v, row in rows_of(reading.batches)]
        assert sorted_rows(came) == sorted_rows(expected), name
