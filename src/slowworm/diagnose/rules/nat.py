"""Translations: how many there are, what melts, and what looks like it."""

from __future__ import annotations

from collections.abc import Iterator

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import CRITICAL, DOCUMENT, INFO, WARNING, Finding, Remedy
from slowworm.diagnose.release import NAT_MAX_ENTRIES
from slowworm.diagnose.show.align import Alignment
from slowworm.diagnose.show.nat import NatStatistics, NatTranslations
from slowworm.diagnose.show.running_config import Configuration
from slowworm.diagnose.show.version import Version

MELTDOWN = 20_000
"""Translations from which an NPE-300 may melt down; document 12808 gives 20,000 to 40,000, other platforms differ."""

MANY = 10_000
"""Half of it: time to act. [assumption]"""

SCANNING_TARGETS, SCANNING_RATIO = 200, 0.9
"""Outside addresses of one inside host, and their share of its translations, that are a scan's. [assumption]"""

LONG_TIMEOUT = 3_600
"""Seconds from which a configured timeout of UDP, DNS, ICMP, SYN or FIN keeps a scan's dead translations.
[assumption]"""


def overload(router: Router) -> Iterator[Finding]:
    """``nat-overload``."""
    tables: tuple[NatStatistics | NatTranslations, ...] = (
        *router.all(NatStatistics),
        *router.all(NatTranslations),
    )
    if not tables:
        return
    last = max(tables, key=lambda t: t.total)
    listing, aligned = router.last(NatTranslations), router.last(Alignment)
    scanning = [
        (host, count, there)
        for (host, count), (_, there) in (zip(listing.hosts, listing.targets, strict=True) if listing else ())
        if there >= SCANNING_TARGETS and there >= SCANNING_RATIO * count
    ]
    if last.total < MANY and not scanning:
        return
    version = router.last(Version)
    limited = version.release.at_least(*NAT_MAX_ENTRIES) if version and version.release else None
    who = f"; {scanning[0][0]} has {scanning[0][1]:,} to {scanning[0][2]:,} addresses" if scanning else ""
    remedies = [Remedy(text="Stop the hosts with the most translations; they are the scanners")]
    if limited is not False:
        remedies.append(
            Remedy(
                text="Limit the translations of each host",
                commands=("ip nat translation max-entries all-host 300",),
                caveats=(
                    "from 12.3(4)T on; a busy proxy or mail relay needs more",
                    "not in document 12808, which is older than the command",
                ),
            )
        )
    remedies += [
        Remedy(
            text="Lower the timeouts",
            commands=(
                "ip nat translation syn-timeout 20",
                "ip nat translation finrst-timeout 20",
                "ip nat translation udp-timeout 60",
            ),
            caveats=("for new entries only; a low tcp-timeout ends idle SSH and database sessions",),
        ),
        Remedy(text="NAT rather than PAT, so that there are fewer translations; an NSE-1 on a 7200"),
    ]
    yield Finding(
        id="nat-overload",
        severity=CRITICAL if last.total >= MELTDOWN else WARNING,
        title=f"{last.total:,} translations{who}",
        evidence=tuple(dict.fromkeys((last.at, *((listing.at,) if scanning and listing else ())))),
        cause=(
            "Each probe of a scan makes a translation that lives until its timeout. An NPE-300 melts down at 20,000 to "
            "40,000; other platforms differ."
            + (
                ""
                if aligned
                else " Before CSCdu63623 is blamed, show align several times: rising counts are alignment errors."
            )
        ),
        remedies=tuple(remedies),
        verify=("show ip nat statistics", "show align", "show processes cpu | include IP Input|NAT"),
        source=DOCUMENT if limited is False else f"{DOCUMENT}; max-entries from Cisco's later NAT guide",
    )


def timeouts(router: Router) -> Iterator[Finding]:
    """``nat-timeouts``: configured, and long."""
    config = router.last(Configuration)
    lines = config.lines_of("ip nat translation ") if config else ()
    long = []
    for line in lines:
        words = line.text.split()
        if (
            words[3:4]
            and words[3]
            in ("udp-timeout", "dns-timeout", "icmp-timeout", "syn-timeout", "finrst-timeout", "timeout")
            and (words[-1] == "never" or (words[-1].isdigit() and int(words[-1]) >= LONG_TIMEOUT))
        ):
            long.append(line)
    if not long:
        return
    yield Finding(
        id="nat-timeouts",
        severity=WARNING if any(t.total >= MANY for t in router.all(NatStatistics)) else INFO,
        title=f"Timeouts of translations are long: {long[0].text}",
        evidence=tuple(line.at for line in long[:4]),
        cause="A scan's probes stay in the table as long as the timeout says, answered or not.",
        remedies=(
            Remedy(
                text="Remove the lines",
                commands=tuple(f"no {line.text}" for line in long[:4]),
                caveats=("for new entries only",),
            ),
        ),
        verify=("show ip nat statistics",),
    )


def alignment(router: Router) -> Iterator[Finding]:
    """``alignment-errors``: the other reason for a busy interrupt level."""
    seen = router.all(Alignment)
    if not seen:
        return
    first, last = seen[0], seen[-1]
    rise = last.corrections + last.spurious - first.corrections - first.spurious
    if last.corrections + last.spurious == 0:
        return
    again = len(seen) > 1
    yield Finding(
        id="alignment-errors",
        severity=CRITICAL if rise > 0 else INFO if again else WARNING,
        title=(
            f"Alignment errors rise: {rise:,} more between two outputs"
            if rise > 0
            else f"{last.corrections:,} alignment corrections and {last.spurious:,} spurious accesses"
            + (", not rising" if again else "; one output does not tell whether they rise")
        ),
        evidence=tuple(dict.fromkeys((first.at, last.at))),
        cause=(
            "Alignment errors burn the processor at interrupt level, which looks like a scan "
            "or like CSCdu63623. Rising "
            "counts are the alignment problem, not that bug."
            if rise > 0 or not again
            else "Counts that stay are history: something else is the matter, CSCdu63623 included."
        ),
        remedies=(Remedy(text="Upgrade; keep the tracebacks for Cisco's support", commands=("show align",)),)
        if rise > 0
        else (),
        verify=("show align", "show align"),
    )


RULES = (overload, timeouts, alignment)
