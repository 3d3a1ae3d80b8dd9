"""Identity tables against the public listings of ntc-templates, and every other form against its documentation."""

import datetime
import re
from pathlib import Path

import pytest
from tests.support import SHARED

from slowworm.inventory.identity.bindings import binding
from slowworm.inventory.identity.leases import lease_file
from slowworm.inventory.identity.neighbours import neighbour
from slowworm.inventory.identity.ports import port_entry
from slowworm.inventory.identity.reading import read_tables
from slowworm.inventory.identity.records import (
    Lease,
    Line,
    Nameless,
    Neighbour,
    PortEntry,
    Translation,
    mac_of,
)
from slowworm.inventory.identity.tables import Tables
from slowworm.inventory.identity.translations import translation

NTC = SHARED / "data" / "cisco-text" / "ntc-templates" / "tests" / "cisco_ios"
ARP = [NTC / "show_arp" / "cisco_ios_show_arp.raw", NTC / "show_ip_arp" / "cisco_ios_show_ip_arp.raw"]
NAT = NTC / "show_ip_nat_translations" / "show_ip_nat_translations.raw"


def golden(raw: Path) -> list[dict[str, str]]:
    """The rows of a golden file: its YAML is a flat list of quoted texts."""
    rows = re.split(r"\n  - ", raw.with_suffix(".yml").read_text())[1:]
    return [dict(re.findall(r'(\w+): "([^"]*)"', row)) for row in rows]


def table(tmp_path: Path, text: str | bytes, name: str = "f") -> Tables:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_tables([path])


def line(text: str) -> Line:
    return Line(text=text, where="f:1", device="sw1")


@pytest.mark.parametrize("raw", ARP, ids=lambda p: p.stem)
def test_the_public_arp_listings_agree_with_their_goldens(raw: Path) -> None:
    if not raw.exists():
        pytest.skip("no public listings here")
    found = read_tables([raw])
    (account,) = found.accounts
    assert account.problems == ()
    rows = [(str(n.address), n.mac, n.interface or "", n.own) for ns in found.neighbours.values() for n in ns]
    expected = [
        (g["address"] if "address" in g else g["ip_address"], mac, g["interface"], age == "-")
        for g in golden(raw)
        if (mac := mac_of(g.get("hardware_address") or g.get("mac_address") or ""))
        for age in [g.get("age_min") or g.get("age")]
    ]
    assert rows == expected
    assert len(rows) >= 4


def test_the_public_nat_listing_agrees_with_its_golden() -> None:
    if not NAT.exists():
        pytest.skip("no public listings here")
    found = read_tables([NAT])
    assert found.accounts[0].problems == ()
    rows = sorted((str(t.outside), str(t.inside)) for ts in found.outside.values() for t in ts)
    assert rows == sorted((g["inside_global_ip"], g["inside_local_ip"]) for g in golden(NAT))
    by_port = {t.peer_port for ts in found.outside.values() for t in ts if t.protocol == 6}
    assert by_port == {int(g["outside_global_port"]) for g in golden(NAT) if g["protocol"] == "tcp" and
                       g["outside_global_port"]} | {None}  # fmt: skip
    forwarded = [t for ts in found.outside.values() for t in ts if t.forwarded]
    assert [str(t.inside) for t in forwarded] == ["192.168.1.12"]


@pytest.mark.parametrize(
    ("text", "address", "interface", "port", "own"),
    [
        ("10.3.1.101      00:06:06  aabb.cc00.0101  Ethernet1/1.2151", "10.3.1.101", "Ethernet1/1.2151", None, False),
        ("10.3.1.101   00:06:06  aabb.cc00.0101  Vlan701  port-channel222  *", "10.3.1.101", "Vlan701",
         "port-channel222", False),
        ("10.3.1.101  00:06:06  aabb.cc00.0101  Vlan3   Ethernet1/9   +   PRIMARY1", "10.3.1.101", "Vlan3",
         "Ethernet1/9", False),
        ("10.3.1.101   00:06:06  aabb.cc00.0101  mgmt0   management", "10.3.1.101", "mgmt0", None, False),
        ("10.3.1.101   -         aabb.cc00.0101  -                -", "10.3.1.101", None, None, True),
        ("10.3.1.101   01:25:23  aabb.cc00.0101  Dynamic    ARPA  GigabitEthernet0/0/0/0", "10.3.1.101",
         "GigabitEthernet0/0/0/0", None, False),
        ("10.3.1.101   01:25:23  aabb.cc00.0101  Interface  ARPA  GigabitEthernet0/0/0/0", "10.3.1.101",
         "GigabitEthernet0/0/0/0", None, True),
        ("        outside 10.3.1.101 aabb.cc00.0101 15", "10.3.1.101", "outside", None, False),
        ("2001:DB8::17   0 aabb.cc00.0101  REACH Vlan10", "2001:db8::17", "Vlan10", None, False),
        ("10.3.1.101 dev eth0 lladdr aa:bb:cc:00:01:01 REACHABLE", "10.3.1.101", "eth0", None, False),
        ("fe80::1 dev eth0 lladdr aa:bb:cc:00:01:01 router STALE", "fe80::1", "eth0", None, False),
        ("pc (10.3.1.101) at aa:bb:cc:00:01:01 [ether] on eth1.100", "10.3.1.101", "eth1.100", None, False),
        ("? (10.3.1.101) at aa:bb:cc:0:1:1 on en0 ifscope [ethernet]", "10.3.1.101", "en0", None, False),
        ("10.3.1.101               ether   aa:bb:cc:00:01:01   C                     eth0", "10.3.1.101", "eth0",
         None, False),
        ("  10.3.1.101            aa-bb-cc-00-01-01     dynamic", "10.3.1.101", None, None, False),
    ],
)  # fmt: skip
def test_forms_of_arp_and_neighbour_tables(
    text: str, address: str, interface: str | None, port: str | None, own: bool
) -> None:
    found = neighbour(line(text))
    assert isinstance(found, Neighbour)
    assert (str(found.address), found.mac) == (address, "aa:bb:cc:00:01:01")
    assert (found.interface, found.port, found.own) == (interface, port, own)


@pytest.mark.parametrize(
    "text",
    [
        "Internet  10.100.88.199           0   Incomplete      ARPA",
        "146.118.1.91    00:00:13  INCOMPLETE      Vlan701          Vlan701",
        "10.10.10.109    00:00:03   0000.0000.0000  Incomplete ARPA  GigabitEthernet0/0/0/0",
        "10.0.0.9 dev eth0  FAILED",
        "? (192.168.10.100) at <incomplete> on eth1.10",
        "  224.0.0.22            01-00-5e-00-00-16     static",
    ],
)
def test_an_address_that_nobody_answers_for_names_no_device(text: str) -> None:
    assert neighbour(line(text)) == Nameless()


@pytest.mark.parametrize(
    ("text", "vlan", "port"),
    [
        ("aabb.cc00.0101       Dynamic          5  FastEthernet0/1", "5", "FastEthernet0/1"),
        ("   5    aabb.cc00.0101    DYNAMIC     Gi1/0/7", "5", "Gi1/0/7"),
        ("   5    aabb.cc00.0101    STATIC      Gi1/0/7", "5", "Gi1/0/7"),
        ("  5      aabb.cc00.0101   dynamic ip,ipx,assigned,other Port-channel100", "5", "Port-channel100"),
        ("*    5  aabb.cc00.0101   dynamic  Yes       1200   Te1/30", "5", "Te1/30"),
        ("* R   5 aabb.cc00.0101   static   No       -      Router", "5", "Router"),
        ("*    5     aabb.cc00.0101   dynamic  0         F      F    Eth1/1", "5", "Eth1/1"),
        ("G    -     aabb.cc00.0101   static     -        F      F    sup-eth1(R)", None, "sup-eth1(R)"),
        ("    5        aa:bb:cc:00:01:01     gi8      dynamic", "5", "gi8"),
    ],
)
def test_forms_of_mac_tables(text: str, vlan: str | None, port: str) -> None:
    found = port_entry(line(text))
    assert isinstance(found, PortEntry)
    assert (found.mac, found.vlan, found.port, found.device) == ("aa:bb:cc:00:01:01", vlan, port, "sw1")


def test_group_addresses_and_titles_of_mac_tables_name_nobody() -> None:
    assert port_entry(line(" All    0100.0ccc.cccc    STATIC      CPU")) == Nameless()
    assert port_entry(line("  10      ffff.ffff.ffff   system Gi0/2,Gi0/3,Gi0/5")) == Nameless()
    assert port_entry(line("Vlan    Mac Address       Type        Ports")) is None


@pytest.mark.parametrize(
    ("text", "pair", "protocol", "port"),
    [
        ("tcp      6 431999 ESTABLISHED src=10.0.0.7 dst=198.51.100.9 sport=40000 dport=445 src=198.51.100.9 "
         "dst=192.0.2.1 sport=445 dport=40000 [ASSURED] mark=0 use=1", ("10.0.0.7", "192.0.2.1"), 6, 445),
        ("ipv4     2 tcp      6 117 SYN_SENT src=10.0.0.7 dst=198.51.100.9 sport=40000 dport=23 [UNREPLIED] "
         "src=198.51.100.9 dst=192.0.2.1 sport=23 dport=61000 mark=0 zone=0 use=2", ("10.0.0.7", "192.0.2.1"), 6, 23),
        ("icmp     1 29 src=10.0.0.7 dst=198.51.100.9 type=8 code=0 id=7 src=198.51.100.9 dst=192.0.2.1 type=0 code=0 "
         "id=7 mark=0 use=1", ("10.0.0.7", "192.0.2.1"), 1, None),
        ("udp 192.0.2.1:1024 10.0.0.7:1024 198.51.100.9:1434 198.51.100.9:1434", ("10.0.0.7", "192.0.2.1"), 17, 1434),
        ("icmp 192.0.2.1:513 10.0.0.7:512 198.51.100.9:512 198.51.100.9:513", ("10.0.0.7", "192.0.2.1"), 1, None),
        ("--- 192.0.2.1     10.0.0.7     ---        ---", ("10.0.0.7", "192.0.2.1"), None, None),
    ],
)  # fmt: skip
def test_forms_of_nat_tables(
    text: str, pair: tuple[str, str], protocol: int | None, port: int | None
) -> None:
    found = translation(line(text))
    assert isinstance(found, Translation)
    assert (str(found.inside), str(found.outside)) == pair
    assert (found.protocol, found.peer_port, found.forwarded) == (protocol, port, False)


def test_a_connection_that_was_not_translated_names_nobody() -> None:
    text = (
        "tcp 6 43184 ESTABLISHED src=10.0.0.7 dst=10.0.0.9 sport=5646 dport=443 src=10.0.0.9 dst=10.0.0.7 "
        "sport=443 dport=5646 [ASSURED] mark=0 use=1"
    )
    assert translation(line(text)) == Nameless()


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("10.1.0.5   01aa.bbcc.0001.01   Mar 02 2026 12:01 PM    Automatic", "aa:bb:cc:00:01:01"),
        ("10.1.0.5   aabb.cc00.0101      Infinite                Manual", "aa:bb:cc:00:01:01"),
        (
            "10.1.0.5   01aa.bbcc.0001.01   Mar 02 2026 12:01 PM    Automatic  Active     Vlan10",
            "aa:bb:cc:00:01:01",
        ),
    ],
)
def test_forms_of_dhcp_bindings(text: str, mac: str) -> None:
    found = binding(line(text))
    assert isinstance(found, Lease)
    assert (str(found.address), found.mac, found.start, found.end) == ("10.1.0.5", mac, None, None)


def test_a_binding_wrapped_over_lines_is_read_in_one_piece(tmp_path: Path) -> None:
    digits = b"\0cisco-aabb.cc00.0101-Vl1".hex()
    parts = [digits[i : i + 4] for i in range(0, len(digits), 4)]
    text = (
        "IP address          Client-ID/              Lease expiration        Type\n"
        f"10.1.0.5            {'.'.join(parts[:4])}.    Mar 02 2026 12:01 PM    Automatic\n"
        f"                    {'.'.join(parts[4:8])}.\n"
        f"                    {'.'.join(parts[8:])}\n"
    )
    found = table(tmp_path, text)
    assert [lease.mac for leases in found.leases.values() for lease in leases] == ["aa:bb:cc:00:01:01"]
    assert found.accounts[0].problems == ()


ISC = b"""# The format of this file is documented in the dhcpd.leases(5) manual page.
server-duid "\\000\\001{";
lease 10.1.0.5 {
  starts 0 2026/11/22 09:00:00;
  ends 0 2026/11/22 10:00:00;
  binding state active;
  hardware ethernet aa:bb:cc:00:01:01;
  uid "\\001}\\252\\"";
  on expiry { set done = "}"; }
  client-hostname "pc-17";
}
lease 10.1.0.5 {
  starts 0 2026/11/22 09:00:00;
  ends 0 2026/11/22 09:20:00;
  binding state free;
  hardware ethernet aa:bb:cc:00:01:01;
  client-hostname "pc-17";
}
lease 10.1.0.5 {
  starts epoch 1795340400; # Sun Nov 22 09:40:00 2026
  ends never;
  hardware ethernet aa:bb:cc:00:02:02;
}
lease 10.1.0.6 { starts 0 2026/11/22 09:00:00; binding state abandoned; }
ia-na "\\001" { iaaddr 2001:db8::5 { binding state active; } }
lease 10.1.0.7 {
  starts 0 2026/11/22 09:0
"""


def test_an_isc_lease_file_has_one_lease_a_device_and_start() -> None:
    found = lease_file("f", ISC)
    assert found is not None
    leases, problems = found
    nine = datetime.datetime(2026, 11, 22, 9, tzinfo=datetime.UTC)
    assert [(str(x.address), x.mac, x.name, x.start, x.end, x.where) for x in leases] == [
        # Given back early: the later declaration counts.
        ("10.1.0.5", "aa:bb:cc:00:01:01", "pc-17", nine, nine + datetime.timedelta(minutes=20), "f:12"),
        ("10.1.0.5", "aa:bb:cc:00:02:02", None, nine + datetime.timedelta(minutes=40), None, "f:19"),
    ]
    assert [(p.where, p.count) for p in problems] == [("f:26", 1), ("f", 1)]
    assert "cut off" in problems[0].text


KEA = b"""address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
10.1.0.5,aa:bb:cc:00:01:01,01:aa,3600,1795341600,1,0,0,pc-17.example.,0,,0
10.1.0.5,aa:bb:cc:00:01:01,01:aa,3600,1795343400,1,0,0,pc-17.example.,0,{ "a": 1&#x2c "b": 2 },0
10.1.0.5,aa:bb:cc:00:01:01,01:aa,0,1795343400,1,0,0,pc-17.example.,0,,0
10.1.0.6,aa:bb:cc:00:02:02,,4294967295,6090307095,1,0,0,,0,,0
10.1.0.8,,,86400,1795343400,1,0,0,,1,,0
10.1.0.9,aa:bb:cc:00:03:03,,oops,1795343400,1,0,0,,0,,0
"""


def test_a_kea_lease_file_joins_renewals() -> None:
    found = lease_file("f", KEA)
    assert found is not None
    leases, problems = found
    at = datetime.datetime.fromtimestamp(1795338000, datetime.UTC)
    assert [(str(x.address), x.mac, x.name, x.start, x.end) for x in leases] == [
        ("10.1.0.5", "aa:bb:cc:00:01:01", "pc-17.example", at, at + datetime.timedelta(seconds=5400)),
        ("10.1.0.6", "aa:bb:cc:00:02:02", None, at + datetime.timedelta(seconds=1800), None),
    ]
    assert [p.where for p in problems] == ["f:7"]


def test_a_session_with_several_devices_names_each(tmp_path: Path) -> None:
    text = (
        "edge1#show ip arp\r\n"
        "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\r\n"
        "Internet  10.1.0.5                5   aabb.cc00.0101  ARPA   Vlan10\r\n"
        "edge1#\r\nsw7>show mac address-table\r\n"
        " --More-- \b\b\b\b\b\b\b\b\b          \b\b\b\b\b\b\b\b\b"
        "  10    aabb.cc00.0101    DYNAMIC     Gi1/0/7\r\n"
        "what is 10.9.9.9 doing here\r\nsw7>\r\n"
    )
    found = table(tmp_path, text)
    assert [(n.device, n.where[-3:]) for ns in found.neighbours.values() for n in ns] == [("edge1", "f:3")]
    assert [(p.device, p.port, p.where[-3:]) for ps in found.ports.values() for p in ps] == [
        ("sw7", "Gi1/0/7", "f:6")
    ]
    assert [(p.where[-3:], p.text) for p in found.accounts[0].problems] == [
        ("f:7", "what is 10.9.9.9 doing here")
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no table"),
        (b"hello\n", "no table"),
        (bytes(range(256)) * 9, "binary"),
        (b"PK\x03\x04" + bytes(60), "unpack it first"),
    ],
)
def test_a_file_without_a_table_is_said(tmp_path: Path, data: bytes, said: str) -> None:
    (account,) = table(tmp_path, data).accounts
    assert account.rows == 0
    assert said in account.problems[-1].text


def test_many_lines_that_are_not_understood_are_counted(tmp_path: Path) -> None:
    (account,) = table(
        tmp_path, "".join(f"so 10.0.{i // 250}.{i % 250} was here\n" for i in range(3000))
    ).accounts
    assert len(account.problems) == 51
    assert sum(p.count for p in account.problems) == 3001  # and that there is no table at all
