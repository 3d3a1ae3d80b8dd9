"""Flows as nfdump 1.6 and 1.7 print them with ``-o csv``: 48 columns, times to the millisecond."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.services import ICMP, ICMP6, PORT_PROTOCOLS, PROTOCOL_NAMES, TCP
from slowworm.flows.table import integers
from slowworm.sinks.base import Losses, SinkInfo, Written
from slowworm.sinks.columns import addresses, joined, pieces, without_arp
from slowworm.sinks.names import DROPPED, NAMED, NULL_INTERFACE, address, coded, index

HEADER = (
    "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,"
    "ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr"
)
_MAC = "00:00:00:00:00:00"
_ROUTING = ",".join(["0"] * 6 + ["0.0.0.0"] * 2 + ["0"] * 2 + [_MAC] * 4 + ["0-0-0"] * 10 + ["    0.000"] * 3)
"""What nfdump prints of masks, autonomous systems, next hops, VLANs, MAC addresses, labels and latencies that were not
exported: the flow table has none of them."""
_RECEIVED = "0/0,0,1970-01-01 00:00:00.000"

_FLAG_LETTERS = "CEUAPRSF"
_FLAG_TEXTS = [
    "".join(letter if value & 128 >> bit else "." for bit, letter in enumerate(_FLAG_LETTERS))
    for value in range(256)
]
_NUMBERED = [PROTOCOL_NAMES.get(number, str(number)) for number in range(256)]
_PROTOCOLS = pa.array([name.upper() for name in _NUMBERED])

MILLISECOND = 1_000_000


class NfdumpCsv:
    """The sink."""

    info = SinkInfo(
        name="nfdump-csv",
        title="nfdump -o csv of nfdump 1.7.1, with milliseconds",
        suffixes=(".csv",),
        claims=(),
        binary=False,
        columns=("start_time", "end_time", "src_addr", "dst_addr", "protocol", "src_port", "dst_port", "icmp_type",
                 "icmp_code", "tcp_flags", "packets", "bytes", "in_if", "out_if", "exporter"),
        lacks="flows without both addresses; times below a millisecond; "
        "names of interfaces and exporters; firewall actions, labels, sampling",
    )  # fmt: skip

    def write(self, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> Written:
        """A header and a row a flow. What is null is empty, except where nfdump has a word for it."""
        flows, losses = 0, Losses()
        file.write((HEADER + "\n").encode())
        for batch in batches:
            batch, arp = without_arp(batch)
            losses.add("arp", "what is not IP, as ARP, is left out", arp, flows=True)
            both = pc.and_(batch.column("src_addr").is_valid(), batch.column("dst_addr").is_valid())
            lost = batch.num_rows - (pc.sum(both).as_py() or 0)
            losses.add("no-address", "flows without both addresses are left out", lost, flows=True)
            batch = batch.filter(both) if lost else batch
            losses.columns(batch, self.info.columns)
            flows += batch.num_rows
            file.writelines(joined(_columns(piece, losses), ",") for piece in pieces(batch))
        return Written(flows=flows, losses=losses.all())


def _columns(batch: pa.RecordBatch, losses: Losses) -> list[Any]:
    rows = batch.num_rows
    protocol = integers(batch, "protocol")
    icmp = (protocol == ICMP) | (protocol == ICMP6)
    # nfdump prints a port of 0 for protocols that have none.
    portless = (protocol >= 0) & ~np.isin(protocol, PORT_PROTOCOLS)
    source = np.where(portless, 0, integers(batch, "src_port"))
    kind, code = integers(batch, "icmp_type"), integers(batch, "icmp_code")
    message = np.where(kind >= 0, kind << 8 | np.maximum(code, 0), -1)
    target = np.where(icmp, message, np.where(portless, 0, integers(batch, "dst_port")))
    flags = integers(batch, "tcp_flags")
    flags = np.where((flags < 0) & (protocol >= 0) & (protocol != TCP), 0, flags)
    losses.add(
        "tcp-flags-ns", "TCP flag NS is left out: the format has eight flags", int((flags > 255).sum())
    )
    start, end = _milliseconds(batch, "start_time"), _milliseconds(batch, "end_time")
    in_if, out_if = coded(batch.column("in_if"), index), coded(batch.column("out_if"), _output)
    named = int((in_if == NAMED).sum() + (out_if == NAMED).sum())
    losses.add("interface-names", "names of interfaces are left out: the format has numbers only", named)
    dropped = out_if == _DROPPED_OUTPUT
    return [
        _instants(start),
        _instants(end),
        _duration(start, end),
        addresses(batch.column("src_addr")),
        addresses(batch.column("dst_addr")),
        _numbers(source),
        _numbers(target),
        _PROTOCOLS.take(pa.array(np.maximum(protocol, 0), mask=protocol < 0)),
        pa.array(_FLAG_TEXTS).take(pa.array(np.maximum(flags, 0) & 255, mask=flags < 0)),
        pa.array(np.where(dropped, DROPPED, 0)).cast(pa.string()),
        pa.repeat("0", rows),
        batch.column("packets").cast(pa.string()),
        batch.column("bytes").cast(pa.string()),
        pa.repeat("0,0", rows),
        _numbers(np.maximum(in_if, 0)),
        _numbers(np.maximum(out_if, 0)),
        pa.repeat(_ROUTING, rows),
        _routers(batch.column("exporter"), losses),
        pa.repeat(_RECEIVED, rows),
    ]


_DROPPED_OUTPUT = -3


def _output(text: str) -> int:
    return _DROPPED_OUTPUT if text == NULL_INTERFACE else index(text)


def _routers(column: pa.Array, losses: Losses) -> pa.Array:
    words = column.dictionary.to_pylist()
    shown = [None if w is None or address(w) is None else w for w in words]
    text = pa.array(shown, pa.string()).take(column.indices)
    losses.add("exporter-names", "names of exporters are left out: the format has addresses only",
               text.null_count - column.null_count)  # fmt: skip
    return pc.fill_null(text, "0.0.0.0")


def _milliseconds(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.int64]:
    """Since 1970, rounded down; -1 where there is no time."""
    times = integers(batch.select([name]).cast(pa.schema([(name, pa.int64())])), name)
    return np.where(times < 0, -1, times // MILLISECOND)


def _numbers(values: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(values, mask=values < 0).cast(pa.string())


def _instants(values: npt.NDArray[np.int64]) -> pa.Array:
    """``2018-03-09 20:49:16.123``."""
    return pa.array(values, pa.int64(), mask=values < 0).cast(pa.timestamp("ms")).cast(pa.string())


def _duration(start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> pa.Array:
    """Seconds with three decimals."""
    missing = (start < 0) | (end < 0)
    length = np.where(missing, 0, end - start)
    sign = pa.array(np.where(length < 0, "-", ""), mask=missing)
    whole, rest = np.divmod(np.abs(length), 1000)
    decimals = pa.array([f"{value:03d}" for value in range(1000)]).take(pa.array(rest))
    seconds = pc.binary_join_element_wise(sign, pa.array(whole).cast(pa.string()), "")
    return pc.binary_join_element_wise(seconds, decimals, ".")
