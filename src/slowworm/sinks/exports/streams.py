"""Who exports the flows: addresses for exporters, a domain for each sampling rate, sequence numbers."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import Address
from slowworm.sinks.base import Losses
from slowworm.sinks.names import MISSING, address, coded

Ints = npt.NDArray[np.int64]

STAND_INS = ipaddress.ip_network("198.18.0.0/15")
"""Stands for exporters that are known by a name or not at all: addresses set aside for tests of network devices
(RFC 2544), which no exporter should have."""

MAX_NOTES = 10
"""Stand-ins that are told one by one."""


class Streams:
    """One stream for each exporter and sampling rate: sequence numbers and templates mean something only within.

    ``max_rate``: the largest rate that the protocol can say; 0 stands for an unknown one.
    """

    def __init__(self, *, max_rate: int) -> None:
        self._max_rate = max_rate
        self._addresses: list[Address] = []
        self._address_of: dict[Address, int] = {}
        self._stand_ins: dict[str | None, int] = {}
        self._known: dict[int, int] = {}
        self._exporter: list[int] = []
        self._rate: list[int] = []
        self._engine: list[int] = []
        self._engines: Counter[int] = Counter()
        self._sent: list[int] = []

    def of(self, batch: pa.RecordBatch, losses: Losses) -> Ints:
        """The stream of every flow."""
        column = batch.column("exporter")
        exporter = coded(column, self._exporter_of)
        missing = exporter == MISSING
        if missing.any():
            exporter[missing] = self._stand_in(None)
        rate = batch.column("sampling_rate").fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        large = rate > self._max_rate
        text = f"sampling_rate above {self._max_rate:,} is left out: the format has no room for it"
        losses.add("sampling-rate", text, int(large.sum()))
        rate[large] = 0
        pairs = pa.array(exporter << 32 | rate).dictionary_encode()
        table = np.array([self._stream(pair) for pair in pairs.dictionary.to_pylist()], np.int64)
        found: Ints = table[pairs.indices.to_numpy(zero_copy_only=False)]
        named = np.isin(exporter, [code for text, code in self._stand_ins.items() if text is not None])
        losses.add(
            "exporter-names", "names of exporters are replaced by addresses", int((named & ~missing).sum())
        )
        losses.add(
            "exporter-unknown", f"an exporter that is not known is {self._unknown()}", int(missing.sum())
        )
        return found

    def _unknown(self) -> str:
        code = self._stand_ins.get(None)
        return "" if code is None else str(self._addresses[code])

    def _exporter_of(self, text: str) -> int:
        known = address(text)
        if known is None or not int(known):
            return self._stand_in(text)
        return self._address(known)

    def _stand_in(self, text: str | None) -> int:
        code = self._stand_ins.get(text)
        if code is None:
            offset = 1 + len(self._stand_ins) % (STAND_INS.num_addresses - 2)
            code = self._stand_ins[text] = self._address(STAND_INS[offset])
        return code

    def _address(self, known: Address) -> int:
        code = self._address_of.setdefault(known, len(self._addresses))
        if code == len(self._addresses):
            self._addresses.append(known)
        return code

    def _stream(self, pair: int) -> int:
        number = self._known.setdefault(pair, len(self._exporter))
        if number == len(self._exporter):
            self._exporter.append(pair >> 32)
            self._engine.append(self._engines[pair >> 32])
            self._engines[pair >> 32] += 1
            self._rate.append(pair & 0xFFFFFFFF)
            self._sent.append(0)
        return number

    @property
    def rates(self) -> Ints:
        """The sampling rate of every stream, 0 where it is not known."""
        return np.array(self._rate, np.int64)

    @property
    def engines(self) -> Ints:
        """Numbers the streams of each exporter from 0."""
        return np.array(self._engine, np.int64)

    @property
    def families(self) -> Ints:
        """The IP version of the exporter of every stream."""
        return np.array([self._addresses[code].version for code in self._exporter], np.int64)

    def sources(self, version: int) -> npt.NDArray[np.uint8]:
        """The exporter's address of every stream in octets; of no use for those of another IP version."""
        width = 4 if version == 4 else 16
        packed = [self._addresses[code].packed[:width].ljust(width, b"\0") for code in self._exporter]
        return np.frombuffer(b"".join(packed), np.uint8).reshape(-1, width)

    @staticmethod
    def packed(text: str) -> npt.NDArray[np.uint8]:
        """An address in octets."""
        return np.frombuffer(ipaddress.ip_address(text).packed, np.uint8)

    def number(self, stream: Ints, units: Ints) -> Ints:
        """Sequence numbers of datagrams in the order of sending: what their streams had sent before each."""
        order = np.argsort(stream, kind="stable")
        of, sent = stream[order], np.cumsum(units[order])
        begin = np.flatnonzero(np.append(True, of[1:] != of[:-1]))
        before = np.append(0, sent)[:-1]
        base = np.repeat(before[begin], np.diff(np.append(begin, len(of))))
        start = np.array([self._sent[s] for s in of[begin].tolist()], np.int64)
        numbers = np.empty(len(of), np.int64)
        numbers[order] = before - base + np.repeat(start, np.diff(np.append(begin, len(of))))
        ends = np.append(begin[1:], len(of)) - 1
        for s, total in zip(of[begin].tolist(), (sent[ends] - before[begin]).tolist(), strict=True):
            self._sent[s] += total
        return numbers

    def notes(self) -> Iterator[str]:
        """Which address stands for which exporter."""
        named = [(text, code) for text, code in self._stand_ins.items() if text is not None]
        for text, code in named[:MAX_NOTES]:
            yield f"exporter {text} is {self._addresses[code]} in the output"
        if len(named) > MAX_NOTES:
            yield f"and {len(named) - MAX_NOTES} more exporters have addresses of {STAND_INS}"
