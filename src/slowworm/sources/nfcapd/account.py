"""What was met on the way through one file: problems with their first place, exporters, samplers, the header."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from slowworm.sources.base import Problem
from slowworm.sources.nfcapd import layout

MAX_KINDS = 100
"""Problems told apart: texts hold numbers from the file, and a hostile one has many."""

MAX_DAMAGES = 10_000
"""Places that reading goes around: each costs a search, and a file with more of them is no nfdump file."""

AF_INET, AF_INET6 = 2, (10, 24, 28, 30)
"""Address families as Linux, NetBSD, FreeBSD and macOS number them: the file has the writer's."""


@dataclass(slots=True, kw_only=True)
class Account:
    """Grows while a file is read."""

    path: str
    ident: str | None = None
    announced: int | None = None
    """Flows that the statistics of the file speak of."""
    lost_exports: int = 0
    damages: int = 0
    records: int = 0
    """Flow records met, events included."""
    exporter_names: list[str] = field(default_factory=list)
    exporters: dict[int, int] = field(default_factory=dict)
    """Number in the file → index into exporter_names."""
    samplers: dict[int, dict[int, int]] = field(default_factory=dict)
    """Exporter → sampler id → 1 in how many packets."""
    _codes: dict[str, int] = field(default_factory=dict)
    _problems: dict[str, tuple[int, int]] = field(default_factory=dict)

    def problem(self, text: str, offset: int, count: int = 1) -> None:
        """``count`` times ``text``, first at ``offset``."""
        if text not in self._problems and len(self._problems) >= MAX_KINDS:
            text = "damage of yet another kind"
        at, n = self._problems.get(text, (offset, 0))
        self._problems[text] = at, n + count

    def damage(self, text: str, offset: int) -> None:
        """As :meth:`problem`, for a place that reading has to go around."""
        self.damages += 1
        self.problem(text, offset)

    @property
    def hopeless(self) -> bool:
        """Whether there was so much damage that the search for more good parts is given up."""
        return self.damages >= MAX_DAMAGES

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One of each kind, in order of appearance."""
        return tuple(
            Problem(where=f"{self.path}@{at}", text=text, count=n) for text, (at, n) in self._problems.items()
        )

    def name(self, text: str) -> int:
        """Index of an exporter's name."""
        if text not in self._codes:
            self._codes[text] = len(self.exporter_names)
            self.exporter_names.append(text)
        return self._codes[text]

    def exporter(self, record: bytes, offset: int) -> None:
        """Take in an exporter record."""
        if len(record) < layout.EXPORTER_INFO.size:
            self.problem("an exporter record is too short", offset)
            return
        *_, packed, family, number, _ = layout.EXPORTER_INFO.unpack_from(record)
        address = _address(packed, family)
        if address is not None:
            self.exporters[number] = self.name(address)

    def sampler(self, record: bytes, offset: int) -> None:
        """Take in a sampler record: the size tells the old one (nfdump 1.6) from the new one."""
        if len(record) >= layout.SAMPLER_INFO.size:
            _, _, exporter, _, number, taken, passed = layout.SAMPLER_INFO.unpack_from(record)
        elif len(record) >= layout.SAMPLER_V0_INFO.size:
            _, _, number, interval, _, exporter = layout.SAMPLER_V0_INFO.unpack_from(record)
            taken, passed = 1, interval - 1
        else:
            self.problem("a sampler record is too short", offset)
            return
        total = taken + passed
        if taken and passed >= 0 and not total % taken and total // taken < 1 << 32:
            self.samplers.setdefault(exporter, {})[number] = total // taken

    def rate(self, exporter: int) -> int:
        """1 in how many packets an exporter samples; 0 where that is unknown or differs between its samplers.

        A flow record does not say which sampler it passed.
        """
        known = self.samplers.get(exporter, {})
        if layout.OVERWRITE in known:
            return known[layout.OVERWRITE]
        rates = set(known.values())
        return rates.pop() if len(rates) == 1 else 0


def _address(packed: bytes, family: int) -> str | None:
    if family == AF_INET:
        # The third of four words on a little-endian machine, where the lower half of the IPv6 address begins.
        number = int.from_bytes(packed[8:12], "little")
        return str(ipaddress.IPv4Address(number)) if number else None
    if family in AF_INET6:
        packed = packed[7::-1] + packed[:7:-1]
    elif family:  # 0 is what versions after 1.7.8 write; their addresses are in network order
        return None
    if not any(packed):
        return None
    address = ipaddress.IPv6Address(packed)
    return str(address.ipv4_mapped or address)
