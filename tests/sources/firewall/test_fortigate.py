"""FortiGate: sessions with counters of both directions, as in Fortinet's *Log Message Reference*."""

from __future__ import annotations

from tests.sources.tables.flow_rows import notes, plain

from slowworm.sources.firewall import FortiGate

FORM = FortiGate()
CLOSE = (
    'date=2019-05-10 time=11:37:47 logid="0000000013" type="traffic" subtype="forward" level="notice" vd="vdom1" '
    'eventtime=1557513467369913239 srcip=10.1.100.11 srcport=58012 srcintf="port12" srcintfrole="undefined" '
    'dstip=23.59.154.35 dstport=80 dstintf="port11" dstintfrole="undefined" sessionid=105048 proto=6 '
    'action="close" policyid=1 policytype="policy" service="HTTP" dstcountry="United States" trandisp="snat" '
    "transip=172.16.200.2 transport=58012 duration=116 sentbyte=1188 rcvdbyte=1224 sentpkt=17 rcvdpkt=16"
)
OLD = (
    "<189>date=2016-02-12 time=11:11:29 devname=FGT60 devid=FG1 logid=0000000013 type=traffic subtype=forward "
    'srcip=192.168.1.183 srcname="a srcip=6.6.6.6 b" srcport=45719 srcintf="port15" dstip=192.168.70.184 '
    'dstport=445 dstintf=unknown0 sessionid=0 proto=6 action={action} policyid=0 service="SMB" duration=0 '
    'sentbyte={sent} rcvdbyte={received} sentpkt={sent} rcvdpkt={received} tz="-0700"'
)


def read(*lines: str) -> list[dict[str, object]]:
    reading = FORM.read("forti.log", "\n".join(lines).encode())
    assert not reading.problems, reading.problems
    return plain(reading)


def test_a_session_is_two_flows_opener_first() -> None:
    opener, answer = read(CLOSE)
    assert opener == {
        "src_addr": "10.1.100.11", "dst_addr": "23.59.154.35", "protocol": 6, "src_port": 58012, "dst_port": 80,
        "packets": 17, "bytes": 1188, "in_if": "port12", "out_if": "port11", "action": "allow",
        "start_time": "2019-05-10T18:35:51.369913239", "end_time": "2019-05-10T18:37:47.369913239",
    }  # fmt: skip
    assert answer == {
        **opener, "src_addr": "23.59.154.35", "dst_addr": "10.1.100.11", "src_port": 80, "dst_port": 58012,
        "packets": 16, "bytes": 1224, "in_if": "port11", "out_if": "port12",
    }  # fmt: skip


def test_a_denied_session_counts_nothing_and_a_name_cannot_pass_for_a_key() -> None:
    (flow,) = read(OLD.format(action="deny", sent=0, received=0))
    assert flow == {
        "src_addr": "192.168.1.183", "dst_addr": "192.168.70.184", "protocol": 6, "src_port": 45719,
        "dst_port": 445, "in_if": "port15", "exporter": "FGT60", "action": "deny",
        "start_time": "2016-02-12T18:11:29", "end_time": "2016-02-12T18:11:29",
    }  # fmt: skip


def test_every_end_of_an_allowed_session_is_an_allow() -> None:
    for action in ("accept", "close", "timeout", "client-rst", "server-rst", "ip-conn", '"dns"'):
        flows = read(OLD.format(action=action, sent=3, received=0))
        assert [(f["action"], f["packets"]) for f in flows] == [("allow", 3)], "no packets, no answer"


def test_a_session_that_starts_has_no_counters_yet() -> None:
    (flow,) = read(OLD.format(action="start", sent=1, received=1))
    assert flow["action"] == "allow"
    assert not {"packets", "bytes", "end_time"} & set(flow)


def test_of_interim_lines_the_last_has_the_totals() -> None:
    interim = CLOSE.replace('"close"', '"accept"').replace("sentpkt=17", "sentpkt=9")
    reading = FORM.read("f", "\n".join([interim, CLOSE, CLOSE.replace("105048", "105049")]).encode())
    assert [f["packets"] for f in plain(reading)] == [17, 16, 17, 16]
    assert notes(reading) == {"interim-records": 1}


def test_icmp_types_come_from_the_service() -> None:
    line = (
        'date=2019-05-10 time=11:37:47 logid="1" type="traffic" srcip={a} dstip={b} proto={p} action="accept" '
        'service="{s}" sentbyte=104 rcvdbyte=104 sentpkt=1 rcvdpkt=1 srcport=5 dstport=0 tz="+0000"'
    )
    ping, echo = read(line.format(a="2001:db8::1", b="2001:db8::2", p=58, s="PING6"))
    assert (ping["icmp_type"], echo["icmp_type"], "src_port" in ping) == (128, 129, False)
    (unreachable, _) = read(line.format(a="1.2.3.4", b="1.2.3.5", p=1, s="icmp/3/1"))
    assert (unreachable["icmp_type"], unreachable["icmp_code"]) == (3, 1)
    (unknown, _) = read(line.format(a="1.2.3.4", b="1.2.3.5", p=1, s="ALL_ICMP"))
    assert "icmp_type" not in unknown


def test_other_types_are_told_and_cut_lines_are_problems() -> None:
    lines = [
        CLOSE.replace('"traffic"', '"event"'),
        "hello",
        CLOSE[:200],
        CLOSE.replace("dstport=80", "dstport=x"),
    ]
    reading = FORM.read("f", "\n".join(lines).encode())
    assert (reading.flows, notes(reading)) == (0, {"other-messages": 2})
    assert [p.where for p in reading.problems] == ["f:3", "f:4"]


def test_times_without_a_zone_are_told() -> None:
    reading = FORM.read("f", CLOSE.replace("eventtime=1557513467369913239 ", "").encode())
    assert plain(reading)[0]["end_time"] == "2019-05-10T11:37:47"
    assert notes(reading) == {"zone-assumed": 1}


def test_it_recognises_its_own_and_nothing_else() -> None:
    assert FORM.recognises(CLOSE.encode())
    assert FORM.recognises(OLD.encode())
    assert not FORM.recognises(CLOSE.replace('"traffic"', '"event"').encode())
