"""Templates: what a data set's records look like. State per exporter, version and observation domain."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_FIELDS = 1024
"""Fields of a template that are accepted: more than any exporter sends, few enough to bound memory."""

MAX_TEMPLATES = 65_536
"""Templates kept in all; beyond it new ones are refused and counted."""

Domain = tuple[int, int, int]
"""Exporter, version, observation domain: templates mean something only within."""

VARIABLE = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A field of a template: ``offset`` within the record, -1 behind a variable-length field."""

    number: int
    length: int
    enterprise: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """A record layout. ``size``: bytes of a record, of the smallest one if ``variable``.

    Compared by identity, for it is looked up by every data set, and may have MAX_FIELDS fields.
    """

    elements: tuple[Element, ...]
    scopes: int
    size: int
    variable: bool

    def find(self, number: int, enterprise: int = 0) -> Element | None:
        """The first field that carries an element."""
        for element in self.elements:
            if element.number == number and element.enterprise == enterprise:
                return element
        return None

    def first(self, numbers: Iterable[int], enterprise: int = 0) -> Element | None:
        """The first of several elements that the template has; the best one comes first."""
        return next((e for n in numbers if (e := self.find(n, enterprise)) is not None), None)

    def same(self, other: Template) -> bool:
        """Whether records of both look the same."""
        return self.scopes == other.scopes and self.elements == other.elements


def layout(fields: list[tuple[int, int, int]], scopes: int = 0) -> Template | None:
    """A template of (element, length, enterprise) fields; ``None`` for records of no octets.

    Fields of no octets say nothing and are left out: a record has no more fields than octets, which bounds what
    records of variable length take to read.
    """
    elements, at, size, variable = [], 0, 0, False
    for number, length, enterprise in fields:
        if not length:
            continue
        elements.append(
            Element(number=number, length=length, enterprise=enterprise, offset=-1 if variable else at)
        )
        if length == VARIABLE:
            variable = True
            size += 1
        else:
            at += length
            size += length
    if not elements:
        return None
    return Template(elements=tuple(elements), scopes=scopes, size=size, variable=variable)


@dataclass(slots=True)
class Templates:
    """Templates by domain and id. Withdrawn and replaced as messages say."""

    known: dict[Domain, dict[int, Template]] = field(default_factory=dict)
    count: int = 0
    refused: int = 0

    def get(self, domain: Domain, number: int) -> Template | None:
        """The template in force."""
        mine = self.known.get(domain)
        return None if mine is None else mine.get(number)

    def put(self, domain: Domain, number: int, template: Template) -> None:
        """Learn or replace a template."""
        before = self.get(domain, number)
        if before is None and self.count >= MAX_TEMPLATES:
            self.refused += 1
        elif before is None or not before.same(template):  # exporters send the same ones again and again
            self.count += before is None
            self.known.setdefault(domain, {})[number] = template

    def withdraw(self, domain: Domain, number: int) -> None:
        """Forget a template; numbers 2 and 3 forget all of a domain (RFC 7011, 8.1)."""
        if number in (2, 3):
            self.count -= len(self.known.pop(domain, {}))
        elif self.known.get(domain, {}).pop(number, None):
            self.count -= 1


def parse_v9(body: memoryview, *, options: bool) -> Iterator[tuple[int, Template | None]]:
    """Templates of a NetFlow v9 (options) template set (RFC 3954, 5.2 and 6.1); ``None`` for one cut short."""
    at = 0
    head = 6 if options else 4
    while at + head <= len(body):
        if options:
            number, scope_bytes, option_bytes = struct.unpack_from(">HHH", body, at)
            count, scopes = (scope_bytes + option_bytes) // 4, scope_bytes // 4
        else:
            number, count = struct.unpack_from(">HH", body, at)
            scopes = 0
        if number < 256:
            return  # padding
        at += head
        if count > MAX_FIELDS or at + 4 * count > len(body):
            yield number, None
            return
        fields = [(*struct.unpack_from(">HH", body, at + 4 * k), 0) for k in range(count)]
        at += 4 * count
        # Scope types of v9 (system, interface …) are no information elements: they get numbers of their own.
        fields = [(-n if k < scopes else n, length, 0) for k, (n, length, _) in enumerate(fields)]
        yield number, layout(fields, scopes)


def parse_ipfix(body: memoryview, *, options: bool) -> Iterator[tuple[int, Template | None]]:
    """Templates of an IPFIX (options) template set (RFC 7011, 3.4); a template without elements is a withdrawal."""
    at = 0
    while at + 4 <= len(body):
        number, count = struct.unpack_from(">HH", body, at)
        at += 4
        if number < 256 and not (count == 0 and number in (2, 3)):
            return  # padding
        if count == 0:
            yield number, Template(elements=(), scopes=0, size=0, variable=False)
            continue
        scopes = 0
        if options:
            if at + 2 > len(body):
                yield number, None
                return
            (scopes,) = struct.unpack_from(">H", body, at)
            at += 2
        fields = []
        for _ in range(min(count, MAX_FIELDS + 1)):
            if at + 4 > len(body):
                yield number, None
                return
            element, length = struct.unpack_from(">HH", body, at)
            at += 4
            enterprise = 0
            if element & 0x8000:
                if at + 4 > len(body):
                    yield number, None
                    return
                (enterprise,) = struct.unpack_from(">I", body, at)
                at += 4
            fields.append((element & 0x7FFF, length, enterprise))
        if count > MAX_FIELDS:
            yield number, None
            return
        yield number, layout(fields, scopes)
