"""The filter language: text and tree close, masks agree with a row-by-row oracle, errors show their place."""

from __future__ import annotations

import ipaddress
import operator
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slowworm.errors import FilterError
from slowworm.flows import schema
from slowworm.flows.addresses import Network
from slowworm.flows.filter import REFERENCE, Filter, syntax
from slowworm.flows.filter.lexer import MAX_LENGTH
from slowworm.flows.filter.names import PROTOCOLS, RESERVED, SERVICES
from slowworm.flows.filter.parser import FIRST_WORDS, MAX_DEPTH
from slowworm.flows.filter.syntax import Comparison, Counter, Direction, Node, Side
from slowworm.flows.services import PORT_NAMES, PROTOCOL_NAMES
from slowworm.flows.table import flow_batch

Row = Mapping[str, object]

# ---------------------------------------------------------------- random rows and trees, from the same pools

IPV4 = [
    int(ipaddress.IPv4Address(a))
    for a in (
        "0.0.0.0",
        "0.0.0.1",
        "10.0.0.1",
        "10.0.0.255",
        "10.0.1.0",
        "20.1.0.0",
        "20.1.255.255",
        "20.2.0.0",
        "127.255.255.255",
        "128.0.0.0",
        "255.255.255.254",
        "255.255.255.255",
    )
]
IPV6 = [
    ipaddress.IPv6Address(a).packed
    for a in (
        "::",
        "::1",
        "::100",
        "1::",
        "2001:db8::",
        "2001:db8::1",
        "2001:db8:0:ff00::",
        "2001:db9::",
        "7fff:ffff::",
        "8000::",
        "::ffff:10.0.0.1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    )
]
NAMES = ["Vlan3", "vlan3", "Fa0/0.100", "Null", "3", "in", "and", "a b", "it's", 'the "core"', "", "ÄÖ#1"]
NUMBERS = [0, 1, 2, 3, 8, 80, 255]
PORTS = [*NUMBERS, 443, 1024, 1434, 65535]
COUNTS = [*PORTS, 10**6, 2**63, 2**64 - 1]
FLAGS = [0, 0x02, 0x10, 0x12, 0x3F, 0xC2, 0x100, 0xFFFF]


def rows(version: int) -> st.SearchStrategy[list[Row]]:
    addresses: Sequence[object] = IPV4 if version == 4 else IPV6
    columns: dict[str, Sequence[object]] = {
        "protocol": [1, 6, 17, 47, 58, 255],
        "ethertype": [0x0800, 0x0806, 0x88CC],
        "resolved": [True, False],
        "icmp_type": NUMBERS,
        "icmp_code": NUMBERS,
        "src_addr": addresses,
        "dst_addr": addresses,
        "src_port": PORTS,
        "dst_port": PORTS,
        "tcp_flags": FLAGS,
        "packets": COUNTS,
        "bytes": COUNTS,
        "in_if": NAMES,
        "out_if": NAMES,
        "exporter": NAMES,
    }
    fields = {name: st.none() | st.sampled_from(values) for name, values in columns.items()}
    return st.lists(st.fixed_dictionaries(fields), max_size=12)


def batch_of(values: list[Row], version: int) -> pa.RecordBatch:
    names = list(values[0]) if values else []
    return flow_batch({n: [v[n] for v in values] for n in names}, rows=len(values), ip_version=version)


def networks() -> st.SearchStrategy[Network]:
    v4 = st.tuples(st.sampled_from(IPV4), st.sampled_from([0, 1, 8, 15, 24, 31, 32]))
    v6 = st.tuples(st.sampled_from(IPV6), st.sampled_from([0, 1, 32, 47, 64, 120, 127, 128]))
    return v4.map(lambda n: ipaddress.IPv4Network(n, strict=False)) | v6.map(
        lambda n: ipaddress.IPv6Network(n, strict=False)
    )


def several(values: st.SearchStrategy[Node]) -> st.SearchStrategy[tuple[Node, ...]]:
    return st.lists(values, min_size=2, max_size=4).map(tuple)


DIRECTIONS = st.sampled_from(Direction)
COMPARISONS = st.sampled_from(Comparison)
MASKS = st.sampled_from(FLAGS[1:])
EXPRESSIBLE = st.sampled_from(NAMES) | st.text(max_size=8).filter(lambda t: not {'"', "'"} <= set(t))
CONDITIONS: st.SearchStrategy[Node] = st.one_of(
    st.builds(syntax.Always),
    st.builds(syntax.Version, number=st.sampled_from([4, 6])),
    st.builds(syntax.Arp),
    st.builds(syntax.Resolved),
    st.builds(syntax.Protocol, number=st.sampled_from([0, *PROTOCOLS.values()])),
    st.builds(
        syntax.Address, direction=DIRECTIONS, networks=st.lists(networks(), min_size=1, max_size=5).map(tuple)
    ),
    st.builds(syntax.Port, direction=DIRECTIONS, comparison=COMPARISONS, number=st.sampled_from(PORTS)),
    st.builds(
        syntax.PortList, direction=DIRECTIONS, numbers=st.lists(st.sampled_from(PORTS), min_size=1).map(tuple)
    ),
    st.builds(
        syntax.Count,
        counter=st.sampled_from([Counter.PACKETS, Counter.BYTES]),
        comparison=COMPARISONS,
        number=st.sampled_from(COUNTS),
    ),
    st.builds(
        syntax.Count,
        counter=st.sampled_from([Counter.ICMP_TYPE, Counter.ICMP_CODE]),
        comparison=COMPARISONS,
        number=st.sampled_from(NUMBERS),
    ),
    st.builds(syntax.Flags, mask=MASKS),
    st.builds(syntax.NoFlags, mask=MASKS),
    st.builds(syntax.FlagsValue, comparison=COMPARISONS, number=st.sampled_from(FLAGS)),
    st.builds(syntax.Interface, side=st.sampled_from(Side), name=EXPRESSIBLE),
    st.builds(syntax.Exporter, name=EXPRESSIBLE),
)
TREES: st.SearchStrategy[Node] = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds(syntax.Not, operand=inner),
        st.builds(syntax.And, operands=several(inner)),
        st.builds(syntax.Or, operands=several(inner)),
    ),
    max_leaves=10,
)

# ---------------------------------------------------------------- the oracle: one row, plain Python

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def compares(value: object, comparison: Comparison, number: int) -> bool:
    return value is not None and bool(OPERATORS[comparison.value](value, number))


def inside(address: object, nets: tuple[Network, ...]) -> bool:
    if address is None:
        return False
    assert isinstance(address, int | bytes)
    return any(ipaddress.ip_address(address) in net for net in nets)


def called(value: object, name: str) -> bool:
    return value is not None and str(value).lower() == name.lower()


def ends(direction: Direction, source: bool, destination: bool) -> bool:
    return {
        Direction.SRC: source,
        Direction.DST: destination,
        Direction.EITHER: source or destination,
        Direction.BOTH: source and destination,
    }[direction]


def matches(node: Node, row: Row, version: int) -> bool:
    match node:
        case syntax.Not():
            return not matches(node.operand, row, version)
        case syntax.And():
            return all(matches(operand, row, version) for operand in node.operands)
        case syntax.Or():
            return any(matches(operand, row, version) for operand in node.operands)
        case syntax.Always():
            return True
        case syntax.Version():
            return node.number == version
        case syntax.Arp():
            return row["ethertype"] == 0x0806
        case syntax.Resolved():
            return row["resolved"] is True
        case syntax.Protocol():
            return row["protocol"] == node.number
        case syntax.Address():
            source, destination = (inside(row[a], node.networks) for a in ("src_addr", "dst_addr"))
            return ends(node.direction, source, destination)
        case syntax.Port():
            ports = (row["src_port"], row["dst_port"])
            return ends(node.direction, *(compares(port, node.comparison, node.number) for port in ports))
        case syntax.PortList():
            return ends(node.direction, row["src_port"] in node.numbers, row["dst_port"] in node.numbers)
        case syntax.Count():
            return compares(row[node.counter.value], node.comparison, node.number)
        case syntax.FlagsValue():
            return compares(row["tcp_flags"], node.comparison, node.number)
        case syntax.Flags():
            flags = row["tcp_flags"]
            return isinstance(flags, int) and all(flags & bit for bit in bits(node.mask))
        case syntax.NoFlags():
            flags = row["tcp_flags"]
            return not (isinstance(flags, int) and any(flags & bit for bit in bits(node.mask)))
        case syntax.Interface():
            sides = {Side.IN: ["in_if"], Side.OUT: ["out_if"], Side.EITHER: ["in_if", "out_if"]}[node.side]
            return any(called(row[side], node.name) for side in sides)
        case syntax.Exporter():
            return called(row["exporter"], node.name)


def bits(mask: int) -> list[int]:
    return [1 << n for n in range(16) if mask >> n & 1]


# ---------------------------------------------------------------- properties


@given(TREES)
def test_the_text_of_a_tree_parses_back_to_the_tree(tree: Node) -> None:
    parsed = Filter.parse(str(tree))
    assert parsed.tree == tree
    assert str(parsed) == str(tree)


@given(st.data(), CONDITIONS | TREES, st.sampled_from([4, 6]))
def test_mask_is_what_the_oracle_says_row_by_row(data: st.DataObject, tree: Node, version: int) -> None:
    values = data.draw(rows(version))
    mask = Filter(tree=tree).mask(batch_of(values, version))
    assert mask.dtype == np.bool_
    assert mask.tolist() == [matches(tree, row, version) for row in values]


@given(st.data(), TREES, st.sampled_from([4, 6]))
def test_mask_of_a_slice_is_the_slice_of_the_mask(data: st.DataObject, tree: Node, version: int) -> None:
    batch = batch_of(data.draw(rows(version)), version)
    start = data.draw(st.integers(0, batch.num_rows))
    length = data.draw(st.integers(0, batch.num_rows))
    part = Filter(tree=tree).mask(batch.slice(start, length))
    assert part.tolist() == Filter(tree=tree).mask(batch)[start : start + length].tolist()


WORDS = [
    *sorted(RESERVED),
    "(",
    ")",
    "[",
    "]",
    ",",
    "!",
    "&&",
    "||",
    "=",
    "<=",
    "80",
    "1k",
    "0x2",
    "http",
    "S",
    "10/8",
    "20.1.0.0",
    "255.255.0.0",
    "2001:db8::/32",
    "Vlan3",
    "'a b'",
    "type",
    "/",
    "::",
]


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_text_either_parses_and_closes_or_is_a_filter_error_within_the_text(text: str) -> None:
    parsed, error = parse_or_error(text)
    if parsed:
        assert Filter.parse(str(parsed)) == parsed
    if error:
        assert error.expression == text
        assert 0 <= error.position <= len(text)
        assert error.reason


def parse_or_error(text: str) -> tuple[Filter | None, FilterError | None]:
    try:
        return Filter.parse(text), None
    except FilterError as error:
        return None, error


# ---------------------------------------------------------------- the language


@pytest.mark.parametrize("form", [form for form, _ in REFERENCE])
def test_every_form_of_the_reference_parses_and_closes(form: str) -> None:
    assert Filter.parse(str(Filter.parse(form))) == Filter.parse(form)


def test_every_reserved_word_is_in_the_reference() -> None:
    told = {word.strip(".,;:()'\"!") for line in REFERENCE for text in line for word in text.split()}
    assert told >= RESERVED


def test_reserved_words_are_those_that_start_or_join_conditions() -> None:
    assert set(FIRST_WORDS) | {"and", "or"} <= RESERVED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("TCP AND Dst Port HTTP", "tcp and dst port 80"),
        ("tcp&&!udp||any", "tcp and not udp or any"),
        ("tcp or udp and icmp", "tcp or (udp and icmp)"),
        ("not tcp and udp", "(not tcp) and udp"),
        ("((tcp))", "proto 6"),
        ("proto icmpv6", "icmp6"),
        ("src or dst host 1.2.3.4", "ip 1.2.3.4"),
        ("dst or src port 80", "port 80"),
        ("dst and src port 80", "src and dst port 80"),
        ("port == 80", "port 80"),
        ("port eq 80", "port = 0x50"),
        ("port>1024", "port gt 1024"),
        ("port ne 80", "port != 80"),
        ("packets ge 3k", "packets >= 3000"),
        ("bytes <= 1G", "bytes <= 1000000000"),
        ("net 20.1.2.3/16", "net 20.1.0.0 255.255.0.0"),
        ("net 20.1/16", "net 20.1.0.0/16"),
        ("net 10.0.0.1/32", "ip 10.0.0.1"),
        ("ip in [10.0.0.1]", "ip 10.0.0.1"),
        ("ip in [10.0.0.1,10.0.0.2]", "host in [ 10.0.0.1 10.0.0.2 ]"),
        ("port in [http,443 , dns]", "port in [80 443 53]"),
        ("net 2001:DB8::1/32", "net 2001:db8::/32"),
        ("flags s", "flags 0x02"),
        ("flags AS", "flags SA"),
        ("flags X", "flags UAPRSF"),
        ("flags = SA", "flags == 0x12"),
        ("icmp type 8", "icmp-type 8"),
        ("icmp code = 0", "icmp-code 0"),
        ("in if 'Vlan3'", 'in if "Vlan3"'),
        ("router ip 192.0.2.1", "exporter 192.0.2.1"),
        ("inet or inet6", "ipv4 or ipv6"),
        ("\tany\r\n", "any"),
    ],
)
def test_two_spellings_of_one_filter(one: str, other: str) -> None:
    assert Filter.parse(one) == Filter.parse(other)


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("http", 80),
        ("https", 443),
        ("dns", 53),
        ("domain", 53),
        ("ssh", 22),
        ("telnet", 23),
        ("smtp", 25),
        ("ms-sql-m", 1434),
        ("microsoft-ds", 445),
        ("netbios-ns", 137),
    ],
)
def test_services_by_name(name: str, port: int) -> None:
    assert SERVICES[name] == port
    assert str(Filter.parse(f"dst port {name}")) == f"dst port {port}"


def test_every_name_that_output_prints_can_be_written_in_a_filter() -> None:
    for port, service in PORT_NAMES.items():
        assert Filter.parse(f"dst port {service}") == Filter.parse(f"dst port {port}")
    for number, protocol in PROTOCOL_NAMES.items():
        assert Filter.parse(f"proto {protocol}") == Filter.parse(f"proto {number}")


def select(text: str, columns: Mapping[str, list[object]], *, ip_version: int = 4) -> list[bool]:
    count = len(next(iter(columns.values())))
    batch = flow_batch(columns, rows=count, ip_version=ip_version)
    return [bool(matched) for matched in Filter.parse(text).mask(batch)]


def test_a_null_field_matches_no_comparison_and_not_is_the_plain_complement() -> None:
    ports: dict[str, list[object]] = {"dst_port": [80, 443, None]}
    assert select("dst port 80", ports) == [True, False, False]
    assert select("dst port != 80", ports) == [False, True, False]
    assert select("not dst port 80", ports) == [False, True, True]
    assert select("not port 80", ports) == [False, True, True]
    assert select("packets < 5", {"packets": [None, 0]}) == [False, True]
    assert select("in if Null or router gw", {"in_if": [None, "null"]}) == [False, True]


def test_columns_that_are_null_throughout_match_nothing() -> None:
    batch = flow_batch({}, rows=3)
    for text in (
        "tcp",
        "ip 0.0.0.0",
        "net 0.0.0.0/0",
        "port 0",
        "port != 0",
        "port in [0]",
        "packets >= 0",
        "icmp-type 0",
        "flags S",
        "flags = 0",
        "if ''",
        "router ''",
    ):
        assert not Filter.parse(text).mask(batch).any(), text
    assert Filter.parse("any").mask(batch).all()


def test_a_batch_without_rows_has_an_empty_mask() -> None:
    for version in (4, 6):
        mask = Filter.parse("tcp and not (ip in [::1 1.1.1.1 3.3.3.3] or if a)").mask(
            flow_batch({}, rows=0, ip_version=version)
        )
        assert mask.shape == (0,)
        assert mask.dtype == np.bool_


def test_flags_are_all_set_and_not_flags_are_none_set() -> None:
    # SYN, SYN+ACK, SYN+ACK+FIN, nothing, unknown
    flags: dict[str, list[object]] = {"tcp_flags": [0x02, 0x12, 0x13, 0x00, None]}
    assert select("flags S", flags) == [True, True, True, False, False]
    assert select("flags SA", flags) == [False, True, True, False, False]
    assert select("flags 0x02", flags) == [True, True, True, False, False]
    assert select("flags = S", flags) == [True, False, False, False, False]
    assert select("flags = 0", flags) == [False, False, False, True, False]
    assert select("flags S and not flags AFRPU", flags) == [True, False, False, False, False]
    assert select("not flags AF", flags) == [True, False, False, True, True]
    assert select("not (flags AF)", flags) == [True, True, False, True, True]
    assert select("not not flags AF", flags) == [False, True, True, False, False]


def test_addresses_of_the_other_ip_version_never_match() -> None:
    v4: dict[str, list[object]] = {"src_addr": [0x0A000001, 0]}
    v6: dict[str, list[object]] = {"src_addr": [ipaddress.ip_address(a).packed for a in ("::10.0.0.1", "::")]}
    assert select("net 0.0.0.0/0", v4) == [True, True]
    assert select("net ::/0", v4) == [False, False]
    assert select("net 0.0.0.0/0", v6, ip_version=6) == [False, False]
    assert select("ip in [10.0.0.1 0.0.0.0]", v6, ip_version=6) == [False, False]
    assert select("net ::/0", v6, ip_version=6) == [True, True]
    assert select("ip in [10.0.0.1 ::a00:1]", v6, ip_version=6) == [True, False]
    assert select("ip in [10.0.0.1 ::a00:1]", v4) == [True, False]
    assert select("ipv4", v6, ip_version=6) == [False, False]
    assert select("inet6", v6, ip_version=6) == [True, True]


def test_and_or_and_their_precedence() -> None:
    both: dict[str, list[object]] = {"protocol": [6, 6, 17, 17], "dst_port": [80, 53, 80, 53]}
    assert select("tcp and dst port 80", both) == [True, False, False, False]
    assert select("tcp or dst port 80", both) == [True, True, True, False]
    assert select("udp or tcp and dst port 80", both) == [True, False, True, True]
    assert select("(udp or tcp) and dst port 80", both) == [True, False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "not (flags AS)",
        "not not flags AS",
        "not (tcp and udp)",
        "(tcp or udp) and icmp",
        "tcp and udp or icmp",
        "(tcp and udp) and icmp",
        "(tcp or udp) or icmp",
        "not flags = AS",
        'if "and"',
        "if 'the \"core\"'",
        "flags 0x100",
    ],
)
def test_canonical_text_is_its_own_canonical_text(text: str) -> None:
    assert str(Filter.parse(text)) == text


def test_direction() -> None:
    ends_: dict[str, list[object]] = {"src_port": [80, 1, 80, 1], "dst_port": [1, 80, 80, 1]}
    assert select("src port 80", ends_) == [True, False, True, False]
    assert select("dst port 80", ends_) == [False, True, True, False]
    assert select("port 80", ends_) == [True, True, True, False]
    assert select("src and dst port 80", ends_) == [False, False, True, False]


def test_a_long_list_agrees_with_single_tests() -> None:
    rng = np.random.default_rng(1)
    addresses = rng.integers(0, 2**32, 500, dtype=np.uint32)
    members = [
        str(ipaddress.IPv4Network((int(a), int(n)), strict=False))
        for a, n in zip(rng.choice(addresses, 300), rng.integers(6, 33, 300), strict=True)
    ]
    batch = flow_batch({"src_addr": addresses, "dst_addr": addresses[::-1].copy()}, rows=500)
    expected = np.zeros(500, np.bool_)
    for member in members:
        expected |= Filter.parse(f"dst net {member}").mask(batch)
    assert (Filter.parse(f"dst ip in [{' '.join(members)}]").mask(batch) == expected).all()


@pytest.mark.parametrize(
    ("members", "addresses"),
    [
        (
            "10.0.0.1 20.1.0.0/16",
            ("10.0.0.0", "10.0.0.1", "10.0.0.2", "20.0.255.255", "20.1.0.0", "20.1.255.255", "20.2.0.0"),
        ),
        (
            "2001:db8::1 ff00::/9",
            ("2001:db8::", "2001:db8::1", "2001:db8::2", "feff::", "ff00::", f"ff7f{':ffff' * 7}", "ff80::"),
        ),
    ],
)
def test_a_list_ends_where_its_members_end(members: str, addresses: tuple[str, ...]) -> None:
    version = ipaddress.ip_address(addresses[0]).version
    parsed = [ipaddress.ip_address(address) for address in addresses]
    values: list[object] = [int(a) if version == 4 else a.packed for a in parsed]
    expected = [False, True, False, False, True, True, False]
    assert select(f"src ip in [{members}]", {"src_addr": values}, ip_version=version) == expected


def test_a_null_inside_a_dictionary_is_null() -> None:
    batch = flow_batch({}, rows=3)
    names = pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int32()), pa.array([None, "Vlan3"]))
    batch = batch.set_column(batch.schema.get_field_index("in_if"), batch.schema.field("in_if"), names)
    assert Filter.parse("in if VLAN3").mask(batch).tolist() == [False, True, False]


def test_masks_of_one_filter_do_not_share_memory() -> None:
    batch = flow_batch({"protocol": [6, 17]}, rows=2)
    tcp = Filter.parse("tcp")
    tcp.mask(batch)[:] = True
    assert tcp.mask(batch).tolist() == [True, False]


def test_every_column_that_the_language_names_is_in_the_schema() -> None:
    named = {f"{end}_{what}" for end in ("src", "dst") for what in ("addr", "port")}
    named |= {*Counter, "protocol", "ethertype", "resolved", "tcp_flags", "in_if", "out_if", "exporter"}
    assert named <= set(schema.NAMES)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "ends here"),
        ("   ", 3, "ends here"),
        ("src net 20.1.0.0/33", 17, "from 0 to 32, not '33'"),
        ("net 2001:db8::/129", 15, "from 0 to 128"),
        ("net 20.1.0.0/", 13, "prefix length from 0 to 32 after '/'"),
        ("net 20.1.0.0/1x", 13, "'1x'"),
        ("net 20.1.0.0", 12, "netmask"),
        ("net 20.1.0.0 255.0.255.0", 13, "not a netmask"),
        ("net 20.1.0.0 0.0.255.255", 13, "write '/16'"),
        ("net 2001:db8::", 4, "needs its length"),
        ("net 300.1.0.0/16", 4, "expected an IP address"),
        ("dst prt 80", 4, "did you mean 'port'"),
        ("tpc and port 80", 0, "did you mean 'tcp'"),
        ("tcp adn port 80", 4, "did you mean 'and'"),
        ("port htp", 5, "did you mean 'http'"),
        ("proto grr", 6, "did you mean 'gre'"),
        ("prot tcp", 0, "did you mean 'proto'"),
        ("icmp-typ 8", 0, "did you mean 'icmp-type'"),
        ("tcp port 80", 4, "expected 'and', 'or' or the end"),
        ("tcp and", 7, "ends here"),
        ("and tcp", 0, "expected a condition"),
        ("not", 3, "ends here"),
        ("src or src port 80", 4, "ip, host, net or port after 'src'"),
        ("src or dst tcp", 11, "after 'src or dst'"),
        ("(tcp or udp", 11, "')' of the '(' in column 1"),
        ("tcp)", 3, "closes nothing"),
        ("()", 1, "expected a condition"),
        ("port 65536", 5, "from 0 to 65535"),
        ("port " + "9" * 5000, 5, "from 0 to 65535"),
        ("port -1", 5, "port number"),
        ("port 1k", 5, "only packets and bytes"),
        ("port 80 443", 8, "'and', 'or'"),
        ("port in 80", 8, "'[' and a list"),
        ("port in []", 9, "port number"),
        ("port in [80", 11, "']'"),
        ("port in [80 tcp]", 12, "port number"),
        ("ip in [10.0.0.0/8 10.0.0.0/40]", 27, "from 0 to 32"),
        ("ip in [10.0.0.1,,10.0.0.2]", 16, "an IP address or a prefix"),
        ("ip 10.0.0.0/8", 3, "'net 10.0.0.0/8'"),
        ("ip != 10.0.0.1", 3, "put 'not' before"),
        ("proto = tcp", 6, "leave it out"),
        ("ip fe80::1%eth0", 3, "expected an IP address"),
        ("ip www.example.com", 3, "expected an IP address"),
        ("proto 256", 6, "from 0 to 255"),
        ("icmp-type 256", 10, "from 0 to 255"),
        ("packets > 18446744073709551616", 10, "from 0 to 18446744073709551615"),
        ("bytes > 99999999999T", 8, "from 0 to"),
        ("packets > x", 10, "a number of packets"),
        ("flags SYN", 7, "'Y' is no flag"),
        ("flags 0", 6, "'flags = 0'"),
        ("not flags 0", 10, "'flags = 0'"),
        ("flags 0x10000", 6, "from 0 to 65535"),
        ("flags", 5, "TCP flags"),
        ("in if and tcp", 6, "the keyword 'and'"),
        ("in if = Vlan3", 6, "leave it out"),
        ("in if", 5, "name of an interface"),
        ("in Vlan3", 3, "expected 'if'"),
        ("router", 6, "a router"),
        ("in if 'Vlan3", 6, "never closed"),
        ("tcp & udp", 4, "'&&'"),
        ("tcp; udp", 3, "unexpected character ';'"),
        ("tcp # web", 4, "no comments"),
        ("tcp and pört 80", 9, "unexpected character 'ö'"),
    ],
)
def test_an_error_shows_its_place_and_says_what_was_expected(text: str, position: int, reason: str) -> None:
    with pytest.raises(FilterError) as caught:
        Filter.parse(text)
    assert caught.value.position == position
    assert reason in caught.value.reason


@pytest.mark.parametrize("opening", ["(", "not ", "!", "not(", "any and ("])
def test_nesting_has_a_limit_and_not_a_recursion_error(opening: str) -> None:
    with pytest.raises(FilterError, match=f"nested more than {MAX_DEPTH} deep"):
        Filter.parse(opening * 900)


@pytest.mark.parametrize("opening", ["(", "!"])
def test_the_nesting_error_shows_the_first_level_too_many(opening: str) -> None:
    with pytest.raises(FilterError) as caught:
        Filter.parse(opening * (MAX_DEPTH + 1) + "any" + ")" * (MAX_DEPTH + 1))
    assert caught.value.position == MAX_DEPTH


def test_what_nests_to_the_limit_evaluates_prints_and_closes() -> None:
    opening, closing = "(tcp and udp or ", ")"
    deep = Filter.parse(opening * MAX_DEPTH + "any" + closing * MAX_DEPTH)
    assert Filter.parse(str(deep)) == deep
    assert hash(deep) == hash(Filter.parse(str(deep)))
    assert "Always" in repr(deep)
    assert deep.mask(flow_batch({}, rows=2)).all()
    assert Filter.parse("!" * MAX_DEPTH + "any").mask(flow_batch({}, rows=2)).all()


def test_length_has_a_limit_and_the_error_does_not_repeat_megabytes() -> None:
    Filter.parse("any".ljust(MAX_LENGTH))
    with pytest.raises(FilterError) as caught:
        Filter.parse("any or " * 500_000)
    assert caught.value.position == MAX_LENGTH
    assert len(str(caught.value)) < 3 * MAX_LENGTH


def test_width_is_no_depth() -> None:
    wide = Filter.parse(" or ".join(["any"] * 1400))
    assert wide.mask(flow_batch({}, rows=1)).tolist() == [True]
    assert Filter.parse(str(wide)) == wide


def test_a_message_repeats_a_hostile_word_shortened() -> None:
    with pytest.raises(FilterError) as caught:
        Filter.parse("a" * 9000)
    assert len(caught.value.reason) < 200


def test_parsing_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys; import slowworm.flows.schema, slowworm.flows.addresses; before = set(sys.modules)\n"
        "from slowworm.flows.filter import Filter; Filter.parse('tcp or if Vlan3')\n"
        "print(*set(sys.modules) - before)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = {name for name in ran.stdout.split() if not name.startswith("slowworm.flows.filter")}
    assert not new & {"difflib", "numba", "pandas", "pyarrow.compute"}
