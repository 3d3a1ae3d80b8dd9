"""Naming how targets were chosen, against draws from the worms' own generators."""

import itertools
import math

import numpy as np
import pytest

from slowworm.detect import targeting as t
from slowworm.detect.profiles import load_profiles
from slowworm.detect.profiles.draw import draw_targets
from slowworm.detect.profiles.model import Profile, stray_log, walk_log_probability
from slowworm.detect.profiles.view import SPACE

PROFILES = load_profiles()
SOURCE = 20 << 24 | 1 << 16 | 77 << 8 | 9


def source(rng: np.random.Generator) -> int:
    octets = rng.integers(1, 255, 4)
    octets[0] = rng.choice([20, 61, 130, 193, 210])
    return int(octets[0]) << 24 | int(octets[1]) << 16 | int(octets[2]) << 8 | int(octets[3])


def error_rate(drawn: str, other: str, targets: int, draws: int = 400) -> float:
    a, b = PROFILES.get(drawn), PROFILES.get(other)
    rng = np.random.default_rng(targets)
    wrong = 0
    for _ in range(draws):
        host = source(rng)
        seen = draw_targets(a, host, targets, rng)
        wrong += b.log_likelihood(host, seen) >= a.log_likelihood(host, seen)
    return wrong / draws


@pytest.mark.parametrize(
    ("drawn", "other", "targets", "at_most"),
    [
        # Bounds: the measured rate of docs/concepts/targeting.md plus four standard errors of 400 draws.
        ("codered-v2", "codered-ii", 5, 0.015),
        ("codered-ii", "codered-v2", 5, 0.015),
        ("codered-ii", "nimda", 35, 0.07),
        ("nimda", "codered-ii", 35, 0.09),
        ("codered-ii", "nimda", 80, 0.02),
        ("nimda", "codered-ii", 80, 0.03),
    ],
)
def test_worms_are_told_apart_after_the_stated_number_of_targets(
    drawn: str, other: str, targets: int, at_most: float
) -> None:
    assert error_rate(drawn, other, targets) <= at_most


def test_telling_nimda_from_codered_ii_does_need_more_than_a_handful() -> None:
    assert error_rate("nimda", "codered-ii", 5) > 0.1


def test_an_excluded_octet_speaks_against_codered_ii() -> None:
    worm, host = PROFILES.get("codered-ii"), SOURCE
    near = np.array([SOURCE + 256 * i for i in range(1, 9)], np.uint32)
    clean = worm.log_likelihood(host, near)
    with_zero = worm.log_likelihood(host, np.append(near[:-1], np.uint32(SOURCE & 0xFFFFFF00)))
    with_255 = worm.log_likelihood(host, np.append(near[:-1], np.uint32(SOURCE | 0xFF)))
    assert with_zero == with_255 < clean - 4
    nimda = PROFILES.get("nimda")
    assert nimda.log_likelihood(host, near) == pytest.approx(
        nimda.log_likelihood(host, np.append(near[:-1], np.uint32(SOURCE & 0xFFFFFF00))), abs=0.5
    )


@pytest.mark.parametrize("name", [p.name for p in PROFILES.items])
def test_a_profile_is_a_probability(name: str) -> None:
    # Importance sampling over all prefixes: the density sums to 1 over the addresses the worm can choose.
    profile = PROFILES.get(name)
    rng = np.random.default_rng(1)
    total, n = 0.0, 40_000
    bounds = (32, 24, 16, 8, 0)  # host bits: strata of addresses by the prefix they share with the source
    for outer, inner in itertools.pairwise(bounds):
        inside = np.uint32(SOURCE) >> np.uint32(outer) << np.uint32(outer) if outer < 32 else np.uint32(0)
        drawn = inside | rng.integers(0, 2**outer, n, dtype=np.uint64).astype(np.uint32)
        stratum = (drawn ^ np.uint32(SOURCE)) >= np.uint32(2**inner) if inner else np.ones(n, np.bool_)
        total += float((profile.density(SOURCE, drawn) * stratum).mean()) * 2.0**outer
    assert total == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("profile", "name"),
    [("codered-v2", "uniform"), ("codered-ii", "local"), ("nimda", "local"), ("sasser", "local"),
     ("blaster", "sequential")],
)  # fmt: skip
def test_classes_are_named_from_forty_targets(profile: str, name: str) -> None:
    rng = np.random.default_rng(5)
    right = 0
    for _ in range(60):
        host = source(rng)
        targets = draw_targets(PROFILES.get(profile), host, 40, rng)
        found = t.targeting(host, rng.permutation(targets), profiles=())
        right += found.name == name
    assert right >= 57


@pytest.mark.parametrize("ordered", [True, False])
def test_sequences_strides_and_subnets_are_told_apart(ordered: bool) -> None:
    rng = np.random.default_rng(6)
    start = 99 << 24
    seen = np.sort(rng.choice(4000, 60, replace=False)).astype(np.uint32)  # one in many of a long walk
    down = (start + 500 - np.arange(40)).astype(np.uint32)
    cases = {
        "sequential": [np.arange(start, start + 30, dtype=np.uint32), down if ordered else np.sort(down)],
        "stride": [np.arange(start, start + 256 * 40, 256, dtype=np.uint32)],
        "subnet": [(start + rng.permutation(65536)[:60]).astype(np.uint32)],
    }
    for name, targets in cases.items():
        for one in targets:
            assert t.targeting(SOURCE, one, profiles=(), ordered=ordered).name == name
    if ordered:
        assert t.targeting(SOURCE, start + seen, profiles=(), ordered=True).name == "sequential"


def test_a_subnet_is_named_with_its_prefix() -> None:
    rng = np.random.default_rng(7)
    targets = ((169 << 24) + rng.integers(0, 1 << 24, 30)).astype(np.uint32)
    found = t.targeting(SOURCE, targets, profiles=())
    assert (found.name, found.prefix) == ("subnet", "169.0.0.0/8")


def test_local_weights_approach_the_worms_own() -> None:
    rng = np.random.default_rng(8)
    targets = draw_targets(PROFILES.get("codered-ii"), SOURCE, 5000, rng)
    found = t.targeting(SOURCE, targets, profiles=PROFILES.serving(6, 80))
    assert found.worm == "codered-ii"
    assert dict(found.prefix_weights)[0] == pytest.approx(0.125, abs=0.02)
    assert dict(found.prefix_weights)[8] == pytest.approx(0.5, abs=0.03)


def test_how_many_more_targets_would_name_the_worm_is_about_right() -> None:
    # Independent figures: facts/worms.md gives about 31 for Code Red II against Nimda at 1 % errors.
    ii, nimda = PROFILES.get("codered-ii"), PROFILES.get("nimda")
    assert math.log(99) / t.information(ii, nimda) == pytest.approx(31, rel=0.35)
    assert t.information(PROFILES.get("codered-v1"), PROFILES.get("codered-v2")) == pytest.approx(0, abs=1e-9)
    rng = np.random.default_rng(13)
    needs = [
        t.targeting(SOURCE, draw_targets(nimda, SOURCE, 6, rng), profiles=PROFILES.serving(6, 80)).worm_needs
        for _ in range(20)
    ]
    assert all(n is None or 0 < n <= 40 for n in needs)
    assert any(needs)
    uniform = draw_targets(PROFILES.get("codered-v2"), SOURCE, 6, rng)
    assert t.targeting(SOURCE, uniform, profiles=PROFILES.serving(6, 80)).worm_needs is None


def test_too_few_targets_are_not_named() -> None:
    assert t.targeting(SOURCE, np.array([1 << 30, 2 << 30], np.uint32), profiles=()) == t.UNKNOWN


def test_routable_is_named_only_where_its_absences_show() -> None:
    rng = np.random.default_rng(9)
    draws = rng.integers(0, 2**32, 400, dtype=np.uint32)
    assert t.targeting(SOURCE, draws, profiles=()).name == "uniform"
    mirai = draw_targets(PROFILES.get("mirai"), SOURCE, 200, rng)
    assert t.targeting(SOURCE, mirai, profiles=()).name == "routable"
    assert t.targeting(SOURCE, mirai[:6], profiles=()).name == "uniform"


def test_packets_of_another_size_speak_against_a_worm() -> None:
    rng = np.random.default_rng(10)
    targets = draw_targets(PROFILES.get("slammer"), SOURCE, 20, rng)
    serving = PROFILES.serving(17, 1434)
    fits = t.targeting(SOURCE, targets, profiles=serving, packet_bytes=np.full(20, 404))
    other = t.targeting(SOURCE, targets, profiles=serving, packet_bytes=np.full(20, 60))
    first = {c.name: c.probability for c in fits.worm_candidates}
    second = {c.name: c.probability for c in other.worm_candidates}
    assert first["slammer"] > second["slammer"]


def test_probabilities_sum_to_one() -> None:
    rng = np.random.default_rng(11)
    for name in ("codered-v2", "nimda"):
        found = t.targeting(SOURCE, draw_targets(PROFILES.get(name), SOURCE, 7, rng), profiles=PROFILES.items)
        for candidates in (found.candidates, found.worm_candidates):
            assert sum(c.probability for c in candidates) == pytest.approx(1.0, abs=0.06)


def test_the_prior_is_a_distribution() -> None:
    assert sum(t.PRIOR.values()) == pytest.approx(1.0)


def test_steps_of_a_walk_are_a_distribution() -> None:
    # One step: Σ 1/(g(g+1)) telescopes to 1 - 1/(n+1). Two steps: over all pairs, likewise 1 in the limit.
    n = 2000
    one = sum(math.exp(walk_log_probability(np.array([g]))) for g in range(1, n + 1))
    assert one == pytest.approx(1 - 1 / (n + 1))
    two = sum(math.exp(walk_log_probability(np.array([g, h]))) for g in range(1, 200) for h in range(1, 200))
    assert 0.97 < two < 1


def test_a_walk_seen_whole_costs_no_more_for_each_step() -> None:
    assert walk_log_probability(np.ones(1000, np.int64)) == pytest.approx(-math.log(1001))


def test_a_stray_costs_a_bounded_amount() -> None:
    assert stray_log(np.array([0.0]))[0] == pytest.approx(math.log(0.01 / SPACE))


def test_draws_keep_to_the_profile() -> None:
    rng = np.random.default_rng(12)
    for profile in PROFILES.items:
        targets = draw_targets(profile, SOURCE, 300, rng)
        assert len(np.unique(targets)) == 300
        if profile.order == "random":
            assert (profile.density(SOURCE, targets) > 0).all()


def test_a_profile_that_allows_nothing_cannot_be_drawn_from() -> None:
    nowhere = Profile(
        name="x",
        title="x",
        services=(),
        mixture=PROFILES.get("codered-v2").mixture,
        excluded_octets=tuple(range(256)),
    )
    with pytest.raises(ValueError, match="leaves source"):
        draw_targets(nowhere, SOURCE, 3, np.random.default_rng(1))
