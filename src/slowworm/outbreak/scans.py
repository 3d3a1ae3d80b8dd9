"""The contacts of the flagged hosts as arrays, out of whole contact batches: whom they called, and who called them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect.outcome import FAILED
from slowworm.flows.addresses import Address, to_objects
from slowworm.flows.table import integers

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def service_key(protocol: int | None, port: int | None) -> int:
    """A service as one number; what is not known counts as a value of its own."""
    return (-1 if protocol is None else protocol) + 1 << 17 | (-1 if port is None else port) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scans:
    """One row per contact of which a flagged host is the client, or that may have infected one.

    ``client``: its number in the list of hosts; strangers, which are not flagged, have numbers from ``hosts`` on.
    ``host``: the server's number, -1 if it is not flagged; ``server``: IPv4 address, -1 for IPv6; ``service``:
    :func:`service_key`; ``first``, ``last``: ns since 1970, -1 where not known; ``outcome``: FAILED, NOT_KNOWN,
    ANSWERED. ``strangers``: per IP version (their first number, address column). Sorted by service.
    """

    client: Ints
    host: Ints
    server: Ints
    service: Ints
    first: Ints
    last: Ints
    outcome: Ints
    hosts: int
    strangers: tuple[tuple[int, pa.Array], ...]

    def take(self, rows: Bools | Ints) -> Scans:
        """The contacts of these rows (a mask, or numbers)."""
        return Scans(
            **{name: getattr(self, name)[rows] for name in COLUMNS},
            hosts=self.hosts,
            strangers=self.strangers,
        )

    def of(self, hosts: Sequence[int], services: Sequence[int]) -> Scans:
        """Contacts on some services between these hosts, of theirs with others, and of strangers with them.

        Hosts are renumbered by their place in ``hosts``; flagged hosts that are not among them are left out.
        """
        number = np.full(max(self.hosts, 1), -1)
        number[list(hosts)] = np.arange(len(hosts))
        ends = [np.searchsorted(self.service, (key, key + 1)).tolist() for key in services]
        parts = [{name: getattr(self, name)[begin:end] for name in COLUMNS} for begin, end in ends]
        on = Scans(**_joined(parts), hosts=self.hosts, strangers=self.strangers)
        stranger = on.client >= self.hosts
        shift = len(hosts) - self.hosts
        client = np.where(stranger, on.client + shift, number[np.where(stranger, 0, on.client)])
        host = np.where(on.host < 0, -1, number[on.host])
        kept = replace(
            on,
            client=client,
            host=host,
            hosts=len(hosts),
            strangers=tuple((first + shift, addresses) for first, addresses in self.strangers),
        )
        return kept.take((client >= 0) & (~stranger | (host >= 0)))

    def stranger(self, number: int) -> Address:
        """The address of a stranger."""
        first, addresses = max((s for s in self.strangers if s[0] <= number), key=lambda s: s[0])
        found = to_objects(addresses.slice(number - first, 1))[0]
        assert found is not None
        return found


COLUMNS = ("client", "host", "server", "service", "first", "last", "outcome")


def scans(batches: Iterable[pa.RecordBatch], hosts: Sequence[Address]) -> Scans:
    """The contacts that concern ``hosts``, from contact batches of any IP version.

    Of a stranger's calls those at a flagged host that did not fail.
    """
    parts: list[dict[str, Ints]] = []
    strangers: list[tuple[int, pa.Array]] = []
    following = len(hosts)
    for batch in batches:
        if batch.num_rows:
            columns, unknown = _of_batch(batch, hosts, following)
            parts.append(columns)
            if len(unknown):
                strangers.append((following, unknown))
                following += len(unknown)
    found = Scans(**_joined(parts), hosts=len(hosts), strangers=tuple(strangers))
    if (np.diff(found.service) < 0).any():
        found = found.take(np.argsort(found.service, kind="stable"))
    return found


def _joined(parts: Sequence[dict[str, Ints]]) -> dict[str, Any]:
    """Columns of several parts as one; a single part is not copied."""
    if len(parts) == 1:
        return parts[0]
    none = np.zeros(0, np.int64)
    return {name: np.concatenate([none, *(part[name] for part in parts)]) for name in COLUMNS}


def span(batches: Iterable[pa.RecordBatch]) -> tuple[int, int] | None:
    """First and last moment of all contacts in ns since 1970; ``None`` where no contact has a time."""
    import pyarrow.compute as pc

    found = []
    for batch in batches:
        for name in ("first_time", "last_time"):
            ends = pc.min_max(batch.column(name).cast(pa.int64())).as_py()
            found += [ends["min"], ends["max"]]
    known = [value for value in found if value is not None]
    return (min(known), max(known)) if known else None


def _of_batch(
    batch: pa.RecordBatch, hosts: Sequence[Address], following: int
) -> tuple[dict[str, Ints], pa.Array]:
    """The columns of one batch, and the strangers in it, whose numbers begin at ``following``."""
    kind = batch.schema.field("client").type
    version = 4 if kind == pa.uint32() else 6
    numbers = np.array([i for i, host in enumerate(hosts) if host.version == version], np.int64)
    known = pa.array([int(hosts[i]) if version == 4 else hosts[i].packed for i in numbers.tolist()], kind)
    client, host = (_places(batch.column(name), known) for name in ("client", "server"))
    called = (host >= 0) & (client < 0) & (integers(batch, "outcome", missing=0) != FAILED)
    wanted = (client >= 0) | called
    rows = batch.filter(pa.array(wanted))
    client, host, called = client[wanted], host[wanted], called[wanted]
    callers = rows.column("client").filter(pa.array(called)).dictionary_encode()
    client = numbers[client] if len(numbers) else client
    client[called] = following + callers.indices.to_numpy()
    server = rows.column("server")
    columns = {
        "client": client,
        "host": np.where(host < 0, -1, numbers[host]) if len(numbers) else host,
        "server": server.to_numpy().astype(np.int64) if version == 4 else np.full(len(server), -1, np.int64),
        "service": (integers(rows, "protocol") + 1) << 17 | integers(rows, "port") + 1,
        "first": integers(rows, "first_time"),
        "last": integers(rows, "last_time"),
        "outcome": integers(rows, "outcome", missing=0),
    }
    return columns, callers.dictionary


def _places(column: pa.Array, known: pa.Array) -> Ints:
    """The place of each address among those that are known, -1 for others."""
    import pyarrow.compute as pc

    places: Ints = pc.index_in(column, known).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return places
