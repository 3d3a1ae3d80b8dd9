"""`python -m tests.fuzz`: sweeps and coverage-guided runs over all targets, one process each, and what they found.

    python -m tests.fuzz --minutes 60 [--seed 20010719] [--targets ipfix,sflow] [--out DIR] [--no-guided]
    python -m tests.fuzz --again DIR/findings/TARGET-0.json

Every target runs in a process of its own with its memory limited, so that a crash of compiled code is a finding and
no end of the run. Exit status 1: something was found; it is made small and kept in DIR/findings.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.mutate import Messages
from tests.fuzz.sweep import Tally, sweep, violation
from tests.fuzz.targets import SEED, Target, targets

ADDRESS_SPACE = 6 << 30
"""Bytes that a sweep's process may map: far above what reading 64 KiB needs, far below what a lie may ask for."""

GUIDED_SHARE = 0.35
"""Share of the time for coverage-guided runs, where Atheris is installed (``pip install 'slowworm[fuzz]'``)."""

STATISTICS = re.compile(r"stat::number_of_executed_units: (\d+)")
COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A process: one target, swept or guided, for some seconds."""

    target: Target
    seconds: float
    guided: bool = False
    checked: bool = False
    """Kernels are compiled with bounds checking."""

    @property
    def name(self) -> str:
        """As the table shows it."""
        return self.target.name + (
            " (guided)" if self.guided else " (bounds checked)" if self.checked else ""
        )


def jobs(chosen: list[Target], seconds: float, *, guided: bool) -> Iterator[Job]:
    """Share the time: binary decoders get three times as much as text readers."""
    share = GUIDED_SHARE if guided else 0.0
    binary = [t for t in chosen if t.binary and not t.compiled]
    weights = {t.name: 3.0 if t.binary else 1.0 for t in chosen}
    checked = [t for t in chosen if t.compiled]
    unit = seconds * (1 - share if binary else 1.0) / (sum(weights.values()) + len(checked))
    for target in chosen:
        yield Job(target=target, seconds=unit * weights[target.name])
    for target in checked:
        yield Job(target=target, seconds=unit, checked=True)
    for target in binary if guided else []:
        yield Job(target=target, seconds=seconds * share / len(binary), guided=True)


def run(job: Job, seed: int, out: Path) -> dict[str, Any]:
    """One process; its tally as a dictionary."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    if job.checked:
        environment["SLOWWORM_BOUNDSCHECK"] = "1"
    seconds = str(max(1, round(job.seconds)))
    if job.guided:
        command = [
            "tests.fuzz.guided",
            job.target.name,
            str(out / "corpus" / job.target.name),
            "--seconds",
            seconds,
        ]
    else:
        command = ["tests.fuzz", "--child", job.target.name, "--seconds", seconds]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--seed", str(seed), *([] if job.guided else ["--out", str(out)])],
        capture_output=True, text=True, env=environment, check=False, timeout=60 * job.seconds + 3600,
    )  # fmt: skip
    return _guided(job, done, out) if job.guided else _swept(job, done, out, seed)


def _swept(job: Job, done: subprocess.CompletedProcess[str], out: Path, seed: int) -> dict[str, Any]:
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return {**found, "name": job.name}
    number = (out / f"{job.target.name}.progress").read_text()
    text = f"the process ended with {done.returncode} at input {number} of seed {seed}\n{done.stderr[-2000:]}"
    return {"name": job.name, "inputs": int(number or 0), "messages": 0, "octets": 0, "slowest": 0.0,
            "seconds": job.seconds,
            "findings": [{"where": "process", "text": text, "data": "", "sizes": []}]}  # fmt: skip


def _guided(job: Job, done: subprocess.CompletedProcess[str], out: Path) -> dict[str, Any]:
    runs, coverage = STATISTICS.findall(done.stderr), COVERAGE.findall(done.stderr)
    findings = []
    if done.returncode:
        findings.append(
            {"where": "guided", "text": (done.stdout + done.stderr)[-4000:], "data": "", "sizes": []}
        )
    executed = int(runs[-1]) if runs else 0
    corpus = out / "corpus" / job.target.name
    return {"name": job.name, "inputs": executed, "messages": executed, "octets": 0, "slowest": 0.0,
            "seconds": job.seconds, "findings": findings, "coverage": coverage[-1] if coverage else None,
            "corpus": len(list(corpus.glob("*"))) if corpus.exists() else 0}  # fmt: skip


def child(name: str, seconds: float, seed: int, out: Path) -> None:
    """What a sweep's process does: the tally as JSON in the last line of its output."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    tally = sweep(targets()[name], seed=seed, seconds=seconds, progress=out / f"{name}.progress")
    print(json.dumps(plain(tally)))


def plain(tally: Tally) -> dict[str, Any]:
    """A tally without bytes."""
    found = asdict(tally)
    found["findings"] = [{**f, "data": f["data"].hex()} for f in found["findings"]]
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found


def again(path: Path) -> int:
    """Decode a kept finding once more."""
    kept = json.loads(path.read_text())
    data, parts = bytes.fromhex(kept["data"]), []
    for size in kept["sizes"]:
        parts.append(data[:size])
        data = data[size:]
    found = violation(targets()[kept["target"]], Messages.of(parts), traced="memory" in kept["where"])
    print(found[1] if found else "it holds now")
    return 1 if found else 0


def main() -> int:
    """Run everything, print a table, keep what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--targets", default="")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "slowworm-fuzz")
    parser.add_argument("--no-guided", action="store_true")
    parser.add_argument("--again", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=10.0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.seconds, given.seed, given.out)
        return 0
    if given.again:
        return again(given.again)
    chosen = [t for t in targets().values() if not given.targets or t.name in given.targets.split(",")]
    guided = not given.no_guided and importlib.util.find_spec("atheris") is not None
    print(f"seed {given.seed}, {given.minutes:g} minutes, {len(chosen)} targets, "
          f"{'swept and guided' if guided else 'swept only'}; findings go to {given.out}/findings")  # fmt: skip
    (given.out / "findings").mkdir(parents=True, exist_ok=True)
    begin, results = time.monotonic(), []
    print(f"{'target':<34} {'inputs':>10} {'messages':>12} {'MB':>8} {'slowest':>8}  findings")
    for job in jobs(chosen, given.minutes * 60, guided=guided):
        found = run(job, given.seed, given.out)
        results.append(found)
        more = f"  edges {found['coverage'][0]}, corpus {found['corpus']}" if found.get("coverage") else ""
        print(f"{found['name']:<34} {found['inputs']:>10,} {found['messages']:>12,} {found['octets'] / 1e6:>8,.0f} "
              f"{found['slowest']:>8.0%}  {len(found['findings'])}{more}", flush=True)  # fmt: skip
        for number, one in enumerate(found["findings"]):
            place = given.out / "findings" / f"{job.target.name}-{number}.json"
            place.write_text(json.dumps({**one, "target": job.target.name}))
            print(f"    {one['where']}: {place}", flush=True)
    (given.out / "results.json").write_text(json.dumps({"seed": given.seed, "results": results}))
    binary = {t.name for t in chosen if t.binary}
    mutated = sum(r["messages"] for r in results if r["name"].split(" ")[0] in binary)
    total = sum(len(r["findings"]) for r in results)
    minutes = (time.monotonic() - begin) / 60
    print(
        f"{mutated:,} mutated messages of binary decoders in {minutes:.0f} minutes, {total} findings; seed {given.seed}"
    )
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
