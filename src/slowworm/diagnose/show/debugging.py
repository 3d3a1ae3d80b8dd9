"""`show debugging`: what is being debugged, and on what condition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, typed

_ON = re.compile(
    r"(?P<what>[A-Z][\w()/,.\- \t]{1,70}?)\s+debugging\s+is\s+on(?P<detail>[ \t]+(?:for|\()[^\n]{1,60})?"
)
_HEADING = re.compile(r"^[A-Z][\w/ \-()]{1,60}:[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Debugging(Fact):
    """Debugging of ``what`` is on; ``detailed``: restricted to an access list."""

    what: str
    detail: str | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    facts = [
        Debugging(
            at=scan.place(match),
            what=" ".join(match["what"].split()),
            detail=" ".join(match["detail"].split()) if match["detail"] else None,
        )
        for match in scan.each(_ON)
    ]
    scan.skip(_HEADING)
    return facts


COMMAND = ShowCommand(
    name="show debugging",
    typed=(typed("sh(ow) deb(ugging)"),),
    words=("debugging", "is", "on"),
    claims=re.compile(r"^\s*[A-Z][\w()/,.\- \t]{1,70}\s+debugging\s+is\s+on\b", re.MULTILINE),
    carries="what is being debugged",
    read=_read,
)
