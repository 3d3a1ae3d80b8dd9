"""Worlds that several tests look at, built once, and their flows as columns."""

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from slowworm.flows.schema import ip_version
from slowworm.flows.table import integers
from slowworm.rehearse.world import World, WorldSpec, build

NAMES = (
    "start_time", "end_time", "src_addr", "dst_addr", "protocol", "src_port", "dst_port", "icmp_type", "tcp_flags",
    "packets", "bytes",
)  # fmt: skip

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@cache
def built(spec: WorldSpec) -> World:
    return build(spec)


@cache
def columns(spec: WorldSpec) -> SimpleNamespace:
    """IPv4 flow columns of a world as int64 arrays (-1 for null), and truth's labels beside them."""
    world = built(spec)
    batches = [b for b in world.flows if ip_version(b) == 4]
    table = {name: np.concatenate([integers(b, name) for b in batches]) for name in NAMES}
    for name in ("in_if", "out_if", "exporter"):
        table[name] = np.concatenate([b.column(name).to_numpy(zero_copy_only=False) for b in batches])
    n = len(batches)
    table["label"] = np.concatenate(world.truth.flow_label[:n])
    table["forward"] = np.concatenate(world.truth.flow_forward[:n])
    table["seconds"] = (table["end_time"] - table["start_time"]) / 1e9
    table["start"] = (table["start_time"] - int(spec.start.timestamp()) * 10**9) / 1e9
    table["inside"] = world.site.contains(table["src_addr"].astype(np.uint32))
    return SimpleNamespace(**table, names=world.truth.names, hosts=hosts(spec))


@cache
def hosts(spec: WorldSpec) -> dict[int, dict[str, Any]]:
    """Truth's rows by address; times as ns."""
    table = built(spec).truth.hosts
    for name in ("onset", "first_probe_seen"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast("int64"))
    return {row["address"]: row for row in table.to_pylist()}


def keys(*parts: np.ndarray) -> np.ndarray:
    """Rows of several columns as one comparable column."""
    return np.array(
        [*zip(*(p.tolist() for p in parts), strict=True)], dtype=[(f"c{i}", "i8") for i in range(len(parts))]
    )


def answered(flows: SimpleNamespace, rows: np.ndarray) -> np.ndarray:
    """Whether each flow has one in the other direction, by addresses, protocol and ports alone."""
    there = keys(flows.src_addr, flows.dst_addr, flows.protocol, flows.src_port, flows.dst_port)
    back = keys(
        flows.dst_addr[rows],
        flows.src_addr[rows],
        flows.protocol[rows],
        flows.dst_port[rows],
        flows.src_port[rows],
    )
    return np.isin(back, there)


def z_score(observed: float, expected: float, variance: float) -> float:
    """How many standard deviations an observation is off."""
    return float(abs(observed - expected) / max(variance, 1e-9) ** 0.5)
