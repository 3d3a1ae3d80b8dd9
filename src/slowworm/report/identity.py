"""Who is behind a verdict, for people: the chain from address to port, conflicts marked as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from slowworm.report.case import HuntResult
from slowworm.report.text import put, safe

if TYPE_CHECKING:
    from slowworm.inventory.identity.facts import Fact


def show_identity(facts: Sequence[Fact], out: Console) -> None:
    """Print all facts with the place that says so."""
    if not facts:
        return
    lines = [
        Text(f"- {'conflicting: ' if fact.conflict else ''}{safe(fact.text)} [{safe(fact.where)}]")
        for fact in facts
    ]
    put(out, Text(), Text("Who is it", "bold"), *lines)


def who(result: HuntResult) -> list[str]:
    """For each verdict a few words on who is behind it; an empty list where nothing is known of anybody."""
    if not result.identities:
        return []
    from slowworm.inventory.identity.facts import short

    words = [safe(short(result.identity(v))) for v in result.verdicts]
    return [word or "-" for word in words] if any(words) else []
