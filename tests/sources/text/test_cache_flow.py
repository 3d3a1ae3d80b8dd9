"""`show ip cache flow` in all the shapes in which it is pasted, its summary tables, and its verbose and top forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import EXAMPLES, HEADER, SHARED, Row, collapsed, listing

from slowworm.sources.base import Note, Reading
from slowworm.sources.formats import Formats
from slowworm.sources.inputs import read_bytes
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.flow_monitor import FlowMonitorCache
from slowworm.sources.text.ip_accounting import IpAccounting
from slowworm.sources.text.mls_entry import MlsEntry
from slowworm.sources.text.mls_ip import MlsIp

FORMATS = Formats(text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()))
WEB = SHARED / "data" / "cisco-text" / "web"
DOCUMENT = SHARED / "facts" / "12808.txt"


def read(text: str) -> Reading:
    return read_bytes("f", text.encode(), FORMATS)


def rows_of(reading: Reading) -> list[dict[str, object]]:
    return [row for batch in reading.batches for row in batch.to_pylist()]


def values(reading: Reading, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in rows_of(reading)]


def told(reading: Reading) -> list[Row]:
    """The rows read, as the rows that a router prints."""

    def rows() -> Iterator[Row]:
        for row in rows_of(reading):
            icmp = row["protocol"] == 1
            assert (row["src_port"] is None) == (row["dst_port"] is None) == icmp
            assert (row["icmp_type"] is None) == (row["icmp_code"] is None) == (not icmp)
            port = (
                number(row["icmp_type"]) * 256 + number(row["icmp_code"]) if icmp else number(row["dst_port"])
            )
            yield Row(
                src=str(IPv4Address(number(row["src_addr"]))),
                dst=str(IPv4Address(number(row["dst_addr"]))),
                sp=0 if icmp else number(row["src_port"]),
                dp=port,
                packets=number(row["packets"]),
                protocol=number(row["protocol"]),
                in_if=str(row["in_if"]),
                out_if=str(row["out_if"]),
            )

    return list(rows())


def number(value: object) -> int:
    assert isinstance(value, int)
    return value


def note(reading: Reading, wanted: str) -> Note | None:
    found = [n for n in reading.notes if n.id == wanted]
    assert len(found) <= 1
    return found[0] if found else None


INTERFACES = st.sampled_from(
    ["Vl1", "Null", "Local", "Se1/0*", "Gi0/1.100", "Et0/0", "Tu100", "Se0/0:1", "Po1.5*", "AT1/0.1", "Vi2.1"]
)
ADDRESSES = st.integers(0, 2**32 - 1).map(lambda value: str(IPv4Address(value)))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    protocol = draw(st.sampled_from([1, 2, 6, 17, 47, 50, 255]))
    return Row(
        src=draw(ADDRESSES),
        dst=draw(ADDRESSES),
        sp=0 if protocol == 1 else draw(st.integers(0, 65535)),
        dp=draw(st.integers(0, 65535)),
        packets=draw(st.integers(0, 10**12)),
        protocol=protocol,
        in_if=draw(INTERFACES),
        out_if=draw(INTERFACES),
    )


# Rows


@settings(max_examples=150, deadline=None)
@given(
    st.lists(rows(), min_size=1, max_size=12),
    st.sampled_from(["printed", "collapsed", "crlf", "no header", "wrapped"]),
)
def test_what_a_router_prints_is_what_is_read(printed: list[Row], form: str) -> None:
    text = listing(printed)
    text = {
        "printed": text,
        "collapsed": collapsed(text),
        "crlf": text.replace("\n", "\r\n"),
        "no header": "\n".join(map(str, printed)),
        "wrapped": re.sub(r" (?=[0-9A-F]{2} )", "\n", text),
    }[form]
    reading = read(text)
    assert told(reading) == printed
    assert reading.problems == ()
    assert reading.formats == (("show-ip-cache-flow", len(printed)),)


CODE_RED = EXAMPLES / "codered-netflow.txt"
SOURCES = [
    "193.23.45.35", "211.101.189.208", "193.23.45.35", "61.146.138.212", "193.23.45.35", "202.96.242.110",
    "193.23.45.35", "193.23.45.35", "193.23.45.35", "24.180.26.253",
]  # fmt: skip


@pytest.mark.parametrize("form", ["printed", "collapsed"])
def test_the_capture_of_the_document_as_printed(form: str) -> None:
    text = CODE_RED.read_text()
    found = told(read(collapsed(text) if form == "collapsed" else text))
    assert [row.src for row in found] == SOURCES
    assert [row.packets for row in found] == [2, *[1] * 9]
    assert {row.dp for row in found} == {80}
    assert found[0] == Row("193.23.45.35", "2.34.56.12", 0x0F9F, 80, 2)
    assert [row.out_if for row in found if row.src != "193.23.45.35"] == ["Null"] * 4


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the public document is not here")
def test_the_capture_of_the_document_as_its_public_copy_damaged_it() -> None:
    line = DOCUMENT.read_text().splitlines()[11]
    assert "scram scrappers dative" in line
    reading = read(line)
    assert told(reading) == told(read(CODE_RED.read_text()))
    assert values(reading, "exporter", "line") == [("Router", 1)] * 10
    assert reading.problems == ()


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the public document is not here")
def test_the_whole_document_gives_its_captures_on_their_lines_and_its_prose_as_not_understood() -> None:
    reading = read_bytes("f", DOCUMENT.read_bytes(), FORMATS)
    assert dict(reading.formats) == {
        "show-ip-cache-flow": 10, "show-ip-accounting": 16, "show-mls-entry": 0, "show-mls-ip": 0,
    }  # fmt: skip
    assert [line for (line,) in values(reading, "line")] == [12] * 10 + [21] * 16
    assert any(p.where == "f:14" and p.text.startswith("(*)Another version") for p in reading.problems)
    other = note(reading, "other-commands")
    assert other is not None
    assert "show ip cef summary" in other.text


@pytest.mark.parametrize(
    "header",
    [
        "... scram scrappers dative DstIPaddress Pr SrcP DstP Pkts",
        "SrcIf SrcIPaddress DstIf DstIPadd ress Pr SrcP DstP Pk ts",
        "rcIf SrcIPaddress DstIf DstIPaddress Pr SrcP DstP",
        "SrcIf  SrcIPaddressDstIf  DstIPaddress  Pr SrcP DstP  Pkts",
        "SrcIPaddress DstIPaddress SrcP",
    ],
)
@pytest.mark.parametrize("glue", ["\n", " "])
def test_a_damaged_header_hides_nothing_beside_it(header: str, glue: str) -> None:
    row = Row("1.2.3.4", "5.6.7.8", 1, 2, 3)
    text = glue.join(
        ["R1#show ip cache flow | include 0050", header, "Vl1 1.2.3.4 Vl3 5.6.7 06 0001", str(row)]
    )
    reading = read(text)
    assert told(reading) == [row]
    assert len(reading.problems) == 1
    assert "Vl1 1.2.3.4 Vl3 5.6.7 06 0001" in reading.problems[0].text


def test_two_header_words_in_prose_are_no_header() -> None:
    reading = read(f"look at SrcP and DstP of it\n{Row('1.2.3.4', '5.6.7.8', 1, 2, 3)}\n")
    assert [p.text for p in reading.problems] == ["look at SrcP and DstP of it"]


@pytest.mark.parametrize("last", ["Pkts", "Bytes"])
def test_a_header_that_lost_the_end_of_its_line_is_not_part_of_the_first_interface(last: str) -> None:
    text = HEADER.removesuffix("Pkts") + last + "Vl1 1.2.3.4 Vl3 5.6.7.8 06 0001 0002 3\n"
    reading = read(text)
    assert values(reading, "in_if", "packets" if last == "Pkts" else "bytes") == [("Vl1", 3)]
    assert reading.problems == ()


def test_a_fragment_of_include_needs_no_header_and_no_prompt() -> None:
    text = "Vl1  1.2.3.4  Null  5.6.7.8  06 0F9F 0050  1\nVl1  1.2.3.4  Vl3  5.6.7.9  06 0050 0FA0  2\n"
    assert [(row.sp, row.dp) for row in told(read(text))] == [(0x0F9F, 80), (80, 0x0FA0)]


def test_icmp_has_type_and_code_where_tcp_has_ports() -> None:
    reading = read("Se1/0 172.16.0.254 Local 172.16.0.253 01 0000 0301 5\n")
    assert values(reading, "icmp_type", "icmp_code", "src_port", "dst_port") == [(3, 1, None, None)]


@pytest.mark.parametrize(
    ("last", "cut"),
    [
        ("Vl1           193.23.45.35    Vl3           9.54.33.121     06 10", True),
        ("Vl1           193.23.45.35    Vl3           9.54.33.121     06 1000 0050", True),
        ("Vl1           193.23.45.35    Vl3           9.54.33", True),
        ("Vl1           193.23.45.35", True),
        ("Vl1           193.23.", True),
        ("Gi0/1.100*    193.23", True),
        ("Null          193.23.45.35    Vl", True),
        ("Vl1", False),
    ],
)
@pytest.mark.parametrize("ends", ["", "\n", "\r\n", " Router#"])
def test_a_truncated_last_row_is_reported_on_its_line(last: str, cut: bool, ends: str) -> None:
    first = Row("1.2.3.4", "5.6.7.8", 1, 2, 3)
    reading = read(f"Router#show ip cache flow\n{HEADER}\n{first}\n{last}{ends}")
    assert told(reading) == [first]
    (problem,) = reading.problems
    assert problem.where == "f:4"
    assert problem.text == ("cut off or damaged row: " if cut else "") + last


@settings(max_examples=100, deadline=None)
@given(rows(), st.integers(0, 7), st.sampled_from(["", "?", "999.1.2.3", "12345"]))
def test_a_damaged_row_is_never_lost_in_silence(damaged: Row, place: int, instead: str) -> None:
    first, last = Row("1.2.3.4", "5.6.7.8", 1, 2, 3), Row("1.2.3.4", "5.6.7.9", 1, 2, 3)
    words = str(damaged).split()
    words[place] = instead if place != 7 or instead != "12345" else "-"
    if words[0] == "12345":
        words[0] = "-"
    text = "\n".join(["Router#show ip cache flow", HEADER, str(first), " ".join(words), str(last), ""])
    reading = read(text)
    assert {row.dst for row in told(reading)} >= {first.dst, last.dst}
    assert reading.flows == 2
    assert [p.where for p in reading.problems] == ["f:4"]


def test_several_routers_in_one_file_keep_their_names() -> None:
    a, b = Row("1.2.3.4", "5.6.7.8", 1, 2, 3), Row("1.2.3.5", "5.6.7.9", 1, 2, 3)
    text = listing([a, a], router="edge1") + listing([b], router="edge2") + listing([a], router="edge1")
    for session in (text, collapsed(text)):
        reading = read(session)
        assert [e for (e,) in values(reading, "exporter")] == ["edge1", "edge1", "edge2", "edge1"]
        assert told(reading) == [a, a, b, a]


def test_headers_repeated_by_paging_are_furniture() -> None:
    row = Row("1.2.3.4", "5.6.7.8", 1, 2, 3)
    reading = read("\n".join([HEADER, str(row), "", HEADER, str(row), HEADER, HEADER, str(row)]))
    assert (reading.flows, reading.problems) == (3, ())


@pytest.mark.parametrize(
    "command",
    [
        "show ip cache flow",
        "sh ip ca fl",
        "sho ip cach flow | include 0050",
        "show ip cache flow | include 0050 | exclude Null",
        "show ip cache flow | include Vl1 .* 0050",
        "show ip cache flow|inc 0050",
        "do show ip cache flow",
        "show ip cache verbose flow",
        "SHOW IP CACHE FLOW",
        "show ip cahce flow",
    ],
)
def test_the_command_is_no_problem_however_it_was_typed(command: str) -> None:
    row = Row("1.2.3.4", "5.6.7.8", 1, 2, 3)
    for header in (HEADER + "\n", ""):
        reading = read(f"Router#{command}\n{header}{row}\nRouter#\n")
        assert (reading.flows, reading.problems) == (1, ())


# The summary tables

SUMMARY = """\
IP packet size distribution (48271906 total packets):
   1-32   64   96  128  160  192  224  256  288  320  352  384  416  448  480
   .001 .312 .091 .033 .018 .014 .011 .009 .008 .008 .007 .007 .006 .006 .006

    512  544  576 1024 1536 2048 2560 3072 3584 4096 4608
   .005 .005 .012 .049 .392 .000 .000 .000 .000 .000 .000

IP Flow Switching Cache, 4456704 bytes
  {active} active, 65050 inactive, 9182733 added
  151829301 ager polls, 3 flow alloc failures
  Active flows timeout in 30 minutes
  Inactive flows timeout in 15 seconds
IP Sub Flow Cache, 25800 bytes
  {active} active, 1019 inactive, 5 added, 5 added to flow
  0 alloc failures, 0 force free
  1 chunk, 1 chunk added
  last clearing of statistics 1w2d
Protocol         Total    Flows   Packets Bytes  Packets Active(Sec) Idle(Sec)
--------         Flows     /Sec     /Flow  /Pkt     /Sec     /Flow     /Flow
TCP-WWW        3371045      3.9        21   612     81.9       5.2      11.4
TCP-other        81106     12.5         2    57     25.0       3.1      10.2
UDP-DNS             1M      4.1         1    74      4.2       0.1      15.4
Total:         9124955     10.6        15   618    160.1       3.4      13.5

"""
NUMBERS = {
    "packets_total": (48271906, "packets", 2),
    "packets_up_to_64_bytes": (0.313, "share", 2),
    "cache_bytes": (4456704, "bytes", 9),
    "flows_inactive": (65050, "flows", 10),
    "flows_added": (9182733, "flows", 10),
    "flow_alloc_failures": (3, "flows", 11),
    "active_timeout": (1800, "seconds", 12),
    "inactive_timeout": (15, "seconds", 13),
    "TCP-WWW.flows": (3371045, "flows", 21),
    "TCP-WWW.flows_per_second": (3.9, "flows/s", 21),
    "TCP-WWW.packets_per_flow": (21, "packets", 21),
    "TCP-WWW.bytes_per_packet": (612, "bytes", 21),
    "TCP-other.bytes_per_packet": (57, "bytes", 22),
    "UDP-DNS.flows": (1_000_000, "flows", 23),
    "Total.flows": (9124955, "flows", 24),
}


def with_summary(printed: list[Row], *, active: int, command: str = "show ip cache flow") -> str:
    return "\n".join(
        [f"edge1#{command}", SUMMARY.format(active=active) + HEADER, *map(str, printed), "edge1#", ""]
    )


@pytest.mark.parametrize("form", ["printed", "collapsed", "crlf"])
def test_the_numbers_above_the_rows_are_context(form: str) -> None:
    row = Row("1.2.3.4", "5.6.7.8", 1, 2, 3)
    text = with_summary([row], active=1)
    reading = read({"printed": text, "collapsed": collapsed(text), "crlf": text.replace("\n", "\r\n")}[form])
    assert told(reading) == [row]
    assert reading.problems == ()
    found = {c.name: c for c in reading.context}
    assert len(found) == len(reading.context), "each number once: the sub flow cache counts the same flows"
    for name, (value, unit, line) in {**NUMBERS, "flows_active": (1, "flows", 10)}.items():
        assert (found[name].value, found[name].unit) == (value, unit), name
        assert found[name].where == f"f:{1 if form == 'collapsed' else line}", name
        assert found[name].router == "edge1"
        assert found[name].format == "show-ip-cache-flow"


@pytest.mark.parametrize("kept", range(SUMMARY.count("\n")))
def test_a_listing_truncated_in_its_tables_gives_the_numbers_above_the_cut(kept: int) -> None:
    text = "".join(SUMMARY.format(active=4).splitlines(keepends=True)[:kept])
    found = {c.name: c.value for c in read(f"edge1#show ip cache flow\n{text}").context}
    above = {name: value for name, (value, _, line) in NUMBERS.items() if line <= 1 + kept}
    if kept < 3:
        above.pop("packets_up_to_64_bytes", None)  # it stands two lines below the count of packets
    assert {name: found.get(name) for name in above} == above
    assert not found.keys() & (NUMBERS.keys() - above.keys())
    assert found.get("flows_active") == (4 if kept >= 9 else None)


@pytest.mark.parametrize("at", range(0, len(SUMMARY), 7))
def test_a_listing_truncated_in_a_word_gives_no_number_that_is_not_there(at: int) -> None:
    whole = {(c.name, c.value) for c in read(SUMMARY.format(active=4)).context}
    text = SUMMARY.format(active=4)[:at]
    reading = read(f"edge1#show ip cache flow\n{text}")
    last = {c.name for c in reading.context if c.where == f"f:{2 + text.count(chr(10))}"}
    assert {(c.name, c.value) for c in reading.context if c.name not in last} <= whole
    assert all(problem.text in text for problem in reading.problems), "what is not understood is quoted"


def test_a_sub_flow_cache_cut_off_in_its_line_does_not_count_the_flows_again() -> None:
    text = SUMMARY.format(active=4)
    cut = text[: text.index(", 5 added to flow")]
    assert [c.value for c in read(cut).context if c.name == "flows_active"] == [4]


def test_numbers_of_two_routers_name_their_router() -> None:
    text = with_summary([], active=0) + with_summary([], active=0).replace("edge1", "edge2")
    routers = [c.router for c in read(text).context if c.name == "packets_total"]
    assert routers == ["edge1", "edge2"]


@pytest.mark.parametrize("listed", [0, 1, 4])
@pytest.mark.parametrize("form", ["printed", "collapsed"])
def test_a_listing_shorter_than_its_own_summary_says_is_incomplete(listed: int, form: str) -> None:
    text = with_summary([Row("1.2.3.4", f"5.6.7.{n}", 1, 2, 3) for n in range(listed)], active=4)
    incomplete = note(read(collapsed(text) if form == "collapsed" else text), "cache-listing-incomplete")
    if listed == 4:
        assert incomplete is None
    else:
        assert incomplete is not None
        assert incomplete.count == 4 - listed
        assert "4 active flows" in incomplete.text
        assert f"f:{1 if form == 'collapsed' else 10}" in incomplete.text


@pytest.mark.parametrize(
    ("command", "complete"),
    [
        ("show ip cache flow", False),
        ("show ip cache flow | include 0050", True),
        ("show ip cache flow | exclude Null", True),
        ("sh ip ca fl|i 0050", True),
        ("show ip cache flow | include Vl1 .* 0050", True),
    ],
)
def test_a_filtered_listing_is_not_called_incomplete(command: str, complete: bool) -> None:
    reading = read(with_summary([Row("1.2.3.4", "5.6.7.8", 1, 2, 3)], active=4, command=command))
    assert (note(reading, "cache-listing-incomplete") is None) == complete


def test_each_listing_is_measured_by_its_own_summary() -> None:
    row = Row("1.2.3.4", "5.6.7.8", 1, 2, 3)
    text = with_summary([row] * 9, active=1) + with_summary([row], active=4).replace("edge1", "edge2")
    incomplete = note(read(text), "cache-listing-incomplete")
    assert incomplete is not None
    assert incomplete.count == 3


def test_a_summary_without_a_prompt_is_measured_too() -> None:
    incomplete = note(read(SUMMARY.format(active=7)), "cache-listing-incomplete")
    assert incomplete is not None
    assert incomplete.count == 7


@pytest.mark.skipif(not WEB.exists(), reason="the public texts are not here")
def test_a_public_listing_cut_off_behind_its_summary_says_so() -> None:
    reading = read((WEB / "show-ip-cache-flow-721pkts.txt").read_text())
    assert reading.formats == (("show-ip-cache-flow", 0),)
    incomplete = note(reading, "cache-listing-incomplete")
    assert incomplete is not None
    assert incomplete.count == 4
    assert {c.name: c.value for c in reading.context}["packets_up_to_64_bytes"] == 0.98


@pytest.mark.skipif(not WEB.exists(), reason="the public texts are not here")
def test_public_listings_with_odd_interfaces() -> None:
    found = told(read((WEB / "show-ip-cache-flow-dynamips-local-and-double-header.txt").read_text()))
    assert [(row.in_if, row.out_if, row.dp) for row in found] == [
        ("Se1/0", "Se1/0", 0),
        ("Se1/0", "Se1/0*", 0),
        ("Se1/0", "Local", 0x0800),
    ]
    (row,) = told(read((WEB / "show-ip-cache-flow-subif.txt").read_text()))
    assert (row.in_if, row.out_if, row.dp, row.packets) == ("Gi0/1.100", "Gi0/1.200", 0x0800, 5)


# The verbose form

VERBOSE_HEADER = """\
SrcIf          SrcIPaddress    DstIf          DstIPaddress    Pr TOS Flgs  Pkts
Port Msk AS                    Port Msk AS    NextHop              B/Pk  Active
"""


@dataclass(frozen=True)
class Entry:
    """An entry of `show ip cache verbose flow`."""

    row: Row
    flags: int
    size: int
    more: str = ""

    def __str__(self) -> str:
        row = self.row
        packets = f"{row.packets // 1000}K" if row.packets % 1000 == 0 and row.packets else str(row.packets)
        first = f"{row.in_if:<14} {row.src:<15} {row.out_if:<14} {row.dst:<15} {row.protocol:02X} 80  {self.flags:02X}"
        ports = f"{row.sp:04X} /0  0                     {row.dp:04X} /24 65001 0.0.0.0       "
        return f"{first} {packets:>7} \n{ports}        {self.size:3d}    10.8\n{self.more}"


MORE = st.sampled_from(
    [
        "",
        "MAC: (VLAN id) aaaa.bbbb.cc03  (005)          aaaa.bbbb.cc06  (006)\n",
        "Min plen:       840                           Max plen:       840\n"
        "Min TTL:         59                           Max TTL:         59\nIP id:            0\n",
        "ICMP type:     11                             ICMP code:         0\n",
        "FFlags: 01\n",
    ]
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(rows(), st.integers(0, 255), st.integers(20, 1500), MORE), min_size=1, max_size=8),
    st.booleans(),
)
def test_verbose_entries_have_flags_and_bytes(
    printed: list[tuple[Row, int, int, str]], as_one_line: bool
) -> None:
    entries = [Entry(*fields) for fields in printed]
    text = "Router#show ip cache verbose flow\n" + VERBOSE_HEADER + "".join(map(str, entries)) + "Router#\n"
    reading = read(collapsed(text) if as_one_line else text)
    assert told(reading) == [entry.row for entry in entries]
    assert values(reading, "tcp_flags", "bytes") == [(e.flags, e.row.packets * e.size) for e in entries]
    assert reading.problems == ()
    if not as_one_line:
        lines = [
            n for n, line in enumerate(text.split("\n"), 1) if re.match(r"\S+ +\d+\.\d+\.\d+\.\d+ ", line)
        ]
        assert [line for (line,) in values(reading, "line")] == lines


def test_verbose_entries_and_plain_rows_may_stand_in_one_section() -> None:
    plain, entry = Row("1.2.3.4", "5.6.7.8", 1, 2, 3), Entry(Row("1.2.3.5", "5.6.7.9", 1, 2, 4), 2, 48)
    reading = read(f"{HEADER}\n{plain}\n{VERBOSE_HEADER}{entry}")
    assert told(reading) == [plain, entry.row]
    assert values(reading, "bytes", "tcp_flags") == [(None, None), (192, 2)]


def test_half_a_verbose_entry_is_reported() -> None:
    entry = Entry(Row("1.2.3.5", "5.6.7.9", 1, 2, 4), 2, 48)
    half = str(entry).split("\n")[0]
    reading = read(f"R1#show ip cache verbose flow\n{VERBOSE_HEADER}{entry}{half}\n")
    assert reading.flows == 1
    assert [(p.where, p.text) for p in reading.problems] == [
        ("f:6", f"cut off or damaged row: {half.strip()}")
    ]


# Top talkers


def test_top_talkers_count_bytes_where_their_header_says_so() -> None:
    header, row = HEADER.replace("Pkts", "Bytes"), Row("1.2.3.4", "5.6.7.8", 1, 2, 300)
    ending = "1 of 10 top talkers shown. 3 flows processed."
    text = f"R1#show ip flow top-talkers\n\n{header}\n{row}\n{ending}\n"
    for session in (text, collapsed(text), text.replace("show ip flow top-talkers", "sh ip flow top")):
        reading = read(session)
        assert values(reading, "packets", "bytes") == [(None, 300)]
        assert reading.problems == ()
        assert note(reading, "top-talkers-only") is not None


def test_bytes_and_packets_are_told_apart_by_the_header_above_each_row() -> None:
    row = Row("1.2.3.4", "5.6.7.8", 1, 2, 300)
    text = "\n".join(
        [HEADER, str(row), HEADER.replace("Pkts", "Bytes"), str(row), str(row), HEADER, str(row)]
    )
    expected = [(300, None), (None, 300), (None, 300), (300, None)]
    for session in (text, collapsed(text)):
        assert values(read(session), "packets", "bytes") == expected


def test_the_cache_is_not_called_top_talkers() -> None:
    assert note(read(listing([Row("1.2.3.4", "5.6.7.8", 1, 2, 3)])), "top-talkers-only") is None
