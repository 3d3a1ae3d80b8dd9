"""The public captures: facts agree with their golden files, and nothing healthy is called sick."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.diagnose.support import NTC, captures, fact, golden, needs_captures, routers

from slowworm.diagnose.judge import diagnosed
from slowworm.diagnose.rules import standard_rules
from slowworm.diagnose.show.access_lists import AccessList
from slowworm.diagnose.show.arp import ArpTable
from slowworm.diagnose.show.interfaces import Interface
from slowworm.diagnose.show.ip_interface import IpInterface
from slowworm.diagnose.show.log import LogMessage
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.processes_memory import ProcessesMemory
from slowworm.diagnose.show.route_summary import RouteSummary
from slowworm.diagnose.show.version import Version

pytestmark = needs_captures


def each(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("raw", captures(folder), ids=lambda p: p.stem)


@each("show_version")
def test_version(raw: Path) -> None:
    version, expected = fact(Version, raw.read_text()), golden(raw)[0]
    assert version.hostname == expected["hostname"]
    assert version.release_text == expected["version"]
    assert version.reload_reason == expected["reload_reason"]
    assert version.uptime == expected["uptime"]


@each("show_processes_cpu")
def test_processes_cpu(raw: Path) -> None:
    cpu, expected = fact(ProcessesCpu, raw.read_text()), golden(raw)
    assert [str(cpu.five_seconds), str(cpu.interrupt), str(cpu.one_minute)] == [
        expected[0][k] for k in ("cpu_usage_5_sec", "cpu_interruption_5_sec", "cpu_usage_1_min")
    ]
    assert [(str(p.pid), p.name, f"{p.one_minute:.2f}") for p in cpu.processes] == [
        (row["process_pid"], row["process_name"], row["process_cpu_usage_1_min"]) for row in expected
    ]


@each("show_processes_memory_sorted")
def test_processes_memory(raw: Path) -> None:
    lines = [line.split() for line in raw.read_text().split("\n") if line[:5].strip().isdigit()]
    rows = [r for r in lines if len(r) > 7 and r[1].isdigit()]
    memory = fact(ProcessesMemory, raw.read_text())
    assert [(p.pid, p.holding, p.name) for p in memory.processes] == [
        (int(r[0]), int(r[4]), " ".join(r[7:])) for r in rows
    ]


@each("show_ip_arp")
def test_arp(raw: Path) -> None:
    table = fact(ArpTable, raw.read_text())
    assert [(e.address, e.mac or "Incomplete") for e in table.entries] == [
        (row["ip_address"], row["mac_address"]) for row in golden(raw)
    ]


@each("show_interfaces")
def test_interfaces(raw: Path) -> None:
    found = routers(raw.read_bytes())[0].all(Interface)
    expected = {row["interface"]: row for row in golden(raw)}
    assert {i.name for i in found} == set(expected)
    for interface in found:
        rate = expected[interface.name].get("input_rate")
        assert not rate or str(interface.input_bits) == rate


@each("show_ip_interface")
def test_ip_interface(raw: Path) -> None:
    found = routers(raw.read_bytes())[0].all(IpInterface)
    assert [i.name for i in found] == [row["interface"] for row in golden(raw)]


@each("show_ip_access-lists")
def test_access_lists(raw: Path) -> None:
    found = routers(raw.read_bytes())[0].all(AccessList)
    rows = [r for r in golden(raw) if r.get("action") in ("permit", "deny")]
    mine = [(acl.name, e.action, str(e.matches or "")) for acl in found for e in acl.entries]
    assert mine == [(r["acl_name"], r["action"], r["matches"]) for r in rows]


@each("show_ip_route_summary")
def test_route_summary(raw: Path) -> None:
    found = routers(raw.read_bytes())[0].all(RouteSummary)
    expected = [(r["route_source"].lower().split()[0], int(r["networks"])) for r in golden(raw)]
    assert [(r.source.lower(), r.networks) for r in found] == expected


@each("show_logging")
def test_messages(raw: Path) -> None:
    found = routers(raw.read_bytes())[0].all(LogMessage)
    expected = [r for r in golden(raw) if r.get("facility") and r.get("severity")]
    assert [(m.facility, str(m.severity), m.mnemonic) for m in found] == [
        (r["facility"], r["severity"], r["mnemonic"]) for r in expected
    ]


BORNE_OUT: dict[str, set[str]] = {}
"""Captures whose content does bear out a warning, reviewed one by one."""


def test_no_false_alarm_in_the_public_captures() -> None:
    rules = standard_rules()
    alarms = {}
    for raw in sorted(NTC.rglob("*.raw")):
        for router in routers(raw.read_bytes()):
            found = {f.id for f in diagnosed(router, rules).findings if f.severity in ("critical", "warning")}
            if found:
                alarms[raw.name] = found
    assert alarms == BORNE_OUT
