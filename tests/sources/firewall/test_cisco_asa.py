"""Cisco ASA: messages by Cisco's guide and as found in the field, connections joined, refusals counted."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.sources.tables.flow_rows import damaged, notes, plain, rows

from slowworm.sources.firewall import CiscoAsa

NOW = datetime(2025, 6, 1, tzinfo=UTC)
ASA = CiscoAsa(now=NOW)


def read(*lines: str) -> list[dict[str, object]]:
    reading = ASA.read("asa.log", "\n".join(lines).encode())
    assert not reading.problems, reading.problems
    return plain(reading)


def test_begin_and_end_of_a_connection_are_one_flow_from_its_opener() -> None:
    flows = read(
        "<166>Jan 15 10:22:01 fw01 : %ASA-6-302013: Built outbound TCP connection 9 for outside:10.1.2.1/22 "
        "(10.1.2.1/22) to inside:10.1.1.2/53496 (192.0.2.9/53496)",
        "<166>Jan 15 10:22:31 fw01 : %ASA-6-302014: Teardown TCP connection 9 for outside:10.1.2.1/22 to "
        "inside:10.1.1.2/53496 duration 0:00:30 bytes 4521 TCP FINs",
    )
    assert flows == [
        {
            "src_addr": "10.1.1.2", "dst_addr": "10.1.2.1", "protocol": 6, "src_port": 53496, "dst_port": 22,
            "start_time": "2025-01-15T10:22:01", "end_time": "2025-01-15T10:22:31", "bytes": 4521,
            "tcp_flags": 19, "in_if": "inside", "out_if": "outside", "exporter": "fw01", "action": "allow",
        }
    ]  # fmt: skip


def test_inbound_connections_were_opened_by_the_first_endpoint() -> None:
    flows = read(
        "<166>Jan 15 2024 10:22:31: %ASA-6-302015: Built inbound UDP connection 77 for "
        r"outside:2001:db8::1/5353 (2001:db8::1/5353)(DOM\u.s) to inside:2001:db8::2/53 (2001:db8::2/53) (joe)",
        "<166>Jan 15 2024 10:23:31: %ASA-6-302016: Teardown UDP connection 77 for "
        r"outside:2001:db8::1/5353(DOM\u.s) to inside:2001:db8::2/53 duration 0:01:00 bytes 148",
    )
    assert flows == [
        {
            "src_addr": "2001:db8::1", "dst_addr": "2001:db8::2", "protocol": 17, "src_port": 5353,
            "dst_port": 53, "start_time": "2024-01-15T10:22:31", "end_time": "2024-01-15T10:23:31",
            "bytes": 148, "in_if": "outside", "out_if": "inside", "action": "allow",
        }
    ]  # fmt: skip


def teardown(why: str, octets: int, *, first: str = "outside:198.51.100.7/445", port: int = 40000) -> str:
    return (
        f"<166>Jan 15 10:22:31 fw01 : %ASA-6-302014: Teardown TCP connection 9 for {first} to "
        f"inside:10.1.1.2/{port} duration 0:00:30 bytes {octets} {why}"
    )


def test_flags_say_what_the_end_of_a_connection_tells_and_no_more() -> None:
    cases = {
        ("SYN Timeout", 0): 2,
        ("TCP FINs", 1200): 19,
        ("TCP FINs from outside", 0): 19,
        ("TCP Reset-O", 0): 2,  # the side that was called refused
        ("TCP Reset-I", 0): None,  # the caller gave up: an answer may have come
        ("TCP Reset-I", 100): 26,
        ("Connection timeout", 0): None,
        ("Flow closed by inspection", 80): 26,
    }
    for (why, octets), flags in cases.items():
        (flow,) = read(teardown(why, octets))
        assert flow.get("tcp_flags") == flags, (why, octets)
        assert flow.get("bytes") == (octets or None), "no payload is not no bytes"
        assert (flow["src_addr"], flow["dst_port"]) == ("10.1.1.2", 445)


def test_an_end_without_a_begin_is_turned_by_its_ports() -> None:
    reading = ASA.read(
        "asa.log", teardown("TCP FINs", 9, first="outside:198.51.100.7/40001", port=443).encode()
    )
    (flow,) = plain(reading)
    assert (flow["src_addr"], flow["dst_addr"], flow["dst_port"]) == ("198.51.100.7", "10.1.1.2", 443)
    assert flow["start_time"] == "2025-01-15T10:22:01"
    assert notes(reading)["opener-by-port"] == 1


def test_a_number_that_is_used_again_is_another_connection() -> None:
    begin = (
        "<166>Jan 15 10:2{m}:01 {fw} : %ASA-6-302013: Built {way} TCP connection 9 for "
        "outside:10.1.2.1/22 (10.1.2.1/22) to inside:10.1.1.2/23 (10.1.1.2/23)"
    )
    end = (
        "<166>Jan 15 10:2{m}:31 {fw} : %ASA-6-302014: Teardown TCP connection 9 for outside:10.1.2.1/22 to "
        "inside:10.1.1.2/23 duration 0:00:30 bytes 10 TCP FINs"
    )
    flows = read(
        begin.format(m=1, fw="a", way="inbound"),
        begin.format(m=1, fw="b", way="outbound"),
        end.format(m=1, fw="a"),
        end.format(m=1, fw="b"),
        begin.format(m=2, fw="a", way="outbound"),
    )
    assert [(f["exporter"], f["src_addr"], "end_time" in f) for f in flows] == [
        ("a", "10.1.2.1", True),
        ("b", "10.1.1.2", True),
        ("a", "10.1.1.2", False),
    ]


def test_icmp_connections_are_joined_by_their_endpoints() -> None:
    flows = read(
        r"<166>Jan  5 08:52:35 10.22.8.216 %ASA-6-302020: Built inbound ICMP connection for faddr "
        r"10.22.8.74/0(LOCAL\user.name) gaddr 10.22.8.205/0 laddr 10.22.8.205/0 type 8 code 0",
        r"<166>Jan  5 08:52:37 10.22.8.216 %ASA-6-302021: Teardown ICMP connection for faddr "
        r"10.22.8.74/0(LOCAL\user.name) gaddr 10.22.8.205/0 laddr 10.22.8.205/0",
        "<166>Jan  5 08:52:39 10.22.8.216 %ASA-6-302020: Built outbound ICMP connection for faddr 2001:db8::9/0 "
        "gaddr 2001:db8::1/5 laddr 2001:db8::1/5 type 128 code 0",
    )
    assert flows[0] == {
        "src_addr": "10.22.8.74", "dst_addr": "10.22.8.205", "protocol": 1, "icmp_type": 8, "icmp_code": 0,
        "start_time": "2025-01-05T08:52:35", "end_time": "2025-01-05T08:52:37", "exporter": "10.22.8.216",
        "action": "allow",
    }  # fmt: skip
    assert (flows[1]["src_addr"], flows[1]["dst_addr"]) == ("2001:db8::1", "2001:db8::9")
    assert (flows[1]["protocol"], flows[1]["icmp_type"]) == (58, 128)


def test_refusals_are_denied_packets() -> None:
    flows = read(
        "<164>Apr 15 2017 00:22:42 192.168.12.1 : %ASA-4-106023: Deny tcp src outside:203.0.113.77/53 dst "
        'inside:10.1.2.10/33456 by access-group "OUTSIDE_IN" [0x0, 0x0]',
        "<164>Apr 15 2017 00:22:42: %ASA-4-106023: Deny icmp src outside:203.0.113.77 dst inside:10.1.2.10 "
        '(type 8, code 0) by access-group "OUTSIDE_IN" [0x0, 0x0]',
        "<164>Apr 15 2017 00:22:42: %ASA-4-106023: Deny protocol 41 src outside:203.0.113.77 dst "
        'inside:10.1.2.10 by access-group "OUTSIDE_IN" [0x0, 0x0]',
        "<162>Aug 05 2016 01:02:25: %ASA-2-106006: Deny inbound UDP from 10.25.177.164/63279 to 10.2.52.71/161 "
        "on interface Inside",
        "<162>Aug 05 2016 01:02:25: %ASA-2-106007: Deny inbound UDP from 10.25.177.164/63279 to 10.2.52.71/53 "
        "due to DNS Query",
        "Nov 03 05:22:52 :Nov 03 05:10:20 EDT: %ASA-session-2-106001: Inbound TCP connection denied from "
        "213.92.5.127/56269 to 208.177.110.31/25 flags SYN  on interface outside",
        "<134>Sep 02 2014 11:50:15: %ASA-6-106015: Deny TCP (no connection) from 10.0.1.1/4567 to 10.0.3.3/80 "
        "flags FIN ACK  on interface inside",
        "2:10.0.0.1:Mar  1 18:48:50.483 UTC: %ASA-3-106014: Deny inbound icmp src fw111:10.10.10.10 dst "
        "fw111:10.10.10.11(type 8, code 0)",
        "<163>Sep 02 2014 11:50:25: %ASA-3-710003: TCP access denied by ACL from 10.0.4.4/6666 to "
        "outside:10.0.1.1/ssh",
        "<163>Jun 7 18:39:00 hostname.domain.tld %ASA-3-313001: Denied ICMP type=5, code=1 from 1.2.3.4 on "
        "interface inside",
    )
    shown = [
        (
            f["src_addr"], f.get("dst_addr"), f["protocol"], f.get("src_port"), f.get("dst_port"),
            f.get("icmp_type"), f.get("icmp_code"), f.get("tcp_flags"), f.get("in_if"), f["start_time"],
        )
        for f in flows
    ]  # fmt: skip
    assert shown == [
        ("203.0.113.77", "10.1.2.10", 6, 53, 33456, None, None, None, "outside", "2017-04-15T00:22:42"),
        ("203.0.113.77", "10.1.2.10", 1, None, None, 8, 0, None, "outside", "2017-04-15T00:22:42"),
        ("203.0.113.77", "10.1.2.10", 41, None, None, None, None, None, "outside", "2017-04-15T00:22:42"),
        ("10.25.177.164", "10.2.52.71", 17, 63279, 161, None, None, None, "Inside", "2016-08-05T01:02:25"),
        ("10.25.177.164", "10.2.52.71", 17, 63279, 53, None, None, None, None, "2016-08-05T01:02:25"),
        ("213.92.5.127", "208.177.110.31", 6, 56269, 25, None, None, 2, "outside", "2024-11-03T09:10:20"),
        ("10.0.1.1", "10.0.3.3", 6, 4567, 80, None, None, 17, "inside", "2014-09-02T11:50:15"),
        ("10.10.10.10", "10.10.10.11", 1, None, None, 8, 0, None, "fw111", "2025-03-01T18:48:50.483"),
        ("10.0.4.4", "10.0.1.1", 6, 6666, 22, None, None, None, None, "2014-09-02T11:50:25"),
        ("1.2.3.4", None, 1, None, None, 5, 1, None, "inside", "2024-06-07T18:39:00"),
    ]
    assert all(f["action"] == "deny" and f["packets"] == 1 for f in flows)


def test_access_list_hits_are_packets_only_where_they_were_denied() -> None:
    denied, permitted, icmp = read(
        "<166>1 2018-06-27T12:17:46Z asa - - - %ASA-6-106100: access-list acl_dmz denied tcp "
        "dmz/172.16.5.10(44000) -> inside/10.1.3.20(445) hit-cnt 3 300-second interval [0x1, 0x0]",
        "<166>1 2018-06-27T14:17:46+02:00 asa - - - %ASA-6-106100: access-list acl_dmz permitted udp "
        r"dmz/2001:db8::1(44000)(LOCAL\u) -> inside/2001:db8::2(53) hit-cnt 1 first hit [0x1, 0x0]",
        "<166>1 2018-06-27T12:17:46.250Z asa - - - %ASA-6-106100: access-list acl_dmz est-allowed icmp "
        "dmz/172.16.5.10(8) -> inside/10.1.3.20(0) hit-cnt 1 first hit [0x1, 0x0]",
    )
    assert (denied["action"], denied["packets"], denied["exporter"]) == ("deny", 3, "asa")
    assert (permitted["action"], permitted.get("packets"), permitted["dst_port"]) == ("allow", None, 53)
    assert denied["start_time"] == permitted["start_time"] == "2018-06-27T12:17:46"
    assert (icmp["icmp_type"], icmp["icmp_code"], icmp.get("dst_port")) == (8, 0, None)


def test_hosts_logged_by_name_are_null_and_told() -> None:
    text = (
        "<164>Apr 15 2017 00:22:42: %ASA-4-106023: Deny tcp src outside:203.0.113.77/1 dst inside:mail-1/25 "
        'by access-group "X"'
    )
    reading = ASA.read("asa.log", text.encode())
    (flow,) = plain(reading)
    assert flow.get("dst_addr") is None
    assert notes(reading)["named-hosts"] == 1
    assert not reading.problems


def test_other_messages_are_one_note_and_cut_ones_problems_with_their_place() -> None:
    lines = [
        "<163>Jun 7 18:39:00 fw %ASA-5-111008: User 'admin' executed the 'write mem' command.",
        "Jun 7 18:39:00 host sshd[1]: hello",
        "<163>Jun 7 18:39:00 fw %ASA-6-3020",
        "<163>Jun 7 18:39:00 fw %ASA-6-302013: Built outbound TCP connection 9 for outside:10.1.2.1/2",
        "<163>Jun 7 18:39:00 fw %ASA-4-106023: Deny tcp src outside:1.2.3.4/70000 dst inside:1.2.3.5/9 "
        'by access-group "X"',
    ]
    reading = ASA.read("asa.log", "\n".join(lines).encode())
    assert reading.flows == 0
    assert notes(reading) == {"other-messages": 2}
    assert sorted(p.where for p in reading.problems) == ["asa.log:3", "asa.log:4", "asa.log:5"]


def test_a_year_is_the_newest_that_is_not_in_the_future() -> None:
    line = '<164>{} fw : %ASA-4-106023: Deny tcp src a:1.2.3.4/1 dst b:1.2.3.5/9 by access-group "X"'
    stamps = ["May 31 23:59:59", "Jun  1 12:00:00", "Jun 15 00:00:00", "Dec 31 23:59:59", "Feb 29 12:00:00"]
    reading = ASA.read("asa.log", "\n".join(line.format(s) for s in stamps).encode())
    assert [f["start_time"] for f in rows(reading)] == [
        "2025-05-31T23:59:59", "2025-06-01T12:00:00", "2024-06-15T00:00:00", "2024-12-31T23:59:59",
        "2024-02-29T12:00:00",
    ]  # fmt: skip
    assert notes(reading)["year-assumed"] == 5


def test_many_damaged_lines_are_all_counted() -> None:
    reading = ASA.read("asa.log", b"x %ASA-6-302013: Built\n" * 1000)
    assert damaged(reading) == 1000
    assert len(reading.problems) < 20


def test_it_recognises_its_own_and_nothing_else() -> None:
    assert ASA.recognises(b"x\n<166>Jan 1 00:00:00 fw : %FTD-6-302013: Built")
    assert not ASA.recognises(b"*Mar  1 00:00:00: %SYS-5-CONFIG_I: Configured\n%ASA is a firewall")
