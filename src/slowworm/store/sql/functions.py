"""The functions that SQL has beside DuckDB's own: addresses, prefixes, services, flags.

An address is a ``UHUGEINT`` in SQL, IPv6 by its value and IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2): one type for
both, in numerical order, on which a test for a prefix is two comparisons that are pushed down to the uint32 column in
Parquet. Nothing else in the relations has this type, so that every result of it is shown as an address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from slowworm.flows.services import PROTOCOL_NAMES

IPV4_MAPPED = 0xFFFF << 32
"""What is added to an IPv4 address: ::ffff:0:0."""

IPV4_LAST = IPV4_MAPPED + 0xFFFF_FFFF

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""RFC 1918 and RFC 4193."""

SHOWN = 80
"""Characters of a text that is no address which an error shows."""

FLAG_LETTERS = "CEUAPRSF"
"""Letters of the TCP flags as nfdump prints them, the highest bit first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function: ``name``, ``parameters`` as documented, what it gives, the macro behind it."""

    name: str
    parameters: str
    gives: str
    macro: str

    @property
    def signature(self) -> str:
        """``in_prefix(addr, prefix)``."""
        return f"{self.name}({self.parameters})"


def bounds(prefix: str) -> tuple[int, int]:
    """First and last address of a prefix, or of a single address. Raises ``ValueError`` with a text for people."""
    try:
        network = ipaddress.ip_network(_without_zone(prefix), strict=False)
    except ValueError:
        raise ValueError(f"{prefix[:SHOWN]!r} is no prefix such as 10.0.0.0/8 or 2001:db8::/32") from None
    shift = IPV4_MAPPED if network.version == 4 else 0
    return int(network.network_address) + shift, int(network.broadcast_address) + shift


def address(text: str) -> int:
    """The number that stands for an address. Raises ``ValueError`` with a text for people."""
    try:
        found = ipaddress.ip_address(_without_zone(text))
    except ValueError:
        raise ValueError(f"{text[:SHOWN]!r} is no address such as 192.0.2.1 or 2001:db8::1") from None
    return int(found) + (IPV4_MAPPED if found.version == 4 else 0)


def _without_zone(text: str) -> str:
    if "%" in text:
        raise ValueError("an address with a zone is none outside its host")
    return text.strip()


def _is_ipv4(addr: str) -> str:
    return f"{addr} BETWEEN {IPV4_MAPPED}::UHUGEINT AND {IPV4_LAST}::UHUGEINT"


def _within(addr: str, prefix: str) -> str:
    first, last = bounds(prefix)
    return f"{addr} BETWEEN {first}::UHUGEINT AND {last}::UHUGEINT"


_OCTETS = " || '.' || ".join(f"((addr >> {shift}) & 255)::UTINYINT" for shift in (24, 16, 8, 0))
_PROTOCOLS = " ".join(f"WHEN {number} THEN '{name}'" for number, name in PROTOCOL_NAMES.items())
_FLAGS = " || ".join(
    f"CASE WHEN tcp_flags & {128 >> bit} > 0 THEN '{letter}' ELSE '.' END"
    for bit, letter in enumerate(FLAG_LETTERS)
)

HELPERS = (
    f"_quad(addr) AS {_OCTETS}",
    "_ipv6(addr) AS _ipv6_text(hex(addr))",
    # Both shifts, as the left one alone must not lose bits.
    "_masked(addr, bits) AS ((addr >> (128 - bits)::UHUGEINT) << (128 - bits)::UHUGEINT)",
)
"""Macros that the functions are made of."""

FUNCTIONS = (
    Function(
        name="ip",
        parameters="text",
        gives="the address that a text is; an error where it is none",
        macro="ip(text) AS _address(text)::UHUGEINT",
    ),
    Function(
        name="try_ip",
        parameters="text",
        gives="the address that a text is, null where it is none, as the name of an exporter may be",
        macro="try_ip(text) AS nullif(_try_address(text), '')::UHUGEINT",
    ),
    Function(
        name="text",
        parameters="addr",
        gives="an address as text, for use in other text functions",
        macro=f"text(addr) AS CASE WHEN {_is_ipv4('addr')} THEN _quad(addr) ELSE _ipv6(addr) END",
    ),
    Function(
        name="in_prefix",
        parameters="addr, prefix",
        gives="whether an address is in a prefix such as '10.0.0.0/8' or '2001:db8::/32'",
        macro="in_prefix(addr, prefix) AS addr BETWEEN _first(prefix)::UHUGEINT AND _last(prefix)::UHUGEINT",
    ),
    Function(
        name="prefix",
        parameters="addr, bits, ipv6_bits := 64",
        gives="the prefix of an address as text: of that many bits for IPv4, and for IPv6",
        macro="prefix(addr, bits, ipv6_bits := 64) AS CASE "
        f"WHEN addr IS NULL THEN NULL WHEN {_is_ipv4('addr')} THEN "
        "CASE WHEN bits BETWEEN 0 AND 32 THEN _quad(_masked(addr, 96 + bits)) || '/' || bits "
        "ELSE error('prefix: IPv4 has 0 to 32 bits, not ' || bits) END "
        "WHEN ipv6_bits BETWEEN 1 AND 128 THEN _ipv6(_masked(addr, ipv6_bits)) || '/' || ipv6_bits "
        "ELSE error('prefix: IPv6 has 1 to 128 bits, not ' || ipv6_bits) END",
    ),
    Function(
        name="ip_version",
        parameters="addr",
        gives="4 or 6",
        macro=f"ip_version(addr) AS CASE WHEN addr IS NULL THEN NULL WHEN {_is_ipv4('addr')} THEN 4 ELSE 6 END",
    ),
    Function(
        name="is_private",
        parameters="addr",
        gives=f"whether an address is in {', '.join(PRIVATE[:-1])} or {PRIVATE[-1]}",
        macro=f"is_private(addr) AS ({' OR '.join(_within('addr', p) for p in PRIVATE)})",
    ),
    Function(
        name="service",
        parameters="protocol, port",
        gives="tcp/445, icmp, as the other commands write it",
        macro="service(protocol, port) AS CASE WHEN protocol IS NULL AND port IS NULL THEN 'any service' ELSE "
        f"(CASE protocol {_PROTOCOLS} ELSE coalesce(protocol::VARCHAR, 'ip') END) || coalesce('/' || port, '') END",
    ),
    Function(
        name="flags",
        parameters="tcp_flags",
        gives="TCP flags as letters, as nfdump has them: ......S.",
        macro=f"flags(tcp_flags) AS CASE WHEN tcp_flags IS NULL THEN NULL ELSE {_FLAGS} END",
    ),
)
"""All of them, as documented."""


def install(connection: Any) -> None:
    """Create the functions. Numbers pass as text, as Arrow has no integers of 128 bits."""
    for name, function in (
        ("_address", lambda text: str(address(text))),
        ("_try_address", _try_address),
        ("_first", lambda text: str(bounds(text)[0])),
        ("_last", lambda text: str(bounds(text)[1])),
        ("_ipv6_text", lambda digits: str(ipaddress.IPv6Address(int(digits, 16)))),
    ):
        connection.create_function(name, _over_columns(function), ["VARCHAR"], "VARCHAR", type="arrow")
    for macro in (*HELPERS, *(function.macro for function in FUNCTIONS)):
        connection.execute(f"CREATE MACRO {macro}")


def _over_columns(function: Callable[[str], str]) -> Callable[[Any], pa.Array]:
    """The same for columns of text: called once for each distinct text."""

    def each(column: Any) -> pa.Array:
        codes = (
            column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        ).dictionary_encode()
        return pa.array([function(text) for text in codes.dictionary.to_pylist()], pa.string()).take(
            codes.indices
        )

    return each


def _try_address(text: str) -> str:
    try:
        return str(address(text))
    except ValueError:
        return ""
