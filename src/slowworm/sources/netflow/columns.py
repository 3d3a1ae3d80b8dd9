"""From decoded numbers to columns of the flow table: times, ports against ICMP, texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.services import ICMP, ICMP6, PORT_PROTOCOLS
from slowworm.flows.table import Column, flow_batch

Ints = npt.NDArray[np.int64]

MS = 1_000_000
NULL_INTERFACE = "Null"
NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""


def uptime_to_time(uptime_ms: Ints, *, export_ns: Ints, sys_uptime_ms: Ints) -> Ints:
    """Absolute time of an uptime stamp: the export time minus how long ago it was (32-bit wrap included)."""
    ago = (sys_uptime_ms - uptime_ms) & 0xFFFFFFFF
    ago = np.where(ago >= 1 << 31, ago - (1 << 32), ago)  # stamped a little after the header was
    return export_ns - ago * MS


def ntp_to_time(value: npt.NDArray[np.uint64]) -> Ints:
    """A 64-bit NTP time stamp as ns since 1970."""
    seconds = (value >> np.uint64(32)).astype(np.int64) - NTP_EPOCH
    fraction = (value & np.uint64(0xFFFFFFFF)).astype(np.float64) / 2**32
    return seconds * 10**9 + np.rint(fraction * 10**9).astype(np.int64)


def timestamps(values: Ints | None) -> pa.Array | None:
    """Times as a column; values of 0 or below are no time."""
    if values is None:
        return None
    return pa.array(values, pa.int64(), mask=values <= 0).cast(pa.timestamp("ns", tz="UTC"))


def within(values: Ints, kind: pa.DataType) -> pa.Array:
    """Numbers as an unsigned column; what does not fit it, as a damaged template may give, is null."""
    missing = (values < 0) | (values > np.iinfo(kind.to_pandas_dtype()).max)
    return pa.array(np.where(missing, 0, values), kind, mask=missing)


def transport(
    protocol: Ints, src_port: Ints | None, dst_port: Ints | None, icmp: Ints | None
) -> dict[str, Column]:
    """Ports, ICMP type and code; ``icmp`` is type × 256 + code, -1 for none.

    Without an ICMP field the destination port of ICMP holds type and code, as NetFlow has always had it.
    """
    columns: dict[str, Column] = {"protocol": within(protocol, pa.uint8())}
    ports = np.isin(protocol, PORT_PROTOCOLS)
    for name, values in (("src_port", src_port), ("dst_port", dst_port)):
        if values is not None:
            columns[name] = within(np.where(ports, values, -1), pa.uint16())
    is_icmp = (protocol == ICMP) | (protocol == ICMP6)
    if is_icmp.any():
        both = icmp if icmp is not None else np.full(len(protocol), -1, np.int64)
        if dst_port is not None:
            both = np.where(both < 0, dst_port, both)
        missing = ~is_icmp | (both < 0)
        both = np.where(missing, 0, both)
        columns["icmp_type"] = pa.array(both >> 8 & 255, pa.uint8(), mask=missing)
        columns["icmp_code"] = pa.array(both & 255, pa.uint8(), mask=missing)
    return columns


def interfaces(
    index: Ints, known: Mapping[int, str] | None = None, dropped: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """Interfaces by the name that is ``known``, else SNMP indices as text; ``Null`` where packets were ``dropped``.

    0 is no interface's index: exporters send it where they do not know, Cisco's also for what was dropped and for
    the router itself.
    """
    distinct, codes = np.unique(index, return_inverse=True)
    known = known or {}
    texts = [known.get(v, str(v)) if v > 0 else "" for v in distinct.tolist()]
    if dropped is not None and dropped.any():
        codes = np.where(dropped, len(texts), codes)
        texts.append(NULL_INTERFACE)
    # Two interfaces may have one name.
    place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    return choices(np.array([place[text] for text in texts], np.int64)[codes], list(place))


def choices(codes: Ints, names: list[str]) -> pa.Array:
    """Indices into a list of names as a text column; an empty name is null."""
    missing = (
        np.array([not n for n in names], np.bool_)[codes] if len(names) else np.ones(len(codes), np.bool_)
    )
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=missing), pa.array(names, pa.string())
    )


def batch(columns: Mapping[str, Column | None], *, rows: int, ip_version: int) -> pa.RecordBatch:
    """A flow batch; columns that are ``None`` are left out."""
    return flow_batch({k: v for k, v in columns.items() if v is not None}, rows=rows, ip_version=ip_version)
