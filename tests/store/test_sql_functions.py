"""The functions that SQL has: against Python's own reading of addresses, and against hostile text."""

import ipaddress
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import ROOT

from slowworm.errors import QueryError
from slowworm.flows.services import service_name
from slowworm.store.sql.functions import FUNCTIONS, IPV4_MAPPED, PRIVATE, address, bounds
from slowworm.store.sql.relations import Contents
from slowworm.store.sql.session import Session

pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(Contents()) as opened:
        yield opened


def rows(session: Session, sql: str) -> list[tuple[object, ...]]:
    """The rows of an answer."""
    return [tuple(row.values()) for batch in session.run(sql).batches for row in batch.to_pylist()]


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def addresses() -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Edges of all kinds, and addresses with runs of zeros of every length at every place."""
    rng = random.Random(4)
    four = [0, 1, 2**31, 2**32 - 1, 0x0A000000, 0x0A0000FF, *(rng.getrandbits(32) for _ in range(200))]
    six = [0, 1, 2**128 - 1, 0xFFFE << 32, 1 << 64, *(rng.getrandbits(128) for _ in range(100))]
    for begin in range(8):
        for end in range(begin, 9):
            value = int.from_bytes(rng.randbytes(16))
            for group in range(begin, end):
                value &= ~(0xFFFF << 16 * group)
            six.append(value)
    return [ipaddress.IPv4Address(v) for v in four] + [ipaddress.IPv6Address(v) for v in six]


def test_every_address_is_read_and_shown_as_python_does(session: Session) -> None:
    texts = [str(a) for a in addresses()]
    values = ", ".join(f"({number}, {quoted(text)})" for number, text in enumerate(texts))
    shown = rows(
        session,
        f"SELECT ip(t), text(try_ip(t)), ip_version(ip(t)) FROM (VALUES {values}) AS v(n, t) ORDER BY n",
    )
    assert shown == [(text, text, a.version) for text, a in zip(texts, addresses(), strict=True)]


def test_addresses_are_in_numerical_order_ipv4_among_the_ipv4_mapped(session: Session) -> None:
    texts = ["9.0.0.0", "10.0.0.0", "100.0.0.0", "::", "2001:db8::", "::ffff:0:0"]
    values = ", ".join(f"({quoted(text)})" for text in texts)
    assert [row[0] for row in rows(session, f"SELECT ip(t) FROM (VALUES {values}) AS v(t) ORDER BY ip(t)")] == [
        "::", "0.0.0.0", "9.0.0.0", "10.0.0.0", "100.0.0.0", "2001:db8::"
    ]  # fmt: skip


@given(
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    st.integers(0, 128),
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
)
def test_the_bounds_of_a_prefix_hold_what_python_says_is_in_it(
    base: ipaddress.IPv4Address | ipaddress.IPv6Address,
    bits: int,
    other: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    network = ipaddress.ip_network((base, min(bits, base.max_prefixlen)), strict=False)
    first, last = bounds(str(network))
    for one in (other, network.network_address, network.broadcast_address):
        within = first <= address(str(one)) <= last
        if one.version == network.version:
            assert within == (one in network)
        elif one.version == 4:
            assert within == (ipaddress.IPv6Address(f"::ffff:{one}") in network)


def test_prefixes_are_tested_and_made(session: Session) -> None:
    assert rows(
        session,
        "SELECT in_prefix(ip('10.255.255.255'), '10.0.0.0/8'), in_prefix(ip('11.0.0.0'), '10.1.2.3/8'), "
        "in_prefix(ip('2001:db8:ffff::1'), '2001:db8::/32'), in_prefix(ip('10.0.0.1'), '2001:db8::/32'), "
        "in_prefix(ip('10.0.0.1'), '::/0'), in_prefix(ip('10.0.0.1'), '10.0.0.1'), in_prefix(NULL, '10.0.0.0/8')",
    ) == [(True, False, True, False, True, True, None)]
    assert rows(
        session,
        "SELECT prefix(ip('192.0.2.77'), 24), prefix(ip('192.0.2.77'), 0), prefix(ip('192.0.2.77'), 32), "
        "prefix(ip('2001:db8:1:2:3::4'), 24), prefix(ip('2001:db8:1:2:3::4'), 24, 48), "
        "prefix(ip('2001:db8::4'), 24, ipv6_bits := 128), prefix(NULL, 24)",
    ) == [
        (
            "192.0.2.0/24",
            "0.0.0.0/0",
            "192.0.2.77/32",
            "2001:db8:1:2::/64",
            "2001:db8:1::/48",
            "2001:db8::4/128",
            None,
        )
    ]
    for sql, said in (
        ("SELECT prefix(ip('10.0.0.1'), 33)", "IPv4 has 0 to 32 bits, not 33"),
        ("SELECT prefix(ip('::1'), 24, 129)", "IPv6 has 1 to 128 bits, not 129"),
    ):
        with pytest.raises(QueryError, match=said):
            session.run(sql)


def test_a_prefix_out_of_a_column_is_tested_too(session: Session) -> None:
    sql = "SELECT n FROM (VALUES (1, '10.0.0.0/8'), (2, '192.0.2.0/24')) AS v(n, p) WHERE in_prefix(ip('192.0.2.9'), p)"
    assert rows(session, sql) == [(2,)]


def test_private_addresses_are_those_of_the_rfcs(session: Session) -> None:
    networks = [ipaddress.ip_network(prefix) for prefix in PRIVATE]
    edges = [a for n in networks for a in (n[0], n[-1], n[0] - 1, n[-1] + 1)] + addresses()
    values = ", ".join(f"({number}, {quoted(str(a))})" for number, a in enumerate(edges))
    shown = rows(session, f"SELECT is_private(ip(t)) FROM (VALUES {values}) AS v(n, t) ORDER BY n")
    assert [row[0] for row in shown] == [
        any(a in n for n in networks if n.version == a.version) for a in edges
    ]


def test_services_are_named_as_everywhere(session: Session) -> None:
    for protocol in (*range(256), None):
        for port in (None, 0, 445):
            given_sql = (
                f"service({'NULL' if protocol is None else protocol}, {'NULL' if port is None else port})"
            )
            if protocol in (None, 1, 6, 17, 58, 99, 255):
                assert rows(session, f"SELECT {given_sql}") == [(service_name(protocol, port),)]


def test_flags_are_letters(session: Session) -> None:
    assert rows(session, "SELECT flags(2), flags(18), flags(255), flags(0), flags(NULL)") == [
        ("......S.", "...A..S.", "CEUAPRSF", "........", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "x", "10.0.0", "10.0.0.256", "1.2.3.4.5", "01.2.3.4", "::1::", "fe80::1%eth0/64", "10.0.0.0/33", "::/129",
     "10.0.0.0/8/8", "' OR 1=1 --", "10.0.0.0/8'; COPY flows TO 'x", "\u0661.2.3.4", "10.0.0.0/-1", "9" * 5000],
)  # fmt: skip
def test_what_is_no_address_and_no_prefix_is_an_error_and_nothing_else(session: Session, text: str) -> None:
    for call in (f"ip({quoted(text)})", f"in_prefix(ip('10.0.0.1'), {quoted(text)})"):
        with pytest.raises(QueryError, match=r"is no (address|prefix) such as"):
            session.run(f"SELECT {call}")
    assert rows(session, f"SELECT try_ip({quoted(text)})") == [(None,)]


def test_an_ipv4_address_is_the_ipv6_address_that_maps_it() -> None:
    assert address("192.0.2.1") == int(ipaddress.IPv6Address("::ffff:192.0.2.1"))
    assert int(ipaddress.IPv6Address("::ffff:0:0")) == IPV4_MAPPED


def test_every_function_is_documented_and_there() -> None:
    page = (ROOT / "docs" / "reference" / "store.md").read_text()
    for function in FUNCTIONS:
        assert f"`{function.signature}`" in page, function.name
        assert function.gives in page, function.name
