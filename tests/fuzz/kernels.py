"""Kernels on the same bytes both ways, with guards around their columns: what compiled code writes elsewhere shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from slowworm.kernels import cache_flow as cache_flow_kernels
from slowworm.kernels import dns as dns_kernels
from slowworm.kernels import pcap as pcap_kernels
from slowworm.kernels import pcapng as pcapng_kernels
from slowworm.kernels.run import Kernel
from tests.fuzz.mutate import Messages
from tests.fuzz.oracles import WrongError

GUARD = 64
"""Elements before and behind each column that no kernel may write."""

FILL = 0x5A


def guarded(room: int, kind: Any, value: int | None = None) -> tuple[Any, Any]:
    """A column of ``room`` elements and the larger array that it is part of."""
    whole = np.frombuffer(bytes([FILL]) * ((room + 2 * GUARD) * np.dtype(kind).itemsize), kind).copy()
    column = whole[GUARD : GUARD + room]
    if value is not None:
        column[:] = value
    return column, whole


def both_ways(
    kernel: Kernel[..., Any], run: Callable[[Any, bool], tuple[Any, list[tuple[Any, Any]]]]
) -> object:
    """The result of a kernel and its columns, uncompiled and compiled; they must agree and stay within."""
    results = []
    for way, compiled in ((kernel.python, False), (kernel.compiled, True)):
        result, columns = run(way, compiled)
        for column, whole in columns:
            if not (_untouched(whole[:GUARD]) and _untouched(whole[GUARD + len(column) :])):
                raise WrongError(
                    f"{kernel.__name__} writes beside its columns ({'compiled' if compiled else 'python'})"
                )
        results.append((tuple(int(v) for v in result), [column.tobytes() for column, _ in columns]))
    if results[0] != results[1]:
        raise WrongError(f"{kernel.__name__}: compiled gives {results[1][0]}, uncompiled {results[0][0]}")
    return results[0]


def _untouched(part: Any) -> bool:
    return bool(part.tobytes() == bytes([FILL]) * part.nbytes)


def _source(data: bytes, compiled: bool) -> Any:
    return np.frombuffer(data, np.uint8) if compiled else data


def pcap(given: Messages) -> object:
    """The record walk of pcap files."""
    data = given.data
    if len(data) < 24:
        return None
    header = 24 if data[:4] in (b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34") else 16
    swapped, big = data[6] % 3, int(data[0] == 0xA1)
    room = (len(data) - 24) // header + 1

    def run(way: Any, compiled: bool) -> tuple[Any, list[tuple[Any, Any]]]:
        columns = [guarded(room, np.int64) for _ in range(7)]
        views = [column for column, _ in columns]
        return way(_source(data, compiled), len(data), 24, big, header, swapped, 1_000_000, *views), columns

    return both_ways(pcap_kernels.records, run)


def pcapng(given: Messages) -> object:
    """The block walk of pcapng files."""
    data = given.data
    room = len(data) // pcapng_kernels.MIN_BLOCK + 1

    def run(way: Any, compiled: bool) -> tuple[Any, list[tuple[Any, Any]]]:
        kinds = (np.int64, np.int64, np.int64, np.uint8, np.int32, np.uint8, np.int64, np.int64)
        columns = [guarded(room, kind) for kind in kinds]
        return way(_source(data, compiled), len(data), *[column for column, _ in columns]), columns

    return both_ways(pcapng_kernels.blocks, run)


def dns(given: Messages) -> object:
    """The answers in DNS messages."""
    room = int((given.size // dns_kernels.SMALLEST_ANSWER).sum())

    def run(way: Any, compiled: bool) -> tuple[Any, list[tuple[Any, Any]]]:
        columns = [guarded(room, np.int64) for _ in range(3)]
        views = [column for column, _ in columns]
        return way(_source(given.data, compiled), given.offset, given.size, len(given), *views), columns

    return both_ways(dns_kernels.answers, run)


def cache_flow(given: Messages) -> object:
    """The rows of show ip cache flow."""
    data = given.data
    room = len(data) // cache_flow_kernels.MIN_ROW_BYTES + 1
    names = min(cache_flow_kernels.MAX_NAMES, 2 * room)

    def run(way: Any, compiled: bool) -> tuple[Any, list[tuple[Any, Any]]]:
        kinds = (
            np.uint32,
            np.uint32,
            np.uint8,
            np.uint16,
            np.uint16,
            np.uint64,
            np.int32,
            np.int32,
            np.uint32,
        )
        columns = [guarded(room, kind) for kind in kinds]
        columns += [guarded(room + 1, np.int64) for _ in range(4)]
        columns += [guarded(names, np.int64) for _ in range(2)]
        slots = 1 << (cache_flow_kernels.SLOTS_PER_NAME * names - 1).bit_length()
        columns.append(guarded(slots, np.int32, -1))
        return way(_source(data, compiled), len(data), *[column for column, _ in columns]), columns

    return both_ways(cache_flow_kernels.rows_of, run)
