"""What several tests need: places, listings as a router prints them, healthy networks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("SLOWWORM_SHARED", ROOT.parent / "shared"))
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of show ip cache flow; for ICMP ``dp`` is type × 256 + code."""

    src: str
    dst: str
    sp: int
    dp: int
    packets: int
    protocol: int = 6
    in_if: str = "Vl1"
    out_if: str = "Vl3"

    def __str__(self) -> str:
        return (
            f"{self.in_if:<13} {self.src:<15} {self.out_if:<13} {self.dst:<15} "
            f"{self.protocol:02X} {self.sp:04X} {self.dp:04X} {self.packets:5d} "
        )


HEADER = "SrcIf         SrcIPaddress    DstIf         DstIPaddress    Pr SrcP DstP  Pkts"


def listing(rows: Iterable[Row], *, router: str = "Router") -> str:
    """The rows as `show ip cache flow` prints them."""
    return "\n".join([f"{router}#show ip cache flow", HEADER, *map(str, rows), f"{router}#", ""])


def dotted(value: int) -> str:
    """An integer as a dotted quad."""
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def accounting(pairs: Iterable[tuple[str, str, int, int]]) -> str:
    """Pairs as `show ip accounting` prints them."""
    lines = [f" {a:<16} {b:<16} {p:19d} {o:19d}" for a, b, p, o in pairs]
    return "\n".join(
        ["Router#show ip accounting", "   Source           Destination   Packets   Bytes", *lines, ""]
    )


def scan(
    source: str, targets: Iterable[int], *, port: int = 80, seed: int = 1, packets: int = 2
) -> list[Row]:
    """Unanswered SYNs from fresh source ports."""
    rng = np.random.default_rng(seed)
    return [
        Row(source, dotted(int(t)), int(rng.integers(1024, 5000)), port, int(rng.integers(1, packets + 1)))
        for t in targets
    ]


def conversation(
    rng: np.random.Generator, client: str, server: str, port: int, *, protocol: int = 6
) -> list[Row]:
    """A call and its answer, as two rows."""
    sp = int(rng.integers(1025, 65000))
    n = 1 if protocol == 17 else int(rng.integers(5, 400))
    return [
        Row(client, server, sp, port, n, protocol, "Gi0/1", "Gi0/0"),
        Row(server, client, port, sp, max(1, int(n * rng.uniform(0.7, 1.6))), protocol, "Gi0/0", "Gi0/1"),
    ]


def public_address(rng: np.random.Generator) -> str:
    """Some public address."""
    first = int(rng.choice([v for v in range(1, 224) if v not in (10, 100, 127, 169, 172, 192, 198)]))
    return f"{first}.{rng.integers(0, 256)}.{rng.integers(0, 256)}.{rng.integers(1, 255)}"


def healthy_network(seed: int, *, clients: int = 20, failing: float = 0.04) -> list[Row]:
    """Clients at popular and odd servers, a resolver, a proxy, a mail relay, a web server and a poller.

    A share ``failing`` of the calls to odd servers gets no answer.
    """
    rng = np.random.default_rng(seed)
    popular = [public_address(rng) for _ in range(12)]
    inside = [f"10.20.{rng.integers(1, 5)}.{rng.integers(2, 250)}" for _ in range(clients)]
    rows: list[Row] = []

    def call(client: str, server: str, port: int) -> None:
        if rng.random() < failing:
            rows.append(Row(client, server, int(rng.integers(1025, 65000)), port, int(rng.integers(1, 4))))
        else:
            rows.extend(conversation(rng, client, server, port))

    for client in inside:
        for server in rng.choice(popular, int(rng.integers(3, 9)), replace=False):
            rows += conversation(rng, client, str(server), int(rng.choice([80, 443])))
        for _ in range(int(rng.integers(0, 6))):
            call(client, public_address(rng), 443)
        for _ in range(3):
            rows += conversation(rng, client, "10.20.250.53", 53, protocol=17)
    for _ in range(60):
        rows += conversation(rng, "10.20.250.53", public_address(rng), 53, protocol=17)
        call("10.20.250.31", public_address(rng), 443)
        rows += conversation(rng, public_address(rng), "10.20.250.80", 80)
    for _ in range(20):
        call("10.20.250.25", public_address(rng), 25)
    for client in inside:
        rows += [
            Row("10.20.250.9", client, 0, 0x0800, 4, 1),
            Row(client, "10.20.250.9", 0, 0, 4, 1),
            *conversation(rng, "10.20.250.9", client, 161, protocol=17),
        ]
    order = rng.permutation(len(rows))
    return [rows[i] for i in order]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


def slowworm(*arguments: str, stdin: str | bytes = b"", columns: int | None = None) -> Ran:
    """Run the command line in a process of its own."""
    environment = {**os.environ, "NO_COLOR": "1"}
    environment.pop("COLUMNS", None)
    if columns:
        environment["COLUMNS"] = str(columns)
    done = subprocess.run(
        [sys.executable, "-m", "slowworm", *arguments],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env=environment,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def collapsed(text: str) -> str:
    """All white space as single blanks, as a careless copy leaves it."""
    return " ".join(text.split())


def by_address(verdicts: Sequence[dict[str, object]]) -> dict[str, str]:
    """Address → verdict of a JSON answer."""
    return {str(v["address"]): str(v["verdict"]) for v in verdicts}
