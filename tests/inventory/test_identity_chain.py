"""From an address and a time to the device: NAT, DHCP, ARP, port; conflicts are shown, never resolved."""

import datetime
import ipaddress
from pathlib import Path

from slowworm.detect.verdicts import ServiceCount, Verdict
from slowworm.inventory.identity.facts import Fact, short
from slowworm.inventory.identity.join import identify
from slowworm.inventory.identity.reading import read_tables
from slowworm.inventory.load import parse_inventory
from slowworm.inventory.model import Inventory

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)

ARP = """edge1#show ip arp
Internet  10.1.0.5                5   aabb.cc00.0101  ARPA   Vlan10
Internet  10.1.0.1                -   aabb.cc00.0001  ARPA   Vlan10
edge1#
"""

SWITCHES = """sw1#show mac address-table
  10    aabb.cc00.0101    DYNAMIC     Po1
  10    aabb.cc00.0102    DYNAMIC     Po1
  10    aabb.cc00.0101    STATIC      CPU
sw7#show mac address-table
  10    aabb.cc00.0101    DYNAMIC     Gi1/0/7
sw7#
"""

NAT = """Pro Inside global      Inside local       Outside local      Outside global
tcp 192.0.2.1:40001    10.1.0.5:40001     198.51.100.1:445   198.51.100.1:445
tcp 192.0.2.1:40002    10.1.0.5:40002     198.51.100.2:445   198.51.100.2:445
tcp 192.0.2.1:40003    10.1.0.6:40003     198.51.100.3:443   198.51.100.3:443
tcp 192.0.2.1:8080     10.1.0.9:80        ---                ---
"""


def verdict(address: str, *, port: int | None = 445, at: datetime.datetime | None = NOON) -> Verdict:
    return Verdict(
        address=ipaddress.ip_address(address),
        activity="horizontal",
        verdict="infected",
        protocol=6 if port else None,
        port=port,
        services=(ServiceCount(protocol=6 if port else None, port=port, targets=20),),
        targets=20,
        weight=60.0,
        bound=50.0,
        more_targets_needed=0,
        first_seen=at,
        last_seen=at and at + datetime.timedelta(minutes=5),
        exporter="192.0.2.254",
    )


def known(tmp_path: Path, who: Verdict, *texts: str, inventory: Inventory | None = None) -> tuple[Fact, ...]:
    names = []
    for number, text in enumerate(texts):
        names.append(tmp_path / f"{number}.txt")
        names[-1].write_text(text)
    return identify(who, read_tables(names), inventory or Inventory())


def values(facts: tuple[Fact, ...], kind: str) -> list[str]:
    return [fact.value for fact in facts if fact.kind == kind]


def test_the_whole_chain_from_behind_nat_to_the_port_and_the_customer(tmp_path: Path) -> None:
    inventory = parse_inventory(
        """
        [[routers]]
        name = "edge1"
        addresses = ["192.0.2.254"]
        [[customers]]
        name = "Example Ltd"
        prefixes = ["10.1.0.0/24"]
        """,
        origin="slowworm.toml",
    )
    lease = (
        "lease 10.1.0.5 { \n starts 0 2026/11/22 11:00:00;\n ends 0 2026/11/22 13:00:00;\n"
        ' hardware ethernet aa:bb:cc:00:01:01;\n client-hostname "pc-17";\n}\n'
    )
    facts = known(tmp_path, verdict("192.0.2.1"), NAT, ARP, SWITCHES, lease, inventory=inventory)
    assert values(facts, "exporter") == ["edge1"]
    assert values(facts, "inside-address") == ["10.1.0.5"]
    assert values(facts, "customer") == ["Example Ltd"]
    assert set(values(facts, "mac")) == {"aa:bb:cc:00:01:01"}
    assert values(facts, "hostname") == ["pc-17"]
    # The nearest port first; the switch itself is no port.
    assert values(facts, "port") == ["sw7 Gi1/0/7", "sw1 Po1"]
    assert "alone there" in facts[-2].text
    assert "one of 2 there" in facts[-1].text
    assert not any(fact.conflict for fact in facts)
    assert short(facts) == "10.1.0.5, pc-17, sw7 Gi1/0/7, Example Ltd"


def test_behind_a_shared_address_only_who_calls_the_scanned_service_comes_into_question(
    tmp_path: Path,
) -> None:
    assert values(known(tmp_path, verdict("192.0.2.1", port=443), NAT), "inside-address") == ["10.1.0.6"]
    facts = known(tmp_path, verdict("192.0.2.1", port=23), NAT)
    assert values(facts, "inside-address") == []
    assert values(facts, "shared-address") == ["2"]
    assert "none to tcp/23" in facts[0].text


def test_without_ports_every_host_behind_the_address_is_a_conflict(tmp_path: Path) -> None:
    facts = known(tmp_path, verdict("192.0.2.1", port=None), NAT)
    assert values(facts, "inside-address") == ["10.1.0.5", "10.1.0.6"]
    assert all(fact.conflict for fact in facts if fact.kind == "inside-address")
    assert short(facts) == "10.1.0.5 or 10.1.0.6?"


def test_an_inside_address_says_how_others_see_it(tmp_path: Path) -> None:
    assert values(known(tmp_path, verdict("10.1.0.5"), NAT), "outside-address") == ["192.0.2.1"]
    assert known(tmp_path, verdict("10.1.0.9"), NAT) == ()


def lease(mac: str, start: str, end: str) -> str:
    times = f"starts 0 2026/11/22 {start};\n ends 0 2026/11/22 {end};"
    return f"lease 10.1.0.5 {{\n {times}\n hardware ethernet {mac};\n}}\n"


OLD, NEW = "aa:bb:cc:00:01:01", "aa:bb:cc:00:02:02"
LEASES = lease(OLD, "10:00:00", "11:30:00") + lease(NEW, "11:40:00", "13:00:00")


def test_the_lease_of_the_time_counts_and_no_other(tmp_path: Path) -> None:
    hour = datetime.timedelta(hours=1)
    for at, mac in ((NOON, [NEW]), (NOON - hour, [OLD]), (NOON + 3 * hour, [])):
        facts = known(tmp_path, verdict("10.1.0.5", at=at), LEASES)
        assert values(facts, "mac") == mac
        assert not any(fact.conflict for fact in facts)


def test_two_leases_at_the_time_are_a_conflict(tmp_path: Path) -> None:
    moved = verdict("10.1.0.5", at=NOON - datetime.timedelta(minutes=32))
    both = lease(OLD, "10:00:00", "11:45:00") + lease(NEW, "11:20:00", "13:00:00")
    for who, text in ((moved, both), (verdict("10.1.0.5", at=None), LEASES)):
        facts = known(tmp_path, who, text)
        assert values(facts, "mac") == [NEW, OLD]
        assert all(fact.conflict for fact in facts)
        assert short(facts) == f"{NEW} or {OLD}?"


def test_a_lease_and_an_arp_entry_that_disagree_are_a_conflict(tmp_path: Path) -> None:
    facts = known(tmp_path, verdict("10.1.0.5"), LEASES, ARP)
    assert [(fact.value, fact.conflict) for fact in facts if fact.kind == "mac"] == [(NEW, True), (OLD, True)]


def test_two_ports_of_one_switch_are_a_conflict_and_of_two_switches_are_not(tmp_path: Path) -> None:
    moved = "sw7#show mac address-table\n  10    aabb.cc00.0101    DYNAMIC     Gi1/0/9\nsw7#\n"
    facts = known(tmp_path, verdict("10.1.0.5"), ARP, SWITCHES + moved)
    ports = {fact.value: fact.conflict for fact in facts if fact.kind == "port"}
    assert ports == {"sw7 Gi1/0/7": True, "sw7 Gi1/0/9": True, "sw1 Po1": False}


def test_the_port_of_a_proxy_is_not_the_port_of_the_device(tmp_path: Path) -> None:
    rows = "".join(f"Internet  10.2.0.{i}   5   aabb.cc00.0101  ARPA   Vlan10\n" for i in range(1, 8))
    facts = known(tmp_path, verdict("10.1.0.5"), ARP + rows, SWITCHES)
    assert values(facts, "mac") == [OLD]
    assert values(facts, "port") == []
    assert "and for 7 other addresses: a router or proxy ARP" in facts[0].text
    fewer = known(tmp_path, verdict("10.1.0.5"), ARP + rows.partition("\n")[2], SWITCHES)
    assert values(fewer, "port") == ["sw7 Gi1/0/7", "sw1 Po1"]


def test_the_routers_own_address_is_said_to_be_that(tmp_path: Path) -> None:
    facts = known(tmp_path, verdict("10.1.0.1"), ARP)
    assert [(fact.kind, fact.value) for fact in facts] == [("router", "edge1")]


def test_each_fact_names_its_place(tmp_path: Path) -> None:
    facts = known(tmp_path, verdict("10.1.0.5"), ARP, SWITCHES)
    assert [Path(fact.where).name for fact in facts] == ["0.txt:2", "1.txt:6", "1.txt:2"]
