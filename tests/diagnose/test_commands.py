"""Every command has a sample; each is told by its command, by abbreviations and, alone, by its text."""

from __future__ import annotations

import pytest
from tests.diagnose.samples import SAMPLES
from tests.diagnose.support import routers
from tests.support import collapsed, slowworm

from slowworm.diagnose.show.base import typed
from slowworm.diagnose.show.commands import standard_commands

COMMANDS = standard_commands().items


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_every_command_has_a_sample_that_is_understood_whole(command: object) -> None:
    name = command.name  # type: ignore[attr-defined]
    assert name in SAMPLES, f"{name}: add a sample to tests/diagnose/samples.py"
    found = routers(SAMPLES[name])
    assert [r for r in found if name in r.commands and r.facts]
    assert [p for r in found for p in r.problems] == []


def body(sample: str) -> str:
    return sample.partition("\n")[2]


@pytest.mark.parametrize("name", [n for n in SAMPLES if n != "conntrack"])
def test_output_is_told_without_its_command(name: str) -> None:
    assert any(name in r.commands for r in routers(body(SAMPLES[name])))


LINES = {"show running-config"}
"""Their meaning is in their lines: a configuration in one line is none."""


@pytest.mark.parametrize("name", [n for n in SAMPLES if n not in LINES])
def test_collapsed_output_gives_the_same_facts(name: str) -> None:
    def what(text: str) -> list[str]:
        return [repr_of(f) for r in routers(text) for f in r.facts]

    def repr_of(fact: object) -> str:
        import re

        text = re.sub(r"Place\((?:[^()]|\([^()]*\))*\)", "", repr(fact))
        return re.sub(r"Place\(.*?time=[^)]*\)+|line=\d+", "", text)

    assert what(collapsed(SAMPLES[name])) == what(SAMPLES[name])


@pytest.mark.parametrize(
    ("spec", "yes", "no"),
    [
        (
            "sh(ow) ip ca(che) [v(erbose)]",
            ["show ip cache", "sh ip ca", "do show ip cac verb", "SHOW IP CACHE"],
            ["show ip", "show ip c", "show ip cachet"],
        ),
        ("sh(ow) acc(ess-lists)", ["sh access-lists", "sh acc"], ["sh ac", "sh access-lists-x"]),
    ],
)
def test_commands_may_be_abbreviated(spec: str, yes: list[str], no: list[str]) -> None:
    assert all(typed(spec).match(text) for text in yes)
    assert not any(typed(spec).match(text) for text in no)


def test_the_command_that_reaches_furthest_is_meant() -> None:
    for text, name in {
        "show ip cache flow": "show ip cache flow",
        "show ip cache verbose": "show ip cache",
        "show ip cef summary": "show ip cef summary",
        "show interfaces stats": "show interfaces switching",
        "show interfaces": "show interfaces",
        "show proc mem sorted": "show processes memory",
    }.items():
        found = standard_commands().typed(text)
        assert found is not None
        assert found[0].name == name


def test_formats_lists_what_diagnose_reads() -> None:
    out = slowworm("formats").out
    assert all(command.name in out for command in COMMANDS)
