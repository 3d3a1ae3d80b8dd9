"""The two lists of sFlow, samples in a datagram and records in a sample: one walk for both, all lists at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slowworm.sources.packets.octets import Int, Octets

ITEM_HEADER = 8
"""Format and length in front of every sample and record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Items of many lists, in order of list and place."""

    owner: Int
    """Index of the list."""
    format: Int
    """Enterprise × 4096 + format."""
    at: Int
    """Where the body begins."""
    end: Int
    """Where it ends: by its length, or where its list is cut off."""
    cut: Int
    """Indices of the lists that end before all their items do."""

    def of(self, *formats: int) -> tuple[Int, Int, Int]:
        """Owner, begin and end of the items of some formats."""
        rows = np.isin(self.format, formats)
        return self.owner[rows], self.at[rows], self.end[rows]


def walk(octets: Octets, begin: Int, end: Int, count: Int) -> Items:
    """The items of lists that begin at ``begin`` and claim ``count`` items; one round takes one item of each.

    No claim is followed behind ``end``: the rounds are bounded by the longest list, in octets / 8.
    """
    at, left = begin.copy(), count.copy()
    owners, formats, begins, ends, cut = ([np.zeros(0, np.int64)] for _ in range(5))
    live = np.flatnonzero(left > 0)
    while live.size:
        there = at[live] + ITEM_HEADER <= end[live]
        cut.append(live[~there])
        live = live[there]
        here = at[live]
        size = octets.u32(here + 4)
        body, stop = here + ITEM_HEADER, end[live]
        fits = body + size <= stop
        owners.append(live)
        formats.append(octets.u32(here))
        begins.append(body)
        ends.append(np.minimum(body + size, stop))
        cut.append(live[~fits])
        at[live] = body + (size + 3) // 4 * 4
        left[live] -= 1
        live = live[fits & (left[live] > 0)]
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return Items(
        owner=owner[order],
        format=np.concatenate(formats)[order],
        at=np.concatenate(begins)[order],
        end=np.concatenate(ends)[order],
        cut=np.sort(np.concatenate(cut)),
    )
