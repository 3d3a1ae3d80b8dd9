"""netfilter: one packet a line, verdicts from the words of the prefix only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.sources.tables.flow_rows import notes, plain

from slowworm.sources.firewall import Netfilter

FORM = Netfilter(now=datetime(2025, 6, 1, tzinfo=UTC))
TCP = (
    "IN=eth1 OUT=eth0 MAC=00:16:3e SRC=86.101.38.88 DST=10.0.0.1 LEN=60 TOS=0x00 PREC=0x00 TTL=50 ID=51005 DF "
    "PROTO=TCP SPT=41945 DPT=16881 WINDOW=7300 RES=0x00 SYN URGP=0 "
)


def read(*lines: str) -> list[dict[str, object]]:
    reading = FORM.read("kern.log", "\n".join(lines).encode())
    assert not reading.problems, reading.problems
    return plain(reading)


def test_a_tcp_packet_has_every_field() -> None:
    (flow,) = read(f"Jun 23 08:51:22 server1 kernel: [486938.916177] [UFW BLOCK] {TCP}")
    assert flow == {
        "src_addr": "86.101.38.88", "dst_addr": "10.0.0.1", "protocol": 6, "src_port": 41945, "dst_port": 16881,
        "tcp_flags": 2, "packets": 1, "bytes": 60, "in_if": "eth1", "out_if": "eth0", "exporter": "server1",
        "action": "deny", "start_time": "2024-06-23T08:51:22", "end_time": "2024-06-23T08:51:22",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("prefix", "action"),
    [
        ("[UFW BLOCK] ", "deny"),
        ("[UFW ALLOW] ", "allow"),
        ("[UFW AUDIT] ", None),
        ("IPTABLES_DROP: ", "deny"),
        ("DROP", "deny"),
        ("FW-REJECTED: ", "deny"),
        ("iptables denied: ", "deny"),
        ("nft accept ", "allow"),
        ("DISALLOWLIST ", None),
        ("ACCEPT or DROP ", None),
        ("", None),
    ],
)
def test_the_prefix_decides_only_by_its_words(prefix: str, action: str | None) -> None:
    forms = ("Jun 23 08:51:22 drop-gw kernel: [1.5] ", "Jun 23 08:51:22 drop-gw ulogd[7]: ", "[  20.586965] ")
    for head in forms:
        (flow,) = read(f"{head}{prefix}{TCP}")
        assert flow.get("action") == action, head


def test_icmp_has_its_type_and_not_that_of_the_packet_it_quotes() -> None:
    ping, error = read(
        "<4>1 2024-01-15T10:30:00.5+02:00 fw kernel 0 - - ACCEPT: IN=eth0 OUT= SRC=10.0.0.1 DST=192.168.1.1 LEN=84 "
        "PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=1",
        "[  20.5] DROP IN=eth0 OUT= SRC=1.2.3.4 DST=5.6.7.8 LEN=56 PROTO=ICMP TYPE=3 CODE=1 [SRC=5.6.7.8 DST=9.9.9.9 "
        "LEN=40 PROTO=TCP SPT=1 DPT=2 SYN ]",
    )
    assert (ping["icmp_type"], ping["icmp_code"], ping["start_time"]) == (8, 0, "2024-01-15T08:30:00.5")
    assert ping["exporter"] == "fw"
    assert (error["src_addr"], error["dst_addr"], error["icmp_type"], error["bytes"]) == (
        "1.2.3.4",
        "5.6.7.8",
        3,
        56,
    )
    assert not {"src_port", "dst_port", "tcp_flags", "start_time"} & set(error)


def test_ipv6_is_read_in_full_form() -> None:
    udp, icmp = read(
        "[ 20.5] IN=wlan0 OUT= MAC= SRC=fe80:0000:0000:0000:69df:0f31:0cee:feab DST=ff02:0000:0000:0000:0000:0000:"
        "0001:0003 LEN=86 TC=0 HOPLIMIT=255 FLOWLBL=67613 PROTO=UDP SPT=5355 DPT=5355 LEN=46",
        "[ 20.6] IN=wlan0 OUT= SRC=2001:db8::1 DST=2001:db8::2 LEN=64 PROTO=ICMPv6 TYPE=128 CODE=0",
    )
    assert (udp["src_addr"], udp["dst_addr"], udp["bytes"]) == ("fe80::69df:f31:cee:feab", "ff02::1:3", 86)
    assert (icmp["protocol"], icmp["icmp_type"]) == (58, 128)


def test_other_protocols_have_no_ports() -> None:
    for name, number in (("2", 2), ("47", 47), ("ESP", 50), ("GRE", 47), ("UDPLITE", 136)):
        (flow,) = read(f"DROP IN=eth0 OUT= SRC=1.2.3.4 DST=5.6.7.8 LEN=56 PROTO={name}")
        assert flow["protocol"] == number
        assert "src_port" not in flow


def test_arp_and_other_lines_are_told_and_cut_lines_are_problems() -> None:
    text = (
        "Jun 23 08:51:24 a sshd[1]: hi\n"
        "Jun 23 08:51:24 a kernel: [1.0] ARP IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=00:11\n"
        "Jun 23 08:51:24 a kernel: [1.0] DROP IN=eth0 OUT= SRC=1.2.3.4 DST=5.6.\n"
    )
    reading = FORM.read("kern.log", text.encode())
    assert (reading.flows, notes(reading)) == (0, {"other-messages": 2})
    assert [p.where for p in reading.problems] == ["kern.log:3"]


def test_it_recognises_its_own_and_nothing_else() -> None:
    assert FORM.recognises(f"hello\nkernel: {TCP}\n".encode())
    assert not FORM.recognises(b"SET IN=1 OUT=2\nSRC=1 DST=2")
