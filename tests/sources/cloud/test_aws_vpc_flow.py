"""AWS: the examples of the *VPC Flow Logs* guide, default and custom formats."""

from __future__ import annotations

from tests.sources.tables.flow_rows import notes, plain

from slowworm.sources.cloud import AwsVpcFlow

FORM = AwsVpcFlow()
DEFAULT = """\
2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK
2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA
2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA
2 123456789010 eni-1235b8ca123456789 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT OK
"""  # noqa: E501
HEADER = (
    "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr "
    "pkt-dstaddr protocol bytes packets start end action tcp-flags log-status flow-direction\n"
)
PREFIX = "3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 123456789010 IPv4 "


def record(*, inner: str = "- -", packets: int = 8, flags: str = "2", way: str = "ingress") -> str:
    return (
        f"{PREFIX}52.213.180.42 10.0.0.62 43416 5001 {inner} 6 568 {packets} 1566848875 1566848933 ACCEPT {flags} "
        f"OK {way}\n"
    )


def test_the_default_format_needs_no_header() -> None:
    reading = FORM.read("aws.log", DEFAULT.encode())
    assert not reading.problems
    assert notes(reading) == {"no-data": 1, "skipped-data": 1}
    accepted, rejected, icmp, six = plain(reading)
    assert accepted == {
        "src_addr": "172.31.16.139", "dst_addr": "172.31.16.21", "protocol": 6, "src_port": 20641, "dst_port": 22,
        "packets": 20, "bytes": 4249, "exporter": "eni-1235b8ca123456789", "action": "allow",
        "start_time": "2014-12-14T04:06:50", "end_time": "2014-12-14T04:07:50",
    }  # fmt: skip
    assert rejected["action"] == "deny"
    assert not {"src_port", "dst_port", "icmp_type"} & set(icmp), "AWS does not log ICMP types"
    assert six["dst_addr"] == "2001:db8:1234:a102:3304:8879:34cf:4071"


def test_custom_formats_are_read_by_their_header() -> None:
    text = HEADER + record() + record(inner="52.213.180.42 10.0.0.99", way="egress", flags="18")
    reading = FORM.read("aws.log", text.encode())
    assert not reading.problems
    ingress, egress = plain(reading)
    assert (ingress["in_if"], "out_if" in ingress) == ("eni-1235b8ca123456789", False)
    assert (egress["out_if"], "in_if" in egress) == ("eni-1235b8ca123456789", False)
    assert (ingress["dst_addr"], egress["dst_addr"]) == ("10.0.0.62", "10.0.0.99"), (
        "the packet's address is the host's"
    )
    assert (ingress["packets"], ingress["bytes"]) == (8, 568)


def test_flags_that_lack_ack_are_not_taken_for_failures() -> None:
    cases = {
        ("2", 8): None,
        ("2", 1): 2,
        ("3", 9): 19,
        ("18", 7): 18,
        ("19", 7): 19,
        ("4", 1): 4,
        ("6", 5): None,
    }
    cases |= {("0", 5): None, ("-", 5): None}
    for (flags, packets), expected in cases.items():
        (flow,) = plain(FORM.read("aws.log", (HEADER + record(flags=flags, packets=packets)).encode()))
        assert flow.get("tcp_flags") == expected, (flags, packets)


def test_exports_of_cloudwatch_have_a_time_in_front() -> None:
    text = "".join(f"2019-05-10T18:01:16.000Z {line}\n" for line in DEFAULT.splitlines())
    reading = FORM.read("aws.log", text.encode())
    assert (reading.flows, reading.problems) == (4, ())
    assert FORM.recognises(text.encode())


def test_joined_files_repeat_their_header() -> None:
    reading = FORM.read("aws.log", ((HEADER + record()) * 2).encode())
    assert (reading.flows, reading.problems) == (2, ())


def test_damaged_records_are_problems_with_their_place() -> None:
    lines = [DEFAULT.splitlines()[0][:70], DEFAULT.splitlines()[0].replace(" 6 ", " 600 "), "hello", record()]
    lines += [DEFAULT.splitlines()[0].replace("ACCEPT", "ACEPT"), DEFAULT.splitlines()[0]]
    reading = FORM.read("aws.log", "\n".join(lines).encode())
    assert [p.where for p in reading.problems] == [f"aws.log:{i}" for i in (1, 2, 3, 4, 6)]
    assert reading.flows == 1


def test_it_recognises_its_own_and_nothing_else() -> None:
    assert FORM.recognises(DEFAULT.encode())
    assert FORM.recognises(HEADER.encode())
    assert not FORM.recognises(b"src_addr,dst_addr\n1.2.3.4,1.2.3.5\n")
    assert not FORM.recognises(b"show ip cache flow")
