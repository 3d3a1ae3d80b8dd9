"""`make quality`: builds the worlds, measures everybody in them, prints the table and writes the page.

python -m scripts.quality [--seeds N] [--span SECONDS] [--hosts N] [--jobs N] [--scenario NAME]… [--quick] [--page]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from scripts.quality.captures import DATA, judged, table
from scripts.quality.measure import Data, measure
from scripts.quality.page import page, plot
from scripts.quality.scenarios import SCENARIOS, Job, jobs
from scripts.quality.summary import summary

DOCS = Path(__file__).parents[2] / "docs"
RESULT, PAGE, PLOT = DOCS / "quality.json", DOCS / "quality.md", DOCS / "quality.svg"

QUICK_SPAN, QUICK_HOSTS = 1800.0, 2000
QUICK_SCENARIOS = ("plain", "outage", "asymmetric", "one-way-out", "sampled-10", "core", "outbreak")


def measured(work: list[Job], processes: int) -> Iterator[Data]:
    """Every world's figures as they are ready. Processes start afresh, so that none inherits another's threads."""
    context = multiprocessing.get_context("spawn")
    started = time.monotonic()
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting = {pool.submit(measure, job): job for job in work}
        for done, future in enumerate(as_completed(waiting), 1):
            world = future.result()
            _said(world, done, len(work), time.monotonic() - started)
            yield world


def _said(world: Data, done: int, total: int, seconds: float) -> None:
    own = world["slowworm"]
    named = sum(1 for v in own["sick"] if v["verdict"] == "infected")
    false = sum(1 for f in own["false"] if f["inside"])
    print(
        f"[{done}/{total}, {seconds:.0f} s] {world['scenario']} seed {world['seed']}: {world['flows']:,} flows, "
        f"{named} of {len(own['sick'])} infected hosts named, {false} false alarms",
        file=sys.stderr,
        flush=True,
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.quality", description="Detection on labelled worlds."
    )
    parser.add_argument(
        "--seeds", type=int, default=8, help="seeds of the plain scenario; the others take a quarter"
    )
    parser.add_argument("--span", type=float, default=3600.0, help="seconds of each world")
    parser.add_argument("--hosts", type=int, default=6000, help="endpoints of each world")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--scenario", action="append", default=[], choices=[s.name for s in SCENARIOS])
    parser.add_argument(
        "--quick", action="store_true", help="small worlds, one seed; print only, write nothing"
    )
    parser.add_argument("--page", action="store_true", help="only make the page again from docs/quality.json")
    options = parser.parse_args()
    if options.page:
        write(json.loads(RESULT.read_text()))
        return
    if options.quick:
        options.span, options.hosts, options.seeds = QUICK_SPAN, QUICK_HOSTS, 1
        options.scenario = options.scenario or list(QUICK_SCENARIOS)
    names = tuple(options.scenario)
    work = jobs(options.seeds, span=options.span, hosts=options.hosts, scenarios=names)
    # In the order of the list, whichever was ready first: the same seeds give the same bytes.
    order = {(j.scenario.name, j.spec.seed): n for n, j in enumerate(work)}
    worlds = sorted(measured(work, options.jobs), key=lambda w: order[w["scenario"], w["seed"]])
    data = summary(worlds, span=options.span, hosts=options.hosts)
    data["captures"] = table(judged()) if DATA.exists() else _former_captures()
    print(page(data))
    if not (options.quick or names):
        write(data)


def _former_captures() -> str | None:
    """Where the captures are not at hand, what was said of them the last time."""
    former: str | None = json.loads(RESULT.read_text()).get("captures") if RESULT.exists() else None
    return former


def write(data: Data) -> None:
    """The figures, the page and the picture."""
    RESULT.write_text(json.dumps(data, separators=(",", ":"), ensure_ascii=False) + "\n")
    PAGE.write_text(page(data))
    PLOT.write_text(plot(data))


if __name__ == "__main__":
    main()
