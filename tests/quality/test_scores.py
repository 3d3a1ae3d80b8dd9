"""Counts over windows against counting by hand, and scores restricted to some sources against all of them."""

import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts.quality import scores
from scripts.quality.attempts import Ints
from scripts.quality.counting import Site
from scripts.quality.peers import RULES, Rule
from scripts.quality.scores import SECOND
from tests.quality.flow_rows import F, talk, tried

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 40)), max_size=60)


def columns(rows: list[tuple[int, int, int]]) -> tuple[Ints, Ints, Ints]:
    rows = sorted(rows, key=lambda row: row[2])
    group, item, time = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    return group, item, time


@given(ROWS)
@settings(max_examples=80, deadline=None)
def test_running_counts_are_those_of_a_loop(rows: list[tuple[int, int, int]]) -> None:
    group, item, _ = columns(rows)
    seen: dict[int, set[int]] = {}
    sums: dict[int, int] = {}
    distinct, total = [], []
    for g, i in zip(group.tolist(), item.tolist(), strict=True):
        seen.setdefault(g, set()).add(i)
        sums[g] = sums.get(g, 0) + i
        distinct.append(len(seen[g]))
        total.append(sums[g])
    assert scores.running_distinct(group, item).tolist() == distinct
    assert scores.running_sum(group, item).tolist() == total


@given(ROWS, st.integers(1, 15))
@settings(max_examples=80, deadline=None)
def test_windows_and_sessions_are_those_of_a_loop(rows: list[tuple[int, int, int]], length: int) -> None:
    group, _, seconds = columns(rows)
    time = seconds * SECOND
    opened: dict[int, int] = {}
    last: dict[int, int] = {}
    windows, spells = [], []
    numbers: dict[tuple[str, int], int] = {}
    for g, t in zip(group.tolist(), seconds.tolist(), strict=True):
        if g not in opened or t > opened[g] + length:
            opened[g] = t
            numbers["window", g] = numbers.get(("window", g), 0) + 1
        if g not in last or t > last[g] + length:
            numbers["spell", g] = numbers.get(("spell", g), 0) + 1
        last[g] = t
        windows.append((g, numbers["window", g]))
        spells.append((g, numbers["spell", g]))
    for found, wanted in (
        (scores.windows_from_first(group, time, length), windows),
        (scores.sessions(group, time, length), spells),
    ):
        pairs = set(zip(found.tolist(), wanted, strict=True))
        assert len(pairs) == len(set(found.tolist())) == len(set(wanted)), "the same rows lie together"


@given(ROWS, st.integers(0, 12))
@settings(max_examples=80, deadline=None)
def test_sliding_distinct_is_that_of_a_loop(rows: list[tuple[int, int, int]], keep: int) -> None:
    group, item, _ = columns(rows)
    clock = np.arange(len(group))
    last: dict[tuple[int, int], int] = {}
    wanted = []
    for now, (g, i) in enumerate(zip(group.tolist(), item.tolist(), strict=True)):
        last[g, i] = now
        wanted.append(sum(1 for (other, _), at in last.items() if other == g and at >= now - keep))
    assert scores.sliding_distinct(group, item, clock, keep).tolist() == wanted


def crowd() -> list[F]:
    draw = np.random.default_rng(5)
    flows: list[F] = []
    for n in range(400):
        source, target = f"10.0.0.{draw.integers(1, 9)}", f"31.{draw.integers(0, 20)}.{draw.integers(0, 9)}.7"
        at, port = float(draw.uniform(0, 900)), int(draw.choice([23, 80, 445]))
        flows += (
            talk(source, target, port, at, 2000 + n)
            if n % 4 == 0
            else [F(source, target, port, at, sp=2000 + n)]
        )
    return flows


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_scores_of_some_sources_are_those_of_all(rule: Rule) -> None:
    found = rule.scores(tried(crowd()), Site(inside=(ipaddress.IPv4Network("10.0.0.0/8"),)))
    some = np.array([0x0A000003, 0x0A000005], np.int64)
    mine = found.of(some)
    for level in rule.levels[::4]:
        every, few = found.alarms(level), mine.alarms(level)
        kept = np.isin(every.source, some)
        assert every.source[kept].tolist() == few.source.tolist()
        assert every.time[kept].tolist() == few.time.tolist()
        assert every.contacts[kept].tolist() == few.contacts.tolist()
