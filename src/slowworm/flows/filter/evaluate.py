"""Which rows of a flow batch a filter matches: whole columns at a time, nothing row by row."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import Network
from slowworm.flows.filter import syntax
from slowworm.flows.filter.syntax import Comparison, Direction, Node, Side
from slowworm.flows.schema import ip_version

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

ETHERTYPE_ARP = 0x0806

_COMPARE: dict[Comparison, Callable[[Any, Any], Any]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.GT: operator.gt,
    Comparison.LT: operator.lt,
    Comparison.GE: operator.ge,
    Comparison.LE: operator.le,
}


class Columns:
    """The columns of one batch as NumPy arrays, each looked up once however often a filter names it."""

    __slots__ = ("_seen", "batch", "ip_version", "rows")

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self.rows: int = batch.num_rows
        self.ip_version = ip_version(batch)
        self._seen: dict[str, tuple[Values, Mask | None]] = {}

    def where(self, name: str, test: Callable[[Values], Any]) -> Mask:
        """The rows whose value in column ``name`` is not null and passes ``test``."""
        if name not in self._seen:
            column = self.batch.column(name)
            valid = column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
            self._seen[name] = _values(column), valid
        values, valid = self._seen[name]
        passed: Mask = test(values)
        return passed if valid is None else passed & valid

    def named(self, name: str, text: str) -> Mask:
        """The rows whose value in dictionary column ``name`` is ``text``, in whatever case."""
        import pyarrow.compute as pc  # its import is a large part of a small run, and most filters need none

        column = self.batch.column(name)
        same = pc.equal(pc.utf8_lower(column.dictionary), pc.utf8_lower(pa.scalar(text)))
        # The code -1 of a null row leads to the False at the end; the dictionary may also hold a null itself.
        table = np.append(same.fill_null(False).to_numpy(zero_copy_only=False), False)
        found: Mask = table[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
        return found

    def all(self, value: bool) -> Mask:
        """``value`` for every row."""
        return np.full(self.rows, value)


def mask(node: Node, columns: Columns) -> Mask:
    """The rows that ``node`` matches, as a boolean array of the batch's length."""
    match node:
        case syntax.Not(operand=operand):
            return ~mask(operand, columns)
        case syntax.And(operands=operands):
            found = mask(operands[0], columns)
            for operand in operands[1:]:
                if not found.any():
                    break
                found = found & mask(operand, columns)
            return found
        case syntax.Or(operands=operands):
            found = mask(operands[0], columns)
            for operand in operands[1:]:
                if found.all():
                    break
                found = found | mask(operand, columns)
            return found
        case syntax.Always():
            return columns.all(True)
        case syntax.Version(number=number):
            return columns.all(number == columns.ip_version)
        case syntax.Arp():
            return columns.where("ethertype", lambda values: values == ETHERTYPE_ARP)
        case syntax.Resolved():
            return columns.where("resolved", lambda values: values)
        case syntax.Protocol(number=number):
            return columns.where("protocol", lambda values: values == number)
        case syntax.Address(direction=direction, networks=networks):
            ranges = _ranges(networks, columns.ip_version)
            return _at_ends(columns, direction, "addr", lambda values: _within(values, *ranges))
        case syntax.Port(direction=direction, comparison=comparison, number=number):
            return _at_ends(columns, direction, "port", lambda values: _COMPARE[comparison](values, number))
        case syntax.PortList(direction=direction, numbers=numbers):
            listed = np.zeros(2**16, np.bool_)
            listed[list(numbers)] = True
            return _at_ends(columns, direction, "port", lambda values: listed[values])
        case syntax.Count(counter=counter, comparison=comparison, number=number):
            return columns.where(counter, lambda values: _COMPARE[comparison](values, number))
        case syntax.Flags(mask=bits):
            return columns.where("tcp_flags", lambda values: (values & bits) == bits)
        case syntax.NoFlags(mask=bits):
            return ~columns.where("tcp_flags", lambda values: (values & bits) != 0)
        case syntax.FlagsValue(comparison=comparison, number=number):
            return columns.where("tcp_flags", lambda values: _COMPARE[comparison](values, number))
        case syntax.Interface(side=Side.EITHER, name=name):
            return columns.named("in_if", name) | columns.named("out_if", name)
        case syntax.Interface(side=side, name=name):
            return columns.named(f"{side}_if", name)
        case syntax.Exporter(name=name):
            return columns.named("exporter", name)


def _at_ends(columns: Columns, direction: Direction, what: str, test: Callable[[Values], Any]) -> Mask:
    """``test`` on the source's or destination's column ``what``, as ``direction`` says."""
    if direction in (Direction.SRC, Direction.DST):
        return columns.where(f"{direction}_{what}", test)
    source, destination = columns.where(f"src_{what}", test), columns.where(f"dst_{what}", test)
    return source & destination if direction is Direction.BOTH else source | destination


def _values(column: pa.Array) -> Values:
    """The values of a fixed-width column without a copy; what stands in null rows means nothing.

    IPv6 addresses are NumPy byte strings: those compare as unsigned bytes, first byte first, and that they
    drop trailing zeros changes no order among strings of one length. Truth values are bits in Arrow: a copy.
    """
    if pa.types.is_boolean(column.type):
        truth: Values = column.fill_null(False).to_numpy(zero_copy_only=False)
        return truth
    dtype = np.dtype("S16" if pa.types.is_fixed_size_binary(column.type) else column.type.to_pandas_dtype())
    data = column.buffers()[1]
    if data is None:
        return np.zeros(len(column), dtype)
    return np.frombuffer(data, dtype, count=len(column), offset=column.offset * dtype.itemsize)


@lru_cache(maxsize=256)
def _ranges(networks: tuple[Network, ...], version: int) -> tuple[Values, Values]:
    """First and last addresses of the networks of one IP version, sorted and without overlap."""
    if version == 4:
        merged4 = list(collapse_addresses(n for n in networks if isinstance(n, IPv4Network)))
        starts = [int(n.network_address) for n in merged4]
        return np.array(starts, np.uint32), np.array([int(n.broadcast_address) for n in merged4], np.uint32)
    merged6 = list(collapse_addresses(n for n in networks if isinstance(n, IPv6Network)))
    packed = [n.network_address.packed for n in merged6]
    return np.array(packed, "S16"), np.array([n.broadcast_address.packed for n in merged6], "S16")


def _within(values: Values, starts: Values, ends: Values) -> Mask:
    """The values that lie in one of the ranges; ``starts`` ascend and ranges do not overlap."""
    inside: Mask
    if not len(starts):
        return np.zeros(len(values), np.bool_)
    if len(starts) == 1:
        inside = (values >= starts[0]) & (values <= ends[0])
        return inside
    # The only range that can hold a value is the last one to start at or before it.
    following = np.searchsorted(starts, values, side="right")
    inside = (following > 0) & (values <= ends[following - 1])
    return inside
