"""`show access-lists`: entries with their sequence numbers and how often each matched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact, Place
from slowworm.diagnose.show.base import MAX_LISTED, Scan, ShowCommand, typed

_LIST = re.compile(
    r"(?P<kind>Standard|Extended|Reflexive|Role-based|IPv6|Extended "
    r"MAC|Bridge)\s+(?P<family>IP\s+|IPv6\s+)?access\s+list\s+(?P<name>[\w.\-@/]{1,64})(?:\s+\(per-user\))?"
)
_ACTION = re.compile(r"(?<!\S)(?:(?P<number>\d{1,10})[ \t]+)?(?P<action>permit|deny)(?=\s)", re.ASCII)
_MATCHES = re.compile(r"\((?P<matches>\d{1,15})\s+match(?:es)?\)(?:\s+\(time left \d{1,9}\))?", re.ASCII)
_MAX_RULE = 600
"""Characters of an entry's rule: ports by name in lists of ten, object groups, time ranges."""
_OTHER = re.compile(
    r"^[ \t]*(?:\d{1,10}[ \t]+)?(?:remark|evaluate|dynamic|Dynamic)[ \t][^\n]{0,200}$|(?:\(Compiled\)|\(Downloaded\))",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """``number`` is ``None`` where the release has no sequence numbers, ``matches`` where none is printed."""

    at: Place
    number: int | None
    action: str
    rule: str
    matches: int | None

    @property
    def logs(self) -> bool:
        """Whether each match may print a message."""
        return bool(re.search(r"\blog(?:-input)?\b", self.rule))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessList(Fact):
    """A list with its entries in order."""

    name: str
    kind: str
    entries: tuple[AccessEntry, ...]


def _read(scan: Scan) -> Sequence[Fact]:
    heads = list(scan.each(_LIST))
    facts: list[Fact] = []
    total = 0
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(scan.text)
        entries: list[AccessEntry] = []
        actions = list(_ACTION.finditer(scan.text, head.end(), end))
        for place, match in enumerate(actions):
            total += 1
            following = actions[place + 1].start() if place + 1 < len(actions) else end
            stop = _rule_end(scan.text, match.end(), min(following, match.end() + _MAX_RULE))
            counted = _MATCHES.search(scan.text, match.end(), stop)
            scan.understood(match.start(), stop)
            if total <= MAX_LISTED:
                entries.append(
                    AccessEntry(
                        at=scan.place_at(match.start(), stop),
                        number=int(match["number"]) if match["number"] else None,
                        action=match["action"],
                        rule=" ".join(scan.text[match.end() : counted.start() if counted else stop].split()),
                        matches=int(counted["matches"]) if counted else None,
                    )
                )
        facts.append(
            AccessList(at=scan.place(head), name=head["name"], kind=head["kind"], entries=tuple(entries))
        )
    scan.skip(_OTHER)
    return facts


def _rule_end(text: str, begin: int, end: int) -> int:
    """Where an entry ends: behind its matches, which a wrapped line may have moved to the next one, or with
    its line."""
    counted = _MATCHES.search(text, begin, end)
    if counted and text.count("\n", begin, counted.end()) <= 1:
        return counted.end()
    newline = text.find("\n", begin, end)
    return newline if newline >= 0 else end


COMMAND = ShowCommand(
    name="show access-lists",
    typed=(typed("sh(ow) acc(ess-lists)"), typed("sh(ow) ip acc(ess-lists)")),
    words=("access", "list"),
    claims=re.compile(r"(?:Standard|Extended)\s+IP\s+access\s+list\s+\S"),
    carries="entries with sequence numbers and matches",
    read=_read,
)
