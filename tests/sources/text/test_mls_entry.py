"""`show mls entry` of CatOS: whole, collapsed, wrapped, cut off, masked and hostile."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from slowworm.flows.addresses import parse_ipv4
from slowworm.flows.table import flow_batch
from slowworm.sources.session import Section
from slowworm.sources.text.base import Found
from slowworm.sources.text.mls_entry import MlsEntry

SHORT = """\
Destination-IP  Source-IP       Prot  DstPrt SrcPrt Destination-Mac   Vlan
--------------- --------------- ----- ------ ------ ----------------- ----
ESrc EDst SPort DPort Stat-Pkts Stat-Byte    Uptime   Age
---- ---- ----- ----- --------- ------------ -------- --------
171.69.200.234  171.69.192.41   TCP*  6000   59181  00-60-70-6c-fc-22 4
ARPA SNAP 5/8   11/1  3152      347854       09:01:19 09:08:20
171.69.1.133    171.69.192.42   UDP   2049   41636  00-60-70-6c-fc-23 2
SNAP ARPA 5/8   1/1   2345      123456       09:03:32 09:08:12

Total Entries: 2
* indicates TCP flow has ended
"""
LONG = """\
Destination-IP  Source-IP       Prot  DstPrt SrcPrt Destination-Mac   Vlan EDst ESrc DPort  SPort  \
Stat-Pkts  Stat-Bytes  Uptime   Age
--------------- --------------- ----- ------ ------ ----------------- ---- ---- ---- ------ ------ \
---------- ----------- -------- --------
MSFC 127.0.0.12 (Module 16):
10.9.8.7        10.1.1.5        TCP   WWW    1042   00-d0-bc-f3-69-44 4    ARPA ARPA 2/2    3/7    \
1          48          00:00:31 00:00:27
10.77.3.200     10.1.1.5        TCP   WWW    1043   00-d0-bc-f3-69-44 4    ARPA ARPA 2/2    3/7    \
2          96          00:00:31 00:00:26
10.1.1.9        10.1.1.5        ICMP  -      -      00-d0-bc-f3-69-44 4    ARPA ARPA 2/2    -      \
5          420         00:00:31 00:00:26
"""
DESTINATION = """\
Destination-IP  Source-IP       Prot  DstPrt SrcPrt Destination-Mac   Vlan EDst ESrc DPort  SPort  Stat-Pkts \
Stat-Bytes Uptime Age
MSFC 10.10.100.5 (Module 15):
172.16.10.1     -               -     -      -      00-30-96-2d-24-20 188  ARPA ARPA 2/7    2/6    870       \
157785 00:05:29 00:00:27
172.16.55.115   0.0.0.0         -     -      -      00-30-96-2d-24-20 188  ARPA ARPA 2/7    2/6    2407      \
642886 00:00:39 00:00:00
172.16.96.101                   -     -      -      00-d0-bc-f3-69-44 4    ARPA ARPA 2/2    2/7    2710      \
2200670 00:12:23 00:00:00
"""


def read(text: str, *, prompted: bool = False) -> Found:
    found = MlsEntry().read(Section(path="f", text=text, line=1, hostname="6500-sup", prompted=prompted))
    flow_batch(found.columns, rows=found.rows)  # every value fits the schema
    return found


def column(found: Found, name: str) -> list[object]:
    values = found.columns[name]
    assert isinstance(values, list)
    return values


def rest(found: Found) -> str:
    return " ".join(" ".join(piece.text for piece in found.rest).split())


def note(found: Found, name: str) -> str:
    return next(n.text for n in found.notes if n.id == name)


def test_two_line_entries_of_short_are_read_with_nothing_left() -> None:
    found = read(SHORT)
    assert found.rows == 2
    assert column(found, "src_addr") == [parse_ipv4("171.69.192.41"), parse_ipv4("171.69.192.42")]
    assert column(found, "dst_addr") == [parse_ipv4("171.69.200.234"), parse_ipv4("171.69.1.133")]
    assert column(found, "protocol") == [6, 17]
    assert column(found, "src_port") == [59181, 41636]
    assert column(found, "dst_port") == [6000, 2049]
    assert column(found, "packets") == [3152, 2345]
    assert column(found, "bytes") == [347854, 123456]
    assert column(found, "line") == [5, 7]
    assert rest(found) == ""
    assert not found.notes
    assert [(c.name, c.value, c.where, c.router) for c in found.context] == [
        ("entries_total", 2.0, "f:10", "6500-sup")
    ]


def test_switch_ports_follow_the_order_that_the_header_names() -> None:
    found = read(SHORT)
    assert column(found, "in_if") == ["5/8", "5/8"]
    assert column(found, "out_if") == ["11/1", "1/1"]
    found = read(LONG)
    assert column(found, "in_if") == ["3/7", "3/7", None]
    assert column(found, "out_if") == ["2/2", "2/2", "2/2"]


def test_switch_ports_without_a_header_are_not_guessed() -> None:
    found = read("\n".join(SHORT.split("\n")[4:6]))
    assert found.rows == 1
    assert column(found, "in_if") == column(found, "out_if") == [None]


def test_one_line_entries_with_port_names_are_read() -> None:
    found = read(LONG)
    assert found.rows == 3
    assert column(found, "dst_port") == [80, 80, None]
    assert column(found, "protocol") == [6, 6, 1]
    assert rest(found) == ""


@pytest.mark.parametrize(
    ("name", "port"),
    [("WWW", 80), ("DNS", 53), ("Telnet", 23), ("SMTP", 25), ("FTP", 21), ("X", 6000), ("SNMP", 161)],
)
def test_common_port_names_become_numbers(name: str, port: int) -> None:
    assert column(read(LONG.replace("WWW ", f"{name} ")), "dst_port")[0] == port


def test_an_unknown_port_name_is_null_and_told() -> None:
    found = read(LONG.replace("WWW", "ZORK"))
    assert found.rows == 3
    assert column(found, "dst_port") == [None, None, None]
    assert "zork" in note(found, "mls-unknown-names")


def test_a_protocol_may_be_a_number_and_then_has_no_ports() -> None:
    found = read(SHORT.replace("UDP   2049   41636", "89    0      0    "))
    assert column(found, "protocol") == [6, 89]
    assert column(found, "dst_port") == [6000, None]


def test_a_real_port_0_of_tcp_stays() -> None:
    assert column(read(SHORT.replace("TCP*  6000 ", "TCP   0    ")), "dst_port")[0] == 0


@pytest.mark.parametrize("text", [SHORT, LONG, DESTINATION])
def test_white_space_may_be_collapsed_or_wrapped_anywhere(text: str) -> None:
    whole = read(text)
    words = text.split()
    for joined in (" ".join(words), "\n".join(words), "\r\n   ".join(words)):
        found = read(joined)
        assert {**found.columns, "line": []} == {**whole.columns, "line": []}
        assert rest(found) == ""


def test_the_command_collapsed_before_its_output_is_left_to_the_reader() -> None:
    found = read("show mls ent " + " ".join(LONG.split()), prompted=True)
    assert found.rows == 3
    assert rest(found) == "show mls ent"
    match = MlsEntry().command.match("show mls ent " + " ".join(LONG.split()))
    assert match is not None
    assert match[0] == "show mls ent"


def test_a_destination_only_mask_gives_no_source_and_says_what_to_do() -> None:
    found = read(DESTINATION)
    assert found.rows == 3
    assert column(found, "src_addr") == column(found, "protocol") == column(found, "dst_port") == [None] * 3
    assert [n.id for n in found.notes] == ["mls-destination-only"]
    assert found.notes[0].count == 3
    text = found.notes[0].text
    assert text.index("set mls flow destination-source") < text.index("set mls flow full")
    assert "no verdict" in text
    assert "purges all shortcuts" in text
    assert "Supervisor 1" in text
    assert "overflow" in text
    assert "`set mls flow destination`" in text
    assert rest(found) == ""


def test_the_way_back_names_the_mask_that_the_text_shows() -> None:
    found = read(
        "Current flow mask is Full flow\nConfigured flow mask is Destination-source flow\n" + DESTINATION
    )
    assert "Way back: `set mls flow destination-source`" in note(found, "mls-destination-only")
    assert rest(found) == ""


def test_one_source_is_enough_for_no_destination_only_note() -> None:
    found = read(DESTINATION + " ".join(SHORT.split()))
    assert not any(n.id == "mls-destination-only" for n in found.notes)


def test_a_destination_source_mask_is_noted_as_without_ports() -> None:
    found = read(
        SHORT.replace("TCP*  6000   59181", "-     -      -    ").replace("UDP   2049   41636", "- - -")
    )
    assert found.rows == 2
    assert column(found, "protocol") == column(found, "src_port") == [None, None]
    assert [(n.id, n.count) for n in found.notes] == [("mls-no-ports", 2)]


def test_entries_of_the_catalyst_5000_have_a_port_and_no_counters() -> None:
    found = read(
        "Destination IP  Source IP       Prot DstPrt SrcPrt Destination Mac   Vlan Port\n"
        "--------------- --------------- ---- ------ ------ ----------------- ---- -----\n"
        "MLS-RP 172.20.25.1:\n"
        "172.20.26.22    172.20.22.113   TCP  Telnet 45654  00-60-70-6c-fc-23 4    4/1\n"
        "172.20.22.113   172.20.26.22    TCP  45654  Telnet 00-60-70-6c-fc-22 2    3/1\n"
    )
    assert found.rows == 2
    assert column(found, "packets") == [None, None]
    assert column(found, "out_if") == ["4/1", "3/1"]
    assert column(found, "src_port") == [45654, 23]
    assert rest(found) == ""


def test_an_entry_cut_off_anywhere_stays_in_the_rest() -> None:
    text = " ".join(SHORT.split())
    begun, done = text.index("171.69.200.234"), [text.index("09:08:20") + 8, text.index("09:08:12") + 8]
    for end in range(len(text)):
        found = read(text[:end])
        assert found.rows == sum(end >= d for d in done)
        if begun <= end < done[0]:
            assert rest(found) == text[begun:end].strip()


def test_an_entry_with_an_invalid_address_stays_in_the_rest() -> None:
    found = read(SHORT.replace("171.69.192.41 ", "171.69.192.999"))
    assert found.rows == 1
    assert rest(found).startswith("171.69.200.234 171.69.192.999 TCP* 6000")


def test_foreign_text_stays_where_it_is() -> None:
    found = read(SHORT.replace("Total", "%SYS-5-CONFIG_I: Configured from console\nTotal"))
    assert [line.strip() for line in found.rest[0].text.split("\n") if line.strip()] == [
        "%SYS-5-CONFIG_I: Configured from console"
    ]
    assert found.rest[0].text.count("\n") == SHORT.count("\n") + 1


def test_a_header_repeated_between_the_lines_of_an_entry_does_not_part_them() -> None:
    lines = SHORT.split("\n")
    found = read("\n".join([*lines[:5], *lines[:4], *lines[5:]]))
    assert found.rows == 2
    assert rest(found) == ""


@pytest.mark.parametrize(
    "command",
    [
        "show mls ent",
        "sh mls en",
        "show mls entry",
        "show mls entry ip short",
        "sho mls ent destination 10.1.1.1/8",
        "show mls entry source 10.1.1.1 long",
        "show mls entry flow tcp 80 1024",
        "sh  mls entry rp 10.1.1.1 | i 80",
    ],
)
def test_commands_match_whole_with_abbreviations_and_filters(command: str) -> None:
    match = MlsEntry().command.match(command)
    assert match is not None
    assert match[0] == command


@pytest.mark.parametrize("command", ["show mls", "show mls ip", "show mls entry cef", "show mls statistics"])
def test_other_commands_do_not_match(command: str) -> None:
    assert MlsEntry().command.match(command) is None


def test_claims_by_header_by_row_and_by_command_only() -> None:
    section = Section(path="f", text=SHORT, line=1)
    assert MlsEntry().claims(section)
    assert MlsEntry().claims(replace(section, text="\n".join(SHORT.split("\n")[4:6])))
    assert MlsEntry().claims(replace(section, text=" show mls ent\nnothing", prompted=True))
    assert not MlsEntry().claims(replace(section, text="10.1.1.1 10.1.1.2 3 144\n"))


HOSTILE = [
    " ",
    "\n",
    "-",
    "1",
    "1.",
    "1.1.1.1 ",
    "1.1.1.1 - ",
    "1.1.1.1 2.2.2.2 TCP* 80 80 00-00-00-00-00-00 1 ARPA ",
    "1.1.1.1 " + " " * 500,
    "Age ",
    "Age Age x ",
    "MSFC 1.1.1.1 ",
    "Total Entries: 1 ",
    "Current current ",
    "flow mask is destination-",
    "SPort DPort ",
    "00-",
    "1.1.1.1 2.2.2.2 TCP 1 1 00-60-70-6c-fc-22 4 5/8 x ",
    "A",
    "\xe9",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_is_read_in_linear_time(piece: str) -> None:
    section = Section(path="f", text=piece * (1_000_000 // len(piece)), line=1, prompted=True)
    begun = time.process_time()
    MlsEntry().claims(section)
    assert MlsEntry().read(section).rows == 0
    assert time.process_time() - begun < 5
