"""What ``hunt`` adds to verdicts from what the operator knows: inventory, identity tables, the runs of a store."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from slowworm.detect.verdicts import FLAGGED
from slowworm.detect.wording import plural
from slowworm.inventory.model import Inventory
from slowworm.outbreak.summary import key
from slowworm.report.case import HuntResult, InputSummary
from slowworm.report.json import document
from slowworm.report.news import Since, compared
from slowworm.sources.base import Note

if TYPE_CHECKING:  # slow to load, and most hunts have none of them
    from slowworm.inventory.identity.tables import Tables
    from slowworm.store.store import Store

PathOrPaths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def known_inventory(inventory: Inventory | str | os.PathLike[str] | None) -> Inventory:
    """The inventory, loaded where it is a path; an empty one for ``None``."""
    if inventory is None or isinstance(inventory, Inventory):
        return inventory or Inventory()
    from slowworm.inventory.load import load_inventory

    return load_inventory(inventory)


def known_tables(identity: PathOrPaths) -> Tables | None:
    """The identity tables of one path or several; ``None`` for no path."""
    names = [identity] if isinstance(identity, str | os.PathLike) else list(identity)
    if not names:
        return None
    from slowworm.inventory.identity.reading import read_tables

    return read_tables(names)


def inventory_note(inventory: Inventory, *, inside: bool) -> list[Note]:
    """Which inventory is used, and what of it; ``inside``: its inside prefixes are."""
    if inventory == Inventory():
        return []
    counted = [
        (len(inventory.routers), "router", "routers"),
        (len(inventory.inside) if inside else 0, "inside prefix", "inside prefixes"),
        (len(inventory.dark), "dark prefix", "dark prefixes"),
        (len(inventory.servers), "server", "servers"),
        (len(inventory.allow), "entry of the allow-list", "entries of the allow-list"),
        (len(inventory.customers), "customer", "customers"),
    ]
    parts = [plural(n, one, many) for n, one, many in counted if n]
    if inventory.inside and not inside:
        parts.append("its inside prefixes not, as others were given")
    text = f"the inventory {inventory.origin or 'given'} is used: {', '.join(parts) or 'it says nothing'}"
    return [Note(id="inventory", text=text)]


def today() -> datetime.date:
    """The day (UTC) by which the allow-list is judged where flows have no times."""
    return datetime.datetime.now(datetime.UTC).date()


def identified(result: HuntResult, inventory: Inventory, tables: Tables | None) -> HuntResult:
    """The result with who is behind each verdict, and an account of the files that say so."""
    if tables is None and inventory == Inventory():
        return result
    from slowworm.inventory.identity.join import identify
    from slowworm.inventory.identity.tables import Tables

    tables = tables or Tables()
    facts = {key(v): identify(v, tables, inventory) for v in result.verdicts}
    files = tuple(
        InputSummary(path=a.path, formats=(), flows=0, problems=a.problems, context=())
        for a in tables.accounts
    )
    notes = result.notes
    if tables.accounts:
        rows = sum(a.rows for a in tables.accounts)
        found = sum(any(f.where != inventory.origin for f in known) for known in facts.values())
        text = (
            f"{plural(rows, 'row')} of {plural(len(files), 'identity table')} say more of {found:,} of "
            f"{plural(len(facts), 'verdict')}; ARP, NAT and MAC tables are of the moment they were shown"
        )
        notes = (*notes, Note(id="identity", count=rows, text=text))
    return replace(
        result,
        inputs=(*result.inputs, *files),
        identities={name: known for name, known in facts.items() if known},
        notes=notes,
    )


def opened(path: str | os.PathLike[str] | None) -> Store | None:
    """The store of that path, made if there is none. Raises :class:`StoreError` where it is something else."""
    if path is None:
        return None
    from slowworm.store.store import Store

    return Store.ensure(path)


def compared_with(store: Store, result: HuntResult) -> HuntResult:
    """The result with what is new since the last run in a store, which then keeps this one: its flagged verdicts.

    A run that judged nobody is not kept: the next would find everybody new.
    """
    before = store.known()
    run = before.run.time if before.run else None
    if not result.hosts:
        text = f"nobody was judged, so that {store.root} does not keep this run"
        said = Since(store=str(store.root), run=run, changes=())
        return replace(result, since=said, notes=(*result.notes, Note(id="since-not-kept", text=text)))
    whole = document(result)
    flagged = {**whole, "verdicts": [v for v in whole["verdicts"] if v["verdict"] in FLAGGED]}
    store.append_verdicts(flagged)
    changes = compared(before, flagged)
    return replace(result, since=Since(store=str(store.root), run=run, changes=changes))
