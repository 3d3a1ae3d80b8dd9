"""MLS flow masks: which one a text names, what a mask hides, and how to change it and change it back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slowworm.sources.base import Note
from slowworm.sources.text.spans import Span

_MASK = re.compile(
    r"(?<!\S)(?:(?:current|(?P<configured>configured))\s++)?(?:(?P<family>ipx?|ipv6)\s++)?"
    r"(?:current\s++)?flow\s?mask\s++"
    r"(?:for\s++(?P<cast>unicast|multicast)\s*+:|is)\s*+"
    r"(?P<mask>(?:destination|dest|source|src|interface|intf|if|vlan|full|null|none)"
    r"(?:(?:\s++|-)(?:destination|dest|source|src|full|and|only|flow)\b){0,4})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one of the two operating systems spells the commands; ``%s`` stands for the mask."""

    set_mask: str
    no_mask: str
    show_mask: str
    show_entries: str


HYBRID = Dialect(
    set_mask="set mls flow %s",
    no_mask="set mls flow destination",
    show_mask="show mls",
    show_entries="show mls entry",
)
NATIVE = Dialect(
    set_mask="mls flow ip %s",
    no_mask="no mls flow ip",
    show_mask="show mls netflow flowmask",
    show_entries="show mls netflow ip",
)


def flow_mask(text: str) -> tuple[str | None, list[Span]]:
    """The IP unicast flow mask that ``text`` names, as the commands spell it, and where all such lines are.

    ``null`` stands for "no mask". The first one counts, as later ones show what somebody has changed; the
    configured mask counts before the current one, which an access list may have made finer.
    """
    current: str | None = None
    configured: str | None = None
    spans: list[Span] = []
    for match in _MASK.finditer(text):
        spans.append(match.span())
        family, cast = (match["family"] or "ip").lower(), (match["cast"] or "unicast").lower()
        if family == "ip" and cast == "unicast":
            if match["configured"]:
                configured = configured or _spelled(match["mask"].lower())
            else:
                current = current or _spelled(match["mask"].lower())
    return configured or current, spans


def _spelled(phrase: str) -> str:
    """``destination and source`` → ``destination-source``."""
    words = set(re.split(r"[\s\-]+", phrase))
    if "full" in words:
        keys = "full"
    else:
        keys = "-".join(
            word
            for word, spellings in (("destination", {"destination", "dest"}), ("source", {"source", "src"}))
            if words & spellings
        )
    if not keys:
        return "null"
    return f"interface-{keys}" if words & {"interface", "intf", "if", "vlan"} else keys


def mask_note(mask: str, dialect: Dialect) -> Note:
    """A flow mask seen without entries: worth keeping, because it is the way back after a change."""
    return Note(
        id="mls-flow-mask",
        text=(
            f"The IP flow mask is {mask}. After any change of it, the way back is `{_way_back(mask, dialect)}`."
        ),
    )


def _way_back(mask: str, dialect: Dialect) -> str:
    return dialect.no_mask if mask == "null" else dialect.set_mask % mask


def destination_only(rows: int, dialect: Dialect, mask: str | None) -> Note:
    """Why there is no verdict, what would give one, what it costs, how to check it and how to undo it."""
    back = mask or "destination"
    found = "as the flow mask line says" if mask else "as these entries show"
    return Note(
        id="mls-destination-only",
        count=rows,
        text=(
            "No entry has a source address: the flow mask is destination-only, so no verdict on hosts is "
            f"possible. To see sources: `{dialect.set_mask % 'destination-source'}` first; only if that does not "
            f"suffice, `{dialect.set_mask % 'full'}`, which shows ports as well. Risk: either purges all "
            "shortcuts, and MLS entries may grow dramatically with Supervisor 1 and MSFC1 or MSFC2; Supervisor 2 "
            "with MSFC2 forwards by CEF in hardware, so that full is safe for forwarding there, though its "
            f"NetFlow table can overflow. Check: `{dialect.show_mask}`, then sources in "
            f"`{dialect.show_entries}`. Way back: `{_way_back(back, dialect)}`, the mask found before ({found}); "
            "elsewhere it need not be destination."
        ),
    )
