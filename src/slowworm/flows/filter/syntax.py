"""The syntax tree of a filter; ``str()`` of a node is canonical text that parses back to the same node.

The text needs parentheses only where the tree does, so it never nests deeper than what was parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from slowworm.flows.addresses import Network
from slowworm.flows.filter.lexer import BARE_WORD
from slowworm.flows.filter.names import BARE_PROTOCOLS, FLAGS, PROTOCOLS, RESERVED


class Direction(StrEnum):
    """Which end of a flow a condition looks at."""

    SRC = "src"
    DST = "dst"
    EITHER = "src or dst"
    BOTH = "src and dst"


class Comparison(StrEnum):
    """How a number is compared."""

    EQ = "="
    NE = "!="
    GT = ">"
    LT = "<"
    GE = ">="
    LE = "<="


class Counter(StrEnum):
    """Number columns without a direction; the value is the column's name."""

    PACKETS = "packets"
    BYTES = "bytes"
    ICMP_TYPE = "icmp_type"
    ICMP_CODE = "icmp_code"


class Side(StrEnum):
    """Which interface of a flow a condition looks at."""

    IN = "in"
    OUT = "out"
    EITHER = "in or out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """Every flow."""

    def __str__(self) -> str:
        return "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Flows of IP version ``number``, 4 or 6."""

    number: int

    def __str__(self) -> str:
        return f"ipv{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arp:
    """ARP requests and replies, which are not IP."""

    def __str__(self) -> str:
        return "arp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Flows whose source had got the destination from DNS."""

    def __str__(self) -> str:
        return "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Flows of an IP protocol."""

    number: int

    def __str__(self) -> str:
        name = next((name for name, number in PROTOCOLS.items() if number == self.number), str(self.number))
        return name if name in BARE_PROTOCOLS else f"proto {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address in one of ``networks``, of either IP version; a host is a network of full length."""

    direction: Direction
    networks: tuple[Network, ...]

    def __str__(self) -> str:
        texts = [_network(network) for network in self.networks]
        if len(texts) > 1:
            return f"{_prefix(self.direction)}ip in [{' '.join(texts)}]"
        return f"{_prefix(self.direction)}{'net' if '/' in texts[0] else 'ip'} {texts[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port compared with a number."""

    direction: Direction
    comparison: Comparison
    number: int

    def __str__(self) -> str:
        return f"{_prefix(self.direction)}port {_compared(self.comparison)}{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortList:
    """A port that is one of ``numbers``."""

    direction: Direction
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return f"{_prefix(self.direction)}port in [{' '.join(map(str, self.numbers))}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A counter, ICMP type or ICMP code compared with a number."""

    counter: Counter
    comparison: Comparison
    number: int

    def __str__(self) -> str:
        return f"{self.counter.replace('_', '-')} {_compared(self.comparison)}{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """All the flags in ``mask`` are set; the others are free."""

    mask: int

    def __str__(self) -> str:
        return f"flags {_flags(self.mask)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFlags:
    """None of the flags in ``mask`` is set: the meaning of ``not flags …``, see :mod:`.parser`."""

    mask: int

    def __str__(self) -> str:
        return f"not flags {_flags(self.mask)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagsValue:
    """The flags as a whole compared with a number."""

    comparison: Comparison
    number: int

    def __str__(self) -> str:
        return f"flags {self.comparison} {_flags(self.number)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """The name of an interface, upper and lower case alike."""

    side: Side
    name: str

    def __str__(self) -> str:
        return f"{'' if self.side is Side.EITHER else self.side + ' '}if {_name(self.name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """The router that saw the flow, upper and lower case alike."""

    name: str

    def __str__(self) -> str:
        return f"router {_name(self.name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The complement: every flow that ``operand`` does not match, those with null fields among them."""

    operand: Node

    def __str__(self) -> str:
        # ``not flags …`` without parentheses is NoFlags.
        return f"not {_grouped(self.operand, And, Or, Flags)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All of two or more ``operands``."""

    operands: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(_grouped(operand, And, Or) for operand in self.operands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """At least one of two or more ``operands``."""

    operands: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(_grouped(operand, Or) for operand in self.operands)


Condition = (
    Always
    | Version
    | Arp
    | Resolved
    | Protocol
    | Address
    | Port
    | PortList
    | Count
    | Flags
    | NoFlags
    | FlagsValue
    | Interface
    | Exporter
)
Node = Condition | Not | And | Or


def _prefix(direction: Direction) -> str:
    return "" if direction is Direction.EITHER else f"{direction} "


def _compared(comparison: Comparison) -> str:
    return "" if comparison is Comparison.EQ else f"{comparison} "


def _network(network: Network) -> str:
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def _flags(mask: int) -> str:
    letters = "".join(letter for letter, bit in FLAGS.items() if mask & bit)
    return letters if mask == sum(FLAGS[letter] for letter in letters) and letters else f"{mask:#x}"


def _name(name: str) -> str:
    if BARE_WORD.fullmatch(name) and name.lower() not in RESERVED:
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


def _grouped(node: Node, *looser: type) -> str:
    return f"({node})" if isinstance(node, looser) else str(node)
