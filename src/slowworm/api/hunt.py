"""``slowworm.hunt``: from inputs of any kind to a result."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from slowworm.api.known import (
    PathOrPaths,
    compared_with,
    identified,
    inventory_note,
    known_inventory,
    known_tables,
    opened,
    today,
)
from slowworm.api.readings import formats_with, read_all
from slowworm.detect.detector import Detection, detect
from slowworm.detect.profiles import Profiles, load_profiles
from slowworm.engine.local import run
from slowworm.errors import InputError, UsageError
from slowworm.flows.addresses import Network
from slowworm.flows.filter import Filter
from slowworm.flows.joining import Joined, one_row_per_flow
from slowworm.inventory.allow import excused
from slowworm.inventory.model import Inventory
from slowworm.outbreak.summary import assess, usual_sampling
from slowworm.report.case import HuntResult, InputSummary
from slowworm.sources.base import Note, Reading, merged
from slowworm.sources.gathered import gathered
from slowworm.sources.sampling import Sampling


def hunt(
    *inputs: Any,
    as_format: str | None = None,
    only_flows: str | None = None,
    inside: str | Iterable[str | Network] = (),
    profiles: Profiles | str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
    everyone: bool = False,
    mapping: str | os.PathLike[str] | None = None,
    sampling: Mapping[str, int] | Iterable[str | int] | str | int = (),
    inventory: Inventory | str | os.PathLike[str] | None = None,
    identity: PathOrPaths = (),
    since: str | os.PathLike[str] | None = None,
) -> HuntResult:
    """Say which hosts a scanning worm has infected.

    ``inputs``: paths (files, directories, ``"-"`` for stdin), text as ``bytes`` or as a ``str`` of several
    words, and Arrow tables or anything with the Arrow PyCapsule interface (Polars, pandas, DuckDB).
    ``as_format``: read as this format only. ``only_flows``: look only at flows that match this filter.
    ``inside``: prefixes of one's own network. ``profiles``: profiles, or directories of one's own in addition.
    ``everyone``: verdicts on clean hosts too. ``mapping``: a file that says which columns of a CSV or Parquet table
    of any make are which of the flow table. ``sampling``: 1 in how many packets an exporter samples, where it does
    not say so itself: ``{"192.0.2.1": 1000}``, ``"192.0.2.1=1000"``, or a number for all exporters. ``inventory``: an
    inventory file; its inside prefixes count where ``inside`` names none, its allow-list excuses. ``identity``: files
    with ARP, DHCP, NAT and MAC address tables. ``since``: a store whose last run the result is compared with, and which
    keeps this one.

    Raises :class:`slowworm.UsageError` for a request that cannot be served, :class:`slowworm.InputError`
    where nothing could be read from any input.
    """
    if not inputs:
        raise UsageError(
            "nothing to hunt in: name files, directories, '-' for standard input, or pass tables"
        )
    networks = tuple(_network(n) for n in ([inside] if isinstance(inside, str) else inside))
    if isinstance(profiles, str | os.PathLike):
        profiles = [profiles]
    chosen = profiles if isinstance(profiles, Profiles) else load_profiles(profiles)
    only = Filter.parse(only_flows) if only_flows else None
    listed, tables = known_inventory(inventory), known_tables(identity)
    said = inventory_note(listed, inside=not networks)
    networks = networks or listed.inside
    store = opened(since)
    rates = Sampling.parse(sampling)
    whole = gathered(read_all(inputs, formats_with(mapping), as_format=as_format), rates)
    readings = list(whole.readings)
    if not any(r.formats or r.notes for r in readings):
        raise InputError(
            "\n".join(f"{p.where}: {p.text}" for r in readings for p in r.problems) or "nothing to read"
        )
    batches = [b for r in readings for b in r.batches]
    notes = [*(n for r in readings for n in r.notes), *whole.notes]
    notes += [
        Note(id="profile-skipped", text=f"a profile of your own is not used: {p}") for p in chosen.problems
    ]
    if only is not None:
        total = sum(b.num_rows for b in batches)
        batches = [b.filter(pa.array(only.mask(b))) for b in batches]
        kept = sum(b.num_rows for b in batches)
        notes.append(
            Note(
                id="only-flows",
                count=total - kept,
                text=(
                    f"looked at {kept:,} of {total:,} flows, those that match: {only}; this can hide answers"
                ),
            )
        )
    joined = one_row_per_flow(batches)
    batches = list(joined.batches)
    notes += _joining(joined)
    dark = listed.dark
    found = run(
        batches, lambda part: detect(part, profiles=chosen, inside=networks, dark=dark, everyone=everyone)
    )
    result = identified(_result(readings, batches, found, [*notes, *said], listed), listed, tables)
    return compared_with(store, result) if store else result


def _joining(joined: Joined) -> list[Note]:
    """What became of flows that stood in several rows."""
    notes = []
    if joined.sightings:
        text = "rows of flows that another router, interface or input has as well: each flow counts once"
        notes.append(Note(id="duplicates", count=joined.sightings, text=text))
    if joined.parts:
        text = "rows that continue a flow (cut by an active timeout, or exported packet by packet) were joined to it"
        notes.append(Note(id="split-flows", count=joined.parts, text=text))
    return notes


def _network(text: str | Network) -> Network:
    try:
        return text if isinstance(text, Network) else ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(
            f"inside: {text!r} is no prefix such as 192.0.2.0/24; for several repeat the option"
        ) from error


def _result(
    readings: list[Reading],
    batches: list[pa.RecordBatch],
    found: list[Detection],
    notes: list[Note],
    inventory: Inventory,
) -> HuntResult:
    judged = excused((v for d in found for v in d.verdicts), inventory, today=today())
    verdicts = judged.verdicts
    return HuntResult(
        inputs=tuple(
            InputSummary(
                path=r.path, formats=r.formats, flows=r.flows, problems=r.problems, context=r.context
            )
            for r in readings
        ),
        verdicts=verdicts,
        notes=merged([*(n for d in found for n in d.notes), *judged.notes, *notes]),
        outbreaks=assess(
            verdicts,
            [d.contacts for d in found if d.contacts is not None],
            inside=tuple(dict.fromkeys(network for d in found for network in d.inside)),
            sampling=usual_sampling(batches),
        ),
        hosts=sum(d.hosts for d in found),
        flows=tuple(batches),
        authorised=judged.authorised,
    )
