"""`show ip accounting`: tables, checkpoints, violations, full tables, and rows that cannot be."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import EXAMPLES, SHARED, collapsed, dotted

from slowworm.sources.base import Note, Reading
from slowworm.sources.formats import Formats
from slowworm.sources.inputs import read_bytes
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.flow_monitor import FlowMonitorCache
from slowworm.sources.text.ip_accounting import DEFAULT_THRESHOLD, IpAccounting
from slowworm.sources.text.mls_entry import MlsEntry
from slowworm.sources.text.mls_ip import MlsIp

FORMATS = Formats(text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()))
HEADER = "   Source           Destination              Packets               Bytes"
DOCUMENT = SHARED / "facts" / "12808.txt"

Pair = tuple[str, str, int, int]


def read(text: str) -> Reading:
    return read_bytes("f", text.encode(), FORMATS)


def told(reading: Reading) -> list[Pair]:
    rows = [row for batch in reading.batches for row in batch.to_pylist()]
    return [
        (str(IPv4Address(r["src_addr"])), str(IPv4Address(r["dst_addr"])), r["packets"], r["bytes"])
        for r in rows
    ]


def lines(reading: Reading) -> list[int]:
    return [row["line"] for batch in reading.batches for row in batch.to_pylist()]


def note(reading: Reading, wanted: str) -> Note | None:
    return next((n for n in reading.notes if n.id == wanted), None)


def table(
    pairs: list[Pair],
    *,
    acls: list[str] | None = None,
    command: str = "show ip accounting",
    end: str = "0:12",
) -> str:
    """Pairs as the router prints them, with the access list that refused each where ``acls`` are given."""
    rows = [f" {src:<16} {dst:<16} {packets:19d} {octets:19d}" for src, dst, packets, octets in pairs]
    header = HEADER
    if acls is not None:
        header += "   ACL"
        rows = [f"{row}   {acl}" for row, acl in zip(rows, acls, strict=True)]
    return "\n".join([f"Router#{command}", header, *rows, "", f"Accounting data age is {end}", "Router#", ""])


ADDRESSES = st.integers(0, 2**32 - 1).map(dotted)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    packets = draw(st.integers(1, 10**9))
    return (draw(ADDRESSES), draw(ADDRESSES), packets, draw(st.integers(20 * packets, 65535 * packets)))


@settings(max_examples=120, deadline=None)
@given(
    st.lists(pairs(), min_size=1, max_size=10),
    st.sampled_from(["printed", "collapsed", "crlf", "cr", "rows only", "checkpoint"]),
)
def test_what_a_router_prints_is_what_is_read(printed: list[Pair], form: str) -> None:
    text = table(printed, command="show ip accounting" + (" checkpoint" if form == "checkpoint" else ""))
    reading = read(
        {
            "collapsed": collapsed(text),
            "crlf": text.replace("\n", "\r\n"),
            "cr": text.replace("\n", "\r"),
            "rows only": "\n".join(text.split("\n")[2 : 2 + len(printed)]),
        }.get(form, text)
    )
    assert told(reading) == printed
    assert reading.problems == ()
    assert reading.formats == (("show-ip-accounting", len(printed)),)
    if form == "collapsed":
        assert set(lines(reading)) == {1}
    else:
        first = 1 if form == "rows only" else 3
        assert lines(reading) == list(range(first, first + len(printed)))


ACLS = st.sampled_from(["101", "1", "2699", "blocked-web", "Accounts", "NO_HTTP", "in.list"])


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(pairs(), ACLS), min_size=1, max_size=10),
    st.sampled_from(["printed", "collapsed", "without command", "without header"]),
)
def test_the_access_list_of_a_violation_is_no_number_of_the_next_row(
    printed: list[tuple[Pair, str]], form: str
) -> None:
    rows, acls = [pair for pair, _ in printed], [acl for _, acl in printed]
    text = table(rows, acls=acls, command="show ip accounting access-violations")
    if form == "without command":
        text = text.removeprefix("Router#show ip accounting access-violations\n")
    elif form == "without header":
        text = text.replace(HEADER + "   ACL\n", "")
    reading = read(collapsed(text) if form == "collapsed" else text)
    assert told(reading) == rows
    assert reading.problems == ()
    violations = note(reading, "ip-accounting-violations")
    assert violations is not None
    assert violations.count == len(rows)


def test_a_word_behind_a_row_is_no_access_list_where_the_table_has_none() -> None:
    text = table([("1.1.1.1", "2.2.2.2", 2, 96)]).replace(" 96", " 96  hello")
    reading = read(text)
    assert told(reading) == [("1.1.1.1", "2.2.2.2", 2, 96)]
    assert [(p.where, p.text) for p in reading.problems] == [("f:3", "hello")]
    assert note(reading, "ip-accounting-violations") is None


@pytest.mark.parametrize(
    "command",
    ["show ip accounting", "sh ip acco", "sho ip accounting checkpoint", "show ip accounting output-packets",
     "show ip accounting | include 20.1", "show ip accounting | include 20.1 | exclude 3", "do sh ip accounting"],
)  # fmt: skip
def test_the_command_is_no_problem_however_it_was_typed(command: str) -> None:
    reading = read(table([("1.1.1.1", "2.2.2.2", 2, 96)], command=command))
    assert (reading.flows, reading.problems) == (1, ())


@pytest.mark.parametrize("form", ["printed", "collapsed"])
def test_the_capture_of_the_document(form: str) -> None:
    text = (EXAMPLES / "codered-accounting.txt").read_text()
    found = told(read(collapsed(text) if form == "collapsed" else text))
    assert len(found) == 16
    assert found[0] == ("20.1.145.49", "75.246.253.88", 2, 96)
    assert found[4] == ("20.1.196.207", "20.1.1.11", 3, 213)
    assert [src for src, *_ in found].count("20.1.104.194") == 5


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the public document is not here")
def test_the_capture_of_the_document_as_its_public_copy_has_it() -> None:
    reading = read(DOCUMENT.read_text().splitlines()[20])
    assert told(reading) == told(read((EXAMPLES / "codered-accounting.txt").read_text()))
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("packets", "octets", "possible"),
    [
        (1, 19, False),
        (1, 20, True),
        (2, 39, False),
        (2, 40, True),
        (1, 65535, True),
        (1, 65536, False),
        (0, 0, False),
        (0, 40, False),
        (10**14, 10**17, True),
        (10**15 - 1, 48 * 10**15, True),
    ],
)
@pytest.mark.parametrize("form", ["printed", "collapsed"])
def test_a_row_with_impossible_bytes_is_refused_and_reported(
    packets: int, octets: int, possible: bool, form: str
) -> None:
    good = ("1.1.1.1", "2.2.2.2", 2, 96)
    odd = ("3.3.3.3", "4.4.4.4", packets, octets)
    text = table([good, odd, good])
    reading = read(collapsed(text) if form == "collapsed" else text)
    assert told(reading) == ([good, odd, good] if possible else [good, good])
    if possible:
        assert reading.problems == ()
    else:
        (problem,) = reading.problems
        assert f"{packets} {octets}" in " ".join(problem.text.split())
        assert "3.3.3.3" in problem.text
        assert problem.where == ("f:1" if form == "collapsed" else "f:4")


@pytest.mark.parametrize("address", ["256.1.1.1", "1.2.3", "1.2.3.4.5", "999.999.999.999", "a.b.c.d"])
def test_a_row_with_an_impossible_address_is_refused_and_reported(address: str) -> None:
    good = ("1.1.1.1", "2.2.2.2", 2, 96)
    reading = read(table([good, (address, "4.4.4.4", 1, 48), ("4.4.4.4", address, 1, 48), good]))
    assert told(reading) == [good, good]
    assert [p.where for p in reading.problems] == ["f:4", "f:5"]


@pytest.mark.parametrize(
    "last",
    [" 20.1.145.49      15.159.146.29                   2", " 20.1.145.49      15.159.1", " 20.1.145.49 "],
)
def test_a_truncated_last_row_is_reported(last: str) -> None:
    reading = read(f"Router#show ip accounting\n{HEADER}\n 1.1.1.1 2.2.2.2 2 96\n{last}")
    assert reading.flows == 1
    (problem,) = reading.problems
    assert problem.where == "f:4"
    assert problem.text.endswith(last.strip())
    if len(last.split()) > 1:
        assert problem.text.startswith("cut off or damaged row: ")


def test_a_full_table_says_that_absence_is_no_evidence() -> None:
    rows = [("20.1.1.1", dotted(0x0A000000 + n), 1, 48) for n in range(DEFAULT_THRESHOLD)]
    assert note(read(table(rows[:-1])), "ip-accounting-truncated") is None
    full = note(read(table(rows)), "ip-accounting-truncated")
    assert full is not None
    assert full.count == DEFAULT_THRESHOLD
    assert "may still be infected" in full.text


@pytest.mark.parametrize("form", ["printed", "collapsed"])
def test_an_exceeded_threshold_tells_how_much_was_not_counted(form: str) -> None:
    text = table([("1.1.1.1", "2.2.2.2", 2, 96)]).replace(
        "\nAccounting data",
        "Accounting threshold exceeded for 1234 packets and 567890 bytes\nAccounting data",
    )
    reading = read(collapsed(text) if form == "collapsed" else text)
    exceeded = note(reading, "ip-accounting-truncated")
    assert exceeded is not None
    assert exceeded.count == 1234
    assert reading.problems == ()


def test_every_table_says_that_it_has_no_ports() -> None:
    assert note(read(table([("1.1.1.1", "2.2.2.2", 2, 96)])), "ip-accounting-no-ports") is not None
    assert note(read("Router#show ip accounting\n" + HEADER + "\n"), "ip-accounting-no-ports") is None


def test_other_listings_of_addresses_are_no_accounting() -> None:
    for text in (
        "icmp 145.72.224.3:1    10.1.1.1:1    10.1.1.2:1    10.1.1.2:1\n",
        "10.0.0.0 255.0.0.0 is variably subnetted, 2 subnets\n",
        "Internet  10.1.1.1  4  0011.2233.4455  ARPA  Vlan1\n",
        "from 10.1.1.1 to 10.1.1.2 5 pings of 100 bytes\n",
    ):
        reading = read(text + f"Router#show ip accounting\n{HEADER}\n")
        assert reading.flows == 0
        assert len(reading.problems) == 1
