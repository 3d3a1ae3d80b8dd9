"""`show mls ip` and `show mls netflow ip`: every supervisor's layout, masks, cut and hostile text."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from slowworm.flows.addresses import parse_ipv4
from slowworm.flows.table import flow_batch
from slowworm.sources.session import Section, split
from slowworm.sources.text.base import Found
from slowworm.sources.text.mls_ip import MlsIp

SUP1 = """\
DstIP           SrcIP           Prot:SrcPort:DstPort  Dst i/f:DstMAC
--------------------------------------------------------------------
Pkts         Bytes         SrcDstPorts   SrcDstEncap  Age   LastSeen
--------------------------------------------------------------------
172.20.52.122   10.1.1.5        tcp :1026   :80       5    : 00e0.4fac.b3ff
684          103469        Fa5/9,Fa5/8   ARPA,ARPA    281   07:17:02
10.200.3.4      10.1.1.5        tcp :1027   :www      5    : 00e0.4fac.b3ff
1            48            Fa5/9,Fa5/8   ARPA,ARPA    3     07:17:03

Number of Entries Found = 2
"""
SUP2 = """\
Displaying Netflow entries in Supervisor Earl
DstIP           SrcIP           Prot:SrcPort:DstPort  Src i/f:AdjPtr
--------------------------------------------------------------------
Pkts         Bytes         Age   LastSeen  Attributes
---------------------------------------------------
200.2.5.3       0.0.0.0         0   :0      :0        0    : 0
0            0             1     01:52:25   L3 - Dynamic
172.30.46.2     0.0.0.0         0   :0      :0        0    : 0
12           3024          41    01:52:20   L3 - Dynamic
"""
SUP720 = """\
Displaying Netflow entries in Active Supervisor EARL in module 5
DstIP           SrcIP           Prot:SrcPort:DstPort  Src i/f          :AdjPtr
-----------------------------------------------------------------------------
Pkts         Bytes         Age   LastSeen  Attributes
---------------------------------------------------
10.102.130.213  10.214.39.79    tcp :46528  :www      --               :0x0
7            3766          17    15:47:37   L3 - Dynamic
10.230.215.148  10.155.22.221   udp :51813  :45912    Gi1/1            :0x0
25           21329         47    15:47:39   L3 - SwInstalled
10.97.36.200    10.17.64.177    icmp:0      :2048     Vl100            :0x0
9            7664          17    15:47:38   L3 - Dynamic
Displaying Netflow entries in module 1
10.90.33.185    10.46.13.211    47  :0      :0        --               :0x0
10           5734          17    15:47:38   L3 - Dynamic
"""
DETAIL = """\
Displaying Netflow entries in Supervisor Earl
DstIP           SrcIP           Prot:SrcPort:DstPort  Src i/f:AdjPtr
--------------------------------------------------------------------
Pkts         Bytes         Age   LastSeen  Attributes
---------------------------------------------------
Mask Pi R CR Xt Prio Dsc IP_EN OP_EN Pattern Rpf FIN_RDT FIN/RST
----+--+-+--+--+----+---+-----+-----+-------+---+-------+-------
Ig/acli Ig/aclo Ig/qosi Ig/qoso Fpkt Gemini MC-hit Dirty Diags
-------+-------+-------+-------+----+------+------+-----+------
  QoS     Police Count Threshold    Leak     Drop Bucket  Use-Tbl Use-Enable
-----------+------------+---------+-----------+----+-------+-------+----------+
172.30.46.2     172.30.45.2     tcp :1234   :80       Gi7/1: 0x8
140063       6442898       63    22:19:12   L3 - Dynamic
   1    1  0 0  1  0    0   1     1     0       0   0       0
      0       0       0       0       0    0      0      0     0
 0x0         672645504    0         0       NO   31784   NO      NO
172.30.46.3     172.30.45.2     tcp :1235   :80       Gi7/1: 0x8
1            48            63    22:19:12   L3 - Dynamic
   1    1  0 0  1  0    0   1     1     0       0   0       0
      0       0       0       0       0    0      0      0     0
 0x0         0            0         0       NO   64      NO      NO
"""
SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "cisco-text" / "web" / "show-mls-ip-sup-earl.txt"


def read(text: str, *, prompted: bool = False) -> Found:
    found = MlsIp().read(Section(path="f", text=text, line=1, hostname="c6500", prompted=prompted))
    flow_batch(found.columns, rows=found.rows)  # every value fits the schema
    return found


def column(found: Found, name: str) -> list[object]:
    values = found.columns[name]
    assert isinstance(values, list)
    return values


def rest(found: Found) -> str:
    return " ".join(" ".join(piece.text for piece in found.rest).split())


def test_supervisor_1_entries_have_switch_ports_and_port_names() -> None:
    found = read(SUP1)
    assert column(found, "src_addr") == [parse_ipv4("10.1.1.5")] * 2
    assert column(found, "dst_addr") == [parse_ipv4("172.20.52.122"), parse_ipv4("10.200.3.4")]
    assert column(found, "protocol") == [6, 6]
    assert column(found, "src_port") == [1026, 1027]
    assert column(found, "dst_port") == [80, 80]
    assert column(found, "packets") == [684, 1]
    assert column(found, "bytes") == [103469, 48]
    assert column(found, "in_if") == ["Fa5/9", "Fa5/9"]
    assert column(found, "out_if") == ["Fa5/8", "Fa5/8"]
    assert column(found, "line") == [5, 7]
    assert [(c.name, c.value) for c in found.context] == [("entries_total", 2.0)]
    assert rest(found) == ""
    assert not found.notes


def test_supervisor_720_entries_of_several_modules_are_read() -> None:
    found = read(SUP720)
    assert column(found, "protocol") == [6, 17, 1, 47]
    assert column(found, "src_port") == [46528, 51813, None, None]
    assert column(found, "dst_port") == [80, 45912, None, None]
    assert column(found, "icmp_type") == [None, None, 8, None]
    assert column(found, "icmp_code") == [None, None, 0, None]
    assert column(found, "in_if") == [None, "Gi1/1", "Vl100", None]
    assert column(found, "bytes") == [3766, 21329, 7664, 5734]
    assert rest(found) == ""


def test_lines_of_detail_are_understood() -> None:
    found = read(DETAIL)
    assert column(found, "packets") == [140063, 1]
    assert column(found, "in_if") == ["Gi7/1", "Gi7/1"]
    assert rest(found) == ""


@pytest.mark.parametrize("text", [SUP1, SUP2, SUP720, DETAIL])
def test_white_space_may_be_collapsed_or_wrapped_anywhere(text: str) -> None:
    whole = read(text)
    words = text.split()
    for joined in (" ".join(words), "\n".join(words), "\r\n   ".join(words)):
        found = read(joined)
        assert {**found.columns, "line": []} == {**whole.columns, "line": []}
        assert rest(found) == ""


@pytest.mark.parametrize("triple", ["tcp:1026:80", "tcp :1026 :80", "tcp : 1026 : 80", "6 :1026  :www"])
def test_spacing_around_the_colons_varies(triple: str) -> None:
    found = read(f"172.20.52.122 10.1.1.5 {triple} 0 : 0\n684 103469 281 07:17:02 L3 - Dynamic\n")
    assert [column(found, name) for name in ("protocol", "src_port", "dst_port")] == [[6], [1026], [80]]
    assert rest(found) == ""


def test_a_nowrap_row_without_an_interface_is_read() -> None:
    found = read("10.1.1.1 10.2.2.2 udp :dns :1025 5 700 12 1w2d L3 - Dynamic\n")
    assert [column(found, name) for name in ("src_port", "packets", "bytes")] == [[53], [5], [700]]
    assert rest(found) == ""


def test_a_destination_only_mask_gives_no_source_and_says_what_to_do() -> None:
    found = read(SUP2)
    assert found.rows == 2
    assert column(found, "src_addr") == column(found, "protocol") == column(found, "dst_port") == [None, None]
    assert column(found, "in_if") == [None, None]
    assert [(n.id, n.count) for n in found.notes] == [("mls-destination-only", 2)]
    text = found.notes[0].text
    assert text.index("mls flow ip destination-source") < text.index("mls flow ip full")
    assert "purges all shortcuts" in text
    assert "Supervisor 2 with MSFC2" in text
    assert "Way back: `mls flow ip destination`" in text
    assert rest(found) == ""


@pytest.mark.parametrize(
    ("line", "back"),
    [
        ("current ip flowmask for unicast: destination only", "`mls flow ip destination`"),
        ("current ip flowmask for unicast: destination and source", "`mls flow ip destination-source`"),
        ("current ip flowmask for unicast: full flow", "`mls flow ip full`"),
        ("current ip flowmask for unicast: interface and full flow", "`mls flow ip interface-full`"),
        ("current ip flowmask for unicast: null", "`no mls flow ip`"),
    ],
)
def test_the_way_back_names_the_mask_that_was_found(line: str, back: str) -> None:
    lines = f"{line}\ncurrent ipx flowmask for unicast: full flow\ncurrent ipv6 flowmask for unicast: null\n"
    found = read(SUP2 + lines)
    assert f"Way back: {back}" in found.notes[0].text
    assert rest(found) == ""
    alone = read(lines)
    assert [n.id for n in alone.notes] == ["mls-flow-mask"]
    assert back in alone.notes[0].text
    assert rest(alone) == ""


def test_the_first_mask_counts_as_later_ones_are_what_somebody_set() -> None:
    found = read(
        "current ip flowmask for unicast: destination and source\n"
        + SUP2
        + "current ip flowmask for unicast: full flow\n"
    )
    assert "Way back: `mls flow ip destination-source`" in found.notes[0].text


def test_a_destination_source_mask_is_noted_as_without_ports() -> None:
    found = read(SUP2.replace("0.0.0.0  ", "10.1.1.5 "))
    assert column(found, "src_addr") == [parse_ipv4("10.1.1.5")] * 2
    assert [(n.id, n.count) for n in found.notes] == [("mls-no-ports", 2)]


def test_an_entry_without_any_address_is_told_and_left_out() -> None:
    found = read(SUP720 + "0.0.0.0 0.0.0.0 0 :0 :0 -- :0x0\n78887 58234 24 09:30:33 L3 - Dynamic\n")
    assert found.rows == 4
    assert [(n.id, n.count) for n in found.notes] == [("mls-no-addresses", 1)]
    assert rest(found) == ""


def test_a_real_port_0_of_tcp_stays() -> None:
    assert column(read(SUP1.replace(":80 ", ":0  ")), "dst_port")[0] == 0


def test_a_count_is_context() -> None:
    found = read("Displaying Netflow entries in Supervisor Earl\n Number of shortcuts = 8123\n")
    assert found.rows == 0
    assert [(c.name, c.value, c.where) for c in found.context] == [("entries_total", 8123.0, "f:2")]
    assert rest(found) == ""


def test_an_entry_without_counters_keeps_its_addresses() -> None:
    found = read("\n".join(SUP720.split("\n")[:6]))
    assert column(found, "dst_addr") == [parse_ipv4("10.102.130.213")]
    assert column(found, "packets") == column(found, "bytes") == [None]
    assert rest(found) == ""


def test_counters_cut_off_are_not_read() -> None:
    found = read("\n".join(SUP720.split("\n")[:6]) + "\n7            37")
    assert column(found, "packets") == [None]
    assert rest(found) == "7 37"


def test_a_first_line_cut_off_anywhere_is_no_row_and_no_wrong_one() -> None:
    whole = read(SUP1)
    lines = [SUP1.index(": 00e0") + 2, SUP1.rindex(": 00e0") + 2]  # whole up to the interface
    for end in range(len(SUP1)):
        found = read(SUP1[:end])
        assert found.rows <= sum(end > line for line in lines)
        for name in ("src_addr", "dst_addr", "protocol", "src_port", "dst_port"):
            assert column(found, name) == column(whole, name)[: found.rows]
        for name in ("packets", "bytes", "in_if"):
            assert set(column(found, name)) <= {*column(whole, name), None}


def test_an_entry_with_an_invalid_address_stays_in_the_rest() -> None:
    found = read(SUP1.replace("10.200.3.4 ", "10.200.3.400"))
    assert found.rows == 1
    assert rest(found).startswith("10.200.3.400 10.1.1.5 tcp :1027 :www 5 : 00e0.4fac.b3ff 1 48")


def test_foreign_text_stays_where_it_is() -> None:
    found = read(SUP2.replace("172.30.46.2 ", "%EARL_NETFLOW-4-TCAM_THRLD: threshold exceeded\n172.30.46.2"))
    assert found.rows == 2
    assert rest(found) == "%EARL_NETFLOW-4-TCAM_THRLD: threshold exceeded"


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared captures are not beside the repository")
def test_the_published_capture_is_read_section_by_section() -> None:
    sections = [s for s in split(SAMPLE.name, SAMPLE.read_bytes()) if MlsIp().claims(s)]
    found = [MlsIp().read(s) for s in sections]
    assert [f.rows for f in found] == [1, 0, 1]
    assert [[n.id for n in f.notes] for f in found] == [
        ["mls-destination-only"],
        ["mls-flow-mask"],
        ["mls-no-ports"],
    ]
    assert [rest(f) for f in found] == ["show mls ip", "show mls netflow flowmask", "show mls ip"]
    assert column(found[0], "dst_addr") == [parse_ipv4("200.2.5.3")]
    assert column(found[0], "packets") == [0]
    assert column(found[2], "src_addr") == [parse_ipv4("223.255.254.226")]
    assert column(found[2], "packets") == [None]
    assert column(found[0], "line") == [6]


@pytest.mark.parametrize(
    "command",
    [
        "show mls ip",
        "sh mls ip short",
        "show mls netflow ip",
        "sho mls netf ip detail module 5",
        "show mls netflow flowmask",
        "show mls netflow ip source 10.1.1.1 | include 80",
        "show mls ip count",
    ],
)
def test_commands_match_whole_with_abbreviations_and_filters(command: str) -> None:
    match = MlsIp().command.match(command)
    assert match is not None
    assert match[0] == command


@pytest.mark.parametrize(
    "command",
    [
        "show mls ip multicast",
        "show mls entry",
        "show mls netflow ipv6",
        "show mls cef ip",
        "show mls netflow usage",
    ],
)
def test_other_commands_do_not_match(command: str) -> None:
    assert MlsIp().command.match(command) is None


def test_the_command_ends_before_collapsed_output() -> None:
    match = MlsIp().command.match("show mls ip " + " ".join(SUP1.split()))
    assert match is not None
    assert match[0] == "show mls ip"


def test_claims_by_header_by_row_and_by_command_only() -> None:
    section = Section(path="f", text=SUP1, line=1)
    assert MlsIp().claims(section)
    assert MlsIp().claims(replace(section, text="\n".join(SUP1.split("\n")[4:6])))
    assert MlsIp().claims(replace(section, text=" sh mls netflow ip\n", prompted=True))
    assert not MlsIp().claims(
        replace(section, text="tcp 171.69.2.23:80 192.168.1.1:80 10.1.1.1:1 10.1.1.1:1\n")
    )


HOSTILE = [
    " ",
    "\n",
    "-",
    "-+",
    "1",
    "1.",
    "1.1.1.1 ",
    "1.1.1.1 2.2.2.2 tcp : 1 : ",
    "tcp :",
    "1.1.1.1 tcp :1 :1 5 : ",
    "1.1.1.1 2.2.2.2 tcp" + " " * 500,
    "Pkts ",
    "Pkts Bytes x ",
    "Displaying Netflow entries in ",
    "Police 0 ",
    "current ip flowmask for unicast: ",
    "Number of shortcuts = ",
    "Number of shortcuts = 1 ",
    "Dst i/f ",
    "\xe9",
    ":",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_is_read_in_linear_time(piece: str) -> None:
    section = Section(path="f", text=piece * (1_000_000 // len(piece)), line=1, prompted=True)
    begun = time.process_time()
    MlsIp().claims(section)
    assert MlsIp().read(section).rows == 0
    assert time.process_time() - begun < 5
