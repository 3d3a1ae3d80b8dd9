"""Weights against their published sources and closed forms."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slowworm.detect import weights


def test_a_failure_weighs_what_the_threshold_random_walk_gives_it() -> None:
    # Jung et al. 2004: θ0 = .8, θ1 = .2, α = .01, β = .99: four straight failures decide, three do not.
    failed, answered = weights.failure_weights(benign_failure=0.2, visibility=1.0)
    assert failed == round(100 * math.log10(0.8 / 0.2)) == 60
    assert answered == -60
    upper = 100 * math.log10(0.99 / 0.01)
    assert 3 * failed < upper < 4 * failed


def test_bounds_follow_from_prior_and_posterior() -> None:
    prior = 10 * math.log10(0.001 / 0.999)
    assert pytest.approx(10 * math.log10(99) - prior, abs=0.1) == weights.BOUND_INFECTED / 10
    assert pytest.approx(10 * math.log10(1 / 9) - prior, abs=0.1) == weights.BOUND_SUSPECT / 10


@given(st.floats(0, 1), st.floats(0.2, 0.95))
def test_a_failure_never_speaks_for_a_host_nor_an_answer_against_it(
    visibility: float, failure: float
) -> None:
    failed, answered = weights.failure_weights(benign_failure=failure, visibility=visibility)
    assert 0 <= failed <= 60
    assert -140 <= answered <= 0
    full, _ = weights.failure_weights(benign_failure=failure, visibility=1.0)
    assert failed <= full


def test_invisible_answers_weigh_nothing() -> None:
    assert weights.failure_weights(benign_failure=0.2, visibility=0.0) == (0, 0)


def test_failures_weigh_nothing_where_everything_fails() -> None:
    assert weights.failure_weights(benign_failure=0.8, visibility=1.0)[0] == 0


@given(st.lists(st.integers(-600, 400), min_size=1, max_size=6))
def test_a_mixture_lies_between_its_parts(values: list[int]) -> None:
    for share, row in zip(weights.SHARES, weights.mixture_table(values), strict=True):
        for weight, mixed in zip(values, row, strict=True):
            assert min(weight, 0) - 1 <= mixed <= max(weight, 0) + 1
            exact = 100 * math.log10(1 - share + share * 10 ** (weight / 100)) if share < 1 else weight
            assert abs(mixed - exact) <= 0.5


def test_every_constant_says_why() -> None:
    import ast
    from pathlib import Path

    tree = ast.parse(Path(weights.__file__).read_text())
    body = tree.body
    documented = {"TENTHS"}
    for node, after in itertools.pairwise(body):
        if (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            documented |= {
                n.id
                for t in (node.targets if isinstance(node, ast.Assign) else [node.target])
                for n in ast.walk(t)
                if isinstance(n, ast.Name)
            }
    constants = {n for n in vars(weights) if n.isupper()}
    # P_FAIL_SCAN and P_FAIL_BENIGN share one sentence.
    assert constants - documented <= {"P_FAIL_SCAN"}
