"""`slowworm hunt` as a person runs it: the cases of Cisco document 12808, broken input, exit codes."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support import EXAMPLES, HEADER, Row, by_address, collapsed, healthy_network, listing, slowworm

NETFLOW = EXAMPLES / "codered-netflow.txt"
ACCOUNTING = EXAMPLES / "codered-accounting.txt"
OUTSIDE = ("211.101.189.208", "61.146.138.212", "202.96.242.110", "24.180.26.253")


def hunt_json(*arguments: str, stdin: str | bytes = b"") -> dict[str, Any]:
    ran = slowworm("hunt", *arguments, "--json", stdin=stdin)
    assert ran.code in (0, 3), ran.err
    document: dict[str, Any] = json.loads(ran.out)
    return document


@pytest.mark.parametrize("form", ["as printed", "collapsed", "wrapped"])
def test_the_netflow_capture_of_the_document(form: str) -> None:
    text = NETFLOW.read_text()
    if form == "collapsed":
        text = collapsed(text)
    elif form == "wrapped":
        text = text.replace(" 06 ", "\n06 ")
    answer = hunt_json("-", stdin=text)
    assert [v["address"] for v in answer["verdicts"]] == ["193.23.45.35"]
    verdict = answer["verdicts"][0]
    assert (verdict["verdict"], verdict["in_if"], verdict["exporter"]) == ("infected", "Vl1", "Router")
    assert (verdict["protocol"], verdict["port"], verdict["targets"]) == (6, 80, 6)
    assert verdict["profile"]["name"] == "uniform"
    assert {c["name"] for c in verdict["worm_candidates"]} >= {"codered-v1", "codered-v2"}
    notes = [n for n in answer["notes"] if n["id"] == "outside-probes"]
    assert [n["count"] for n in notes] == [4]
    assert "Null" not in notes[0]["text"] or "lead nowhere" in notes[0]["text"]
    assert not {*OUTSIDE} & {v["address"] for v in answer["verdicts"]}


@pytest.mark.parametrize("form", ["as printed", "collapsed"])
def test_the_accounting_capture_of_the_document(form: str) -> None:
    text = ACCOUNTING.read_text()
    answer = hunt_json("-", stdin=collapsed(text) if form == "collapsed" else text)
    assert by_address(answer["verdicts"]) == {
        "20.1.145.49": "infected",
        "20.1.104.194": "infected",
        "20.1.145.43": "suspect",
        "20.1.25.73": "suspect",
    }
    profiles = {v["address"]: v["profile"] for v in answer["verdicts"]}
    assert profiles["20.1.104.194"]["name"] == "subnet"
    assert profiles["20.1.104.194"]["prefix"] == "169.0.0.0/8"
    more = {v["address"]: v["more_targets_needed"] for v in answer["verdicts"]}
    assert more == {"20.1.145.49": 0, "20.1.104.194": 0, "20.1.145.43": 1, "20.1.25.73": 2}


def test_the_evidence_adds_up_to_the_weight() -> None:
    for path in (NETFLOW, ACCOUNTING):
        for verdict in hunt_json(str(path))["verdicts"]:
            assert sum(e["weight"] for e in verdict["evidence"]) == pytest.approx(verdict["weight"])
            assert (verdict["weight"] >= verdict["bound"]) == (verdict["verdict"] == "infected")


def test_the_document_has_every_key_of_the_contract() -> None:
    answer = hunt_json(str(NETFLOW))
    assert answer["schema"] == "slowworm.hunt/1"
    assert set(answer) >= {"schema", "inputs", "verdicts", "notes", "outbreaks"}
    assert set(answer["inputs"][0]) >= {"path", "format", "flows", "problems"}
    assert set(answer["verdicts"][0]) >= {
        "address", "activity", "verdict", "protocol", "port", "services", "targets", "weight", "bound",
        "more_targets_needed", "profile", "worm", "worm_candidates", "in_if", "exporter", "first_seen", "last_seen",
        "evidence", "not_visible", "infected_by",
    }  # fmt: skip
    assert set(answer["verdicts"][0]["profile"]) >= {"name", "prefix_weights", "candidates"}
    assert set(answer["outbreaks"][0]) >= {
        "protocol", "port", "sources", "growth_per_hour", "doubling_seconds", "forecast"
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_a_busy_healthy_capture_flags_nobody(seed: int) -> None:
    answer = hunt_json("-", stdin=listing(healthy_network(seed)))
    assert answer["verdicts"] == []


def test_an_infected_host_stands_out_of_a_healthy_capture() -> None:
    rows = healthy_network(9)
    scan = [Row("10.20.3.77", f"{7 * i + 3}.{i}.9.{i + 1}", 1030 + i, 445, 2) for i in range(12)]
    answer = hunt_json("-", stdin=listing(rows + scan))
    assert by_address(answer["verdicts"]) == {"10.20.3.77": "infected"}


def test_a_destination_only_mask_gets_advice_and_no_verdict() -> None:
    answer = hunt_json(str(EXAMPLES / "mls-destination-only.txt"))
    assert answer["verdicts"] == []
    text = " ".join(n["text"] for n in answer["notes"] if n["id"] == "mls-destination-only")
    assert text.index("mls flow ip destination-source") < text.index("mls flow ip full")
    assert "purges" in text
    assert "mls flow ip destination`" in text


def test_several_inputs_and_a_directory_are_one_hunt(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(NETFLOW.read_text())
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "b.txt").write_text(ACCOUNTING.read_text())
    (tmp_path / ".hidden").write_text("no")
    answer = hunt_json(str(tmp_path))
    assert [i["format"] for i in answer["inputs"]] == ["show-ip-cache-flow", "show-ip-accounting"]
    assert len(answer["verdicts"]) == 5


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (bytes(range(256)) * 8, "binary"),
        (b"Cisco Internetwork Operating System Software\nIOS (tm) 7200 Software\n", "no flow listing"),
        (b"Router#show version\nIOS (tm) 7200 Software\nuptime is 3 weeks\nRouter#", "show version"),
    ],
)
def test_an_unusable_input_gets_a_clear_message_and_exit_2(data: bytes, said: str) -> None:
    ran = slowworm("hunt", "-", stdin=data)
    assert ran.code == 2
    assert said in ran.err + ran.out
    assert "Traceback" not in ran.err


def test_a_truncated_capture_is_used_as_far_as_it_goes() -> None:
    ran = slowworm("hunt", "-", stdin=NETFLOW.read_text()[:640])
    assert ran.code == 3
    assert "193.23.45.35" in ran.out
    assert "cut off" in ran.err


def test_what_is_not_understood_is_shown_with_its_line() -> None:
    text = NETFLOW.read_text().replace("Vl1           61.146", "hello operator\nVl1           61.146")
    ran = slowworm("hunt", "-", stdin=text)
    assert ran.code == 3
    assert "stdin:6: hello operator" in ran.err
    assert slowworm("hunt", "-", "--strict", stdin=text).code == 2


@pytest.mark.parametrize(
    ("path", "level", "code"),
    [
        (NETFLOW, "infected", 1),
        (NETFLOW, "suspect", 1),
        (ACCOUNTING, "scanner", 1),
        (EXAMPLES / "healthy.txt", "suspect", 0),
        (EXAMPLES / "healthy.txt", "victim", 0),
    ],
)
def test_fail_on_sets_the_exit_status(path: Path, level: str, code: int) -> None:
    assert slowworm("hunt", str(path), "--fail-on", level).code == code


def test_fail_on_suspect_level_is_not_reached_by_less() -> None:
    two = [Row("10.1.1.1", f"{i}.2.3.4", 2000 + i, 80, 1) for i in (20, 77)]
    assert slowworm("hunt", "-", "--fail-on", "infected", stdin=listing(two)).code == 0


def test_a_filter_selects_the_hosts_shown() -> None:
    shown = hunt_json(str(ACCOUNTING), "--filter", "src net 20.1.145.0/24")["verdicts"]
    assert {v["address"] for v in shown} == {"20.1.145.49", "20.1.145.43"}


def test_a_filter_error_points_at_the_place() -> None:
    ran = slowworm("hunt", str(NETFLOW), "--filter", "src net 20.1.0.0/33")
    assert ran.code == 2
    lines = ran.err.rstrip().split("\n")
    assert lines[-2][lines[-1].index("^") :].startswith("33")


def test_only_flows_changes_what_is_looked_at_and_says_so() -> None:
    answer = hunt_json(str(NETFLOW), "--only-flows", "packets > 1")
    assert answer["verdicts"] == []
    assert [n["count"] for n in answer["notes"] if n["id"] == "only-flows"] == [9]


def test_explain_shows_evidence_rows_and_what_is_not_visible() -> None:
    ran = slowworm("hunt", str(NETFLOW), "--explain", "193.23.45.35", columns=140)
    assert ran.code == 0
    for piece in ("failed-first-contacts", "single-visits", "+36.0", "50.0 dB", "98.64.167.174", "Not visible",
                  "codered-v2", "prior"):  # fmt: skip
        assert piece in ran.out
    assert f"{NETFLOW}:3" in ran.out.replace("\n", "")


def test_explain_also_tells_why_not() -> None:
    ran = slowworm("hunt", str(EXAMPLES / "healthy.txt"), "--explain", "10.20.250.53")
    assert ran.code == 0
    assert "clean" in ran.out


def test_explain_of_a_stranger_says_so() -> None:
    ran = slowworm("hunt", str(NETFLOW), "--explain", "9.54.33.121")
    assert ran.code == 2
    assert "target of 1" in ran.err
    assert "not in these flows" in slowworm("hunt", str(NETFLOW), "--explain", "192.0.2.1").err
    assert slowworm("hunt", str(NETFLOW), "--explain", "nonsense").code == 2


def test_all_shows_clean_hosts_with_a_reason() -> None:
    shown = hunt_json(str(EXAMPLES / "healthy.txt"), "--all")["verdicts"]
    assert len(shown) > 20
    assert {v["verdict"] for v in shown} == {"clean"}
    assert all(v["reason"] for v in shown)


def test_csv_is_one_row_per_verdict_and_safe_for_spreadsheets() -> None:
    text = NETFLOW.read_text().replace("Router#", "cmd-x#").replace("Vl1 ", "=Vl ")
    ran = slowworm("hunt", str(NETFLOW), "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [(r["address"], r["verdict"], r["in_if"]) for r in rows] == [("193.23.45.35", "infected", "Vl1")]
    assert "\n=" not in slowworm("hunt", "-", "--csv", stdin=text).out


def test_an_answer_goes_into_a_file(tmp_path: Path) -> None:
    target = tmp_path / "answer.json"
    ran = slowworm("hunt", str(NETFLOW), "--json", "-o", str(target))
    assert ran.out == ""
    assert json.loads(target.read_text())["verdicts"]
    assert list(tmp_path.iterdir()) == [target]
    assert slowworm("hunt", str(NETFLOW), "-o", str(tmp_path / "no" / "such")).code == 2


def test_outsiders_are_reported_together_when_the_inside_is_known() -> None:
    rows = [Row("203.0.113.9", f"10.9.{i}.7", 3000 + i, 445, 1) for i in range(3)]
    assert hunt_json("-", stdin=listing(rows))["verdicts"]
    answer = hunt_json("-", "--inside", "10.0.0.0/8", stdin=listing(rows))
    assert answer["verdicts"] == []
    assert [n["id"] for n in answer["notes"]] == ["outside-probes"]
    assert slowworm("hunt", "-", "--inside", "10.0.0/8x", stdin=listing(rows)).code == 2


def test_hostile_names_are_shown_escaped() -> None:
    rows = [Row("10.1.1.1", f"{i}.2.3.4", 2000 + i, 80, 1, in_if="V\u202egnp.exe") for i in range(20, 30)]
    ran = slowworm("hunt", "-", stdin=listing(rows).encode())
    assert "\u202e" not in ran.out
    assert "\x1b" not in ran.out


def test_piped_output_is_plain_and_one_line_per_host() -> None:
    ran = slowworm("hunt", str(ACCOUNTING))
    assert "\x1b" not in ran.out
    row = next(line for line in ran.out.split("\n") if line.startswith("20.1.104.194"))
    assert row.endswith("all in 169.0.0.0/8")
    assert all(line == line.rstrip() for line in ran.out.split("\n"))


def test_the_table_fits_a_narrow_terminal() -> None:
    ran = slowworm("hunt", str(ACCOUNTING), columns=100)
    assert max(map(len, ran.out.split("\n"))) <= 100
    for word in ("infected", "suspect", "20.1.104.194", "169.0.0.0/8"):
        assert word in ran.out


def test_a_closed_pipe_ends_quietly() -> None:
    for form in ("json", "csv", "table"):
        program = f"{sys.executable} -m slowworm hunt {EXAMPLES / 'healthy.txt'} --all --format {form}"
        done = subprocess.run(
            ["bash", "-c", f"{program} | head -1; echo ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.rstrip().endswith("0"), form
        assert done.stderr == ""


def test_a_full_disk_is_told() -> None:
    program = f"{sys.executable} -m slowworm hunt {NETFLOW} > /dev/full"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_never_replaces_what_is_no_file_nor_an_input(tmp_path: Path) -> None:
    import os
    import stat
    import threading

    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    assert slowworm("hunt", str(NETFLOW), "--csv", "-o", str(fifo)).code == 0
    reader.join(10)
    assert "193.23.45.35" in read[0]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    capture = tmp_path / "capture.txt"
    capture.write_text(NETFLOW.read_text())
    refused = slowworm("hunt", str(capture), "-o", str(capture))
    assert refused.code == 2
    assert capture.read_text() == NETFLOW.read_text()
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    slowworm("hunt", str(NETFLOW), "--csv", "-o", str(link))
    assert link.is_symlink()
    assert "193.23.45.35" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_file_without_a_command_gets_a_hint() -> None:
    ran = slowworm(str(NETFLOW))
    assert ran.code == 2
    assert "slowworm hunt" in ran.err
    assert "hunt" in slowworm("hnt").err


def test_a_missing_file_and_a_missing_argument_are_usage_errors() -> None:
    assert slowworm("hunt", "no-such-file.txt").code == 2
    assert "no-such-file.txt" in slowworm("hunt", "no-such-file.txt").err
    assert slowworm("hunt").code == 2


def test_as_limits_the_formats_looked_for() -> None:
    both = NETFLOW.read_text() + ACCOUNTING.read_text()
    assert {v["address"] for v in hunt_json("-", stdin=both)["verdicts"]} >= {"193.23.45.35", "20.1.104.194"}
    only = hunt_json("-", "--as", "show-ip-accounting", stdin=both)
    assert "193.23.45.35" not in {v["address"] for v in only["verdicts"]}
    assert slowworm("hunt", "-", "--as", "netflow99", stdin=both).code == 2


def test_a_listing_without_rows_says_so() -> None:
    ran = slowworm("hunt", "-", stdin=f"Router#show ip cache flow | include 0050\n{HEADER}\nRouter#\n")
    assert ran.code == 2
    assert "without a single flow" in ran.err


def test_several_routers_in_one_file_are_told_apart() -> None:
    scan = [Row("10.1.1.1", f"{i}.2.3.4", 2000 + i, 80, 1) for i in range(20, 30)]
    other = [Row("10.2.2.2", f"{i}.7.3.4", 2000 + i, 445, 1, in_if="Gi0/1") for i in range(20, 30)]
    answer = hunt_json("-", stdin=listing(scan, router="core1") + listing(other, router="edge-7"))
    assert {(v["address"], v["exporter"], v["in_if"]) for v in answer["verdicts"]} == {
        ("10.1.1.1", "core1", "Vl1"),
        ("10.2.2.2", "edge-7", "Gi0/1"),
    }
