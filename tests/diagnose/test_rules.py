"""Each finding: a session that has it, and a near miss that has not."""

from __future__ import annotations

import re

import pytest
from tests.diagnose.samples import SAMPLES
from tests.diagnose.support import findings, router
from tests.support import EXAMPLES, ROOT

from slowworm.diagnose.judge import diagnosed
from slowworm.diagnose.release import Release, has_fast_switching
from slowworm.diagnose.rules import standard_rules
from slowworm.diagnose.show.commands import standard_commands

STRESSED = (EXAMPLES / "router" / "stressed.txt").read_text()

CONFIG = "R1#show running-config\nversion 12.0\nhostname R1\n!\n{}\nend\n"
CPU = (
    "R1#show processes cpu\nCPU utilization for five seconds: {}%/{}%; one minute: 90%; five minutes: 90%\n"
    "  27     4102933   2309114       1776 {}.21% {}.02% 36.40%   0 {}\n"
)
CLOCK = "R1#show clock\n14:{:02d}:00.000 UTC Thu Jul 19 2001\n"
POOL = (
    "R1#show memory statistics\n                Head    Total(b)     Used(b)     Free(b)   Lowest(b)  Largest(b)\n"
    "Processor   61C3B040   100000000  {:10d}  {:10d}     1000000  {:9d}\n"
)


def pool(free: int, largest: int) -> str:
    return POOL.format(100_000_000 - free, free, largest)


def arp(entries: int, mac: str = "0000.0c34.a7fc") -> str:
    rows = [f"Internet  7.{n >> 8}.{n & 255}.9       3   {mac}  ARPA   Vlan3" for n in range(entries)]
    return "\n".join(
        ["R1#show ip arp", "Internet  20.4.4.1        3   0000.0c34.a7fc  ARPA   Vlan3", *rows, ""]
    )


ROUTE = CONFIG.format("interface Vlan3\n ip address 20.4.4.2 255.255.255.0\n!\nip route 0.0.0.0 0.0.0.0 {}")
HOST_ROWS = "".join(
    f"9.{n}.{n}.1/32   00:01:0{n % 9}  Serial{n % 2}  20.4.4.{n % 2 + 1}\n" for n in range(150)
)
ACL = "R1#show access-lists\nExtended IP access list 105\n    10 deny tcp any any eq www log (8812 matches)\n"
HTTP = "R1#show ip http server all\nHTTP server status: Enabled\n" + "".join(
    f"20.4.4.2:80   61.146.1.{n}:30{n:02d}   18   210\n" for n in range(12)
)
ALIGN = "R1#show align\nTotal Corrections {0}, Recorded 3, Reads {0}, Writes 0\n"

CASES = {
    "default-route-to-broadcast": (ROUTE.format("Vlan3"), ROUTE.format("20.4.4.1")),
    "arp-table-growth": (arp(200), arp(20)),
    "subnet-sweep": (
        "R1#show ip arp summary\n900 IP ARP entries, with 700 of them incomplete\n",
        "R1#show ip arp summary\n900 IP ARP entries, with 80 of them incomplete\n",
    ),
    "arp-input-load": (CPU.format(80, 9, 30, 30, "ARP Input"), CPU.format(80, 9, 3, 3, "ARP Input")),
    "directed-broadcast": (
        SAMPLES["show ip interface"],
        SAMPLES["show ip interface"].replace("forwarding is enabled", "forwarding is disabled"),
    ),
    "adjacency-growth": (
        SAMPLES["show adjacency summary"],
        SAMPLES["show adjacency summary"].replace("2140", "140"),
    ),
    "cef-disabled": (
        CONFIG.format("ip cef") + "R1#show ip cef summary\n%IPv4 CEF not running\n",
        CONFIG.format("no ip cef") + "R1#show ip cef summary\n%IPv4 CEF not running\n",
    ),
    "cef-possible": (
        "R1#show ip cef\n%CEF not running\n" + SAMPLES["show ip route summary"] + pool(50_000_000, 1_000_000),
        "R1#show ip cef\n%CEF not running\n" + SAMPLES["show ip route summary"],
    ),
    "cef-unsupported": (
        "R1#show ip cef\n%CEF not running\nR1#sh ver\nIOS (tm) 2500 Software (C2500-I-L), "
        "Version 11.0(22), RELEASE SOFTWARE\nR1 uptime is 1 day\n",
        "R1#show ip cef\n%CEF not running\nR1#sh ver\nIOS (tm) 7200 Software (C7200), Version "
        "11.1(30)CC, RELEASE SOFTWARE\nR1 uptime is 1 day\n",
    ),
    "fast-cache-growth": (
        "R1#show ip cache\nIP routing cache 31022 entries, 4963520 bytes\n",
        "R1#show ip cache\nIP routing cache 410 entries, 65600 bytes\n",
    ),
    "equal-cost-host-cache": (
        "R1#show ip cache\nIP routing cache 150 entries, 24000 bytes\n" + HOST_ROWS,
        "R1#show ip cache\nIP routing cache 150 entries, 24000 bytes\n"
        + HOST_ROWS.replace("Serial1", "Serial0"),
    ),
    "ip-cache-ager-load": (
        CPU.format(80, 9, 30, 30, "IP Cache Ager"),
        CPU.format(80, 9, 3, 3, "IP Cache Ager"),
    ),
    "ip-input-load": (CPU.format(80, 9, 30, 30, "IP Input"), CPU.format(80, 9, 3, 3, "IP Input")),
    "interrupt-cpu": (CPU.format(100, 97, 1, 1, "IP Input"), CPU.format(100, 30, 1, 1, "IP Input")),
    "irb-hybridge": (CPU.format(90, 9, 60, 60, "HyBridge Input"), CPU.format(90, 9, 2, 2, "HyBridge Input")),
    "cef-load": (CPU.format(90, 9, 60, 60, "CEF process"), CPU.format(90, 9, 2, 2, "CEF process")),
    "not-a-worm": (CPU.format(95, 9, 60, 60, "BGP Scanner"), CPU.format(95, 9, 60, 60, "IP Input")),
    "nat-overload": (
        SAMPLES["show ip nat translations"],
        SAMPLES["show ip nat translations"].replace("translations: 21433", "translations: 1433"),
    ),
    "nat-timeouts": (
        CONFIG.format("ip nat translation udp-timeout 7200"),
        CONFIG.format("ip nat translation udp-timeout 60"),
    ),
    "alignment-errors": (ALIGN.format(9) + ALIGN.format(99), ALIGN.format(0)),
    "console-logging": (SAMPLES["show logging"], SAMPLES["show logging"].replace("12 flushes", "0 flushes")),
    "acl-log": (ACL + CPU.format(95, 9, 60, 60, "IP Input"), ACL),
    "debug-left-on": (
        SAMPLES["show debugging"],
        "R1#show debugging\n\nR1#show clock\n14:30:05 UTC Thu Jul 19 2001\n",
    ),
    "http-server-probed": (HTTP, HTTP[:250]),
    "netflow-cache-full": (
        SAMPLES["show ip cache flow"],
        SAMPLES["show ip cache flow"].replace("3633 active, 463", "363 active, 3733"),
    ),
    "netflow-cannot-start": (pool(16_000_000, 400_000), pool(16_000_000, 9_000_000)),
    "ip-accounting-disables-dcef": (
        CONFIG.format("ip cef distributed\ninterface Vlan3\n ip accounting output-packets"),
        CONFIG.format("ip cef\ninterface Vlan3\n ip accounting output-packets"),
    ),
    "ip-accounting-truncated": (
        SAMPLES["show ip accounting"],
        SAMPLES["show ip accounting"].partition("Accounting threshold")[0] + CLOCK.format(1),
    ),
    "mallocfail": (SAMPLES["show logging"], SAMPLES["show logging"].partition("00:12:41")[0]),
    "memory-low": (pool(2_000_000, 1_000_000), pool(20_000_000, 15_000_000)),
    "memory-leak-suspect": (
        pool(20_000_000, 9_000_000)
        + "R1#sh proc mem\n  44   0   99000000    1000   60000000   0   0 Pool Leaker\n",
        pool(20_000_000, 9_000_000)
        + "R1#sh proc mem\n  44   0   99000000    1000   60000000   0   0 BGP Router\n",
    ),
    "reload-by-stress": (
        SAMPLES["show version"].replace("by reload", "by bus error at PC 0x0, address 0x0"),
        SAMPLES["show version"],
    ),
    "qfp-overload": (
        SAMPLES["show platform hardware qfp active datapath utilization"],
        SAMPLES["show platform hardware qfp active datapath utilization"].replace("97  96", "7  6"),
    ),
    "conntrack-full": (
        SAMPLES["conntrack"],
        SAMPLES["conntrack"].partition("root@gw:~# sysctl")[2].replace("count = 262144", "count = 1200"),
    ),
    "no-unreachables-missing-on-null0": (
        CONFIG.format("ip route 10.0.0.0 255.0.0.0 Null0") + CPU.format(95, 9, 60, 60, "IP Input"),
        CONFIG.format("interface Null0\n no ip unreachables\n!\nip route 10.0.0.0 255.0.0.0 Null0")
        + CPU.format(95, 9, 60, 60, "IP Input"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_session_shows_is_found_and_its_near_miss_is_not(name: str) -> None:
    sick, miss = CASES[name]
    found = findings(sick)
    assert name in found, list(found)
    finding = found[name]
    assert finding.evidence
    assert all(p.text and p.line > 0 for p in finding.evidence)
    assert name not in findings(miss), list(findings(miss))


def test_the_next_hop_comes_from_the_shared_address() -> None:
    remedy = findings(ROUTE.format("Vlan3"), arp(200))["default-route-to-broadcast"].remedies[0]
    assert remedy.commands[1:3] == (
        "ip route 0.0.0.0 0.0.0.0 20.4.4.1",
        "no ip route 0.0.0.0 0.0.0.0 Vlan3",
    )
    unknown = findings(ROUTE.format("Vlan3"))["default-route-to-broadcast"].remedies[0]
    assert "<address of the next hop>" in unknown.commands[1]


def test_fragmented_and_exhausted_are_told_apart() -> None:
    fail = "R1#show logging\n%SYS-2-MALLOCFAIL: Memory allocation of 65536 bytes failed from 0x6015EC84, alignment 0\n"
    for cause, said in (("Memory fragmentation", "fragmented"), ("Not enough free memory", "exhausted")):
        text = (
            f"{fail}Pool: Processor  Free: 1391200  Cause: {cause}\nAlternate Pool: None  "
            f"Free: 0  Cause: No Alternate pool\n"
        )
        assert said in findings(text)["mallocfail"].title
    assert "fragmented" in findings(fail, pool(14_000_000, 40_000))["mallocfail"].title
    assert "exhausted" in findings(fail, pool(14_000, 4_000))["mallocfail"].title


def test_two_snapshots_give_the_time_that_is_left_with_the_arithmetic() -> None:
    text = CLOCK.format(30) + pool(16_000_000, 900_000) + CLOCK.format(35) + pool(13_000_000, 900_000)
    finding = findings(text)["memory-low"]
    assert finding.severity == "critical"
    assert finding.forecast is not None
    # 3,000,000 bytes in 300 s are 10,000 a second; 13,000,000 last 1,300 s.
    assert "(87,000,000 - 84,000,000) bytes / 300 s = 10,000 a second" in finding.forecast
    assert "22 min" in finding.forecast
    third = text + CLOCK.format(40) + pool(12_000_000, 900_000)
    spread = findings(third)["memory-low"].forecast or ""
    assert "from 20 min to 60 min" in spread  # 12 MB at 10,000 and at 3,333 a second


def test_without_a_clock_nothing_is_forecast() -> None:
    text = pool(16_000_000, 900_000) + pool(13_000_000, 900_000)
    assert not any(f.forecast for f in findings(text).values())


def test_the_story_of_the_stressed_router_is_in_causal_order() -> None:
    found = diagnosed(router(STRESSED), standard_rules(), scanners=["193.23.45.35 scans 6 addresses"])
    assert found.story[0].startswith("193.23.45.35")
    order = [
        "the route sends",
        "the ARP table takes",
        "IP Input",
        "memory runs out",
        "allocations fail",
        "went down",
    ]
    places = [next(i for i, s in enumerate(found.story) if word in s) for word in order]
    assert places == sorted(places)
    assert found.next_commands[-1].command == "show ip cache flow"
    assert found.next_commands[-1].warning


def test_secrets_are_never_quoted() -> None:
    config = CONFIG.format(
        "enable secret 5 $1$hide$me\nusername bob password 7 0822hideme\nsnmp-server community hideme RO\n"
        "snmp-server host 10.1.1.1 version 2c hideme\nkey chain x\n key 1\n  key-string hideme\n"
        "crypto isakmp key hideme address 10.0.0.1\ntacacs-server key 7 hideme\nline vty 0 4\n password hideme"
    )
    shown = repr(router(config).facts)
    assert "hide" not in shown
    assert "<removed>" in shown


@pytest.mark.parametrize(
    ("release", "fast"),
    [("12.0(7)T", True), ("12.2(18)SXF17", True), ("12.2(33)SXI", False), ("12.2(25)S", False), ("12.2(18)S", True),
     ("12.4(15)T", True), ("12.4(24)T", False), ("12.4(25)", True), ("12.3(8)T", True), ("15.0(1)M", False),
     ("16.09.03", False), ("12.2(55)SE", None)],
)  # fmt: skip
def test_trains_are_compared_with_their_own_gate(release: str, fast: bool | None) -> None:
    assert has_fast_switching(Release.parse(release)) is fast


def test_a_release_without_fast_switching_is_given_no_advice_on_its_cache() -> None:
    text = (
        CASES["fast-cache-growth"][0]
        + "R1#sh ver\nCisco IOS Software, C2800 Software (X), Version 12.4(24)T, RELEASE\nR1 uptime is 1 day\n"
    )
    assert "fast-cache-growth" not in findings(text)


def test_a_healthy_router_is_called_healthy_and_told_what_was_looked_at() -> None:
    found = findings(SAMPLES["show version"], SAMPLES["show processes cpu"])
    assert set(found) == {"healthy"}
    assert "show processes cpu" in found["healthy"].cause


def test_every_finding_and_command_is_documented_and_tested() -> None:
    page = (ROOT / "docs" / "reference" / "findings.md").read_text()
    ids = set()
    for path in (ROOT / "src" / "slowworm" / "diagnose").rglob("*.py"):
        ids |= set(re.findall(r'\bid="([a-z0-9-]+)"', path.read_text()))
    assert len(ids) > 30
    assert {i for i in ids if f"`{i}`" not in page} == set()
    elsewhere = {"cef-memory", "fast-cache-ager", "healthy", "proxy-arp"}
    assert ids - set(CASES) == elsewhere
    assert {c.name for c in standard_commands().items if f"`{c.name}`" not in page} == set()


def test_proxy_arp_is_told_only_where_the_table_suffers() -> None:
    assert "proxy-arp" in findings(arp(200), SAMPLES["show ip interface"])
    assert "proxy-arp" not in findings(arp(20), SAMPLES["show ip interface"])
