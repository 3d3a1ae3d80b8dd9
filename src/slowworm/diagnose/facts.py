"""Facts: what the output of a router says, each with the place where it says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from slowworm.sources.base import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of an input: ``line`` is 1-based, ``text`` is shown to people, secrets are masked.

    ``output``: a number for each command output read, in order, so that facts of one output can be told from those
    of the next. ``time``: the router's clock when the output was taken, as naive UTC, where the session tells.
    """

    file: str
    line: int
    text: str
    output: int = 0
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Base of all facts."""

    at: Place


F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """One router: its facts in order of appearance, and what of its output was not understood.

    ``hostname``: from prompts, configuration or ``show version``; ``None`` where nothing names it.
    ``commands``: names of the commands whose output was read. ``passed_over``: other commands' outputs.
    """

    hostname: str | None
    facts: Sequence[Fact]
    commands: Sequence[str] = ()
    passed_over: Sequence[str] = ()
    problems: Sequence[Problem] = ()

    def all(self, kind: type[F]) -> tuple[F, ...]:
        """Facts of a kind, the oldest first: by the router's clock where known, else in order of appearance."""
        found = [fact for fact in self.facts if isinstance(fact, kind)]
        if all(fact.at.time is not None for fact in found):
            found.sort(key=lambda fact: fact.at.time or datetime.min)
        return tuple(found)

    def last(self, kind: type[F]) -> F | None:
        """The newest fact of a kind."""
        found = self.all(kind)
        return found[-1] if found else None

    def has(self, kinds: Iterable[type[Fact]]) -> bool:
        """Whether there is a fact of any of the kinds."""
        wanted = tuple(kinds)
        return any(isinstance(fact, wanted) for fact in self.facts)
