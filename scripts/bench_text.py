"""Reading `show ip cache flow` text against a regular expression per line, interleaved.

    python scripts/bench_text.py [CAPTURE.txt] [--runs 5]

Without a capture, one of a million lines is made (the same shape as the shared workload). CPU seconds are
user + system of a process that has its start-up (imports, cached kernel) behind it; the whole command's wall
time and memory are measured as a child process, start-up and all.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINES = 1_000_000

REGEX_LOOP = r"""
import re, sys, time
row = re.compile(r"(\S+)\s+(\d+\.\d+\.\d+\.\d+)\s+(\S+)\s+(\d+\.\d+\.\d+\.\d+)\s+([0-9A-F]{2})\s+"
                 r"([0-9A-F]{4})\s+([0-9A-F]{4})\s+(\d+)([KMG]?)\s*$")
def address(text):
    a, b, c, d = text.split(".")
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
begin = time.process_time()
src, dst, proto, sp, dp, packets, in_if, out_if = ([] for _ in range(8))
with open(sys.argv[1], encoding="latin-1") as file:
    for line in file:
        match = row.match(line)
        if match:
            i, a, o, b, p, s, d, n, scale = match.groups()
            in_if.append(i); src.append(address(a)); out_if.append(o); dst.append(address(b))
            proto.append(int(p, 16)); sp.append(int(s, 16)); dp.append(int(d, 16))
            packets.append(int(n) * (1000 if scale == "K" else 1))
print(len(src), time.process_time() - begin)
"""

OURS = r"""
import sys, time
from slowworm.sources.formats import standard_formats
from slowworm.sources.inputs import read_inputs
formats = standard_formats()
next(read_inputs([sys.argv[2]], formats))  # start-up: imports, cached kernel
begin = time.process_time()
reading = next(read_inputs([sys.argv[1]], formats))
print(reading.flows, time.process_time() - begin)
"""


def make_capture(path: Path, lines: int) -> None:
    """Write a listing of ``lines`` rows: half calls, half answers, scattered addresses."""
    rng = random.Random(1)
    interfaces = ["Fa4/0", "Gi0/1", "Se0/0.1"]
    with path.open("w") as file:
        file.write(
            "router1#show ip cache flow\nSrcIf         SrcIPaddress    DstIf         DstIPaddress    "
            "Pr SrcP DstP  Pkts\n"
        )
        for _ in range(lines):
            a, b = (".".join(str(rng.randrange(1, 224 if i == 0 else 256)) for i in range(4)) for _ in "ab")
            port = rng.choice(("0050", "01BB", "0035", "0019"))
            client = f"{rng.randrange(1024, 65536):04X}"
            sp, dp = (client, port) if rng.random() < 0.5 else (port, client)
            file.write(
                f"{rng.choice(interfaces):<13} {a:<15} {rng.choice(interfaces):<13} {b:<15} 06 {sp} {dp} "
                f"{rng.randrange(1, 500):6d} \n"
            )


def child(code: str, *arguments: str) -> tuple[int, float]:
    """Rows and CPU seconds that a Python program prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    rows, seconds = done.stdout.split()
    return int(rows), float(seconds)


def command(path: Path) -> tuple[float, float]:
    """Wall seconds of the whole command, and the largest resident memory of any child so far in MiB."""
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "slowworm", "hunt", str(path), "--json"],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return time.perf_counter() - begin, peak


def main() -> None:
    """Run, print the table."""
    parser = argparse.ArgumentParser(
        description="Reading show ip cache flow against a regular expression per line."
    )
    parser.add_argument("capture", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        capture, warm, small = options.capture, Path(folder) / "warm.txt", Path(folder) / "small.txt"
        if capture is None:
            capture = Path(folder) / "capture.txt"
            make_capture(capture, LINES)
        make_capture(warm, 40_000)
        make_capture(small, 10)
        ours, regex, ratio, whole, start, peak = [], [], [], [], [], 0.0
        command(capture)
        for _ in range(options.runs):
            rows, cpu = child(OURS, str(capture), str(warm))
            rows_regex, cpu_regex = child(REGEX_LOOP, str(capture))
            if rows != rows_regex:
                sys.exit(f"rows differ: {rows} and {rows_regex}")
            ours.append(cpu)
            regex.append(cpu_regex)
            ratio.append(cpu_regex / cpu)
            wall, peak = command(capture)
            whole.append(wall)
            start.append(command(small)[0])
    middle = {
        "rows": rows,
        "runs": options.runs,
        "cpu_s": statistics.median(ours),
        "regex_cpu_s": statistics.median(regex),
        "ratio": statistics.median(ratio),
        "whole_command_s": statistics.median(whole),
        "peak_mib": peak,
        "ten_lines_s": statistics.median(start),
        "cores": os.cpu_count(),
    }
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in middle.items()}, indent=2))


if __name__ == "__main__":
    main()
