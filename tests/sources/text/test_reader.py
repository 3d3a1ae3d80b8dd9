"""Whole sessions: several commands and formats at once, and an account of every line that was not understood."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import HEADER, Row, dotted

from slowworm.sources.base import Note, Reading
from slowworm.sources.formats import Formats
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.flow_monitor import FlowMonitorCache
from slowworm.sources.text.ip_accounting import IpAccounting
from slowworm.sources.text.leftover import MAX_LINE, MAX_PROBLEMS, MAX_TEXT
from slowworm.sources.text.mls_entry import MlsEntry
from slowworm.sources.text.mls_ip import MlsIp

FORMATS = Formats(text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()))


def read(text: str, *, only: str | None = None) -> Reading:
    return FORMATS.read_text("f", text.encode(), only=only)


def sources(reading: Reading) -> list[str]:
    return [str(IPv4Address(row["src_addr"])) for batch in reading.batches for row in batch.to_pylist()]


def note(reading: Reading, wanted: str) -> Note | None:
    return next((n for n in reading.notes if n.id == wanted), None)


def problems(reading: Reading) -> list[tuple[str, str, int]]:
    return [(p.where, p.text, p.count) for p in reading.problems]


def flow(number: int) -> str:
    return str(Row(dotted(0x0A000000 + number), dotted(0xC0000200 + number), 1024 + number % 60000, 80, 1))


def pair(number: int) -> str:
    return f" {dotted(0x14000000 + number):<16} {dotted(0xC0000200 + number):<16} {2:19d} {96:19d}"


ACCOUNTING = "   Source           Destination              Packets               Bytes"
MLS = (
    "Destination-IP  Source-IP       Prot  DstPrt SrcPrt Destination-Mac   Vlan EDst ESrc DPort     SPort     "
    "Stat-Pkts  Stat-Bytes  Uptime   Age\n"
    "--------------- --------------- ----- ------ ------ ----------------- ---- ---- ---- --------- --------- "
    "---------- ----------- -------- --------\n"
    "171.69.200.234  171.69.192.41   TCP*  6000   59223  00-60-70-6c-fc-23 4    ARPA SNAP 5/8       5/10      "
    "3152       347854      09:01:19 09:08:20\n"
)


# Several commands and formats


def test_several_commands_give_their_flows_in_one_reading() -> None:
    reading = read(
        f"R1#show ip cache flow\n{HEADER}\n{flow(1)}\nR1#show ip accounting\n{ACCOUNTING}\n{pair(1)}\n"
        f"R1#show mls entry\n{MLS}R1#show ip cache flow | include 0050\n{flow(2)}\nR1#exit\n"
    )
    assert reading.formats == (("show-ip-cache-flow", 2), ("show-ip-accounting", 1), ("show-mls-entry", 1))
    assert sources(reading) == ["10.0.0.1", "20.0.0.1", "171.69.192.41", "10.0.0.2"]
    assert reading.problems == ()


@pytest.mark.parametrize("glue", ["\n", " "])
def test_formats_are_told_apart_without_prompts_between_them(glue: str) -> None:
    parts = [HEADER, flow(1), flow(2), "", ACCOUNTING, pair(1), pair(2), pair(3), "", *MLS.split("\n")]
    reading = read(glue.join(parts))
    assert dict(reading.formats) == {"show-ip-cache-flow": 2, "show-ip-accounting": 3, "show-mls-entry": 1}
    assert reading.problems == ()


@settings(max_examples=60, deadline=None)
@given(st.permutations([("flow", 1), ("flow", 2), ("pair", 1), ("pair", 2), ("flow", 3), ("pair", 3)]))
def test_rows_of_two_formats_may_alternate(order: list[tuple[str, int]]) -> None:
    lines = [flow(n) if kind == "flow" else pair(n) for kind, n in order]
    reading = read("\n".join([HEADER, ACCOUNTING, *lines, ""]))
    assert sorted(sources(reading)) == sorted(f"{10 if kind == 'flow' else 20}.0.0.{n}" for kind, n in order)
    assert reading.problems == ()


def test_only_the_format_that_is_asked_for_is_read() -> None:
    text = f"R1#show ip cache flow\n{flow(1)}\nR1#show ip accounting\n{ACCOUNTING}\n{pair(1)}\n"
    reading = read(text, only="show-ip-accounting")
    assert reading.formats == (("show-ip-accounting", 1),)
    assert sources(reading) == ["20.0.0.1"]


def test_other_commands_are_passed_over_and_counted() -> None:
    text = (
        "R1#show version\nCisco Internetwork Operating System Software\nIOS (tm) 7200 Software\n"
        f"R1#sh clock\n12:00:00 UTC\nR1#show ip cache flow\n{flow(1)}\nR1#show version\nCisco again\nR1#\n"
    )
    reading = read(text)
    assert (reading.flows, reading.problems) == (1, ())
    other = note(reading, "other-commands")
    assert other is not None
    assert other.count == 4
    assert "show version, show clock" in other.text
    assert other.text.startswith("f: ")


def test_many_other_commands_are_counted_and_five_are_named() -> None:
    other = note(read("".join(f"R1#show thing{n}\nline\n" for n in range(8))), "other-commands")
    assert other is not None
    assert other.count == 8
    assert "show thing4 and 3 more" in other.text
    assert "thing5" not in other.text


@pytest.mark.parametrize("length", [20, 500])
def test_another_command_collapsed_to_one_line_is_passed_over_too(length: int) -> None:
    reading = read(f"R1#show processes memory PID TTY {'word ' * (length // 5)}")
    other = note(reading, "other-commands")
    assert other is not None
    assert (other.count, reading.problems) == (1, ())
    assert "show processes memory" in other.text


def test_typed_commands_are_no_problem() -> None:
    reading = read(
        "R1#conf t\nR1(config)#int vlan 1\nR1(config-if)#ip accounting\nR1(config-if)#end\nR1#ping 1.1.1.1\n"
    )
    assert problems(reading) == []


# Refused commands


@pytest.mark.parametrize(
    "said", ["% Invalid input detected at '^' marker.", "% Incomplete command.", '% Ambiguous command:  "show ip ca"',
             "% Unknown command or computer name", "Command authorization failed. % Authorization failed."]
)  # fmt: skip
def test_a_refused_command_is_named_with_its_line(said: str) -> None:
    reading = read(f"R1#show clock\n12:00\nR1#show ip cache flow\n                     ^\n{said}\n\nR1#\n")
    (problem,) = reading.problems
    assert problem.where == "f:5"
    assert "refused" in problem.text
    assert "(show ip cache flow)" in problem.text
    assert said[:60] in problem.text
    assert "slowworm formats" in problem.text
    assert len(problem.text) <= MAX_TEXT


def test_a_refused_unknown_command_is_reported_too() -> None:
    reading = read("R1#show ip foo\n           ^\n% Invalid input detected at '^' marker.\n\n")
    assert [p.where for p in reading.problems] == ["f:3"]
    assert note(reading, "other-commands") is None


# Not understood text

FURNITURE = st.sampled_from(
    [
        "",
        "   ",
        "-----------------",
        "=====  =====",
        "# taken by hand",
        "!",
        "*Mar  1 00:00:33.123: %LINK-3-UPDOWN: Interface Fa0/1, changed state to up",
        "%SYS-5-CONFIG_I: Configured from console by console",
        "1w6d: %SYS-5-CONFIG_I: Configured from console by console",
        "00:12:05: %SYS-5-CONFIG_I: Configured from console by console",
        "User Access Verification",
        "Username: admin",
        "Password: ",
        "Trying 10.1.1.1 ...",
        "Connection to r1 closed by foreign host.",
        "Load for five secs: 99%/80%; one minute: 98%; five minutes: 97%",
        "Time source is NTP, 12:00:00.000 UTC Mon Sep 1 2003",
        "*** Authorized access only ***",
        "Unauthorized access is prohibited",
        "+---- banner ----+",
    ]
)


@st.composite
def mixtures(draw: st.DrawFn) -> tuple[str, dict[int, str], int, int, int]:
    """A session: its text, junk by line, rows of both kinds, and lines of other commands."""
    lines: list[str] = []
    junk: dict[int, str] = {}
    flows = pairs = other = 0
    passed_over = False
    for _ in range(draw(st.integers(1, 30))):
        kind = draw(
            st.sampled_from(["flow", "pair", "junk", "same junk", "furniture", "header", "prompt", "other"])
        )
        if kind == "flow":
            if passed_over:
                continue
            flows += 1
            lines.append(flow(flows))
        elif kind == "pair":
            if passed_over:
                continue
            pairs += 1
            lines.append(pair(pairs))
        elif kind in ("junk", "same junk"):
            text = f"some words number {len(lines)} (junk)" if kind == "junk" else "the same words (junk)"
            lines.append(text)
            if passed_over:
                other += 1
            else:
                junk[len(lines)] = text
        elif kind == "furniture":
            lines.append(draw(FURNITURE))
        elif kind == "header":
            if passed_over:
                continue
            lines.append(draw(st.sampled_from([HEADER, ACCOUNTING])))
        elif kind == "prompt":
            lines.append(
                draw(st.sampled_from(["R1#", "R1#show ip cache flow", "R2>sh ip accounting", "R1#conf t"]))
            )
            passed_over = False
        else:
            lines.append(draw(st.sampled_from(["R1#show version", "R1#show ip route", "R1> sh proc cpu"])))
            passed_over = True
    return "\n".join([*lines, ""]), junk, flows, pairs, other


@settings(max_examples=250, deadline=None)
@given(mixtures())
def test_every_line_is_a_row_or_furniture_or_a_problem(
    mixture: tuple[str, dict[int, str], int, int, int],
) -> None:
    text, junk, flows, pairs, other = mixture
    reading = read(text)
    assert sorted(sources(reading)) == sorted(
        [f"10.0.0.{n}" for n in range(1, flows + 1)] + [f"20.0.0.{n}" for n in range(1, pairs + 1)]
    )
    expected: dict[str, list[int]] = {}
    for line, words in junk.items():
        expected.setdefault(words, []).append(line)
    assert sorted(problems(reading)) == sorted(
        (f"f:{at[0]}", words, len(at)) for words, at in expected.items()
    )
    passed_over = note(reading, "other-commands")
    assert (passed_over.count if passed_over else 0) == other


@settings(max_examples=100, deadline=None)
@given(mixtures(), st.data())
def test_damage_anywhere_is_a_lost_row_with_a_problem_or_no_damage(
    mixture: tuple[str, dict[int, str], int, int, int], data: st.DataObject
) -> None:
    text = mixture[0]
    rows = list(re.finditer(r"(?m)^(?:Vl1| 20\.).*$", text))
    if not rows:
        return
    row = data.draw(st.sampled_from(rows))
    at = data.draw(st.integers(row.start(), row.end() - 1))
    before, after = read(text), read(text[:at] + "?" + text[at + 1 :])
    lost = before.flows - after.flows
    assert lost in (0, 1)
    line = text.count("\n", 0, at) + 1
    if lost or text[at] != " ":
        changed_name = not lost and "?" in str([b.to_pylist() for b in after.batches])
        assert changed_name or any(p.where == f"f:{line}" for p in after.problems)


def test_equal_lines_are_told_once_with_their_count_and_first_place() -> None:
    reading = read(f"{flow(1)}\n" + "odd (junk)\n" * 3 + "even (junk)\nodd (junk)\n")
    assert problems(reading) == [("f:2", "odd (junk)", 4), ("f:5", "even (junk)", 1)]


def test_at_most_so_many_distinct_lines_are_told_and_the_rest_counted() -> None:
    junk = [f"line {n} (junk)" for n in range(MAX_PROBLEMS + 30)]
    reading = read("\n".join([flow(1), *junk, junk[0], junk[-1], ""]))
    assert len(reading.problems) == MAX_PROBLEMS + 1
    assert [p.text for p in reading.problems[:-1]] == junk[:MAX_PROBLEMS]
    assert reading.problems[0].count == 2
    assert (reading.problems[-1].where, reading.problems[-1].count) == ("f", 31)


@pytest.mark.parametrize("length", [MAX_TEXT, MAX_TEXT + 1, MAX_LINE, MAX_LINE + 1, 10 * MAX_LINE])
def test_a_long_line_is_quoted_by_its_beginning(length: int) -> None:
    line = ("(junk) " * length)[: length - 1] + ")"
    (problem,) = read(f"{flow(1)}\n{line}\n").problems
    assert problem.where == "f:2"
    assert len(problem.text) == MAX_TEXT
    assert problem.text.rstrip("…") == line[: len(problem.text.rstrip("…"))]
    assert problem.text.endswith("…") == (length > MAX_TEXT)


def test_a_long_line_is_no_furniture_for_its_beginning() -> None:
    reading = read(
        f"{flow(1)}\n{'-' * (2 * MAX_LINE)} word\n{'-' * (2 * MAX_LINE)}\n# {'word ' * MAX_LINE}\n"
    )
    assert [p.where for p in reading.problems] == ["f:2", "f:4"]


def test_control_characters_of_a_quoted_line_are_escaped() -> None:
    (problem,) = read(f"{flow(1)}\nbell \x07 and caf\u00e9 (junk)\n").problems
    assert problem.text == "bell \\x07 and café (junk)"


@pytest.mark.parametrize("prompt", ["R1#", "R1#show ip cache flow", "R1#show ip accounting", ""])
@pytest.mark.parametrize("junk", ["Vl1 1.1.1.1 Vl3 2.2.2.2 06 0F9F", "1.1.1.1 2.2.2.2 3", "words (junk)"])
@pytest.mark.parametrize("glue", ["\n", " "])
def test_a_line_in_place_of_rows_is_reported(prompt: str, junk: str, glue: str) -> None:
    if prompt == "R1#" and glue == " " and junk == "words (junk)":
        return  # that is a command
    reading = read(f"{prompt}{glue}{junk}\n")
    (problem,) = reading.problems
    assert problem.text.endswith(junk)
    assert problem.where == f"f:{2 if glue == chr(10) else 1}"


def test_a_listing_that_lists_nothing_is_known_all_the_same() -> None:
    reading = read("R1#show ip cache flow | include 0050\nR1#show ip accounting\nR1#\n")
    assert reading.formats == (("show-ip-cache-flow", 0), ("show-ip-accounting", 0))
    assert reading.problems == ()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    assert FORMATS.read_text("f", data).path == "f"


WORDS = st.sampled_from(
    [
        *("Router#", "show", "ip", "cache", "flow", "accounting", "|", "include", "0050", "\n", "\n"),
        *(HEADER, ACCOUNTING, "Vl1", "1.2.3.4", "5.6.7.8", "06", "0F9F", "2", "96", "TCP-WWW", "1.0", "/24"),
        *("IP Flow Switching Cache, 1 bytes", "4 active, 1 inactive, 5 added", "MAC:", "--More--", "\x08"),
        *("%", "Invalid input detected", "<", ">", "(enable)", "ACL"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_words_in_any_order_are_accounted_for(words: list[str]) -> None:
    text = " ".join(words)
    reading = read(text)
    for batch in reading.batches:
        for row in batch.to_pylist():
            line = text.split("\n")[row["line"] - 1]
            assert str(IPv4Address(row["src_addr"])) in line
    last = text.count("\n") + 1
    for problem in reading.problems:
        if ":" in problem.where:
            assert 1 <= int(problem.where.removeprefix("f:")) <= last
