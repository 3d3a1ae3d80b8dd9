"""A pasted session: prompts of every kind, what paging and terminals leave behind, and where each row stood."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support import HEADER, Row, dotted

from slowworm.sources.base import Reading
from slowworm.sources.formats import Formats
from slowworm.sources.inputs import read_bytes
from slowworm.sources.session import MAX_PROMPTS, Section, clean, looks_binary, readable, split
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.flow_monitor import FlowMonitorCache
from slowworm.sources.text.ip_accounting import IpAccounting
from slowworm.sources.text.mls_entry import MlsEntry
from slowworm.sources.text.mls_ip import MlsIp

FORMATS = Formats(text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()))


def read(data: bytes | str) -> Reading:
    return read_bytes("f", data if isinstance(data, bytes) else data.encode(), FORMATS)


def values(reading: Reading, *names: str) -> list[tuple[object, ...]]:
    rows = [row for batch in reading.batches for row in batch.to_pylist()]
    return [tuple(row[name] for name in names) for row in rows]


def row(number: int, **changes: int | str) -> Row:
    """A row whose source address tells its number."""
    fields: dict[str, int | str] = {"sp": 1024 + number, "dp": 80, "packets": 1 + number, **changes}
    return Row(dotted(0x0A000000 + number), dotted(0xC0000200 + number), **fields)  # type: ignore[arg-type]


def lines_of_sources(text: str) -> dict[str, int]:
    """Source address (10.x) → the 1-based line on which it stands."""
    return {m[0]: text.count("\n", 0, m.start()) + 1 for m in re.finditer(r"\b10(?:\.\d+){3}", text)}


def assert_lines_are_right(reading: Reading, text: str) -> None:
    found = {dotted(src): line for src, line in values(reading, "src_addr", "line")}  # type: ignore[arg-type]
    assert found == lines_of_sources(text)


# Prompts


@pytest.mark.parametrize(
    ("prompt", "host"),
    [
        ("Router#", "Router"),
        ("Router>", "Router"),
        ("Router# ", "Router"),
        ("core-1.example.net#", "core-1.example.net"),
        ("Router(config)#", "Router"),
        ("Router(config-if)#", "Router"),
        ("Router(boot)#", "Router"),
        ("6500-sup(enable)", "6500-sup"),
        ("6500-sup (enable) ", "6500-sup"),
        ("Console> (enable) ", "Console"),
        ("RP/0/RSP0/CPU0:core#", "core"),
        ("RP/0/0/CPU0:core(config)#", "core"),
        ("Router<", "Router"),
        ("   Router#", "Router"),
    ],
)
@pytest.mark.parametrize("place", ["first line", "later line", "within a line"])
def test_a_prompt_is_a_prompt_wherever_it_stands(prompt: str, host: str, place: str) -> None:
    before = {"first line": "", "later line": "some text\n", "within a line": "0050 1 "}[place]
    *_, section = split("f", f"{before}{prompt}show ip cache flow\n{row(1)}\n".encode())
    assert (section.hostname, section.prompted) == (host, True)
    assert section.command == "show ip cache flow"
    assert section.line == 1 + before.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "Total # of packets\n",
        "  sent a count of # of packets\n",
        "MTU is > 1500 bytes\n",
        "a -> b, c->d, 1->2 and x >y\n",
        "ticket PO#1234 was opened\n",
        "on Circuit#ABC of the carrier\n",
        "<html><body>some text</body></html>\n",
        "##########\n### text ###\n",
        "100%#",
        "feature (enable) is a word here\n",
    ],
)
def test_a_sign_in_prose_is_no_prompt(text: str) -> None:
    assert [s.prompted for s in split("f", text.encode())] == [False]


def test_prompts_within_a_one_line_paste_are_cut() -> None:
    text = (
        "Router(config)#interface vlan 1000 Router(config-if)#ip accounting Router#clear ip accounting "
        f"Router#show ip accounting {row(1)} Router#show clock 12:00 Router#"
    )
    sections = split("f", text.encode())
    assert [s.text.split()[:2] for s in sections] == [
        ["interface", "vlan"],
        ["ip", "accounting"],
        ["clear", "ip"],
        ["show", "ip"],
        ["show", "clock"],
    ]
    assert {s.hostname for s in sections} == {"Router"}


def test_an_empty_prompt_has_an_empty_command() -> None:
    first, second = split("f", b"Router#\nnot a command\nRouter#show clock\n12:00\n")
    assert (first.command, first.text) == ("", "\nnot a command\n")
    assert second.command == "show clock"


def test_a_prompt_does_not_swallow_what_the_router_logs_behind_it() -> None:
    section = split("f", b"x\nRouter#*Mar  1 00:00:33: %SYS-5-CONFIG_I: Configured\n")[-1]
    assert section.hostname == "Router"


def test_a_command_that_is_longer_than_one_is_output() -> None:
    (section,) = split("f", b"Router#show version " + b"word " * 100)
    assert section.command is None


def test_rows_get_the_hostname_of_the_prompt_above_them() -> None:
    text = "".join(f"{host}#show ip cache flow\n{HEADER}\n{row(n)}\n" for n, host in enumerate("abc"))
    text += f"RP/0/RSP0/CPU0:core#show ip cache flow\n{row(3)}\nd>sh ip ca fl\n{row(4)}\n"
    for session in (text, " ".join(text.split()), text.replace("\n", "\r\n"), text.replace("\n", "\r")):
        hosts = [host for (host,) in values(read(session), "exporter")]
        assert hosts == ["a", "b", "c", "core", "d"]


def test_text_before_any_prompt_has_no_hostname() -> None:
    assert values(read(f"{HEADER}\n{row(1)}\n"), "exporter") == [(None,)]


def test_prompts_past_the_limit_are_text() -> None:
    sections = split("f", b"a#x\n" * (MAX_PROMPTS + 5))
    assert len(sections) == MAX_PROMPTS
    assert sections[-1].text.count("a#x") == 5


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("aR1#><() \n\r\t-.:enablshow\x1e\xe9"), max_size=120))
def test_sections_hold_all_text_in_order_and_know_their_line(text: str) -> None:
    data = text.encode("latin-1")
    at = 0
    for section in split("f", data):
        begin = text.index(section.text, at)
        while text.count("\n", 0, begin) + 1 != section.line:
            begin = text.index(section.text, begin + 1)
        assert text[at:begin].count("\n") == 0, "nothing but a prompt stands between sections"
        at = begin + len(section.text)
    assert text[at:].count("\n") == 0


# What terminals leave behind

PAGING = {
    "IOS": " --More-- " + "\b" * 9 + " " * 8 + "\b" * 9,
    "IOS, one space short": "\b--More--" + "\b" * 8 + " " * 8 + "\b" * 8,
    "IOS, erased in triples": " --More-- " + "\b \b" * 10,
    "carriage return": "--More--\r        \r",
    "CatOS": "--More--" + "\b" * 8 + " " * 8 + "\b" * 8,
    "ASA": "<--- More --->\r              \r",
    "reverse video": "\x1b[7m--More--\x1b[m\r\x1b[K",
    "cursor left": "---- More ----\x1b[42D" + " " * 42 + "\x1b[42D",
    "brackets": "---(more)---",
    "carets": "--More--^H^H^H^H^H^H^H^H        ^H^H^H^H^H^H^H^H",
    "nothing erased": "--More-- ",
    "only the erasing": "\b" * 9 + " " * 9 + "\b" * 9,
}


@pytest.mark.parametrize("remains", PAGING.values(), ids=list(PAGING))
@pytest.mark.parametrize("place", ["in front of the row", "on its own line", "behind the row"])
def test_paging_leaves_no_trace(remains: str, place: str) -> None:
    rows = [str(row(n)) for n in range(6)]
    rows[3] = {
        "in front of the row": remains + rows[3],
        "on its own line": remains + "\n" + rows[3],
        "behind the row": rows[3] + remains,
    }[place]
    text = "\n".join(["Router#show ip cache flow", HEADER, *rows, "Router#", ""])
    reading = read(text)
    assert reading.flows == 6
    assert reading.problems == ()
    assert_lines_are_right(reading, text)
    assert values(reading, "exporter", "in_if", "packets") == [("Router", "Vl1", 1 + n) for n in range(6)]


@pytest.mark.parametrize(
    ("bytes_in", "bytes_out"),
    [
        (b"a#show ip caxh\x08 \x08\x08 \x08che flow", b"a#show ip cache flow"),
        (b"a>abc\x08\x08\x08xyz", b"a>xyz"),
        (b"a row\x08\x08\x08a row", b"a row a row"),
        (b"\x08\x08a", b"a"),
        (b"a\n\x08b", b"a\nb"),
        (b"a\x1b[1;31mb\x1b[0mc", b"abc"),
        (b"a\x1b[12;1Hb", b"a b"),
        (b"\x1b]0;title of a window\x07a", b"a"),
        (b"\x1b]0;title of a window\x1b\\a", b"a"),
        (b"\x1b(Ba\x1b=b\x1b>c", b"abc"),
        (b"\xef\xbb\xbfRouter#", b"Router#"),
        (b"a\n\xef\xbb\xbfb", b"a\nb"),
        (b"a\x00b", b"ab"),
        (b"a\rb\r", b"a\nb\n"),
        (b"a\rb\n", b"a\rb\n"),
        (b"-----\nMore than that\n", b"-----\nMore than that\n"),
        (b"\x1b]0;never ended\nnext line", b"0;never ended\nnext line"),
        (b"plain text\n", b"plain text\n"),
    ],
)
def test_a_session_is_cleaned_to_what_was_on_the_screen(bytes_in: bytes, bytes_out: bytes) -> None:
    assert clean(bytes_in) == bytes_out


def test_a_clean_session_is_not_copied() -> None:
    data = b"Router#show ip cache flow\n"
    assert clean(data) is data


def test_a_command_corrected_while_typing_is_understood() -> None:
    text = f"Router#show ip cahce\b \b\b \b\b \bche flow | include 0050\n{row(1)}\nRouter#\n"
    reading = read(text)
    assert reading.flows == 1
    assert reading.problems == ()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([b"\n", b"\x08", b"\x1b", b"[", b"--", b"More", b" ", b"a", b"]", b"\x07", b"<-",
                                 b"->", b"(", b")", b"\r", b"m"]), max_size=40))  # fmt: skip
@example([b"\x1b", b"]", b"\n", b"\x07"])
@example([b"--", b"\n", b"More", b"--"])
def test_cleaning_keeps_the_number_of_lines(parts: list[bytes]) -> None:
    data = b"\n" + b"".join(parts)
    assert clean(data).count(b"\n") == data.count(b"\n")


# Encodings

ENCODINGS = {
    "UTF-8 with BOM": lambda t: b"\xef\xbb\xbf" + t.encode(),
    "UTF-16 with BOM": lambda t: t.encode("utf-16"),
    "UTF-16 little-endian with BOM": lambda t: b"\xff\xfe" + t.encode("utf-16-le"),
    "UTF-16 big-endian with BOM": lambda t: b"\xfe\xff" + t.encode("utf-16-be"),
    "UTF-16 little-endian": lambda t: t.encode("utf-16-le"),
    "UTF-16 big-endian": lambda t: t.encode("utf-16-be"),
    "UTF-16 cut in a character": lambda t: t.encode("utf-16")[:-1],
    "a NUL behind each CR, as telnet sends it": lambda t: t.replace("\n", "\r\x00\n").encode(),
    "Latin-1": lambda t: t.replace("Router#\n", "Z\xfcrich, 5\xb0\n").encode("latin-1"),
    "CRLF": lambda t: t.replace("\n", "\r\n").encode(),
    "CRCRLF": lambda t: t.replace("\n", "\r\r\n").encode(),
    "CR": lambda t: t.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=list(ENCODINGS))
@pytest.mark.parametrize("count", [1, 3, 400])
def test_an_encoding_changes_neither_rows_nor_lines(encode: object, count: int) -> None:
    text = "\n".join(["Router#show ip cache flow", HEADER, *(str(row(n)) for n in range(count)), "Router#\n"])
    assert callable(encode)
    reading = read(encode(text))
    assert reading.flows == count
    assert_lines_are_right(reading, text)
    assert values(reading, "exporter", "in_if") == [("Router", "Vl1")] * count


def test_utf_16_appended_to_a_file_is_read_too() -> None:
    lines = ["Router#show ip cache flow", HEADER, *(str(row(n)) for n in range(9)), ""]
    ascii_part, utf_16_part = "\r\n".join(lines[:5]) + "\r\n", "\r\n".join(lines[5:])
    for appended in (utf_16_part.encode("utf-16"), utf_16_part.encode("utf-16-le")):
        reading = read(ascii_part.encode() + appended)
        assert reading.flows == 9
        assert reading.problems == ()
        assert_lines_are_right(reading, "\n".join(lines))


def test_text_is_no_binary_data() -> None:
    for text in (b"text\n", b"Z\xfcrich\n", "日本語の行\n".encode(), b"a\r\x00\n" * 9, b"\x1b[m\x08\x08\x07"):
        assert not looks_binary(text * 100)


def test_binary_data_is_no_text() -> None:
    pcap = b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(16) + b"some payload" * 3
    for data in (pcap, bytes(range(256)) * 4, b"\x00" * 50, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abc"):
        assert looks_binary(data)
    assert not looks_binary(b"")


def test_what_people_see_has_no_control_characters() -> None:
    assert readable("caf\xc3\xa9 \x1b[31m\x07") == "café \\x1b[31m\\x07"
    assert readable("\xff\xfe\n") == "��\\x0a"


# Lines

DECORATION = st.sampled_from(
    ["", "\n", "\n\n", "*Mar  1 00:00:33.123: %LINK-3-UPDOWN: Interface up\n", " --More-- \b\b\b\b\b\b\b\b\b         ",
     "\x1b[K", "Router#\n", "Router#show clock\n12:00:00 UTC\nRouter#show ip cache flow\n", "junk (x)\n", HEADER + "\n",
     "--More--\n", "\x1b]0;title\x07", "\t \n", "Router#show ip cache flow\n"]
)  # fmt: skip
BREAKS = st.sampled_from([" ", "  ", "\n", "\n\n ", "\t"])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_row_is_reported_on_the_line_of_its_source_address(data: st.DataObject) -> None:
    parts = []
    for number in range(data.draw(st.integers(1, 8))):
        parts.append(data.draw(DECORATION))
        words = str(row(number)).split()
        for word in words[:-1]:
            parts += [word, data.draw(BREAKS) if data.draw(st.integers(0, 4)) == 0 else " "]
        parts += [words[-1], data.draw(st.sampled_from(["\n", " \n", " ", "\n\n"]))]
    text = "".join(parts)
    assert_lines_are_right(read(text), text)
    crlf = text.replace("\n", "\r\n")
    assert_lines_are_right(read(crlf), crlf)
    assert_lines_are_right(read(text.encode("utf-16")), text)


def test_a_section_tells_the_line_of_an_offset() -> None:
    section = Section(path="f", text="a\nb\nc", line=7)
    assert [section.at(offset) for offset in (0, 1, 2, 4)] == [7, 7, 8, 9]
    assert section.blanked(0, 3).text == " \n \nc"
