"""From the bytes of inputs to routers with their facts: outputs are found, dated and read, the rest is reported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from slowworm.diagnose.facts import Fact, Router
from slowworm.diagnose.show import log
from slowworm.diagnose.show.base import Scan, ShowCommand
from slowworm.diagnose.show.clock import STAMP, moment
from slowworm.diagnose.show.commands import Commands
from slowworm.diagnose.show.running_config import Configuration
from slowworm.diagnose.show.version import Version
from slowworm.sources.base import Problem
from slowworm.sources.session import MAX_COMMAND, Section, clean, readable, split
from slowworm.sources.text.leftover import Leftover

_TECH = re.compile(r"^-{5,}[ \t]+(?P<command>(?:show|sh) [^\n]{1,150}?)[ \t]+-{5,}[ \t\r]*$", re.MULTILINE)
"""What ``show tech-support`` prints above each command's output."""

_FILTER = re.compile(r"[ \t]*\|[ \t]*(?:(?:i|e|b|s|c)[a-z]*)(?P<words>[ \t]+\S+)?")
_SHOW = re.compile(r"\s*(?:do\s+)?sh(?:o|ow)?\s+(?P<what>\S.*)", re.IGNORECASE)
_USER = re.compile(r"\A[\w.\-]{1,32}@")
_FEW = 60
MAX_OUTPUTS = 100_000
"""Outputs of one input that are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A command's output in an input: ``section`` as cut at its prompts, ``typed`` as typed, ``time`` as far
    as known."""

    section: Section
    typed: str | None
    hostname: str | None
    time: datetime | None = None


@dataclass(slots=True, kw_only=True)
class _Found:
    """What one input says of one router."""

    leftover: Leftover
    facts: list[Fact] = field(default_factory=list)
    commands: dict[str, None] = field(default_factory=dict)
    passed_over: dict[str, None] = field(default_factory=dict)


def outputs_of(path: str, data: bytes, *, at: datetime | None = None) -> list[Output]:
    """Cut an input into outputs of commands. ``at``: when it was taken, where its text does not tell.

    The time of an output is that of the last clock shown before it on the same router, or of the first one behind.
    """
    found: list[Output] = []
    for section in split(path, clean(data))[:MAX_OUTPUTS]:
        host = _hostname(section.hostname)
        for part, typed in _parts(section):
            found.append(Output(section=part, typed=typed, hostname=host))
    return _dated(found, at)


def _hostname(prompt: str | None) -> str | None:
    """``gw`` of a shell's prompt ``root@gw:~``; a router's as it is."""
    if prompt and "@" in prompt:
        return _USER.sub("", prompt).partition(":")[0] or prompt
    return prompt


def _parts(section: Section) -> list[tuple[Section, str | None]]:
    """A section, cut at the headings of ``show tech-support``."""
    heads = list(_TECH.finditer(section.text)) if "-----" in section.text else []
    if not heads:
        return [(section, section.command)]
    parts: list[tuple[Section, str | None]] = []
    if section.text[: heads[0].start()].strip():
        parts.append((replace(section, text=section.text[: heads[0].start()]), section.command))
    line, counted = section.line, 0
    for number, head in enumerate(heads):
        line += section.text.count("\n", counted, head.start())
        counted = head.start()
        end = heads[number + 1].start() if number + 1 < len(heads) else len(section.text)
        text = head["command"] + section.text[head.end() : end]
        parts.append((replace(section, text=text, line=line, prompted=True), head["command"]))
    return parts


def _dated(outputs: list[Output], at: datetime | None) -> list[Output]:
    clocks: dict[str | None, datetime] = {}
    dated: list[Output] = []
    for output in outputs:
        text = output.section.text
        stamp = STAMP.search(text) if "Time source" in text else None
        shown = _SHOW.match(output.typed or "")
        told = moment(stamp[0]) if stamp else None
        if told is None and shown and shown["what"].lower().startswith("clo"):
            told = moment(text)
        if told:
            clocks[output.hostname] = told[0]
        dated.append(replace(output, time=clocks.get(output.hostname)))
    later: dict[str | None, datetime] = {}
    for number in range(len(dated) - 1, -1, -1):
        output = dated[number]
        if output.time is None:
            dated[number] = replace(output, time=later.get(output.hostname, at))
        else:
            later[output.hostname] = output.time
    return dated


class SessionReader:
    """Reads inputs one after the other; :meth:`routers` puts together what they said."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._found: list[tuple[str | None, str, _Found]] = []
        self._outputs = 0

    def read(self, path: str, data: bytes, *, at: datetime | None = None) -> int:
        """Read an input; returns how many facts it holds. Never raises for any bytes."""
        mine: dict[str | None, _Found] = {}
        facts = 0
        for output in outputs_of(path, data, at=at):
            found = mine.get(output.hostname)
            if found is None:
                found = mine[output.hostname] = _Found(leftover=Leftover(path))
            facts += self._read_output(output, found)
        self._found += [(host, path, found) for host, found in mine.items()]
        return facts

    def _read_output(self, output: Output, found: _Found) -> int:
        section = output.section
        self._outputs += 1
        known = self._commands.typed(section.text[:MAX_COMMAND]) if section.prompted else None
        if known is None and not section.prompted and not section.text.strip():
            return 0
        if known is None and section.prompted:
            shown = _SHOW.match(section.text[: MAX_COMMAND + 1])
            if shown:
                found.passed_over.setdefault("show " + readable(" ".join(shown["what"].split())[:_FEW]))
                return self._messages(output, found, section)
        scan, commanded = self._scan(output, known)
        facts: list[Fact] = []
        rest = section
        if known:
            found.commands.setdefault(known[0].name)
            facts += known[0].read(scan)
            rest = scan.rest()
        if known is None or rest.text.strip():
            more, rest = self._claimed(output, rest, known[0] if known else None, found)
            facts += more
        if "%" in rest.text:
            scan = Scan(rest, output=self._outputs, time=output.time)
            facts += log.messages(scan)
            rest = scan.rest()
        found.facts += facts
        found.leftover.add(section, [rest], flows=0, known=bool(facts), commanded=commanded)
        return len(facts)

    def _scan(self, output: Output, known: tuple[ShowCommand, re.Match[str]] | None) -> tuple[Scan, bool]:
        """A scan of the text behind the command and its filter."""
        section = output.section
        if known is None:
            return Scan(section, output=self._outputs, time=output.time), False
        end = known[1].end()
        alone = "\n" in section.text[: MAX_COMMAND + 2]
        line_end = section.text.find("\n", end) if alone else end
        filtered = _FILTER.match(section.text, end)
        if filtered:
            end = max(filtered.end(), line_end) if alone else filtered.end()
        elif (
            alone
            and line_end >= 0
            and len(section.text[end:line_end].split()) <= 3
            and "," not in section.text[end:line_end]
        ):
            end = line_end  # arguments: an interface, an address
        body = section.blanked(0, end)
        return Scan(body, output=self._outputs, time=output.time, filtered=filtered is not None), True

    def _claimed(
        self, output: Output, section: Section, but: ShowCommand | None, found: _Found
    ) -> tuple[list[Fact], Section]:
        """Outputs told by their text: those without a prompt, or behind one that was lost."""
        facts: list[Fact] = []
        rest = section
        for command in self._commands.claiming(section.text):
            if command is but:
                continue
            scan = Scan(section, output=self._outputs, time=output.time)
            mine = command.read(scan)
            if not mine:
                continue
            found.commands.setdefault(command.name)
            facts += mine
            left = scan.rest().text
            # What any of them understood is understood.
            rest = replace(rest, text=_common(rest.text, left))
        return facts, rest

    def _messages(self, output: Output, found: _Found, section: Section) -> int:
        """System messages that the console printed into an output that is not read."""
        if "%" not in section.text:
            return 0
        facts = log.messages(Scan(section, output=self._outputs, time=output.time))
        found.facts += facts
        return len(facts)

    def routers(self) -> list[Router]:
        """One router a hostname, in order of appearance.

        Text that names no router belongs to the one that the same input names, or all inputs, if there is just one.
        """
        named: dict[int, str | None] = {}
        for number, (host, _, found) in enumerate(self._found):
            named[number] = host or _told(found.facts)
        everywhere = list(dict.fromkeys(name for name in named.values() if name))
        merged: dict[str | None, list[_Found]] = {}
        for number, (_, path, found) in enumerate(self._found):
            name = named[number]
            if name is None:
                beside = list(dict.fromkeys(n for i, n in named.items() if n and self._found[i][1] == path))
                choice = beside or everywhere
                name = choice[0] if len(choice) == 1 else None
            merged.setdefault(name, []).append(found)
        return [_router(name, parts) for name, parts in merged.items()]


def _told(facts: Sequence[Fact]) -> str | None:
    """The hostname that a configuration or ``show version`` gives."""
    for fact in facts:
        if isinstance(fact, Configuration | Version) and fact.hostname:
            return fact.hostname
    return None


def _router(name: str | None, parts: Iterable[_Found]) -> Router:
    facts: list[Fact] = []
    commands: dict[str, None] = {}
    passed: dict[str, None] = {}
    problems: list[Problem] = []
    for part in parts:
        facts += part.facts
        commands |= part.commands
        passed |= part.passed_over
        problems += part.leftover.problems()
    return Router(
        hostname=name,
        facts=tuple(facts),
        commands=tuple(commands),
        passed_over=tuple(passed),
        problems=tuple(problems),
    )


def _common(one: str, two: str) -> str:
    """Characters that neither of two blanked versions of a text has blanked, line by line."""
    if one == two:
        return one
    lines = []
    for left, right in zip(one.split("\n"), two.split("\n"), strict=True):
        if left == right:
            lines.append(left)
        elif not left.strip() or not right.strip():
            lines.append("")
        else:
            lines.append("".join(a if a == b else " " for a, b in zip(left, right, strict=True)))
    return "\n".join(lines)
