"""Uplink outages: what was to cross the border in that time does not arrive, and is tried again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import TCP
from slowworm.rehearse.world.exchanges import (
    ACK,
    OPEN,
    PSH,
    RAW,
    SILENT,
    UNREACHABLE,
    Exchanges,
    together,
)
from slowworm.rehearse.world.legs import SECOND
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.spec import Outage

TRYING_AGAIN = 0.6
"""Share of failed TCP calls that a person or program repeats soon after (assumption)."""

ROUNDS = 3
"""How often it is repeated at most."""


def with_outages(
    calls: Exchanges,
    outages: tuple[Outage, ...],
    site: Site,
    draw: np.random.Generator,
    *,
    stubborn: bool = True,
    tags: npt.NDArray[np.bool_] | None = None,
) -> tuple[Exchanges, npt.NDArray[np.bool_]]:
    """The exchanges as they go with these outages, and ``tags`` (a flag per exchange) in the new order.

    ``stubborn``: callers try again; worms do not.
    """
    flags = np.zeros(len(calls), np.bool_) if tags is None else tags
    crossing = site.crosses(calls.client, calls.server)
    for outage in outages:
        begin, end = int(outage.start * SECOND), int((outage.start + outage.seconds) * SECOND)
        during = crossing & (calls.time >= begin) & (calls.time < end)
        inside = site.contains(calls.client)
        calls = _cut_short(calls, crossing & ~during & (calls.outcome == OPEN), begin)
        failing = during & inside & (calls.outcome != RAW)
        lost = during & ~inside
        repeated = _again(calls, failing, end, draw) if stubborn else []
        calls = _unanswered(calls, failing).take(~lost)
        flags = np.concatenate([flags[~lost], np.zeros(sum(map(len, repeated)), np.bool_)])
        calls = together([calls, *repeated])
        crossing = site.crosses(calls.client, calls.server)
    return calls, flags


def _unanswered(calls: Exchanges, which: npt.NDArray[np.bool_]) -> Exchanges:
    one = np.where(calls.protocol == TCP, calls.up, calls.up // np.maximum(calls.packets_up, 1))
    already = np.isin(calls.outcome, (SILENT, UNREACHABLE))
    return calls.replace(
        up=np.where(which & ~already, one, calls.up),
        outcome=np.where(which, SILENT, calls.outcome),
        attempts=np.where(which & (calls.protocol == TCP), np.maximum(calls.attempts, 3), calls.attempts),
    )


def _again(
    calls: Exchanges, failing: npt.NDArray[np.bool_], end: int, draw: np.random.Generator
) -> list[Exchanges]:
    """Repetitions of failed TCP calls; those after the outage go as the first would have gone."""
    found: list[Exchanges] = []
    now: Any = calls.take(failing & (calls.protocol == TCP))
    for _ in range(ROUNDS):
        now = now.take(draw.random(len(now)) < TRYING_AGAIN)
        later = now.time + (draw.uniform(4, 40, len(now)) * SECOND).astype(np.int64)
        port = np.maximum((now.client_port.astype(np.int64) + 1) % 65536, 1024)
        now = now.replace(time=later, client_port=port)
        found.append(_unanswered(now, now.time < end))
        now = now.take(now.time < end)
    return found


def _cut_short(calls: Exchanges, candidates: npt.NDArray[np.bool_], begin: int) -> Exchanges:
    """Conversations that the outage meets midway end there, without a FIN."""
    finish = calls.time + (calls.seconds * SECOND).astype(np.int64)
    met = candidates & (calls.time < begin) & (finish > begin)
    if not met.any():
        return calls
    share = np.where(met, (begin - calls.time) / np.maximum(finish - calls.time, 1), 1.0)
    values = {}
    for packets, octets in (("packets_up", "up"), ("packets_down", "down")):
        before = getattr(calls, packets)
        left = np.where(met, np.maximum(np.rint(before * share), np.minimum(before, 1)), before)
        values[packets] = left
        values[octets] = np.rint(getattr(calls, octets) * left / np.maximum(before, 1))
    return calls.replace(
        seconds=calls.seconds * share,
        flags=np.where(met & (calls.protocol == TCP), PSH | ACK, calls.flags),
        **values,
    )
