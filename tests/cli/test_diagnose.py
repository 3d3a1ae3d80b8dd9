"""`slowworm diagnose`: table, JSON, exit codes, standard input, flows beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support import EXAMPLES, slowworm

import slowworm as package

STRESSED = EXAMPLES / "router" / "stressed.txt"
NETFLOW = EXAMPLES / "codered-netflow.txt"


def test_the_table_quotes_the_line_the_cause_and_the_command() -> None:
    ran = slowworm("diagnose", str(STRESSED))
    assert ran.code == 0, ran.err
    assert "CRITICAL default-route-to-broadcast" in ran.out
    assert f"{STRESSED}:39: ip route 0.0.0.0 0.0.0.0 Vlan3" in ran.out
    assert "no ip route 0.0.0.0 0.0.0.0 Vlan3" in ran.out
    assert "s3cretword" not in ran.out


def test_json_is_the_contract() -> None:
    document = json.loads(slowworm("diagnose", str(STRESSED), "--json").out)
    assert document["schema"] == "slowworm.diagnosis/1"
    router = document["routers"][0]
    assert {"hostname", "platform", "findings", "story", "not_understood"} <= set(router)
    assert router["hostname"] == "core1"
    for finding in router["findings"]:
        assert {
            "id",
            "severity",
            "title",
            "evidence",
            "cause",
            "forecast",
            "remedies",
            "verify",
            "source",
        } == set(finding)
        assert finding["severity"] in ("critical", "warning", "info", "ok")
        assert all(set(e) == {"file", "line", "text"} for e in finding["evidence"])
        assert all(set(r) == {"text", "commands", "caveats"} for r in finding["remedies"])


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["-"], STRESSED.read_text(), 0),
        (["-", "--fail-on", "critical"], STRESSED.read_text(), 1),
        (["-", "--fail-on", "critical"], "R1#show ip arp summary\n9 IP ARP entries, with 0 of them incomplete\n", 0),
        (["-"], "R1#show ip arp summary\n9 IP ARP entries, with 0 of them incomplete\nwhat is this\n", 3),
        (["-", "--strict"], "R1#show ip arp summary\n9 IP ARP entries, with 0 of them incomplete\nwhat is this\n", 2),
        (["-"], "dear colleague, the router is slow\n", 2),
        (["-"], "", 2),
        (["no-such-file"], "", 2),
        (["-", "--at", "yesterday"], STRESSED.read_text(), 2),
    ],
)  # fmt: skip
def test_exit_codes(arguments: list[str], stdin: str, code: int) -> None:
    ran = slowworm("diagnose", *arguments, stdin=stdin)
    assert ran.code == code, ran.err
    assert code != 2 or ran.err.strip()
    assert "Traceback" not in ran.err


def test_output_goes_to_a_file_and_never_over_an_input(tmp_path: Path) -> None:
    source, target = tmp_path / "a.txt", tmp_path / "a.json"
    source.write_text(STRESSED.read_text())
    assert slowworm("diagnose", str(source), "--json", "-o", str(target)).code == 0
    assert json.loads(target.read_text())["routers"]
    assert slowworm("diagnose", str(source), "-o", str(source)).code == 2
    assert source.read_text() == STRESSED.read_text()


def test_flows_begin_the_story() -> None:
    result = package.diagnose(STRESSED, flows=NETFLOW)
    story = result.routers[0].story
    assert story[0] == "193.23.45.35 scans 6 addresses behind Vl1 on port 80"
    assert story[1].startswith("the route sends every new destination")


def test_times_given_by_the_user_date_snapshots() -> None:
    head = "R1#show memory statistics\nHead Total(b) Used(b) Free(b) Lowest(b) Largest(b)\n"
    one = f"{head}Processor 61C3B040 100000000 84000000 16000000 1 900000\n"
    two = f"{head}Processor 61C3B040 100000000 87000000 13000000 1 900000\n"
    result = package.diagnose(one, two, at=["2026-01-01T10:00:00", "2026-01-01T10:05:00"])
    assert "22 min" in str({f.id: f for f in result.routers[0].findings}["memory-low"].forecast)


def test_the_function_is_the_function_whatever_was_imported_first() -> None:
    from slowworm.diagnose.facts import Router

    assert Router.__module__ == "slowworm.diagnose.facts"
    assert package.diagnose(STRESSED).worst == "critical"


def test_one_unreadable_input_loses_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "b.txt").write_text(STRESSED.read_text())
    result = package.diagnose(tmp_path)
    assert result.worst == "critical"
    assert result.partly_understood
    assert "binary" in result.problems[0].text
