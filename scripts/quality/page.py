"""The page docs/quality.md, made from docs/quality.json: nothing on it depends on the machine or the hour."""

from __future__ import annotations

from typing import Any

from scripts.quality.measure import Data
from scripts.quality.peers import RULES
from scripts.quality.plot import Line, picture
from scripts.quality.summary import ALL
from scripts.quality.truth import ENOUGH_PROBES, ENOUGH_TARGETS

HEAD = """# Quality

How well Slowworm finds infected hosts, whom it accuses wrongly, and how the rules of other tools do on the same flows.
`make quality` measures it and writes this page; `make quality-quick` takes some minutes and shows the order of
magnitude. The figures are in [quality.json](quality.json), from which `make quality-page` makes the page again.
"""

METHOD = f"""## What is measured

Each world is a labelled stretch of one site's traffic (`slowworm.rehearse.world`): benign hosts of families that the
weights were *not* calibrated on, and every built-in worm with two infected hosts inside, at rates from one target in
ten seconds to ten a second; one worm runs in a burst of 300 a second for a minute. Worms start between the first
minutes and the middle of the time, so that every infected host has a benign past. Calibration uses none of the seeds
named above. In the scenario *outbreak* two worms spread inside; its hundreds of hosts count for parents, for growth
and in its own row, not in the totals.

* **Recall**: infected hosts inside of which {ENOUGH_PROBES} probes were seen, called `infected`. The bound is
  one-sided, 95 % (Clopper and Pearson).
* **False alarms**: benign hosts inside called `infected` or `scanner`, once each a world; *n* is the number of benign
  hosts inside that sent anything, times the hours. With none in *n* the rate is below 3/*n* (rule of three).
  Authorised vulnerability scanners are rightly called `scanner`.
* **Contacts**: first contacts of a host, from its first probe until the verdict; of hosts that try one target a second
  or more. Slowworm's `detected_at` looks back with what was learnt by the end. So for some hosts of each world the
  flows are cut off after that many contacts and hunted through again, with more and more contacts until the host is
  named: the row *by replay*.
* **Targeting**: the way of choosing targets, of hosts with {ENOUGH_TARGETS} targets or more, given what the router
  can see.
* **Peers**: the rules below, on the same flows and by the same measures. *At equal false alarms*: the peer's threshold
  is moved to the most lenient place where it accuses no more benign hosts than Slowworm does in these worlds. A host
  that was flagged before it was infected counts as found, but says nothing of the contacts.
"""

READINGS = """## The peers' rules

Where a rule can be read in several ways, the reading that is better for the peer was taken. For all of them: a server's
answers start nothing, as their lists of exceptions would have it; what became of an attempt is known at once.

| peer | rule | source | reading |
|---|---|---|---|
"""


def page(data: Data) -> str:
    """The page as Markdown."""
    everything = data[ALL]
    parts = [
        HEAD,
        _setting(data),
        _criteria(data),
        "## Against the rules of other tools\n",
        "![Recall against false alarms](quality.svg)\n",
        "Lines: the peer at every threshold; dots: as published.\n",
        _peers(everything),
        "## By scenario\n",
        _scenarios(data),
        _details(everything),
        METHOD,
        READINGS
        + "\n".join(f"| {r.title} | {r.constants} | {r.source} | {r.reading} |" for r in RULES)
        + "\n",
    ]
    if data.get("captures"):
        parts.append("## Public captures\n\n" + data["captures"] + "\n")
    return "\n".join(parts)


def plot(data: Data) -> str:
    """The picture of the page."""
    everything = data[ALL]
    own, hours = everything["slowworm"], everything["host_hours"]
    lines = []
    for rule in RULES:
        found = everything["peers"][rule.name]
        published = found["published"]
        at = (published["false"] / hours * 1000, published["found"] / max(published["due"], 1))
        lines.append(Line(title=rule.title, points=[(x, y) for x, y in found["curve"]], marked=at))
    return picture((own["false_inside"] / hours * 1000, own["found"] / max(own["due"], 1)), lines)


def _setting(data: Data) -> str:
    everything = data[ALL]
    versions = ", ".join(f"{name} {number}" for name, number in data["versions"].items())
    seeds = data["seeds"]
    return (
        f"{everything['worlds']} worlds of {data['span_seconds'] / 60:g} minutes and {data['hosts']:,} endpoints, "
        f"{everything['flows']:,} flows (at least {everything['smallest_world']:,} each), seeds {seeds[0]} to "
        f"{seeds[-1]}, actors `{data['actors']}`. Made with {versions}.\n"
    )


def _criteria(data: Data) -> str:
    everything = data[ALL]
    own = everything["slowworm"]
    replays = own["replays"]
    rows = [
        ("recall", f"{_of(own['found'], own['due'])}, at least {own['recall_at_least']:.2%}", "100 %"),
        (
            "false alarms",
            f"{own['false_inside']} in {everything['host_hours']:,.0f} host-hours, "
            f"a rate below {own['false_rate_at_most']:.2e}",
            "none in 30,000",
        ),
        ("contacts, ≥ 1 target/s", _median(own["contacts"]), "median ≤ 10"),
        (
            "contacts, by replay",
            f"median {_number(replays['needed'])} (`detected_at` says {_number(replays['said'])}), 90 % within "
            f"{_number(replays['needed_p90'])}, {replays['n']} hosts"
            + (f", {replays['never']} not named in time" if replays["never"] else ""),
            "median ≤ 10",
        ),
        ("targeting", _of(own["class"]["right"], own["class"]["n"]), "95 %"),
        ("parents of visible infections", _of(own["parents"]["right"], own["parents"]["n"]), "90 %"),
        ("growth K", _growth(own["growth"]), "within 15 %"),
    ]
    lines = [
        "| measure | Slowworm | wanted |",
        "|---|---|---|",
        *(f"| {a} | {b} | {c} |" for a, b, c in rows),
    ]
    return "\n".join(lines) + "\n"


def _growth(rows: list[Data]) -> str:
    if not rows:
        return "no worm spread far enough"
    errors = sorted(abs(r["said"] / r["true"] - 1) for r in rows if r["said"] is not None)
    within = sum(1 for e in errors if e <= 0.15)
    middle = f", median error {errors[len(errors) // 2]:.0%}" if errors else ""
    return f"{within} of {len(rows)} within 15 %{middle}"


def _peers(figures: Data) -> str:
    own = figures["slowworm"]
    recall, contacts = _share(own["found"], own["due"]), _number(own["contacts"]["median"])
    lines = [
        "| | recall | false alarms | contacts | recall at equal false alarms | contacts | threshold moved |",
        "|---|--:|--:|--:|--:|--:|--:|",
        f"| **Slowworm** | {recall} | {own['false_inside']} | {contacts} | {recall} | {contacts} | |",
    ]
    for rule in RULES:
        found = figures["peers"][rule.name]
        p, e = found["published"], found["equal"]
        row = f"| {rule.title} | {_share(p['found'], p['due'])} | {p['false']} | {_number(p['contacts']['median'])} "
        if e is None:
            row += "| – | – | beyond the sweep |"
        else:
            moved = f"{e['times_threshold']:+g} log odds" if rule.additive else f"× {e['times_threshold']:g}"
            row += f"| {_share(e['found'], e['due'])} | {_number(e['contacts']['median'])} | {moved} |"
        lines.append(row)
    return "\n".join(lines) + "\n"


def _scenarios(data: Data) -> str:
    lines = [
        "| scenario | worlds | recall | false alarms | host-hours | contacts | targeting "
        "| best peer at equal false alarms |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for group in data["scenarios"]:
        own = group["slowworm"]
        lines.append(
            f"| {group['name']}: {group['title']} | {group['worlds']} | {_of(own['found'], own['due'])} "
            f"| {_accused(own)} | {group['host_hours']:,.0f} | {_number(own['contacts']['median'])} "
            f"| {_share(own['class']['right'], own['class']['n'])} | {_best(group)} |"
        )
    return "\n".join(lines) + "\n"


def _accused(own: Data) -> str:
    return f"{own['false_inside']}" + (
        f" (and {own['false_outside']} outside)" if own["false_outside"] else ""
    )


def _best(group: Data) -> str:
    ranked = [(group["peers"][r.name]["equal"], r.title) for r in RULES if group["peers"][r.name]["equal"]]
    ranked = [(e, title) for e, title in ranked if e["due"]]
    if not ranked:
        return "–"
    best, title = max(ranked, key=lambda item: (item[0]["found"], -(item[0]["contacts"]["median"] or 0)))
    return f"{title}: {_share(best['found'], best['due'])}, {_number(best['contacts']['median'])} contacts"


def _details(figures: Data) -> str:
    own = figures["slowworm"]
    worm = own["worm"]
    parts = [
        "## What goes wrong\n",
        f"Worms named, of {worm['n']:,} hosts with enough targets: {worm.get('right', 0)} rightly, "
        f"{worm.get('wrong', 0)} wrongly, {worm.get('listed', 0)} only among the candidates, "
        f"{worm.get('open', 0)} not at all.\n",
    ]
    if own["missed_examples"]:
        rows = [
            f"| {m['worm']} | {m['rate']:g} | {m['probes']} | {m['verdict'] or 'not flagged'} |"
            for m in own["missed_examples"]
        ]
        parts.append(f"{own['missed']} infected hosts were not called `infected`:\n")
        parts.append(
            "\n".join(["| worm | targets/s | probes seen | verdict |", "|---|--:|--:|---|", *rows]) + "\n"
        )
    if own["false_examples"]:
        rows = [
            f"| {f['who']} | {'inside' if f['inside'] else 'outside'} | {f['verdict']} | "
            f"{_service(f['protocol'], f['port'])} | {f['count']} |"
            for f in own["false_examples"]
        ]
        parts.append(f"Benign hosts that were accused, {own['false_outside']} of them outside:\n")
        parts.append(
            "\n".join(["| who | where | verdict | service | |", "|---|---|---|---|--:|", *rows]) + "\n"
        )
    if own["class_wrong"]:
        rows = [f"| {c['profile']} | {c['said']} | {c['count']} |" for c in own["class_wrong"]]
        parts.append("Targeting named wrongly:\n")
        parts.append("\n".join(["| worm | called | |", "|---|---|--:|", *rows]) + "\n")
    return "\n".join(parts)


def _service(protocol: int | None, port: int | None) -> str:
    name = {6: "tcp", 17: "udp", 1: "icmp"}.get(protocol or 0, str(protocol))
    return name if port is None else f"{name}/{port}"


def _of(found: int, n: int) -> str:
    return f"{found} of {n} ({found / n:.1%})" if n else "–"


def _share(found: int, n: int) -> str:
    return f"{found / n:.1%}" if n else "–"


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:g}"


def _median(spread: Data) -> str:
    if not spread["n"]:
        return "–"
    return f"median {_number(spread['median'])}, 90 % within {_number(spread['p90'])}, {spread['n']} hosts"
