"""Whatever happens to an input of a firewall, a cloud or a table: the good part is read, nothing raises."""

# ruff: noqa: E501 (log lines are as long as they are)
from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slowworm.flows.schema import ip_version, schema
from slowworm.sources.base import Reading
from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.cloud import AwsVpcFlow, AzureNsgFlow, GcpVpcFlow
from slowworm.sources.firewall import CiscoAsa, FortiGate, Netfilter, PanOs
from slowworm.sources.tables import MappedTable, Mapping, SlowwormCsv, SlowwormParquet

NOW = datetime(2025, 6, 1, tzinfo=UTC)
MAPPING = Mapping.parse(
    '[columns]\nsrc_addr = "s"\ndst_addr = "d"\nstart_time = "t"\npackets = "n"\naction = "a"\n',
    origin="m.toml",
)
ASA = rb"""<166>Jan 15 10:22:01 fw : %ASA-6-302013: Built outbound TCP connection 9 for outside:10.1.2.1/22 (10.1.2.1/22) to inside:10.1.1.2/53496 (192.0.2.9/53496)
<164>Apr 15 2017 00:22:42 fw: %ASA-4-106023: Deny icmp src outside:203.0.113.77 dst inside:10.1.2.10 (type 8, code 0) by access-group "O" [0x0, 0x0]
<166>Jan 15 10:22:31 fw : %ASA-6-302016: Teardown UDP connection 7 for outside:2001:db8::1/53(DOM\u) to inside:2001:db8::2/530 duration 0:00:30 bytes 90
<166>Jan  5 08:52:35 fw %ASA-6-302020: Built inbound ICMP connection for faddr 10.2.8.7/0(L\u) gaddr 10.2.8.5/0 laddr 10.2.8.5/0 type 8 code 0
<166>1 2018-06-27T12:17:46Z asa - - - %ASA-6-106100: access-list a denied tcp dmz/172.16.5.10(44000) -> inside/10.1.3.20(445) hit-cnt 3 first hit [0x1, 0x0]
"""
FORTI = b"""date=2019-05-10 time=11:37:47 logid="13" type="traffic" eventtime=1557513467369913239 srcip=10.1.100.11 srcport=58012 srcintf="port12" dstip=23.59.154.35 dstport=80 dstintf="p11" sessionid=10 proto=6 action="close" service="HTTP" duration=116 sentbyte=1188 rcvdbyte=1224 sentpkt=17 rcvdpkt=16
<189>date=2016-02-12 time=11:11:29 devname=FGT60 type=traffic srcip=2001:db8::1 dstip=2001:db8::2 proto=58 service="PING6" action=deny sentpkt=0 tz="-0700"
"""
PAN = b"""Oct 4 18:54:26 p 1,2023/10/04 18:54:26,0125,TRAFFIC,end,2561,2023/10/04 18:54:24,10.1.1.5,124.1.1.4,1.7.2.5,1.1.2.4,"R, x",u,,ssl,v,a,b,e1,e2,L,2023/10/04 18:54:24,725,1,49583,443,50464,443,0x4,tcp,allow,7312,2228,5084,22,2023/10/04 18:53:52,16,any,,72,0x8,x,y,,12,10,tcp-fin,34,0,0,0,,fw,p,,2023-10-04T18:54:25.443+08:00,,
1,2023/10/04 18:54:26,0125,TRAFFIC,drop,2561,2023/10/04 18:54:24,2001:db8::1,2001:db8::2,::,::,R,,,ping6,v,a,b,e1,,L,2023/10/04 18:54:24,0,1,0,0,0,0,0x4,icmp6,deny,98,98,0,1,2023/10/04 18:53:52,0,any,,72,0x8,x,y,,1,0,n/a
"""
NETFILTER = b"""Jun 23 08:51:22 s kernel: [486938.916177] [UFW BLOCK] IN=eth1 OUT= MAC=00:00 SRC=86.101.38.88 DST=10.0.0.1 LEN=60 TOS=0x00 ID=51005 DF PROTO=TCP SPT=41945 DPT=16881 WINDOW=7300 RES=0x00 SYN URGP=0
2024-01-15T10:30:00.5+02:00 s kernel: ACCEPT IN=w OUT= SRC=fe80::1 DST=ff02::1:3 LEN=86 PROTO=UDP SPT=5355 DPT=5355 LEN=46
[  20.5] DROP IN=eth0 OUT= SRC=1.2.3.4 DST=5.6.7.8 LEN=56 PROTO=ICMP TYPE=3 CODE=1 [SRC=5.6.7.8 DST=9.9.9.9 LEN=40 PROTO=TCP SPT=1 DPT=2 SYN ]
"""
AWS = b"""version srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags log-status flow-direction interface-id pkt-srcaddr
5 52.2.180.4 10.0.0.62 43416 5001 6 8 568 1566848875 1566848933 ACCEPT 2 OK ingress eni-1 1.2.3.4
5 2001:db8::1 2001:db8::2 4 5 17 8 568 1566848875 1566848933 REJECT - OK egress eni-1 -
5 - - - - - - - 1566848875 1566848933 - - NODATA - eni-1 -
"""
AZURE = json.dumps(
    {
        "records": [
            {
                "time": "2022-09-14T09:00:52Z", "macAddress": "00224871C205", "category": "FlowLogFlowEvent",
                "targetResourceID": "/s/vnet", "flowRecords": {"flows": [{"flowGroups": [{"flowTuples": [
                    "1663146003599,10.0.0.6,52.2.1.1,23956,443,6,O,B,NX,0,0,0,0",
                    f"1663146003{i},10.0.0.6,52.2.1.1,23956,443,6,O,E,NX,3,767,2,1580",
                    "1663146003637,fd00::4,fd00::5,0,0,58,I,D,NX,0,0,0,0",
                ]}]}]},
            }
            for i in (606, 706)
        ]
    },
    indent=1,
).encode()  # fmt: skip
GCP = "\n".join(
    json.dumps(
        {
            "insertId": "1", "timestamp": "2024-01-01T00:00:06Z",
            "jsonPayload": {
                "connection": {"src_ip": a, "dest_ip": b, "src_port": 4, "dest_port": 5, "protocol": 6},
                "bytes_sent": "1200", "packets_sent": "5", "reporter": "SRC", "disposition": "DENIED",
                "start_time": "2024-01-01T00:00:00.123456789Z", "src_instance": {"vm_name": "web-1"},
            },
        }
    )
    for a, b in (("10.0.0.2", "35.1.2.3"), ("fd00::1", "fd00::2"))
).encode()  # fmt: skip
CSV = (
    b"src_addr,dst_addr,protocol,src_port,dst_port,start_time,action,label,line\n"
    b'1.2.3.4,1.2.3.5,6,1,2,2024-01-01T00:00:00.5Z,deny,"a, ""b""",7\n2001:db8::1,2001:db8::2,17,,,,,,\n'
)
MAPPED = b"s;d;t;n;a\n1.2.3.4;1.2.3.5;1700000000;5;Drop\n2001:db8::1;2001:db8::2;2024-01-01 00:00:00;;\n"


def parquet() -> bytes:
    sink = io.BytesIO()
    four = pa.array([0x01020304, 5, 6] * 20, pa.uint32())
    text = pa.array(["a", None, "b"] * 20).dictionary_encode()
    time = pa.array([1, None, 3] * 20, pa.timestamp("ns", "UTC"))
    table = pa.table(
        {
            "src_addr": four,
            "dst_addr": four,
            "start_time": time,
            "in_if": text,
            "packets": pa.array([1, 2, None] * 20, pa.uint64()),
        }
    )
    pq.write_table(table, sink, row_group_size=20)
    return sink.getvalue()


SAMPLES: dict[str, tuple[ByteFormat, bytes]] = {
    "cisco-asa": (CiscoAsa(now=NOW), ASA),
    "fortigate": (FortiGate(now=NOW), FORTI),
    "pan-os": (PanOs(now=NOW), PAN),
    "netfilter": (Netfilter(now=NOW), NETFILTER),
    "aws-vpc-flow": (AwsVpcFlow(), AWS),
    "azure-nsg-flow": (AzureNsgFlow(), AZURE),
    "gcp-vpc-flow": (GcpVpcFlow(), GCP),
    "slowworm-csv": (SlowwormCsv(), CSV),
    "slowworm-parquet": (SlowwormParquet(), parquet()),
    "mapped-csv": (MappedTable(MAPPING), MAPPED),
}
TEXTS = [name for name in SAMPLES if "parquet" not in name]
LINES = [name for name in TEXTS if name not in ("azure-nsg-flow", "gcp-vpc-flow")]


def sound(reading: Reading) -> Reading:
    """The reading, checked: valid batches of the schema, as many flows as it says, problems with places."""
    for batch in reading.batches:
        batch.validate(full=True)
        assert batch.schema.equals(schema(ip_version(batch)))
    assert sum(batch.num_rows for batch in reading.batches) == reading.flows
    assert all(p.where.startswith("x") and p.count > 0 and p.text.isprintable() for p in reading.problems)
    return reading


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_itself_is_read_whole_and_recognised_by_its_own_format_only(name: str) -> None:
    form, data = SAMPLES[name]
    reading = sound(form.read("x", data))
    assert reading.flows > 0
    assert not reading.problems
    own = {n for n, (other, _) in SAMPLES.items() if other.recognises(data[:65_536])}
    # By a mapping, Parquet is Parquet.
    assert own == {name} | ({"mapped-csv"} if name == "slowworm-parquet" else set())


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_and_blank_input_is_read_as_no_flows(name: str) -> None:
    form, _ = SAMPLES[name]
    for data in (b"", b"\n\n", b"\x00", b" ", b"\xff\xfe", b"PAR1", b"PAR1PAR1", b"{", b'"'):
        assert sound(form.read("x", data)).flows == 0
        form.recognises(data)


@pytest.mark.parametrize("name", TEXTS)
def test_cut_at_any_place_what_stands_before_is_read(name: str) -> None:
    form, data = SAMPLES[name]
    most = 0
    for at in range(0, len(data), 7):
        reading = sound(form.read("x", data[:at]))
        most = max(most, reading.flows)
        form.recognises(data[:at])
    assert 0 < most <= form.read("x", data).flows + 2


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_with_bytes_changed_nothing_raises(name: str, flips: list[tuple[int, int]]) -> None:
    form, data = SAMPLES[name]
    changed = bytearray(data)
    for at, value in flips:
        changed[at % len(changed)] = value
    sound(form.read("x", bytes(changed)))
    form.recognises(bytes(changed))


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=25, deadline=None)
@given(order=st.lists(st.integers(0, 4), max_size=12), ends=st.sampled_from([b"\n", b"\r\n"]))
def test_lines_dropped_doubled_and_out_of_order_are_read_as_what_they_are(
    name: str, order: list[int], ends: bytes
) -> None:
    form, data = SAMPLES[name]
    lines = data.rstrip(b"\n").split(b"\n")
    headed = name in ("aws-vpc-flow", "slowworm-csv", "mapped-csv")
    head, rows = (lines[:1], lines[1:]) if headed else ([], lines)
    chosen = [rows[i % len(rows)] for i in order]
    reading = sound(form.read("x", ends.join([*head, *chosen])))
    assert not reading.problems or not (chosen or head)


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=25, deadline=None)
@given(junk=st.binary(max_size=200), at=st.integers(0, 5))
def test_a_line_of_anything_in_between_costs_no_other_line(name: str, junk: bytes, at: int) -> None:
    form, data = SAMPLES[name]
    # A byte order mark at the beginning would say that all of it is in another encoding.
    junk = junk.replace(b"\n", b"").replace(b"%", b"").lstrip(b"\xfe\xff\xef")
    lines = data.rstrip(b"\n").split(b"\n")
    if name == "azure-nsg-flow":
        at = 0  # one document: in the middle of it a record is lost
    place = min(at, len(lines) - 1) + (1 if name in ("aws-vpc-flow", "slowworm-csv", "mapped-csv") else 0)
    lines.insert(place, junk)
    reading = sound(form.read("x", b"\n".join(lines)))
    if name in LINES:
        assert reading.flows >= form.read("x", data).flows


@pytest.mark.parametrize("name", TEXTS)
def test_utf_16_and_a_byte_order_mark_do_not_matter(name: str) -> None:
    form, data = SAMPLES[name]
    flows = form.read("x", data).flows
    assert form.read("x", data.decode().encode("utf-16")).flows == flows
    assert form.read("x", b"\xef\xbb\xbf" + data).flows == flows


@pytest.mark.parametrize("name", TEXTS)
def test_one_endless_line_is_read_in_time(name: str) -> None:
    form, data = SAMPLES[name]
    for piece in (
        data.split(b"\n")[0],
        b"a,",
        b'"',
        b"SRC=1.2.3.4 ",
        b"{",
        b'{"time":1,',
        b"x:1/(",
        b"Jan  1 ",
    ):
        reading = sound(form.read("x", piece * (300_000 // len(piece))))
        assert reading.flows <= 2 or name not in LINES
        form.recognises((piece * 65_536)[:65_536])
