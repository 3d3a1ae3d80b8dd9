"""A small labelled world from several vantage points: every infected host is found, nobody benign is accused."""

import pytest
from tests.detect.calls import PROFILES

import slowworm
from slowworm.rehearse.world import Vantage, WorldSpec, WormSpec, build

INSIDE = ("141.76.0.0/16",)

SEEN_FROM = 20
"""Distinct targets seen from which an infected host must be found (issue 4)."""

VANTAGES = {
    "border": (Vantage(), "judgement", 1),
    "core": (Vantage(kind="core"), "calibration", 2),
    "one way out": (Vantage(one_way="out"), "judgement", 1),
    "asymmetric": (Vantage(asymmetric_share=0.4), "judgement", 3),
    "sampling 10": (Vantage(sampling=10), "judgement", 1),
    "sampling 100": (Vantage(sampling=100), "judgement", 1),
}


def accused(
    vantage: Vantage, actors: str, seed: int, *, datagrams: float = 4.0
) -> tuple[list[str], list[str], int]:
    """Infected hosts that were missed, benign ones that were called infected, and how many had to be found."""
    # About 50 targets of each are seen in a quarter of an hour, whatever is sampled away; of Slammer more.
    rate = 0.06 * vantage.sampling
    worms = tuple(
        WormSpec(profile=name, rate=rate * times, patient_zeros=4)
        for name, times in (("codered-ii", 1.0), ("sasser", 1.0), ("slammer", datagrams))
    )
    world = build(
        WorldSpec(
            seed=seed, hosts=800, span_seconds=900, scale=0.6, inside=INSIDE, actors=actors, vantage=vantage,
            worms=worms, radiation=0.02,
        )
    )  # fmt: skip
    found = slowworm.hunt(*world.flows, inside=INSIDE, profiles=PROFILES)
    verdicts: dict[int, str] = {}
    for v in found.verdicts:  # worst first
        verdicts.setdefault(int(v.address), v.verdict)
    missed, wrong, wanted = [], [], 0
    for row in world.truth.hosts.to_pylist():
        said = verdicts.get(row["seen_as"])
        if row["infected"] and row["probes_seen"] >= SEEN_FROM:
            wanted += 1
            if said != "infected":
                missed.append(f"{row['worm']} with {row['probes_seen']} targets: {said}")
        elif row["expected"] == "clean" and not row["infected"] and said in ("infected", "scanner"):
            wrong.append(f"{row['role']}: {said}")
    return missed, wrong, wanted


@pytest.mark.parametrize("name", VANTAGES)
def test_every_infected_host_is_found_and_no_benign_one_accused(name: str) -> None:
    missed, wrong, wanted = accused(*VANTAGES[name])
    assert wanted == 12
    assert wrong == []
    assert missed == []


@pytest.mark.xfail(
    reason="unseen answers: silent-alike (25 dB) and destinations (20 dB) are capped, 49.2 of 50 dB"
)
@pytest.mark.parametrize(("vantage", "seed"), [(Vantage(one_way="out"), 4), (Vantage(sampling=10), 2)])
def test_slow_datagrams_whose_answers_are_unseen_are_found_too(vantage: Vantage, seed: int) -> None:
    missed, wrong, wanted = accused(vantage, "calibration", seed, datagrams=1.0)
    assert wanted == 12
    assert wrong == []
    assert missed == []
