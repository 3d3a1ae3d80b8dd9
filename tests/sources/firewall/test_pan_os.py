"""PAN-OS: TRAFFIC lines in the field order of Palo Alto's *Traffic Log Fields*, several releases."""

from __future__ import annotations

from tests.sources.tables.flow_rows import notes, plain

from slowworm.sources.firewall import PanOs

FORM = PanOs()


def line(
    *, kind: str = "end", action: str = "allow", packets: str = "12,10", head: str = "Oct 4 18:54:26 panmgt01p ",
    session: int = 72568134, protocol: str = "tcp", application: str = "ssl", tail: str = "",
    src: str = "10.130.146.205", dst: str = "124.146.215.44", rule: str = '"Out, all"',
) -> str:  # fmt: skip
    sent, _, received = packets.partition(",")
    return (
        f"{head}1,2023/10/04 18:54:26,012501002341,TRAFFIC,{kind},2561,2023/10/04 18:54:24,{src},{dst},134.7.244.205,"
        rf"{dst},{rule},student\X,,{application},vsys1,bdr-trust,bdr-untrust,ethernet1/23,ethernet1/24,FP,"
        f"2023/10/04 18:54:24,{session},1,49583,443,50464,443,0x40441a,{protocol},{action},7312,2228,"
        f"{5084 if received != '0' else 0},22,2023/10/04 18:53:52,16,any,,7253419119627122716,0x8000000000000000,"
        f"10.0.0.0-10.255.255.255,Japan,,{sent},{received},tcp-rst-from-client,34,0,0,0,,b309-fu-fw,from-policy{tail}"
    )


def read(*lines: str) -> list[dict[str, object]]:
    reading = FORM.read("pan.log", "\n".join(lines).encode())
    assert not reading.problems, reading.problems
    return plain(reading)


def test_a_session_is_two_flows_opener_first() -> None:
    opener, answer = read(line())
    assert opener == {
        "src_addr": "10.130.146.205", "dst_addr": "124.146.215.44", "protocol": 6, "src_port": 49583,
        "dst_port": 443, "packets": 12, "bytes": 2228, "in_if": "ethernet1/23", "out_if": "ethernet1/24",
        "exporter": "b309-fu-fw", "action": "allow",
        "start_time": "2023-10-04T18:53:52", "end_time": "2023-10-04T18:54:08",
    }  # fmt: skip
    assert answer == {
        **opener, "src_addr": "124.146.215.44", "dst_addr": "10.130.146.205", "src_port": 443,
        "dst_port": 49583, "packets": 10, "bytes": 5084, "in_if": "ethernet1/24", "out_if": "ethernet1/23",
    }  # fmt: skip


def test_the_precise_time_stamp_of_later_releases_tells_the_zone() -> None:
    tail = ",,,0,,0,,N/A,0,0,0,0,9043,0,0,,,2023-10-04T18:54:25.443+08:00,,,encrypted-tunnel"
    reading = FORM.read("pan.log", line(tail=tail).encode())
    assert plain(reading)[0]["start_time"] == "2023-10-04T10:53:52"
    assert not notes(reading)
    assert notes(FORM.read("pan.log", line().encode())) == {"zone-assumed": 1}


def test_refused_sessions_are_denied() -> None:
    for kind, action in (("drop", "drop"), ("deny", "deny"), ("deny", "reset-both"), ("drop", "drop-icmp")):
        (flow,) = read(line(kind=kind, action=action, packets="1,0"))
        assert (flow["action"], flow["packets"]) == ("deny", 1)


def test_a_start_is_left_out_where_the_end_is_there_and_has_no_counters_else() -> None:
    reading = FORM.read("pan.log", "\n".join([line(kind="start", packets="1,0"), line()]).encode())
    assert [f["packets"] for f in plain(reading)] == [12, 10]
    assert notes(reading)["interim-records"] == 1
    (flow,) = read(line(kind="start", packets="1,0"))
    assert not {"packets", "bytes", "end_time"} & set(flow)


def test_releases_without_packets_by_direction_have_bytes_only() -> None:
    old = line(head="").split(",10.0.0.0-10.255.255.255")[0]
    opener, answer = read(old)
    assert (opener["bytes"], answer["bytes"], "packets" in opener) == (2228, 5084, False)
    assert opener["exporter"] == "012501002341"


def test_icmp_and_ipv6() -> None:
    opener, answer = read(
        line(src="2001:db8::1", dst="2001:db8::2", protocol="ipv6-icmp", application="ping6")
    )
    assert (opener["protocol"], opener["icmp_type"], answer["icmp_type"]) == (58, 128, 129)
    assert "src_port" not in opener


def test_other_logs_are_told_and_cut_lines_are_problems() -> None:
    lines = [line().replace(",TRAFFIC,", ",THREAT,"), "hello", line()[:300], line(src="1.2.3")]
    reading = FORM.read("pan.log", "\n".join(lines).encode())
    assert (reading.flows, notes(reading)) == (0, {"other-messages": 2})
    assert [p.where for p in reading.problems] == ["pan.log:3", "pan.log:4"]


def test_it_recognises_its_own_and_nothing_else() -> None:
    assert FORM.recognises(line().encode())
    assert not FORM.recognises(line().replace(",TRAFFIC,", ",THREAT,").encode())
