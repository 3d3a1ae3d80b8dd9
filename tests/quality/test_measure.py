"""Measuring: a small world through Slowworm and the peers, and the figures that come of it."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import pytest
from scripts.quality.measure import BEFORE_ONSET, Data, measure
from scripts.quality.page import page, plot
from scripts.quality.peers import PUBLISHED, RULES
from scripts.quality.scenarios import FIRST_SEED, SCENARIOS, WORMS, Job, jobs, world
from scripts.quality.summary import summary
from scripts.quality.truth import right_classes

from slowworm.detect.profiles import load_profiles

SMALL = {"span": 400.0, "hosts": 150}


@pytest.fixture(scope="module")
def small() -> Data:
    job = jobs(1, scenarios=("plain",), **SMALL)[0]  # type: ignore[arg-type]
    few = replace(
        job.spec, worms=tuple(w for w in job.spec.worms if w.title in ("codered-ii", "mirai", "witty"))
    )
    return measure(Job(scenario=job.scenario, spec=few), replays=1)


def test_a_world_is_measured_for_everybody_on_the_same_hosts(small: Data) -> None:
    hosts = len(small["sick"])
    assert hosts == 6
    assert len(small["slowworm"]["sick"]) == hosts
    for rule in RULES:
        peer = small["peers"][rule.name]
        assert len(peer["false"]) == len(peer["contacts"]) == len(rule.levels)
        assert all(len(contacts) == hosts for contacts in peer["contacts"])
    assert json.loads(json.dumps(small)) == small


def test_a_stricter_threshold_flags_fewer_and_later(small: Data) -> None:
    for rule in RULES:
        peer = small["peers"][rule.name]
        assert peer["false"] == sorted(peer["false"], reverse=True)
        for host in zip(*peer["contacts"], strict=True):
            reached = [c for c in host if c is not None]
            assert host[: len(reached)] == tuple(reached), "once out of reach, always out of reach"
            assert reached == sorted(reached)
        assert rule.levels[PUBLISHED] == pytest.approx(rule.threshold)


def test_slowworm_names_the_fast_worms_within_few_contacts(small: Data) -> None:
    found = {
        h["worm"]: v
        for h, v in zip(small["sick"], small["slowworm"]["sick"], strict=True)
        if h["probes"] > 100
    }
    assert found
    assert {v["verdict"] for v in found.values()} == {"infected"}
    assert all(0 < v["contacts"] < 40 for v in found.values())
    assert all(r["needed"] is None or r["needed"] >= 1 for r in small["replays"])


def test_the_page_and_the_picture_are_made_of_the_figures_alone(small: Data) -> None:
    data = summary([small], span=SMALL["span"], hosts=150)
    again = json.loads(json.dumps(data))
    text = page(again)
    assert text == page(data)
    for rule in RULES:
        assert f"| {rule.title} |" in text
    drawn = ElementTree.fromstring(plot(again))
    lines = [e for e in drawn.iter() if e.tag.endswith("polyline")]
    assert len(lines) == len(RULES)
    assert {e.text for e in drawn.iter() if e.tag.endswith("text")} >= {rule.title for rule in RULES}


def fake(*, contacts: list[int | None], false: int, ours: str = "infected") -> Data:
    """A world of two infected hosts; every peer reaches them up to its published threshold, and so many benign."""
    at_most: Any = [contacts if n <= PUBLISHED + 3 else [None, None] for n in range(len(RULES[0].levels))]
    accused = [false if n < PUBLISHED + 2 else 0 for n in range(len(RULES[0].levels))]
    verdict = {
        "verdict": ours,
        "targets": 60,
        "contacts": 5,
        "seconds": 5.0,
        "class_right": True,
        "worm": "right",
    }
    return {
        "scenario": "plain",
        "seed": 1,
        "flows": 1000,
        "hosts": 10,
        "host_hours": 100.0,
        "sick": [{"worm": "w", "profile": "w", "rate": 2.0, "probes": n} for n in (20, 19)],
        "slowworm": {"sick": [verdict | {"class": "uniform"}] * 2, "false": []},
        "replays": [{"rate": 2.0, "said": 4, "needed": 6}],
        "growth": [{"worm": "w", "true": 2.0, "said": 2.2}, {"worm": "v", "true": 2.0, "said": None}],
        "peers": {rule.name: {"false": accused, "contacts": at_most} for rule in RULES},
    }


def test_only_hosts_with_enough_probes_count_and_equal_false_alarms_move_the_threshold() -> None:
    worlds = [fake(contacts=[30, 7], false=3), fake(contacts=[BEFORE_ONSET, 7], false=1, ours="suspect")]
    figures = summary(worlds, span=3600, hosts=10)["all"]
    own, peer = figures["slowworm"], figures["peers"]["slips"]
    assert (own["found"], own["due"], own["missed"]) == (1, 2, 1)
    assert own["false_rate_at_most"] == pytest.approx(1 - 0.05 ** (1 / 200), rel=0.01)
    assert (peer["published"]["found"], peer["published"]["due"], peer["published"]["false"]) == (2, 2, 4)
    assert peer["published"]["contacts"] == {"n": 1, "median": 30, "p90": 30, "before_onset": 1}
    assert (peer["equal"]["found"], peer["equal"]["false"], peer["equal"]["times_threshold"]) == (2, 0, 1.32)
    assert "1 of 4 within 15 %" not in page(summary(worlds, span=3600, hosts=10))
    assert "2 of 4 within 15 %" in page(summary(worlds, span=3600, hosts=10))


def test_a_view_in_which_nobody_inside_is_seen_to_send_has_a_page_too() -> None:
    seen, unseen = fake(contacts=[30, 7], false=0), fake(contacts=[None, None], false=0)
    unseen |= {"scenario": "one-way-in", "host_hours": 0.0}
    for host in unseen["sick"]:
        host["probes"] = 0
    text = page(summary([seen, unseen], span=3600, hosts=10))
    assert "| one-way-in: only what comes in is exported | 1 | – | 0 | 0 | – | – | – |" in text


def test_every_scenario_has_every_worm_and_seeds_of_its_own() -> None:
    assert set(WORMS) <= {p.name for p in load_profiles().items}
    work = jobs(8)
    assert {j.scenario.name for j in work} == {s.name for s in SCENARIOS}
    assert min(j.spec.seed for j in work) == FIRST_SEED
    plain = [j for j in work if j.scenario.name == "plain"]
    assert len({j.spec.seed for j in plain}) == len(plain) == 8
    assert {w.profile for w in plain[0].spec.worms} == set(WORMS)
    for worm in WORMS:
        rates = {w.rate for j in plain for w in j.spec.worms if w.profile == worm and w.lasting is None}
        assert len(rates) >= 4, "over eight seeds each worm runs at most of the five rates"
    assert world(SCENARIOS[0], 7, 60, 100) == world(SCENARIOS[0], 7, 60, 100)


def test_right_names_of_targeting_follow_from_profile_and_view() -> None:
    assert right_classes("codered-ii", hidden=16) == {"local"}
    assert right_classes("wannacry", hidden=16) == {"uniform", "routable"}  # its own /24 is not seen
    assert right_classes("blaster", hidden=24) == {"sequential"}
    assert "shared-list" in right_classes("codered-v1", hidden=16)
