"""From the text of a filter to its syntax tree, by recursive descent.

One thing is not what plain logic would make of it: ``not flags AFRPU`` means that *none* of these flags is
set, not that they are not *all* set. nfdump(1) documents ``flags S and not flags AFRPU`` as "only SYN" (its
1.6 evaluates it so, its newer engine does not), and for finding scanners the other reading is useless: it
lets SYN+ACK through. ``not (flags AFRPU)`` is the plain complement, as ``not`` is before everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from slowworm.flows.filter import operands
from slowworm.flows.filter.lexer import Cursor, Kind
from slowworm.flows.filter.names import BARE_PROTOCOLS, COMPARISONS, PROTOCOLS, SERVICES
from slowworm.flows.filter.syntax import (
    Address,
    Always,
    And,
    Arp,
    Comparison,
    Condition,
    Count,
    Counter,
    Direction,
    Exporter,
    Flags,
    FlagsValue,
    Interface,
    Node,
    NoFlags,
    Not,
    Or,
    Port,
    PortList,
    Protocol,
    Resolved,
    Side,
    Version,
)

MAX_DEPTH = 100
"""Parentheses and ``not`` within each other: far more than people write, far less than Python's stack."""

_MAX_COUNT = 2**64 - 1
_DIRECTED = ("ip", "host", "net", "port")
_Item = TypeVar("_Item")


def parse(text: str) -> Node:
    """The syntax tree of an expression.

    Raises :class:`~slowworm.errors.FilterError` with the place and the reason where it is not one.
    """
    cursor = Cursor(text)
    node = _either(cursor, 0)
    if cursor.key == ")":
        raise cursor.error("this ')' closes nothing")
    if cursor.token.kind is not Kind.END:
        raise cursor.expected("'and', 'or' or the end of the filter", near=("and", "or"))
    return node


def _either(cursor: Cursor, depth: int) -> Node:
    nodes = [_both(cursor, depth)]
    while cursor.accept("or", "||"):
        nodes.append(_both(cursor, depth))
    return nodes[0] if len(nodes) == 1 else Or(operands=tuple(nodes))


def _both(cursor: Cursor, depth: int) -> Node:
    nodes = [_single(cursor, depth)]
    while cursor.accept("and", "&&"):
        nodes.append(_single(cursor, depth))
    return nodes[0] if len(nodes) == 1 else And(operands=tuple(nodes))


def _single(cursor: Cursor, depth: int) -> Node:
    start = cursor.token
    if start.key in ("not", "!", "(") and depth >= MAX_DEPTH:
        raise cursor.error(f"parentheses and 'not' are nested more than {MAX_DEPTH} deep")
    if cursor.accept("not", "!"):
        if cursor.key == "flags" and cursor.key_ahead(1) not in COMPARISONS:
            cursor.take()
            return NoFlags(mask=_mask(cursor))
        return Not(operand=_single(cursor, depth + 1))
    if cursor.accept("("):
        node = _either(cursor, depth + 1)
        if not cursor.accept(")"):
            what = f"'and', 'or' or the ')' of the '(' in column {start.position + 1}"
            raise cursor.expected(what, near=("and", "or"))
        return node
    condition = _CONDITIONS.get(cursor.key)
    if condition is None:
        raise cursor.expected("a condition, or 'any' for every flow", near=FIRST_WORDS)
    return condition(cursor)


def _directed(cursor: Cursor) -> Condition:
    """``src``, ``dst``, ``src or dst``, ``src and dst`` or nothing, then what it is about."""
    direction = Direction.EITHER
    said = ""
    if cursor.key in ("src", "dst"):
        said = cursor.take().key
        direction = Direction(said)
        if cursor.key in ("or", "and") and {said, cursor.key_ahead(1)} == {"src", "dst"}:
            direction = Direction(f"src {cursor.take().key} dst")
            cursor.take()
            said = str(direction)
    if cursor.key not in _DIRECTED:
        raise cursor.expected(f"ip, host, net or port after '{said}'", near=_DIRECTED)
    what = cursor.take().key
    if what == "port":
        return _port(cursor, direction)
    if what == "net":
        return Address(direction=direction, networks=(operands.network(cursor),))
    if not cursor.accept("in"):
        return Address(direction=direction, networks=(operands.host(cursor),))
    return Address(direction=direction, networks=_listed(cursor, operands.member))


def _port(cursor: Cursor, direction: Direction) -> Condition:
    if cursor.accept("in"):
        return PortList(direction=direction, numbers=_listed(cursor, _port_number))
    comparison = operands.comparison(cursor) or Comparison.EQ
    return Port(direction=direction, comparison=comparison, number=_port_number(cursor))


def _port_number(cursor: Cursor) -> int:
    return operands.number(cursor, "a port number or service name", maximum=0xFFFF, names=SERVICES)


def _listed(cursor: Cursor, item: Callable[[Cursor], _Item]) -> tuple[_Item, ...]:
    """``[item item, item]`` with at least one item."""
    if not cursor.accept("["):
        raise cursor.expected("'[' and a list")
    items = [item(cursor)]
    while not cursor.accept("]"):
        cursor.accept(",")
        if cursor.token.kind is Kind.END:
            raise cursor.expected("more of the list, or ']'")
        items.append(item(cursor))
    return tuple(items)


def _always(cursor: Cursor) -> Condition:
    cursor.take()
    return Always()


def _arp(cursor: Cursor) -> Condition:
    cursor.take()
    return Arp()


def _resolved(cursor: Cursor) -> Condition:
    cursor.take()
    return Resolved()


def _version(cursor: Cursor) -> Condition:
    return Version(number=6 if cursor.take().key.endswith("6") else 4)


def _protocol(cursor: Cursor) -> Condition:
    cursor.take()
    operands.no_comparison(cursor)
    number = operands.number(cursor, "a protocol name or number", maximum=0xFF, names=PROTOCOLS)
    return Protocol(number=number)


def _bare_protocol(cursor: Cursor) -> Condition:
    word = cursor.take().key
    if word == "icmp" and cursor.key in ("type", "code"):  # newer nfdump writes a space for the hyphen
        return _compared(cursor, Counter(f"icmp_{cursor.take().key}"))
    return Protocol(number=PROTOCOLS[word])


def _count(cursor: Cursor) -> Condition:
    return _compared(cursor, Counter(cursor.take().key.replace("-", "_")))


def _compared(cursor: Cursor, counter: Counter) -> Condition:
    comparison = operands.comparison(cursor) or Comparison.EQ
    if counter in (Counter.PACKETS, Counter.BYTES):
        number = operands.number(cursor, f"a number of {counter}", maximum=_MAX_COUNT, scaled=True)
    else:
        number = operands.number(cursor, f"an ICMP {counter[-4:]} number", maximum=0xFF)
    return Count(counter=counter, comparison=comparison, number=number)


def _flags(cursor: Cursor) -> Condition:
    cursor.take()
    comparison = operands.comparison(cursor)
    if comparison is not None:
        return FlagsValue(comparison=comparison, number=operands.flags(cursor))
    return Flags(mask=_mask(cursor))


def _mask(cursor: Cursor) -> int:
    position = cursor.token.position
    mask = operands.flags(cursor)
    if not mask:
        raise cursor.error("0 names no flag; flows without any flag are 'flags = 0'", position=position)
    return mask


def _interface(cursor: Cursor) -> Condition:
    word = cursor.take().key
    side = Side.EITHER if word == "if" else Side(word)
    if side is not Side.EITHER and not cursor.accept("if"):
        raise cursor.expected(f"'if' and the name of an interface after '{word}'")
    return Interface(side=side, name=operands.name(cursor, "the name of an interface"))


def _exporter(cursor: Cursor) -> Condition:
    cursor.take()
    cursor.accept("ip")  # nfdump's ``router ip 192.0.2.1``
    return Exporter(name=operands.name(cursor, "the name or address of a router"))


_CONDITIONS: dict[str, Callable[[Cursor], Condition]] = {
    "any": _always,
    **dict.fromkeys(("ipv4", "ipv6", "inet", "inet6"), _version),
    "arp": _arp,
    "resolved": _resolved,
    "proto": _protocol,
    **dict.fromkeys(BARE_PROTOCOLS, _bare_protocol),
    **dict.fromkeys(("src", "dst", *_DIRECTED), _directed),
    **dict.fromkeys(("packets", "bytes", "icmp-type", "icmp-code"), _count),
    "flags": _flags,
    **dict.fromkeys(("in", "out", "if"), _interface),
    **dict.fromkeys(("router", "exporter"), _exporter),
}
"""What reads a condition, by its first word."""

FIRST_WORDS = ("not", *_CONDITIONS)
"""What a condition can start with: the candidates for a suggestion."""
