"""What a world holds, actor by actor, read off its flows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.schema import ip_version
from slowworm.flows.services import TCP
from slowworm.flows.table import integers
from slowworm.rehearse.world.build import World
from slowworm.rehearse.world.streams import mix

SUMMARY = pa.schema(
    [
        ("name", pa.string()),
        ("hosts", pa.int64()),
        ("flows", pa.int64()),
        ("destinations", pa.int64()),
        ("failed", pa.float64()),
        ("tcp_failed", pa.float64()),
    ]
)
"""One row a label: sources of its forward flows, flows of both directions, distinct destinations of forward flows;
share of forward flows of failed exchanges as truth has it, and as the flags of its TCP flows show it (a SYN without
an ACK)."""

SYN, ACK = 2, 16


def summary_table(world: World) -> pa.Table:
    """The summary as a table; labels without flows are left out, NaN where there is nothing to take a share of."""
    rows = []
    src = np.concatenate([_codes(b, "src_addr") for b in world.flows] or [np.zeros(0, np.uint64)])
    dst = np.concatenate([_codes(b, "dst_addr") for b in world.flows] or [np.zeros(0, np.uint64)])
    flags = np.concatenate([integers(b, "tcp_flags") for b in world.flows] or [np.zeros(0, np.int64)])
    protocol = np.concatenate([integers(b, "protocol") for b in world.flows] or [np.zeros(0, np.int64)])
    label = np.concatenate(world.truth.flow_label or [np.zeros(0, np.int16)])
    forward = np.concatenate(world.truth.flow_forward or [np.zeros(0, np.bool_)])
    failed = np.concatenate(world.truth.flow_failed or [np.zeros(0, np.bool_)])
    for code, name in enumerate(world.truth.names):
        mine = label == code
        if not mine.any():
            continue
        calls = np.flatnonzero(mine & forward)
        opened = calls[(protocol[calls] == TCP) & (flags[calls] & SYN != 0)]
        rows.append(
            {
                "name": name,
                "hosts": len(np.unique(src[calls])),
                "flows": int(mine.sum()),
                "destinations": len(np.unique(dst[calls])),
                "failed": float(failed[calls].mean()) if len(calls) else float("nan"),
                "tcp_failed": float((flags[opened] & ACK == 0).mean()) if len(opened) else float("nan"),
            }
        )
    return pa.Table.from_pylist(rows, schema=SUMMARY)


def _codes(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.uint64]:
    """Addresses as numbers that are equal where the addresses are; for IPv6 a hash of both halves."""
    column = batch.column(name)
    if ip_version(batch) == 4:
        numbers: npt.NDArray[np.uint64] = column.to_numpy().astype(np.uint64)
        return numbers
    halves = np.frombuffer(column.buffers()[1], np.uint64)[2 * column.offset :][: 2 * len(column)].reshape(
        -1, 2
    )
    return mix(halves[:, 0], 1) ^ mix(halves[:, 1], 2)


def summary(world: World) -> str:
    """The summary as text, one line an actor."""
    lines = [f"{'actor':<34} {'hosts':>7} {'flows':>9} {'destinations':>12} {'failed':>7} {'tcp':>7}"]
    for r in summary_table(world).to_pylist():
        numbers = f"{r['hosts']:>7} {r['flows']:>9} {r['destinations']:>12}"
        lines.append(f"{r['name']:<34} {numbers} {r['failed']:>7.1%} {r['tcp_failed']:>7.1%}")
    total = sum(batch.num_rows for batch in world.flows)
    return "\n".join([*lines, f"{'all':<34} {world.truth.hosts.num_rows:>7} {total:>9}"])
