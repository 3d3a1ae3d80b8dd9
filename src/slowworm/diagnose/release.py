"""Releases of IOS and IOS-XE, and which features a release still, or already, has."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IOS = re.compile(
    r"(?P<major>\d{1,2})\.(?P<minor>\d{1,2})\((?P<number>\d{1,3})(?:\.\d{1,3})*[a-z]?\)(?P<train>[A-Z]{0,4})(?P<rebuild>\d{0,3})"
)
_XE = re.compile(r"(?P<major>\d{1,2})\.(?P<minor>\d{1,2})\.(?P<number>\d{1,3})[a-z]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """``12.2(33)SXH3``: 12, 2, 33, ``SXH``, 3. IOS-XE ``16.09.03``: 16, 9, 3 without a train."""

    text: str
    major: int
    minor: int
    number: int
    train: str = ""
    rebuild: int = 0

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """The release that ``text`` begins with; ``None`` for anything else."""
        match = _IOS.match(text) or _XE.match(text)
        if match is None:
            return None
        groups = match.groupdict()
        return cls(
            text=match[0],
            major=int(match["major"]),
            minor=int(match["minor"]),
            number=int(match["number"]),
            train=groups.get("train") or "",
            rebuild=int(groups.get("rebuild") or 0),
        )

    def at_least(self, *gates: str) -> bool | None:
        """Whether it comes after one of the gates, each the first release of its train with a change.

        ``True`` or ``False`` only where trains can be compared: a newer major release has what any older one got; an
        older one than all gates has not; a train that no gate names is not known.
        """
        parsed = [gate for text in gates if (gate := Release.parse(text))]
        if all((self.major, self.minor) > (g.major, g.minor) for g in parsed):
            return True
        if all((self.major, self.minor) < (g.major, g.minor) for g in parsed):
            return False
        same = [g for g in parsed if g.train.startswith("S") == self.train.startswith("S")]
        answers = [answer for gate in same if (answer := self._after(gate)) is not None]
        return True if any(answers) else (False if answers else None)

    def _after(self, gate: Release) -> bool | None:
        if (self.major, self.minor) != (gate.major, gate.minor):
            return (self.major, self.minor) > (gate.major, gate.minor)
        if self.train == gate.train:
            return (self.number, self.rebuild) >= (gate.number, gate.rebuild)
        if len(self.train) == len(gate.train) == 3 and self.train[:2] == gate.train[:2]:  # SXF before SXH
            return self.train > gate.train
        if not self.train or self.number < gate.number:
            # What a train branched from before the gate cannot have; a mainline release gets no features.
            return False
        return None


FAST_SWITCHING_GONE = ("12.2(25)S", "12.2(33)SRA", "12.2(33)SXH", "12.4(20)T")
"""First releases without fast switching (Cisco, "Cisco IOS Switching": removal of fast switching)."""

SEQUENCE_NUMBERS = ("12.2(14)S", "12.2(15)T", "12.3(2)T")
"""First releases that edit access lists by sequence number (Cisco, "IP Access List Entry Sequence Numbering")."""

NAT_MAX_ENTRIES = ("12.3(4)T",)
"""First release with ``ip nat translation max-entries`` (Cisco, "Rate Limiting NAT Translation")."""


def has_fast_switching(release: Release | None) -> bool | None:
    """Whether the release can fast switch; ``None`` where that is not known."""
    gone = release.at_least(*FAST_SWITCHING_GONE) if release else None
    return None if gone is None else not gone
