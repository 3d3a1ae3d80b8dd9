"""What options data say: sampling rates by sampler, the system's start; and the rate of each flow record."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from slowworm.sources.datagrams import Ints
from slowworm.sources.netflow import elements as ie
from slowworm.sources.netflow.columns import within
from slowworm.sources.netflow.records import Records

SAMPLERS = (ie.SAMPLER_ID, ie.SELECTOR_ID)

MAX_NAME = 200
"""Octets of an interface's name that are kept: real ones have fewer than 64."""

MAX_NAMES = 100_000
"""Interface names that are kept in all: a hostile file could name billions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """``column``: 1 in how many packets, ``None`` where nothing was said of any record.

    ``unknown``: records that name a sampler, or one of several, of which no rate is known. ``differing``: records
    whose own rate is another than that of the options.
    """

    column: pa.Array | None
    unknown: int = 0
    differing: int = 0


@dataclass(slots=True)
class Options:
    """What options data said by (exporter, domain): the sampling rate of each sampler, the system's start."""

    sampling: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)
    started: dict[tuple[int, int], int] = field(default_factory=dict)
    names: dict[tuple[int, int], dict[int, str]] = field(default_factory=dict)
    """Interface index → name."""
    _named: int = 0
    _single: dict[tuple[int, int], int] = field(default_factory=dict)
    """The rate that all samplers share, 0 where they differ; asked for by every template's flows."""

    def learn(self, exporter: int, domain: int, found: Records) -> None:
        """Take sampling rates and the system's start from options records."""
        template = found.template
        sampler = template.first(SAMPLERS)
        started = template.find(ie.SYSTEM_INIT_MS)
        rates = _said(found)
        if rates is not None:
            which = found.number(sampler) if sampler else np.zeros(len(found), np.int64)
            mine = self.sampling.setdefault((exporter, domain), {})
            for number, one in zip(which.tolist(), rates.tolist(), strict=True):
                if one > 0:
                    mine[number if sampler else 0] = one
            self._single.pop((exporter, domain), None)
        if started is not None and len(found):
            self.started[exporter, domain] = int(found.number(started)[-1])
        self._learn_names(exporter, domain, found)

    def _learn_names(self, exporter: int, domain: int, found: Records) -> None:
        name = found.template.first((ie.INTERFACE_NAME, ie.INTERFACE_DESCRIPTION))
        index = found.template.first(ie.INTERFACES)
        if name is None or index is None:
            return
        data, begins, sizes = found.places(name)
        for number, begin, size in zip(
            found.number(index).tolist(), begins.tolist(), sizes.tolist(), strict=True
        ):
            raw = bytes(data[begin : begin + min(size, MAX_NAME)]).partition(b"\0")[0]
            text = "".join(c if c.isprintable() else "?" for c in raw.decode("utf-8", "replace")).strip()
            mine = self.names.setdefault((exporter, domain), {})
            if text and (number in mine or self._named < MAX_NAMES):
                self._named += number not in mine
                mine[number] = text

    def rates(self, exporter: int, domain: int, found: Records) -> Rates:
        """The sampling rate of each flow record: its own, else that of its sampler, else the only one there is."""
        mine = self.sampling.get((exporter, domain), {})
        sampler = found.template.first(SAMPLERS)
        own = _said(found)
        if own is None and not mine and sampler is None:
            return Rates(column=None)
        own = np.zeros(len(found), np.int64) if own is None else own
        if sampler is None:
            optional = np.full(len(found), self._shared(exporter, domain, mine), np.int64)
            asked = np.full(len(found), bool(mine))
        else:
            which = found.number(sampler)
            numbers, of = np.unique(which, return_inverse=True)
            # Sampler 0 is none, unless options speak of it; a rate without a sampler holds for all.
            optional = np.array([mine.get(n, mine.get(0, 0)) for n in numbers.tolist()], np.int64)[of]
            asked = which > 0
        rate = np.where(own > 0, own, optional)
        return Rates(
            column=within(np.where(rate == 0, -1, rate), pa.uint32()),
            unknown=int((asked & (rate == 0)).sum()),
            differing=int(((own > 0) & (optional > 0) & (own != optional)).sum()),
        )

    def _shared(self, exporter: int, domain: int, mine: dict[int, int]) -> int:
        if (exporter, domain) not in self._single:
            rates = set(mine.values())
            self._single[exporter, domain] = rates.pop() if len(rates) == 1 else 0
        return self._single[exporter, domain]


def _said(found: Records) -> Ints | None:
    """1 in how many packets the records say, 0 where they say nothing; ``None`` where no element could."""
    template = found.template
    interval = template.first(ie.SAMPLING_INTERVAL)
    if interval is not None:
        return found.number(interval)
    taken, passed = template.find(ie.PACKET_INTERVAL), template.find(ie.PACKET_SPACE)
    if taken is not None and passed is not None:
        some = found.number(taken)
        return _whole(some + found.number(passed), some)
    taken, total = template.find(ie.SAMPLING_SIZE), template.find(ie.SAMPLING_POPULATION)
    if taken is not None and total is not None:
        return _whole(found.number(total), found.number(taken))
    chance = template.find(ie.SAMPLING_PROBABILITY)
    if chance is not None and chance.length == 8:
        probability = found.big(chance).view(np.float64)
        good = (probability > 1e-9) & (probability <= 1.0)
        return np.where(good, np.rint(1 / np.where(good, probability, 1.0)), 0).astype(np.int64)
    return None


def _whole(total: Ints, taken: Ints) -> Ints:
    return np.where(taken > 0, total // np.maximum(taken, 1), 0)
