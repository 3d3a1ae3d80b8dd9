"""`show flow monitor NAME cache`: table, record and CSV, IPv4 and IPv6, cut, wrapped, collapsed and hostile."""

from __future__ import annotations

import textwrap
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slowworm.flows.addresses import parse_ipv4, to_objects
from slowworm.flows.table import flow_batch
from slowworm.sources.session import Section
from slowworm.sources.text.base import Found
from slowworm.sources.text.flow_monitor import FlowMonitorCache

PREAMBLE = """\
  Cache type:                               Normal (Platform cache)
  Cache size:                                 4096
  Current entries:                               3
  High Watermark:                              237

  Flows added:                               15420
  Flows aged:                                15183
    - Active timeout      (  1800 secs)        402
    - Inactive timeout    (    15 secs)      14781
    - Event aged                                 0
    - Watermark aged                             0
    - Emergency aged                             0

"""
TABLE = (
    PREAMBLE
    + """\
IPV4 SRC ADDR    IPV4 DST ADDR    TRNS SRC PORT  TRNS DST PORT  INTF INPUT            FLOW SAMPLER ID  \
IP TOS  IP PROT  tcp flags  intf output                bytes        pkts  time first    time last
===============  ===============  =============  =============  ====================  ===============  \
======  =======  =========  ====================  ==========  ==========  ============  ============
10.1.1.5         45.9.12.200               1042             80  Gi0/0/1                             0  \
0x00          6  0x02       Null                          96           2  10:03:20.123  10:03:23.123
10.1.1.5         77.3.200.14               1043             80  Gi0/0/1                             0  \
0x00          6  0x02       Gi0/0/0                       48           1  10:03:20.200  10:03:20.200
10.1.1.9         10.2.2.2                     0           2048  Gi0/0/1                             0  \
0xC0          1  0x00       Gi0/0/0                     420           5  10:03:21.000  10:03:25.000
"""
)
RECORD = (
    PREAMBLE
    + """\
IPV4 SOURCE ADDRESS:       10.251.138.218
IPV4 DESTINATION ADDRESS:  172.16.10.2
TRNS SOURCE PORT:          1042
TRNS DESTINATION PORT:     445
INTERFACE INPUT:           Et0/0.1
FLOW SAMPLER ID:           0
IP TOS:                    0x00
IP PROTOCOL:               6
ip source as:              0
ip destination as:         0
ipv4 next hop address:     172.16.7.2
ipv4 source mask:          /0
ipv4 destination mask:     /24
tcp flags:                 0x02
interface output:          Et1/0.1
counter bytes:             96
counter packets:           2
timestamp first:           08:09:20.020
timestamp last:            08:09:23.020

IPV4 SOURCE ADDRESS:       10.10.11.2
IPV4 DESTINATION ADDRESS:  172.16.10.6
TRNS SOURCE PORT:          0
TRNS DESTINATION PORT:     771
INTERFACE INPUT:           Et0/0.1
FLOW SAMPLER ID:           0
IP TOS:                    0x00
IP PROTOCOL:               1
ip source as:              0
ip destination as:         0
ipv4 next hop address:     172.16.7.2
ipv4 source mask:          /0
ipv4 destination mask:     /24
tcp flags:                 0x00
interface output:          Null
counter bytes:             672
counter packets:           12
timestamp first:           08:09:20.020
timestamp last:            08:09:30.020

"""
)
CSV = (
    PREAMBLE
    + """\
IPV4 SRC ADDR,IPV4 DST ADDR,TRNS SRC PORT,TRNS DST PORT,INTF INPUT,FLOW SAMPLER ID,IP TOS,IP PROT,ip src as,\
ip dst as,ipv4 next hop addr,ipv4 src mask,ipv4 dst mask,tcp flags,intf output,bytes,pkts,time first,time last
10.1.1.5,45.9.12.200,1042,80,Gi0/0/1,0,0x00,6,0,0,0.0.0.0,/0,/0,0x02,Null,96,2,10:03:20.123,10:03:23.123
10.1.1.5,77.3.200.14,1043,80,Gi0/0/1,0,0x00,6,0,0,10.9.9.9,/0,/0,0x12,Gi0/0/0,1500,3,10:03:20.2,10:03:21.2
"""
)
RECORD6 = """\
IPV6 SOURCE ADDRESS:        2001:DB8:1::20
IPV6 DESTINATION ADDRESS:   2001:DB8:2::10
INTERFACE INPUT:            Tw2/0/2
IP PROTOCOL:                58
TRNS SOURCE PORT:           0
TRNS DESTINATION PORT:      34560
interface output:           Null
counter packets long:       6238
timestamp abs first:        12:53:17.702
counter bytes layer2 long:  3193856

IPV6 SOURCE ADDRESS:        2001:DB8:1::41
IPV6 DESTINATION ADDRESS:   FE80::10
INTERFACE INPUT:            Tw2/0/2
IP PROTOCOL:                6
TRNS SOURCE PORT:           1025
TRNS DESTINATION PORT:      22
interface output:           Null
counter packets long:       1
timestamp abs first:        12:53:17.702
counter bytes layer2 long:  78
"""


def read(text: str, *, prompted: bool = False) -> Found:
    found = FlowMonitorCache().read(Section(path="f", text=text, line=1, hostname="r1", prompted=prompted))
    flow_batch(found.columns, rows=found.rows)  # every value fits the schema
    flow_batch(found.columns6, rows=found.rows6, ip_version=6)
    return found


def column(found: Found, name: str) -> list[object]:
    values = found.columns[name]
    assert isinstance(values, list)
    return values


def column6(found: Found, name: str) -> list[object]:
    batch = flow_batch(found.columns6, rows=found.rows6, ip_version=6)
    values: list[object] = batch.column(name).to_pylist()
    if name.endswith("_addr"):
        return [None if a is None else str(a) for a in to_objects(batch.column(name))]
    return values


def rest(found: Found) -> str:
    return " ".join(" ".join(piece.text for piece in found.rest).split())


def same(found: Found, whole: Found) -> bool:
    """Whether the flows are the same wherever they stood."""
    return {**found.columns, "line": 0} == {**whole.columns, "line": 0} and found.rows6 == whole.rows6


def test_a_table_is_read_with_nothing_left() -> None:
    found = read(TABLE)
    assert found.rows == 3
    assert column(found, "src_addr") == [parse_ipv4(a) for a in ("10.1.1.5", "10.1.1.5", "10.1.1.9")]
    assert column(found, "dst_addr") == [parse_ipv4(a) for a in ("45.9.12.200", "77.3.200.14", "10.2.2.2")]
    assert column(found, "protocol") == [6, 6, 1]
    assert column(found, "src_port") == [1042, 1043, None]
    assert column(found, "dst_port") == [80, 80, None]
    assert column(found, "tcp_flags") == [2, 2, 0]
    assert column(found, "bytes") == [96, 48, 420]
    assert column(found, "packets") == [2, 1, 5]
    assert column(found, "in_if") == ["Gi0/0/1"] * 3
    assert column(found, "out_if") == ["Null", "Gi0/0/0", "Gi0/0/0"]
    assert column(found, "line") == [16, 17, 18]
    assert "start_time" not in found.columns
    assert rest(found) == ""
    assert not found.notes


def test_a_record_listing_is_read_with_nothing_left() -> None:
    found = read(RECORD)
    assert column(found, "src_addr") == [parse_ipv4("10.251.138.218"), parse_ipv4("10.10.11.2")]
    assert column(found, "dst_addr") == [parse_ipv4("172.16.10.2"), parse_ipv4("172.16.10.6")]
    assert column(found, "dst_port") == [445, None]
    assert column(found, "in_if") == ["Et0/0.1", "Et0/0.1"]
    assert column(found, "out_if") == ["Et1/0.1", "Null"]
    assert column(found, "bytes") == [96, 672]
    assert column(found, "packets") == [2, 12]
    assert column(found, "line") == [14, 34]
    assert rest(found) == ""


def test_csv_is_read_with_nothing_left() -> None:
    found = read(CSV)
    assert column(found, "src_addr") == [parse_ipv4("10.1.1.5")] * 2
    assert column(found, "tcp_flags") == [2, 0x12]
    assert column(found, "bytes") == [96, 1500]
    assert column(found, "packets") == [2, 3]
    assert column(found, "line") == [15, 16]
    assert rest(found) == ""


def test_the_counters_above_a_cache_are_context() -> None:
    context = {c.name: (c.value, c.unit, c.where, c.router) for c in read(PREAMBLE).context}
    assert context["cache_entries"] == (4096.0, "flows", "f:2", "r1")
    assert context["flows_active"] == (3.0, "flows", "f:3", "r1")
    assert context["flows_high_watermark"] == (237.0, "flows", "f:4", "r1")
    assert context["flows_added"] == (15420.0, "flows", "f:6", "r1")
    assert context["flows_aged"] == (15183.0, "flows", "f:7", "r1")
    assert context["active_timeout"] == (1800.0, "seconds", "f:8", "r1")
    assert context["flows_aged_active"] == (402.0, "flows", "f:8", "r1")
    assert context["inactive_timeout"] == (15.0, "seconds", "f:9", "r1")
    assert context["flows_aged_inactive"] == (14781.0, "flows", "f:9", "r1")
    assert context["flows_aged_emergency"] == (0.0, "flows", "f:12", "r1")
    assert rest(read(PREAMBLE)) == ""


@pytest.mark.parametrize("text", [TABLE, RECORD, CSV])
def test_white_space_may_be_collapsed_into_one_line(text: str) -> None:
    found = read("show flow monitor FM cache " + " ".join(text.split()), prompted=True)
    assert same(found, read(text))
    assert rest(found) == "show flow monitor FM cache"


@pytest.mark.parametrize("text", [TABLE, RECORD])
@pytest.mark.parametrize("width", [20, 40, 72, 80, 132])
def test_lines_may_be_wrapped_at_white_space(text: str, width: int) -> None:
    reflowed = textwrap.fill(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)
    for wrapped in (reflowed, reflowed.replace("\n", "\r\n  ")):
        found = read(wrapped)
        assert same(found, read(text))
        assert rest(found) == ""
    by_line = "\n".join(
        textwrap.fill(" ".join(line.split()), width, break_long_words=False) for line in text.split("\n")
    )
    assert same(read(by_line), read(text))


def test_a_csv_listing_may_be_wrapped_by_a_terminal() -> None:
    header, first, second = CSV[len(PREAMBLE) :].splitlines()
    cut = header.index("ip src as")
    found = read("\n".join([header[:cut], header[cut:], first[:80], first[80:], second[:80], second[80:]]))
    assert same(found, read(CSV))
    assert rest(found) == ""


def test_every_line_may_be_followed_by_a_blank_one() -> None:
    for text in (TABLE, RECORD, CSV):
        assert same(read(text.replace("\n", "\n\n")), read(text))


def test_a_record_whose_values_stick_to_the_next_name_is_read() -> None:
    found = read(
        "Flow information:IPV4 SOURCE ADDRESS:10.1.1.2IPV4 DESTINATION ADDRESS:13.1.1.2INTERFACE INPUT:Se0/0/1"
        "TRNS SOURCE PORT:8974TRNS DESTINATION PORT:80IP TOS:0x00IP PROTOCOL:6FLOW SAMPLER ID:0"
        "FLOW DIRECTION:Inputipv4 source mask:/0ipv4 destination mask:/8counter bytes:205"
        "ipv4 next hop address:13.1.1.2tcp flags:0x1binterface output:Fa0/0counter packets:5"
        "timestamp first:00:09:12.596timestamp last:00:09:12.606ip source as:0ip destination as:0\n"
    )
    assert found.rows == 1
    assert [
        column(found, name) for name in ("src_addr", "dst_addr", "src_port", "dst_port", "in_if", "out_if")
    ] == [[parse_ipv4("10.1.1.2")], [parse_ipv4("13.1.1.2")], [8974], [80], ["Se0/0/1"], ["Fa0/0"]]
    assert [column(found, name) for name in ("tcp_flags", "bytes", "packets")] == [[0x1B], [205], [5]]
    assert rest(found) == ""


def test_ipv6_flows_are_apart_and_bytes_of_layer_2_are_not_octets_of_ip() -> None:
    found = read(RECORD6)
    assert (found.rows, found.rows6) == (0, 2)
    assert column6(found, "src_addr") == ["2001:db8:1::20", "2001:db8:1::41"]
    assert column6(found, "dst_addr") == ["2001:db8:2::10", "fe80::10"]
    assert column6(found, "icmp_type") == [135, None]
    assert column6(found, "icmp_code") == [0, None]
    assert column6(found, "dst_port") == [None, 22]
    assert column6(found, "packets") == [6238, 1]
    assert column6(found, "bytes") == [None, None]
    assert rest(found) == ""
    assert column6(read(" ".join(RECORD6.split())), "dst_addr") == ["2001:db8:2::10", "fe80::10"]


def test_ipv6_tables_and_csv_are_read() -> None:
    table = read(
        "IPV6 SRC ADDR     IPV6 DST ADDR     TRNS SRC PORT  TRNS DST PORT  IP PROT   pkts long\n"
        "================  ================  =============  =============  =======  ==========\n"
        "2001:DB8::1       2001:DB8::FFFF             1025            445        6           1\n"
        "::                FF02::1                       0              0        0           1\n"
        "::                ::                            0              0        0           1\n"
    )
    assert column6(table, "src_addr") == ["2001:db8::1", None]
    assert [(n.id, n.count) for n in table.notes] == [("not-ip-entries", 1)]
    csv = read("IPV6 SRC ADDR,IPV6 DST ADDR,IP PROT,pkts\nFE80::1,2001:DB8::FFFF,tcp,1\n")
    assert column6(csv, "src_addr") == ["fe80::1"]
    assert rest(table) == rest(csv) == ""


def test_an_ipv4_and_an_ipv6_cache_in_one_text_are_both_read() -> None:
    found = read(RECORD + PREAMBLE + RECORD6)
    assert (found.rows, found.rows6) == (2, 2)
    assert rest(found) == ""
    found = read(" ".join((RECORD + PREAMBLE + RECORD6 + TABLE + CSV).split()))
    assert (found.rows, found.rows6) == (7, 2)


def test_names_with_blanks_in_a_value_do_not_shift_columns() -> None:
    found = read(
        "IP VRF ID INPUT                IPV4 SRC ADDR    IPV4 DST ADDR    intf input            APPLICATION NAME"
        "                  pkts\n"
        "=============================  ===============  ===============  ====================  "
        "================  ==========\n"
        "0          (DEFAULT)           192.168.189.254    192.168.189.253    Gi0/1      layer7 facebook     2\n"
        "1          (blue)              192.168.16.254    192.168.16.253    Gi0/1     unclassified        3\n"
    )
    assert column(found, "packets") == [2, 3]
    assert column(found, "in_if") == ["Gi0/1", "Gi0/1"]
    assert column(found, "dst_addr") == [parse_ipv4("192.168.189.253"), parse_ipv4("192.168.16.253")]
    assert rest(found) == ""


def test_unknown_fields_are_passed_over_and_do_not_shift_columns() -> None:
    found = read(TABLE.replace("IP TOS", "ZORK X"))
    assert same(found, read(TABLE))
    assert rest(found) == ""
    found = read(
        RECORD.replace("IP TOS: ", "ZORK FIELD: ").replace("ip source as: ", "overlay ipv4 source address: ")
    )
    assert same(found, read(RECORD))
    assert rest(found) == ""
    found = read(CSV.replace("IP TOS", "ZORK"))
    assert same(found, read(CSV))
    assert rest(found) == ""


def test_a_row_with_an_empty_cell_is_not_read_with_shifted_columns() -> None:
    for text, rows in ((TABLE.replace("0x02", "    ", 1), 2), (TABLE.replace("0x02", "    "), 1)):
        found = read(text)
        assert found.rows == rows
        assert column(found, "dst_addr") == column(read(TABLE), "dst_addr")[-rows:]
        assert rest(found).startswith("10.1.1.5 45.9.12.200 1042 80")


def test_a_collapsed_header_with_unknown_names_is_ambiguous_and_left_alone() -> None:
    text = " ".join(TABLE[len(PREAMBLE) :].replace("IP TOS", "ZORK X").split())
    found = read(text)
    assert found.rows == 0
    assert rest(found) == text


def test_mixed_case_and_long_names_mean_the_same() -> None:
    found = read(
        RECORD.replace("counter bytes:", "counter bytes long:")
        .replace("counter packets", "pkts long")
        .replace("IPV4 SOURCE ADDRESS", "IPv4 Source Address")
        .replace("TRNS SOURCE", "transport source")
    )
    assert same(found, read(RECORD))


def test_icmp_fields_of_the_record_count_before_the_port() -> None:
    text = RECORD.replace("tcp flags:                 0x02", "icmp ipv4 type: 0\nicmp ipv4 code: 0")
    found = read(text.replace("tcp flags:                 0x00", "icmp ipv4 type: 8\nicmp ipv4 code: 0"))
    assert column(found, "icmp_type") == [None, 8]
    assert column(found, "icmp_code") == [None, 0]
    assert [column(read(RECORD), name) for name in ("icmp_type", "icmp_code")] == [[None, 3], [None, 3]]


def test_a_sampled_cache_is_noted() -> None:
    found = read(RECORD.replace("FLOW SAMPLER ID:           0", "FLOW SAMPLER ID:           1"))
    assert [(n.id, n.count) for n in found.notes] == [("sampled-cache", 2)]


def test_the_largest_flows_only_are_noted() -> None:
    found = read("Processed 26 flows\nAggregated to 26 flows\nShowing the top 3 flows\n" + TABLE)
    assert [n.id for n in found.notes] == ["top-talkers-only"]
    assert rest(found) == ""


def test_an_aggregate_without_destinations_says_that_it_gives_no_verdict() -> None:
    found = read(
        "Processed 17 flows\nAggregated to 2 flows\n\n"
        "IPV4 SRC ADDR         flows       bytes        pkts\n"
        "===============  ==========  ==========  ==========\n"
        "10.251.10.1               2        1400          50\n"
        "10.10.11.1                7         364           7\n"
    )
    assert column(found, "dst_addr") == [None, None]
    assert [(n.id, n.count) for n in found.notes] == [("no-destination-field", 2)]
    assert rest(found) == ""


def test_the_address_of_all_zeros_is_no_host() -> None:
    text = RECORD.replace("10.251.138.218", "0.0.0.0")
    assert column(read(text), "src_addr") == [None, parse_ipv4("10.10.11.2")]
    found = read(text.replace("172.16.10.2", "0.0.0.0"))
    assert found.rows == 1
    assert [(n.id, n.count) for n in found.notes] == [("not-ip-entries", 1)]
    assert rest(found) == ""


def test_null_as_input_means_unknown_and_as_output_dropped() -> None:
    found = read(RECORD.replace("Et0/0.1", "Null   "))
    assert column(found, "in_if") == [None, None]
    assert column(found, "out_if") == ["Et1/0.1", None]


def test_a_protocol_without_ports_has_none() -> None:
    found = read(RECORD.replace("IP PROTOCOL:               6", "IP PROTOCOL:               89"))
    assert column(found, "protocol") == [89, 1]
    assert column(found, "dst_port") == [None, None]


@pytest.mark.parametrize("text", [TABLE, RECORD, CSV])
@pytest.mark.parametrize("damaged", ["10.2.2.999", "10.2.2", "x"])
def test_a_row_with_an_invalid_address_stays_in_the_rest(text: str, damaged: str) -> None:
    for address in ("77.3.200.14", "172.16.10.6"):
        found = read(text.replace(address, damaged))
        if address in text:
            assert found.rows == read(text).rows - 1
            assert damaged in rest(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1042", "99999"),
        ("0x02", "0xZZ"),
        ("      6  0x", "    999  0x"),
        (",6,", ",zork,"),
        ("IP PROTOCOL:               6", "IP PROTOCOL:             256"),
    ],
)
def test_a_row_with_an_impossible_value_stays_in_the_rest(old: str, new: str) -> None:
    for text in (TABLE, RECORD, CSV):
        if old in text:
            assert read(text.replace(old, new)).rows < read(text).rows
            assert new.split()[-1].strip(",") in rest(read(text.replace(old, new)))


@pytest.mark.parametrize("text", [TABLE, RECORD, CSV])
def test_what_is_cut_off_anywhere_is_never_read_wrongly(text: str) -> None:
    whole = read(text)
    for end in range(len(text)):
        found = read(text[:end])
        for name in ("src_addr", "dst_addr", "protocol", "src_port", "dst_port", "in_if"):
            assert found.rows == 0 or column(found, name) == column(whole, name)[: found.rows]


@pytest.mark.parametrize("text", [TABLE, RECORD, CSV])
def test_what_has_lost_its_beginning_is_never_read_wrongly(text: str) -> None:
    whole = read(text)
    rows = set(zip(*(column(whole, n) for n in ("src_addr", "dst_addr", "src_port", "packets")), strict=True))
    for tail in (text, " ".join(text.split())):
        for begin in range(0, len(tail), 3):
            found = read(tail[begin:])
            if (
                found.rows
                and "src_port" in found.columns
                and not any(n.id.startswith("no-") for n in found.notes)
            ):
                seen = zip(*(column(found, n) for n in ("dst_addr", "src_port", "packets")), strict=True)
                assert set(seen) <= {row[1:] for row in rows}


def test_the_last_entry_of_a_record_listing_cut_off_stays_in_the_rest() -> None:
    found = read(RECORD[: RECORD.rindex("counter bytes")])
    assert found.rows == 1
    assert rest(found).startswith("IPV4 SOURCE ADDRESS: 10.10.11.2 IPV4 DESTINATION ADDRESS: 172.16.10.6")


def test_foreign_text_stays_where_it_is() -> None:
    alien = "*Mar  1 00:01:02.123: %SYS-5-CONFIG_I: Configured from console\n"
    found = read(TABLE.replace("10.1.1.9 ", f"{alien}10.1.1.9 ") + "some other text\n")
    assert found.rows == 3
    assert rest(found) == f"{alien.strip()} some other text".replace("  ", " ")
    found = read(RECORD.replace("IP TOS:", f"{alien}IP TOS:", 1))
    assert found.rows == 2
    assert rest(found) == alien.strip().replace("  ", " ")


def test_an_empty_cache_is_understood() -> None:
    assert rest(read(PREAMBLE + "There are no cache entries to display.\n")) == ""


@pytest.mark.parametrize(
    "command",
    [
        "show flow monitor FM-1 cache",
        "sh flow mon FM cache format table",
        "show flow monitor name FM cache format csv",
        "sho fl mon FM ca format record",
        "show flow monitor FM cache sort highest counter packets top 10 format table",
        "show flow monitor FM cache aggregate ipv4 source address",
        "show flow mon FM cache | include 445",
    ],
)
def test_commands_match_whole_with_abbreviations_and_filters(command: str) -> None:
    match = FlowMonitorCache().command.match(command)
    assert match is not None
    assert match[0] == command


@pytest.mark.parametrize(
    "command", ["show flow monitor FM", "show flow monitor FM statistics", "show flow exporter"]
)
def test_other_commands_do_not_match(command: str) -> None:
    assert FlowMonitorCache().command.match(command) is None


@pytest.mark.parametrize("text", [TABLE, RECORD, CSV])
def test_the_command_ends_before_collapsed_output(text: str) -> None:
    for output in (text, text[len(PREAMBLE) :]):
        match = FlowMonitorCache().command.match(
            "show flow monitor FM cache format table " + " ".join(output.split())
        )
        assert match is not None
        assert match[0] == "show flow monitor FM cache format table"


def test_claims_listings_but_not_configurations() -> None:
    section = Section(path="f", text="", line=1)
    for text in (TABLE, RECORD, CSV, RECORD6, TABLE[len(PREAMBLE) :], " ".join(CSV.split()), PREAMBLE):
        assert FlowMonitorCache().claims(replace(section, text=text))
    assert FlowMonitorCache().claims(replace(section, text=" show flow mon x cache\n", prompted=True))
    config = "flow record FR\n match ipv4 source address\n match ipv4 destination address\n collect counter bytes\n"
    assert not FlowMonitorCache().claims(replace(section, text=config))
    assert read(config).rows == 0
    assert rest(read(config)) == " ".join(config.split())


HOSTILE = [
    " ",
    "\n",
    "=",
    "=== ",
    "==\n",
    "a:",
    "a: ",
    ",",
    "a,",
    "a,\n",
    "1.1.1.1 ",
    "1.1.1.1,",
    "::1 ",
    "bytes:",
    "bytes: 1 ",
    "IPV4 SRC ADDR  IPV4 DST ADDR\n=== ===\n",
    "IPV4 SRC ADDR,",
    "IPV4 SRC ADDR,\n",
    "IPV4 SRC ADDR  ",
    "Flows aged: 1 ",
    "IPV4 SOURCE ADDRESS: ",
    "IPV4 SOURCE ADDRESS: x IPV4 DESTINATION ADDRESS: y\n",
    "- Active timeout ( ",
    "bytes:" + "ip" * 38 + " port:",
    "IPV4 SRC ADDR  X\n===  ===\n" + "1.1.1.1.1 x\n" * 500,
    "(a) ",
    "\xe9",
    "FLOW ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_is_read_in_linear_time(piece: str) -> None:
    section = Section(path="f", text=piece * (1_000_000 // len(piece)), line=1, prompted=True)
    begun = time.process_time()
    FlowMonitorCache().claims(section)
    assert FlowMonitorCache().read(section).rows == 0
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("head", [TABLE, CSV, RECORD])
@pytest.mark.parametrize(
    "piece", ["1.1.1.1.1 ", "x\n", "1,2\n", "a: b\n", "IP TOS: 1\n", "10.1.1.5 10.1.1.6 1 1\n"]
)
def test_a_megabyte_behind_a_real_header_is_read_in_linear_time(head: str, piece: str) -> None:
    begun = time.process_time()
    assert read(head + piece * (1_000_000 // len(piece))).rows >= 2
    assert time.process_time() - begun < 10


@settings(deadline=None)
@given(st.text(alphabet=" \n\t:,=.()-/%#_a0159fIPV46ipSRCDTN\xe9", max_size=300), st.integers(0, 1600))
def test_no_text_raises_and_lines_stay_lines(noise: str, at: int) -> None:
    for listing in (TABLE, RECORD, CSV, RECORD6):
        text = listing[:at] + noise + listing[at:]
        found = read(text)
        assert [len(piece.text) for piece in found.rest] == [len(text)]
        assert found.rest[0].text.count("\n") == text.count("\n")
