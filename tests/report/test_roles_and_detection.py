"""What a verdict says beside its weight: when the evidence was enough, and what the host is by its behaviour."""

import csv
import datetime
import io
import ipaddress

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

import slowworm
from slowworm.report import csv as csv_report
from slowworm.report import explain, table

START = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
WORM, RELAY = "10.0.0.5", "10.0.0.25"
Rows = list[tuple[str, str, int, int, int, float]]


def flows(rows: Rows) -> pa.Table:
    """(source, target, source port, target port, packets, seconds after START), each of one second, over TCP."""
    source, target, source_port, port, packets, seconds = zip(*rows, strict=True)
    begin = [START + datetime.timedelta(seconds=s) for s in seconds]
    end = [t + datetime.timedelta(seconds=1) for t in begin]
    kind = pa.timestamp("ns", tz="UTC")
    return pa.table(
        {
            "src_addr": list(source),
            "dst_addr": list(target),
            "src_port": pa.array(source_port, pa.uint16()),
            "dst_port": pa.array(port, pa.uint16()),
            "protocol": pa.array([6] * len(rows), pa.uint8()),
            "packets": pa.array(packets, pa.uint64()),
            "bytes": pa.array([48 * n for n in packets], pa.uint64()),
            "start_time": pa.array(begin, kind),
            "end_time": pa.array(end, kind),
        }
    )


def scan(n: int) -> Rows:
    """One SYN every ten seconds, each to another address."""
    rng = np.random.default_rng(8)
    targets = rng.integers(20 << 24, 200 << 24, n)
    return [
        (WORM, str(ipaddress.IPv4Address(int(t))), 1025 + i, 445, 1, 10.0 * i) for i, t in enumerate(targets)
    ]


def mail(n: int, failing: int) -> Rows:
    """A relay's deliveries, both directions of each; the last ``failing`` of ``n`` servers are gone."""
    rows: Rows = []
    for i in range(n):
        server, alive = f"198.51.{i}.7", i < n - failing
        rows.append((RELAY, server, 20_000 + i, 25, 12 if alive else 3, 7.0 * i))
        rows += [(server, RELAY, 25, 20_000 + i, 10, 7.0 * i)] if alive else []
    return rows


def verdict_on(result: slowworm.HuntResult, address: str) -> slowworm.Verdict:
    (found,) = [v for v in result.verdicts if str(v.address) == address]
    return found


def shown(result: slowworm.HuntResult, verdict: slowworm.Verdict | None = None) -> str:
    out = Console(file=io.StringIO(), width=200)
    explain.explain(result, verdict, out) if verdict else table.show(result, out)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_a_scan_was_detected_when_the_flows_until_then_are_enough_and_the_ones_before_are_not() -> None:
    rows = scan(30)
    verdict = verdict_on(slowworm.hunt(flows(rows)), WORM)
    assert verdict.detected_at is not None
    assert verdict.first_seen == START
    seen = sum(START + datetime.timedelta(seconds=r[5]) <= verdict.detected_at for r in rows)
    assert 3 < seen < 10
    assert verdict_on(slowworm.hunt(flows(rows[:seen])), WORM).verdict == "infected"
    assert verdict_on(slowworm.hunt(flows(rows[: seen - 1])), WORM).verdict == "suspect"


def test_a_suspect_was_not_detected() -> None:
    document = slowworm.hunt(flows(scan(3))).to_dict()
    assert [(v["verdict"], v["detected_at"]) for v in document["verdicts"]] == [("suspect", None)]


def test_the_time_of_detection_is_in_json_csv_and_the_explanation() -> None:
    result = slowworm.hunt(flows(scan(30)))
    (entry,) = result.to_dict()["verdicts"]
    assert entry["first_seen"] < entry["detected_at"] < entry["last_seen"]
    file = io.StringIO()
    csv_report.write(result, file)
    (row,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert row["detected_at"] == entry["detected_at"]
    at = datetime.datetime.fromisoformat(entry["detected_at"])
    assert f"the evidence reached 50.0 dB at {at:%Y-%m-%d %H:%M:%S} UTC" in shown(result, result.verdicts[0])


@pytest.mark.parametrize("failing", [0, 8])
def test_a_mail_relay_is_named_as_one_everywhere(failing: int) -> None:
    result = slowworm.hunt(flows(mail(40, failing)), everyone=True)
    verdict = verdict_on(result, RELAY)
    text = f"calls 40 mail servers, {(40 - failing) / 40:.0%} answered"
    assert (verdict.role, verdict.role_text) == ("mail relay", text)
    entry = next(v for v in result.to_dict()["verdicts"] if v["address"] == RELAY)
    assert (entry["role"], entry["role_text"]) == ("mail relay", text)
    assert f"mail relay: {text}" in shown(result)
    assert f"role by behaviour: mail relay ({text})" in shown(result, verdict)


def test_a_role_never_acquits() -> None:
    rows = [*mail(40, 0), *[(RELAY, *r[1:]) for r in scan(30)]]
    verdict = verdict_on(slowworm.hunt(flows(rows)), RELAY)
    assert (verdict.verdict, verdict.role) == ("infected", "mail relay")


def test_a_host_like_any_has_no_role() -> None:
    (entry,) = slowworm.hunt(flows(scan(5))).to_dict()["verdicts"]
    assert (entry["role"], entry["role_text"]) == (None, None)
