"""The peers: rules of other tools with their source, their constants and the reading chosen where there are several.

Each is a pure function from attempts to scores. Where a rule can be read in several ways, the reading is the one
that is better for the peer, and `reading` says which. For all of them: answers start nothing (no server is taken
for a scanner because it answers many, as the suppress lists of these tools would have it), the outcome of an
attempt is known at once instead of after a time-out, and no packet is missed between flows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scripts.quality import counting as c
from scripts.quality import rwscan as r
from scripts.quality import walks as w
from scripts.quality.attempts import Attempts
from scripts.quality.counting import Site
from scripts.quality.scores import Alarms, Scores

SWEEP_STEP, SWEEP_DOWN, SWEEP_UP = 1.15, -11, 68
"""Thresholds are swept from a fifth of the published one to 13,000 times it: there even psad accuses nobody."""

SWEEP_LOG_ODDS = 2.0
"""Scores in log odds are swept from −3 to +19."""

PUBLISHED = -SWEEP_DOWN
"""Where in ``levels`` the published threshold stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One peer. ``threshold``: the score from which the published rule raises its alarm."""

    name: str
    title: str
    source: str
    constants: str
    reading: str
    threshold: float
    scores: Callable[[Attempts, Site], Scores]
    additive: bool = False
    """Whether the score is in log odds, so that it is swept by adding and not by multiplying."""

    @property
    def levels(self) -> tuple[float, ...]:
        """Thresholds to sweep, from lenient to strict; the published one is among them."""
        factors = [SWEEP_STEP**k for k in range(SWEEP_DOWN, SWEEP_UP + 1)]
        if self.additive:
            return tuple(self.threshold + math.log(f) * SWEEP_LOG_ODDS for f in factors)
        return tuple(self.threshold * f for f in factors)

    def alarms(self, a: Attempts, site: Site) -> Alarms:
        """Who the rule as published flags, and when."""
        return self.scores(a, site).alarms(self.threshold)


RULES: tuple[Rule, ...] = (
    Rule(
        name="zeek-simple-scan",
        title="Zeek simple-scan",
        source="github.com/ncsa/bro-simple-scan, scripts/scan.zeek",
        constants=(
            f"failed (host, port): {c.SIMPLE_REMOTE} remote, {c.SIMPLE_LOCAL} local; with "
            f"{c.SIMPLE_DARK_HOSTS} dark hosts {c.SIMPLE_REMOTE_DARK} and {c.SIMPLE_LOCAL_DARK}; "
            f"{c.SIMPLE_KNOCKS} or {c.SIMPLE_KNOCKS_DARK} hosts on one port for remote sources; "
            "forgotten after 15 min of silence"
        ),
        reading="told which prefixes are local, and which of their addresses are dark",
        threshold=1.0,
        scores=c.zeek_simple_scan,
    ),
    Rule(
        name="zeek-scan",
        title="Zeek scan.zeek",
        source="github.com/zeek/zeek, scripts/policy/misc/scan.zeek",
        constants=f"{c.ZEEK_HOSTS} failed hosts on a port, or {c.ZEEK_PORTS} ports of a host, in 5 min",
        reading="epochs of five minutes from the first flow on, as SumStats has them",
        threshold=1.0,
        scores=c.zeek_scan,
    ),
    Rule(
        name="silk-rwscan",
        title="SiLK rwscan",
        source="SiLK 3, src/rwscan; Gates et al., ISCC 2006",
        constants=(
            f"walk: {w.THETA_BENIGN}, {w.THETA_SCAN}, {w.ALPHA}, {w.BETA}; regression from {r.MIN_FLOWS} flows "
            "on, above one half; an event ends at a gap of 300 s"
        ),
        reading=(
            "all addresses that answer anybody are its set of live hosts; whether it flags is judged on the whole "
            "event, when on the shortest beginning of the event that it would have flagged already"
        ),
        threshold=0.0,
        scores=r.rwscan,
        additive=True,
    ),
    Rule(
        name="flow-dscan",
        title="flow-dscan",
        source="flow-tools 0.68, flow-dscan(1)",
        constants="more than 64 destinations, or 64 ports below 1024 of one; aged after 90,000 flows",
        reading="64 as in the manual page, not 200 as in flow-dscan.h; age counted in attempts, which is longer",
        threshold=1.0,
        scores=c.flow_dscan,
    ),
    Rule(
        name="slips",
        title="Slips",
        source="github.com/stratosphereips/StratosphereLinuxIPS, horizontal_portscan.py",
        constants=f"{c.SLIPS_HOSTS} destinations on one port, not established, in an hour",
        reading="5 and not more than 5, as in the code; no DNS log, so that none is left out as resolved",
        threshold=c.SLIPS_HOSTS,
        scores=c.slips,
    ),
    Rule(
        name="ntopng",
        title="ntopng",
        source="github.com/ntop/ntopng, src/host_checks/ScanDetection.cpp",
        constants="more than 32 incomplete flows in a minute",
        reading="switched on (it is off by default), for the client only",
        threshold=c.NTOPNG_INCOMPLETE,
        scores=c.ntopng,
    ),
    Rule(
        name="snort-sweep",
        title="Snort 3 port_scan, sweep",
        source="github.com/snort3/snort3, ps_detect.cc; default_med_port_scan",
        constants="TCP, UDP: 7 nets and 30 scans or 7 rejects, up to 10 ports, in 90 s; ICMP: 5, 20, 5",
        reading="nets and ports are changes from one attempt to the next, as in the code",
        threshold=1.0,
        scores=w.snort_sweep,
    ),
    Rule(
        name="nemea",
        title="NEMEA haddrscan",
        source="github.com/CESNET/Nemea-Detectors, haddrscan_detector",
        constants=f"{c.NEMEA_HOSTS} destinations per (source, port) of flows of a single SYN, idle 5 min",
        reading="pruned at once",
        threshold=c.NEMEA_HOSTS,
        scores=c.nemea,
    ),
    Rule(
        name="psad",
        title="psad",
        source="psad.conf, DL1_UNIQUE_HOSTS, ENABLE_PERSISTENCE",
        constants=f"{c.PSAD_HOSTS} hosts, danger level 1, never forgotten",
        reading="a failed attempt is what its firewall would have logged",
        threshold=c.PSAD_HOSTS,
        scores=c.psad,
    ),
    Rule(
        name="et-scan",
        title="Suricata, ET SCAN",
        source="Emerging Threats, sid 2001569 and its like",
        constants=f"{c.ET_SYNS} SYNs to one port in 60 s, from the home net",
        reading="every TCP port, not only 135, 139, 445 and 1433",
        threshold=c.ET_SYNS,
        scores=c.emerging_threats,
    ),
    Rule(
        name="trw",
        title="Threshold random walk",
        source="Jung, Paxson, Berger, Balakrishnan, S&P 2004",
        constants=f"{w.THETA_BENIGN}, {w.THETA_SCAN}, {w.ALPHA}, {w.BETA}: {w.TRW_ALARM} failures more than successes",
        reading="every protocol; it starts again where it finds a source benign, and forgets nothing else",
        threshold=w.TRW_ALARM,
        scores=w.threshold_random_walk,
    ),
)
