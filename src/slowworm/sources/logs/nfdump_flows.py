"""What nfdump's printed outputs have in common: ICMP in the port, shortened numbers, columns to flows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.connections import Connections, Side
from slowworm.sources.logs.hosts import Hosts
from slowworm.sources.logs.lines import Ints
from slowworm.sources.logs.numbers import SECOND, seconds, unsigned
from slowworm.sources.logs.protocols import ICMPS

ROUNDED = "rounded-counters"

_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Columns of one piece of nfdump output; ``back_*`` are the counters of the other direction."""

    line: Ints
    start: Numbers
    end: Numbers
    protocol: Numbers
    src: Hosts
    dst: Hosts
    src_port: Numbers
    dst_port: Numbers
    icmp_type: Numbers
    icmp_code: Numbers
    flags: Numbers
    packets: Numbers
    octets: Numbers
    back_packets: Numbers
    back_octets: Numbers
    text: dict[str, pa.Array]
    one_way: dict[str, pa.Array]

    def connections(self) -> Connections:
        """As connection records; nfdump prints the flags of both directions together: the answer has none."""
        answered = self.back_packets.fill(0) > 0
        silent = self.packets.known & (self.packets.values == 0) & answered
        return Connections(
            line=self.line,
            start=self.start,
            end=self.end,
            protocol=self.protocol,
            opener=Side(
                host=self.src, port=self.src_port, packets=self.packets, octets=self.octets, flags=self.flags
            ),
            answerer=Side(
                host=self.dst,
                port=self.dst_port,
                packets=self.back_packets,
                octets=self.back_octets,
                flags=Numbers.none(len(self.line)),
            ),
            sent=~silent,
            answered=answered,
            icmp_type=self.icmp_type,
            icmp_code=self.icmp_code,
            text=self.text,
            one_way=self.one_way,
        )


def icmp_of_port(protocol: Numbers, port: Cells) -> tuple[Numbers, Numbers]:
    """ICMP type and code of a destination port printed as ``8.0`` or as 2048 (type × 256 + code)."""
    icmp = protocol.known & np.isin(protocol.values, ICMPS)
    plain = unsigned(port).within(0, 65535)
    dot = find(port, ".")
    left = unsigned(
        Cells(data=port.data, start=port.start, end=np.where(dot >= 0, port.start + dot, port.start))
    )
    right = unsigned(
        Cells(data=port.data, start=np.where(dot >= 0, port.start + dot + 1, port.end), end=port.end)
    )
    kind = Numbers(values=plain.values >> 8, known=plain.known).otherwise(left)
    code = Numbers(values=plain.values & 255, known=plain.known).otherwise(right)
    return kind.where(icmp).within(0, 255), code.where(icmp).within(0, 255)


def counter(cells: Cells) -> tuple[Numbers, Numbers]:
    """A counter, and which are known only roughly: nfdump shortens 4500000 to ``4.5 M`` unless asked not to."""
    plain = unsigned(cells)
    rows = np.flatnonzero(~plain.known & (cells.size > 1))
    rough = Numbers.none(len(cells))
    if len(rows):
        some = cells.take(rows)
        last = some.data[some.end - 1]
        value = seconds(Cells(data=some.data, start=some.start, end=some.end - 1))
        for letter, unit in _UNITS.items():
            mine = (last == ord(letter)) & value.known & (value.values >= 0) & (value.values < 10**6 * SECOND)
            scaled = np.rint(value.values * (unit / SECOND)).astype(np.int64)
            plain.values[rows[mine]], plain.known[rows[mine]] = scaled[mine], True
            rough.known[rows[mine]] = True
    return plain, rough


def find(cells: Cells, letter: str, *, nth: int = 1) -> Ints:
    """Offset of the ``nth`` occurrence of ``letter`` in the first 64 bytes of each cell; -1 for none."""
    found, seen = np.full(len(cells), -1), np.zeros(len(cells), np.int64)
    for offset in range(min(int(cells.size.max(initial=0)), 64)):
        here = cells.byte(offset) == ord(letter)
        seen += here
        found = np.where(here & (seen == nth), offset, found)
    return found


def interface(number: Numbers) -> pa.Array:
    """SNMP indexes as text; nfdump prints 0 for what the exporter did not send: unknown."""
    return number.where(number.values > 0).array(pa.int64()).cast(pa.string()).dictionary_encode()


def dropped(output: pa.Array, status: Numbers) -> pa.Array:
    """Output interfaces with ``Null`` where the forwarding status says that the packets were dropped."""
    gone = status.known & (status.values >= 128) & (status.values < 192)
    if not gone.any():
        return output
    plain = output.dictionary_decode()
    return pc.if_else(pa.array(gone), "Null", plain).dictionary_encode()
