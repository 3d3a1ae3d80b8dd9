"""Peers that count: Zeek, Slips, ntopng, NEMEA, psad, flow-dscan and the Suricata rules of Emerging Threats."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from scripts.quality.attempts import ACK, SYN, Attempts, Bools, Ints
from scripts.quality.scores import (
    Floats,
    Rising,
    codes,
    epochs,
    running_distinct,
    running_sum,
    sessions,
    sliding_distinct,
    windows_from_first,
)
from slowworm.flows.services import TCP, UDP

SIMPLE_REMOTE, SIMPLE_LOCAL = 25, 250
SIMPLE_REMOTE_DARK, SIMPLE_LOCAL_DARK = 10, 100
SIMPLE_KNOCKS, SIMPLE_KNOCKS_DARK = 20, 3
SIMPLE_DARK_HOSTS = 3
SIMPLE_EXPIRY = 15 * 60.0
ZEEK_HOSTS, ZEEK_PORTS, ZEEK_EPOCH = 25, 15, 5 * 60.0
SLIPS_HOSTS, SLIPS_WINDOW = 5, 3600.0
NTOPNG_INCOMPLETE, NTOPNG_WINDOW = 33, 60.0
NEMEA_HOSTS, NEMEA_IDLE = 50, 300.0
PSAD_HOSTS = 10
DSCAN_HOSTS, DSCAN_PORTS, DSCAN_AGE = 65, 64, 90_000
ET_SYNS, ET_WINDOW = 70, 60.0

MULTICAST = 0xE0000000
LOW_PORTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a rule has to be told: one's own prefixes, and those of them where nobody lives."""

    inside: tuple[ipaddress.IPv4Network, ...]
    dark: tuple[ipaddress.IPv4Network, ...] = ()


def within(address: Ints, networks: Iterable[ipaddress.IPv4Network]) -> Bools:
    """Which addresses lie in one of the networks."""
    found = np.zeros(len(address), np.bool_)
    for network in networks:
        found |= address & int(network.netmask) == int(network.network_address)
    return found


def rising(a: Attempts, rows: Ints, score: Floats | Ints) -> Rising:
    """Scores at the attempts ``rows``."""
    return Rising(attempts=a, sources=a.source[rows], time=a.time[rows], score=score.astype(np.float64))


def zeek_simple_scan(a: Attempts, site: Site) -> Rising:
    """Distinct failed (destination, port) of a source over its threshold; 1 is an alarm."""
    rows = np.flatnonzero(a.failed & (a.protocol == TCP))
    victim, port = a.destination[rows], a.port[rows]
    spell = sessions(a.source[rows], a.time[rows], SIMPLE_EXPIRY)
    attempts = running_distinct(spell, victim << 16 | port)
    on_port = running_distinct(codes(spell, port), victim)
    hidden = np.where(within(victim, site.dark), victim, -1)
    touched = running_distinct(spell, hidden) - (running_sum(spell, hidden < 0) > 0)
    local, dark = within(a.source[rows], site.inside), touched >= SIMPLE_DARK_HOSTS
    needed = np.where(
        local,
        np.where(dark, SIMPLE_LOCAL_DARK, SIMPLE_LOCAL),
        np.where(dark, SIMPLE_REMOTE_DARK, SIMPLE_REMOTE),
    )
    knocks = np.where(dark, SIMPLE_KNOCKS_DARK, SIMPLE_KNOCKS)
    return rising(a, rows, np.maximum(attempts / needed, np.where(local, 0.0, on_port / knocks)))


def zeek_scan(a: Attempts, _site: Site) -> Rising:
    """Distinct failed hosts on a port, or ports on a host, in five minutes, over the threshold; 1 is an alarm."""
    rows = np.flatnonzero(a.failed & (a.protocol == TCP))
    epoch, source = epochs(a.time[rows], ZEEK_EPOCH), a.source[rows]
    hosts = running_distinct(codes(epoch, source, a.port[rows]), a.destination[rows])
    ports = running_distinct(codes(epoch, source, a.destination[rows]), a.port[rows])
    return rising(a, rows, np.maximum(hosts / ZEEK_HOSTS, ports / ZEEK_PORTS))


def slips(a: Attempts, _site: Site) -> Rising:
    """Distinct destinations on one port that were not established, within the hour."""
    rows = np.flatnonzero(
        a.failed & ((a.protocol == TCP) | (a.protocol == UDP)) & (a.destination < MULTICAST)
    )
    window = epochs(a.time[rows], SLIPS_WINDOW)
    group = codes(window, a.source[rows], a.protocol[rows], a.port[rows])
    return rising(a, rows, running_distinct(group, a.destination[rows]))


def ntopng(a: Attempts, _site: Site) -> Rising:
    """Incomplete TCP and UDP flows in a minute, distinct or not."""
    rows = np.flatnonzero(a.failed & ((a.protocol == TCP) | (a.protocol == UDP)))
    group = codes(epochs(a.time[rows], NTOPNG_WINDOW), a.source[rows])
    return rising(a, rows, running_sum(group, np.ones(len(rows), np.int64)))


def nemea(a: Attempts, _site: Site) -> Rising:
    """Distinct destinations of flows of a single SYN from one source to one port."""
    rows = np.flatnonzero((a.protocol == TCP) & (a.flags == SYN) & (a.packets == 1))
    spell = sessions(codes(a.source[rows], a.port[rows]), a.time[rows], NEMEA_IDLE)
    return rising(a, rows, running_distinct(spell, a.destination[rows]))


def psad(a: Attempts, _site: Site) -> Rising:
    """Distinct hosts that a source failed to reach, ever."""
    rows = np.flatnonzero(a.failed)
    return rising(a, rows, running_distinct(a.source[rows], a.destination[rows]))


def flow_dscan(a: Attempts, _site: Site) -> Rising:
    """Destinations in a source's list, or low ports in the map of one destination, over the threshold."""
    clock = np.arange(len(a))
    hosts = sliding_distinct(a.source, a.destination, clock, DSCAN_AGE)
    low = np.where((a.port >= 0) & (a.port < LOW_PORTS), a.port, -1)
    pair = codes(a.source, a.destination)
    ports = running_distinct(pair, low) - (running_sum(pair, low < 0) > 0)
    return rising(a, clock, np.maximum(hosts / DSCAN_HOSTS, ports / DSCAN_PORTS))


def emerging_threats(a: Attempts, site: Site) -> Rising:
    """SYN packets of an inside source to one port in a minute."""
    rows = np.flatnonzero((a.protocol == TCP) & within(a.source, site.inside))
    group = windows_from_first(codes(a.source[rows], a.port[rows]), a.time[rows], ET_WINDOW)
    # Repetitions of a SYN count, the other packets of a connection do not.
    unanswered = (a.flags[rows] >= 0) & (a.flags[rows] & ACK == 0)
    return rising(a, rows, running_sum(group, np.where(unanswered, np.maximum(a.packets[rows], 1), 1)))
