"""`slowworm hunt` with an inventory, identity tables and a store to compare with, as a person runs it."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support import EXAMPLES, ROOT, healthy_network, listing, scan, slowworm

import slowworm as package
from slowworm.report import table
from slowworm.report.explain import explain
from slowworm.report.text import console
from slowworm.store.store import Store

ACCOUNTING = EXAMPLES / "codered-accounting.txt"
NETFLOW = EXAMPLES / "codered-netflow.txt"
PAGE = (ROOT / "docs" / "reference" / "inventory.md").read_text()
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]


def hunt(*inputs: Path, **options: Any) -> dict[str, Any]:
    """The JSON document, without a process for each."""
    return package.hunt(*inputs, **options).to_dict()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / "slowworm.toml").write_text(EXAMPLE)
    (tmp_path / "accounting.txt").write_bytes(ACCOUNTING.read_bytes())
    return tmp_path


def test_the_inventory_of_a_case_is_used_and_is_no_capture(case: Path) -> None:
    answer = json.loads(slowworm("hunt", str(case), "--json").out)
    assert [Path(i["path"]).name for i in answer["inputs"]] == ["accounting.txt"]
    verdicts = {v["address"]: v for v in answer["verdicts"]}
    allowed = verdicts["20.1.145.49"]
    assert (allowed["verdict"], allowed["authorised"]) == ("scanner", True)
    assert "until 2099-12-31 (weekly vulnerability scan, ticket 4711)" in allowed["reason"]
    other = verdicts["20.1.104.194"]
    assert (other["verdict"], other["authorised"]) == ("infected", False)
    assert [(f["kind"], f["value"]) for f in other["identity"]] == [("customer", "Example Ltd")]
    notes = {n["id"]: n for n in answer["notes"]}
    assert notes["allow-listed"]["count"] == 1
    assert "1 router, 2 inside prefixes, 1 dark prefix, 1 server, 1 entry of" in notes["inventory"]["text"]
    assert sum(o["sources"] for o in answer["outbreaks"]) == 1
    # Without the inventory nothing is excused, and the evidence is the same.
    plain = {v["address"]: v for v in hunt(ACCOUNTING, inside="20.1.0.0/16")["verdicts"]}
    assert plain["20.1.145.49"]["verdict"] == "infected"
    assert plain["20.1.145.49"]["evidence"] == allowed["evidence"]


def test_an_authorised_scanner_does_not_fail_a_run(tmp_path: Path) -> None:
    inventory = tmp_path / "mine.toml"
    inventory.write_text("[[allow]]\naddress = '193.23.45.35'\nwhy = 'audit'\n")
    assert slowworm("hunt", str(NETFLOW), "--fail-on", "suspect").code == 1
    done = slowworm("hunt", str(NETFLOW), "--fail-on", "suspect", "--inventory", str(inventory))
    assert done.code == 0
    assert "authorised without end (audit); without the allow-list infected" in done.out
    assert "the allow-list excuses 193.23.45.35" in done.out


def test_the_inside_of_the_inventory_counts_unless_another_is_given(case: Path) -> None:
    (case / "slowworm.toml").write_text("inside = ['20.1.0.0/16']\n")

    def note(**options: Any) -> str:
        notes = hunt(ACCOUNTING, inventory=case / "slowworm.toml", **options)["notes"]
        (text,) = [n["text"] for n in notes if n["id"] == "inventory"]
        return str(text)

    assert "1 inside prefix" in note()
    assert "its inside prefixes not" in note(inside="20.0.0.0/8")


def test_a_dark_prefix_of_the_inventory_weighs(tmp_path: Path) -> None:
    # 40.0.0.0/16 is nobody's: without being told so, a failure there is one like any other.
    rows = [*healthy_network(3), *scan("10.20.3.77", range(0x28000001, 0x28000900, 211), port=445)]
    (tmp_path / "flows.txt").write_text(listing(rows))
    (tmp_path / "slowworm.toml").write_text("dark = ['40.0.0.0/16']\n")

    def names(**options: Any) -> set[str]:
        answer = hunt(tmp_path / "flows.txt", **options)
        (verdict,) = [v for v in answer["verdicts"] if v["address"] == "10.20.3.77"]
        return {e["name"] for e in verdict["evidence"]}

    assert "dark-targets" not in names()
    assert "dark-targets" in names(inventory=tmp_path / "slowworm.toml")


@pytest.mark.parametrize("option", ["--inventory", "--identity"])
def test_a_file_that_is_not_there_is_an_error(option: str) -> None:
    ran = slowworm("hunt", str(NETFLOW), option, "nowhere.txt")
    assert ran.code == 2
    assert "nowhere.txt: no such file" in ran.err


def test_who_it_is_stands_in_table_explanation_and_json(case: Path) -> None:
    tables = case / "tables"
    tables.mkdir()
    (tables / "all.txt").write_text(
        "edge1#show ip arp\nInternet  20.1.104.194    5   aabb.cc00.0194  ARPA   Vlan104\n"
        "sw7#show mac address-table\n 104    aabb.cc00.0194    DYNAMIC     Gi1/0/7\n10.0.0.1 oops\nsw7#\n"
    )
    arguments = [str(ACCOUNTING), "--inventory", str(case / "slowworm.toml"), "--identity", str(tables)]
    shown = slowworm("hunt", *arguments)
    assert shown.code == 3
    assert "all.txt:5: 10.0.0.1 oops" in shown.err
    header, *rows = [line for line in shown.out.split("\n") if line.startswith(("Host", "20.1."))][:5]
    assert "Who" in header
    assert any("20.1.104.194" in row and "sw7 Gi1/0/7, Example Ltd" in row for row in rows)
    explained = slowworm("hunt", *arguments, "--explain", "20.1.104.194").out
    assert "- aa:bb:cc:00:01:94 is behind port Gi1/0/7 of sw7, VLAN 104, alone there [" in explained
    answer = hunt(ACCOUNTING, inventory=case / "slowworm.toml", identity=tables)
    (verdict,) = [v for v in answer["verdicts"] if v["address"] == "20.1.104.194"]
    assert [f["kind"] for f in verdict["identity"]] == ["customer", "mac", "port"]
    assert set(verdict["identity"][0]) == {"kind", "value", "of", "text", "where", "conflict"}


def test_control_characters_in_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "dhcpd.leases").write_text(
        'lease 193.23.45.35 {\n hardware ethernet aa:bb:cc:00:01:01;\n client-hostname "\\033[2Jpc\x1b[31m";\n}\n'
    )
    result = package.hunt(NETFLOW, identity=tmp_path / "dhcpd.leases")
    shown = io.StringIO()
    table.show(result, console(shown))
    explain(result, result.verdicts[0], console(shown))
    # Wherever the width of the page breaks the name: what the sequence would have done is spelt out.
    assert "".join(shown.getvalue().split()).count("pc") >= 1
    assert "\x1b" not in shown.getvalue()


def test_since_says_what_is_new_changed_and_gone(tmp_path: Path) -> None:
    store, inventory = str(tmp_path / "store"), tmp_path / "i.toml"
    first = hunt(ACCOUNTING, since=store)["since"]
    assert (first["run"], len(first["new"]), first["changed"], first["gone"]) == (None, 4, [], [])
    again = hunt(ACCOUNTING, since=store, everyone=True)["since"]
    assert again["run"] is not None
    assert (again["new"], again["changed"], again["gone"]) == ([], [], [])
    inventory.write_text("[[allow]]\naddress = '20.1.145.49'\nwhy = 'audit'\n")
    changed = hunt(ACCOUNTING, since=store, inventory=inventory)["since"]
    assert [(c["address"], c["before"], c["verdict"]) for c in changed["changed"]] == [
        ("20.1.145.49", "infected", "scanner")
    ]
    ran = slowworm("hunt", str(NETFLOW), "--since", store)
    assert "1 new: 193.23.45.35 (tcp/80) infected" in ran.out
    assert "4 no longer flagged, or not in these flows: " in ran.out
    assert [run.verdicts for run in Store.open(store).runs()] == [4, 4, 4, 1]
    # What is shown does not change what is kept.
    slowworm("hunt", str(NETFLOW), "--since", store, "--filter", "src ip 1.2.3.4")
    assert Store.open(store).runs()[-1].verdicts == 1


def test_a_run_that_judged_nobody_is_not_kept(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    package.hunt(NETFLOW, since=store)
    result = package.hunt(EXAMPLES / "mls-destination-only.txt", since=store)
    assert "since-not-kept" in {n.id for n in result.notes}
    assert result.since is not None
    assert result.since.changes == ()
    assert len(Store.open(store).runs()) == 1


def test_a_store_that_cannot_be_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ran = slowworm("hunt", str(NETFLOW), "--since", str(tmp_path))
    assert ran.code == 2
    assert "holds something else" in ran.err
    assert ran.out == ""


def test_the_python_api_has_the_same() -> None:
    from slowworm.inventory.load import parse_inventory

    inventory = parse_inventory("[[allow]]\naddress = '193.23.45.35'\nwhy = 'audit'\n", origin="mine")
    result = package.hunt(NETFLOW, inventory=inventory)
    (verdict,) = result.verdicts
    assert result.is_authorised(verdict)
    assert result.infected == ()
    assert result.identity(verdict) == ()
