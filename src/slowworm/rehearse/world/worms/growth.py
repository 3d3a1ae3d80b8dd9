"""How fast a worm grows inside, from its targeting alone."""

from __future__ import annotations

import math

import numpy as np

from slowworm.rehearse.world.worms.outbreak import Outbreak

LONGEST_PREFIX = 16
"""Of a mixture that grows exponentially: a longer prefix holds too few vulnerable hosts."""

ITERATIONS = 200
"""Of the power iteration and of the fixed point: both have long settled by then."""


def inside_growth(found: Outbreak) -> float | None:
    """K per hour while most vulnerable hosts are still well; ``None`` for walks and lists, which have no closed form,
    and for mixtures with a /24, whose few vulnerable hosts are infected before anything grows exponentially.

    An instance in /24 *i* infects hosts of /24 *j* at rate·density(i → j)·V_j a second; K without incubation is the
    largest eigenvalue β of that matrix. With an incubation of τ hours every generation is late by it, so that
    K = β·exp(−K·τ).
    """
    worm, profile = found.worm, found.profile
    local = any(c.prefix > LONGEST_PREFIX for c in profile.mixture)
    if profile.order == "sequential" or profile.shared_list or local or len(found.vulnerable) < 2:
        return None
    subnets, first, count = np.unique(found.vulnerable >> np.uint32(8), return_index=True, return_counts=True)
    hosts = found.vulnerable[first]
    matrix = np.zeros((len(subnets), len(subnets)))
    for row, source in enumerate(hosts):
        # An address of each /24 that is not the source itself: nobody infects itself.
        target = np.where(hosts == source, source ^ np.uint32(1), hosts).astype(np.uint32)
        matrix[row] = profile.density(int(source), target) * (count - (hosts == source))
    vector = np.full(len(subnets), 1.0 / len(subnets))
    beta = 0.0
    for _ in range(ITERATIONS):
        image = matrix @ vector
        beta = float(image.sum())
        if beta == 0:
            return 0.0
        vector = image / beta
    beta *= 3600 * worm.rate
    delay = worm.incubation / 3600
    low, high = 0.0, beta
    for _ in range(ITERATIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if middle < beta * math.exp(-middle * delay) else (low, middle)
    return low
