"""Sessions as they come: several routers, show tech, no prompts, cut, wrapped, hostile."""

from __future__ import annotations

import random
import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.diagnose.samples import SAMPLES
from tests.diagnose.support import router, routers
from tests.support import EXAMPLES

from slowworm.diagnose.facts import Router
from slowworm.diagnose.judge import diagnosed
from slowworm.diagnose.rules import standard_rules
from slowworm.diagnose.show.arp import ArpTable
from slowworm.diagnose.show.memory import MemoryPool
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.processes_memory import ProcessesMemory

STRESSED = (EXAMPLES / "router" / "stressed.txt").read_text()
ALL = "".join(SAMPLES.values())


def kinds(found: list[Router]) -> set[str]:
    return {type(f).__name__ for r in found for f in r.facts}


def test_several_routers_in_one_log_are_kept_apart() -> None:
    found = routers(SAMPLES["show processes cpu"] + SAMPLES["show processes cpu"].replace("R1#", "R2#"))
    assert [r.hostname for r in found] == ["R1", "R2"]


def test_show_tech_is_cut_at_its_headings() -> None:
    tech = "R1#show tech-support\n\n" + "".join(
        f"------------------ {name} ------------------\n\n{SAMPLES[name].partition(chr(10))[2]}\n"
        for name in ("show version", "show processes cpu", "show ip traffic", "show buffers")
    )
    found = router(tech)
    assert set(found.commands) == {"show version", "show processes cpu", "show ip traffic", "show buffers"}
    cpu = found.last(ProcessesCpu)
    assert cpu is not None
    assert tech.split("\n")[cpu.at.line - 1].startswith("CPU utilization")


def test_output_without_a_name_belongs_to_the_only_router() -> None:
    found = routers(SAMPLES["show processes cpu"], SAMPLES["show ip traffic"].partition("\n")[2])
    assert [r.hostname for r in found] == ["R1"]


def test_the_clock_dates_what_follows_and_what_stands_before_it() -> None:
    pools = router(STRESSED).all(MemoryPool)
    assert [p.at.time for p in pools if p.is_processor] == [
        datetime(2001, 7, 19, 14, 30, 5, 112000),
        datetime(2001, 7, 19, 14, 35, 5, 240000),
    ]


def test_a_filter_is_remembered() -> None:
    memory = router(STRESSED).last(ProcessesMemory)
    assert memory is not None
    assert memory.filtered


def test_evidence_is_the_line_itself() -> None:
    lines = STRESSED.split("\n")
    for finding in diagnosed(router(STRESSED), standard_rules()).findings:
        for place in finding.evidence:
            assert place.text == " ".join(lines[place.line - 1].split())


def test_what_is_not_understood_is_listed_with_its_line() -> None:
    found = router(
        "R1#show ip arp summary\n900 IP ARP entries, with 7 of them incomplete\nthe cat sat here\n"
    )
    assert [(p.where, p.text) for p in found.problems] == [("text1:3", "the cat sat here")]


def test_paging_and_prompts_in_between_change_nothing() -> None:
    lines = STRESSED.split("\n")
    paged = "\n".join(
        f" --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b{x}" if i % 9 == 8 else x
        for i, x in enumerate(lines)
    )
    assert kinds(routers(paged)) == kinds(routers(STRESSED))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, len(ALL)))
def test_a_text_cut_anywhere_invents_nothing(cut: int) -> None:
    found = routers(ALL[:cut])
    assert kinds(found) <= kinds(routers(ALL))
    for one in found:
        diagnosed(one, standard_rules())


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_shuffled_wrapped_and_damaged_text_raises_nothing(chance: random.Random) -> None:
    lines = ALL.split("\n")
    chance.shuffle(lines)
    data = bytearray("\n".join(lines)[: chance.randrange(4000)].encode())
    for _ in range(chance.randrange(30)):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    for one in routers(bytes(data)):
        diagnosed(one, standard_rules())


HOSTILE = {
    "digits": "1 ",
    "dots": "1.1.1.1 ",
    "permits": "permit ",
    "entries": "10 permit tcp any ",
    "cpu rows": "1 1 1 1 0.00% ",
    "memory rows": "1 0 1 1 1 ",
    "allocations": "0x60000000 1 1 1 a ",
    "arp": "Internet 1.1.1.1 1 0000.0000.0000 ARPA ",
    "messages": "%A-1-B: ",
    "malloc": "%SYS-2-MALLOCFAIL: Memory allocation of 1 bytes failed from 0x1 ",
    "interfaces": "Vlan1 is up, line protocol is up ",
    "configuration": "interface Vlan1\n ip address 1\n",
    "banners": "banner motd ^C\n",
    "times": "14:30:05 UTC Thu Jul 19 2001 ",
    "headings": "----- show version -----\n",
    "adjacencies": "IP Vlan1 1.1.1.1(1) ",
    "cache rows": "1.1.1.1/32 00:00:00 Vlan1 1.1.1.1 ",
    "nat": "tcp 1.1.1.1:1 1.1.1.1:1 1.1.1.1:1 1.1.1.1:1 ",
    "debugging": "A debugging is ",
    "blanks": " \t",
    "routes": "bgp 1 1 1 1 ",
    "buffers": "Small buffers, 1 bytes (total 1, ",
    "words": "abc def ",
}
BEFORE = (
    "",
    "R#show processes cpu\n",
    "R#show logging\n",
    "R#show access-lists\nExtended IP access list 1\n",
    "R#show run\n",
    "R#show adj sum\nAdjacency Table has 1 adjacency\n",
    "R#show ip int\n",
    "R#show int stat\n",
    "R#show debug\n",
    "R#show ver\n",
)


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_no_longer_than_its_size(unit: str) -> None:
    begun = time.process_time()
    for before in BEFORE:
        routers((before + HOSTILE[unit] * 4000)[:40_000])
    assert time.process_time() - begun < 4.0  # 400 kB; what backtracks takes minutes


def test_large_tables_are_counted_whole_and_kept_in_part() -> None:
    rows = "".join(
        f"Internet  7.{n >> 16}.{n >> 8 & 255}.{n & 255}  3  0000.0c34.a7fc  ARPA  Vlan3\n"
        for n in range(60_000)
    )
    table = router("R1#show ip arp\n" + rows).last(ArpTable)
    assert table is not None
    assert table.total == 60_000
    assert len(table.entries) == 50_000
    assert table.macs[0] == ("0000.0c34.a7fc", 60_000)
