"""The words of a verdict: evidence observed against expected, one-line reasons, what would change it."""

from __future__ import annotations

from slowworm.detect import weights
from slowworm.detect.evidence import PIECES
from slowworm.detect.targeting import Targeting
from slowworm.detect.verdicts import INFECTED, SUSPECT, Evidence
from slowworm.flows.services import service_name


def plural(n: int, one: str, many: str | None = None) -> str:
    """``1 target``, ``4 targets``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def decibels(tenth: int) -> float:
    """Tenths as dB."""
    return tenth / weights.TENTHS


def contact_evidence(
    sums: list[int],
    *,
    failed: int,
    contacts: int,
    scanning: int,
    lone: int,
    single: int,
    popular: int,
    dropped: int,
    impossible: int,
    dark: int,
    alike: int,
    benign_failure: float,
    judged: int,
    has_protocol: bool,
) -> list[Evidence]:
    """Evidence of the contacts that look like a scan: ``sums`` in tenths and the counts behind, as PIECES."""
    shape = (
        "too few packets for a conversation" if has_protocol else "one to three packets of a bare SYN's size"
    )
    observed = (
        f"{failed} of {contacts} first contacts failed",
        f"{lone} of {failed} in bare SYNs",
        f"{single} of {failed} tried once only",
        f"{popular} of {scanning} answer other hosts",
        f"{dropped} of {scanning} dropped by the router",
        f"{impossible} of {scanning} where no host can be",
        f"{dark} of {scanning} inside, where nobody speaks",
        f"{alike} of {scanning} tried once, in one and the same shape",
    )
    expected = (
        f"{benign_failure:.0%} fail, "
        + (
            f"from {plural(judged, 'contact')} with known servers"
            if judged
            else "assumed: nothing here to measure it by"
        ),
        "about half of benign failures (assumed)",
        "36 % of benign failures (assumed)",
        "most",
        "few, unless an access list is at work",
        "none",
        "few, unless an address list is stale",
        "messages of different lengths",
    )
    text = (
        f"{shape}, no answer with content",
        "packets of 40 to 64 bytes, at most seven: a SYN and its repetitions",
        "nobody came back to the address that failed",
        "known servers, which the host failed to reach or uses",
        "out interface Null: no route, Null0, an access list or uRPF",
        "loopback, 0/8, multicast or 240/4",
        "an inside /24 from which no packet was seen",
        "answers could not be seen here; packets and bytes are the same each time",
    )
    return [
        Evidence(name=name, weight=decibels(total), observed=o, expected=e, text=t)
        for name, total, o, e, t in zip(PIECES, sums, observed, expected, text, strict=True)
        if total
    ]


def together_evidence(weight: int, *, others: int, scanning: int) -> Evidence:
    """What changes when the contacts are taken together: ordinary use beside them, and that failures are alike."""
    beside = f" beside {plural(others, 'other contact')}" if others else ""
    return Evidence(
        name="taken-together",
        weight=decibels(weight),
        observed=f"{plural(scanning, 'contact')} that look like a scan{beside}",
        expected="a benign host that fails does so again and again, beside much that is answered",
        text="what the contacts say together, under scanning, ordinary and failing kinds of hosts, less what each "
        "says alone",
    )


def run_evidence(weight: int, *, run: int, contacts: int) -> Evidence:
    """What it costs to look at a part of the contacts in time."""
    return Evidence(
        name="run-chosen",
        weight=decibels(weight),
        observed=f"{run} contacts in a row, of {contacts:,}",
        expected="any of them could have been the first",
        text="a clean past does not hide a scan; where it begins was chosen, and that is paid for",
    )


def surroundings_evidence(tenths: tuple[int, ...]) -> list[Evidence]:
    """Where the failed targets lie, and what the host itself serves."""
    where, serves, around = tenths
    found = []
    if where:
        towards = "away from" if where > 0 else "among"
        found.append(
            Evidence(
                name="destinations",
                weight=decibels(where),
                observed=f"failed targets lie {towards} the networks that answer hosts here",
                expected="targets near those that answer others",
                text="how likely the failed targets are for a scan, against where benign traffic goes here",
            )
        )
    if serves:
        found.append(
            Evidence(
                name="serves-the-service",
                weight=decibels(serves),
                observed="it answers others on the service itself",
                expected="mail relays, peers and resolvers call what they serve",
                text="less than it seems: a worm's victim served there before",
            )
        )
    if around:
        found.append(
            Evidence(
                name="outbreak-around",
                weight=decibels(around),
                observed="it scans another service too, or others here scan this one",
                expected="1 host in 1,000 is infected on any day, more where a worm is loose",
                text="bots try several services; how many hosts scan this one, and whether one called this host before",
            )
        )
    return found


def services_evidence(weight: int, *, services: int) -> Evidence:
    """What looking at several services of the host costs."""
    return Evidence(
        name="services-looked-at",
        weight=decibels(weight),
        observed=f"{plural(services, 'service')} called",
        expected="the more it calls, the more chances to look like a scan",
        text="one host has one chance: its services share it",
    )


def horizontal_reason(
    verdict: str, *, contacts: int, failed: int, protocol: int | None, port: int | None, how: Targeting
) -> str:
    """One line that says why."""
    service = service_name(protocol, port)
    where = {
        "uniform": "scattered over all of IPv4",
        "routable": "scattered over public addresses",
        "local": "its own neighbourhood more than chance",
        "subnet": f"all in {how.prefix}",
        "sequential": "one after the other",
        "stride": f"in steps of {how.stride}",
        "shared-list": "the same as other sources'",
    }.get(how.name, "")
    named = f"{service}: " if protocol is not None else ""
    line = f"{named}{failed} of {plural(contacts, 'contact')} failed" + (f", {where}" if where else "")
    return line if verdict == INFECTED else f"{line}; not enough yet"


def changes(verdict: str, *, more: int | None, protocol: int | None, port: int | None) -> tuple[str, ...]:
    """What further observation would change the verdict."""
    service = service_name(protocol, port)
    said = []
    if verdict == SUSPECT and more:
        said.append(f"{plural(more, 'more failed first contact')} on {service} would make it infected")
        said.append(f"conversations with content to most of its targets on {service} would clear it")
    if verdict == INFECTED:
        said.append(
            "an allow-listed scanner, a poller or a person's own scan would look the same: ask who owns it"
        )
    if protocol is None:
        said.append(
            "ports: show ip cache flow (ip route-cache flow on the interfaces) would show the service"
        )
    return tuple(said)
