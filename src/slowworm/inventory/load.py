"""Loading an inventory: found beside the captures or named, checked key by key."""

from __future__ import annotations

import datetime
import ipaddress
import os
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from slowworm.errors import InventoryError, UsageError
from slowworm.flows.addresses import Address, Network
from slowworm.inventory.model import Allowed, Customer, Inventory, Router, Server
from slowworm.sources.inputs import INVENTORY

MAX_FILE_BYTES = 16 << 20
"""A provider's 100,000 customers take less; anything larger is another file."""

SHORTEST_ALLOWED: Mapping[int, int] = {4: 16, 6: 32}
"""Shortest prefix that may be allow-listed, by IP version: a scanner has a subnet at most, and an entry for more would
excuse an outbreak together with it."""

PAGE = "docs/reference/inventory.md describes the keys"

_KEYS = {"routers", "inside", "dark", "servers", "allow", "customers"}
_ROUTER, _SERVER = {"name", "addresses"}, {"address", "role"}
_ALLOW, _CUSTOMER = {"address", "prefix", "why", "until"}, {"name", "prefixes", "contact"}


def find_inventory(inputs: Iterable[str | os.PathLike[str]] = ()) -> Path | None:
    """The ``slowworm.toml`` of the directory among ``inputs`` that has one, else that of the current directory.

    Raises :class:`UsageError` where two of the directories have one.
    """
    cases = dict.fromkeys(Path(name, INVENTORY) for name in inputs if name != "-")
    found = [path for path in cases if _is_file(path)]
    if len(found) > 1:
        names = " and ".join(map(str, found))
        raise UsageError(f"two inventories: {names}; say which with --inventory FILE, or hunt one by one")
    return found[0] if found else next(filter(_is_file, [Path(INVENTORY)]), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name of a file at all
        return False


def load_inventory(path: str | os.PathLike[str]) -> Inventory:
    """The inventory of a file. Raises :class:`InventoryError` naming the file, the key, and what to do."""
    name = os.fspath(path)
    try:
        if Path(name).stat().st_size > MAX_FILE_BYTES:
            raise InventoryError(f"{name}: larger than {MAX_FILE_BYTES >> 20} MiB; this is no inventory")
        text = Path(name).read_text("utf-8")
    except FileNotFoundError:
        raise InventoryError(f"{name}: no such file") from None
    except UnicodeDecodeError as error:
        raise InventoryError(f"{name}: not UTF-8 at byte {error.start}: save it as UTF-8") from error
    except OSError as error:
        raise InventoryError(f"{name}: cannot be read: {error.strerror or error}") from error
    return parse_inventory(text, origin=name)


def parse_inventory(text: str, *, origin: str) -> Inventory:
    """An inventory from TOML. Raises :class:`InventoryError` naming the file and the key."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InventoryError(f"{origin}: not TOML: {error}") from error
    try:
        _known(data, _KEYS, "")
        return Inventory(
            origin=origin,
            routers=tuple(_router(t, w) for t, w in _tables(data, "routers", _ROUTER)),
            inside=_networks(data.get("inside", []), "inside"),
            dark=_networks(data.get("dark", []), "dark"),
            servers=tuple(
                Server(address=_address(_need(t, "address", w), f"{w}.address"), role=_text(t, "role", w))
                for t, w in _tables(data, "servers", _SERVER)
            ),
            allow=tuple(_allowed(t, w) for t, w in _tables(data, "allow", _ALLOW)),
            customers=tuple(_customer(t, w) for t, w in _tables(data, "customers", _CUSTOMER)),
        )
    except ValueError as error:
        raise InventoryError(f"{origin}: {error}; {PAGE}") from error


def _router(table: Mapping[str, Any], where: str) -> Router:
    addresses = _list(_need(table, "addresses", where), f"{where}.addresses")
    return Router(
        name=_text(table, "name", where),
        addresses=tuple(_address(a, f"{where}.addresses") for a in addresses),
    )


def _allowed(table: Mapping[str, Any], where: str) -> Allowed:
    named = [key for key in ("address", "prefix") if key in table]
    if len(named) != 1:
        raise ValueError(f"{where} needs either address or prefix, to say who may scan")
    key = f"{where}.{named[0]}"
    if named[0] == "address":
        prefix: Network = ipaddress.ip_network(_address(table["address"], key))
    else:
        prefix = _network(table["prefix"], key)
    if prefix.prefixlen < SHORTEST_ALLOWED[prefix.version]:
        raise ValueError(
            f"{key}: {prefix} is too much to excuse; name the scanners, or prefixes of at least "
            f"/{SHORTEST_ALLOWED[prefix.version]}"
        )
    return Allowed(prefix=prefix, why=_text(table, "why", where), until=_until(table, where))


def _until(table: Mapping[str, Any], where: str) -> datetime.date | None:
    until = table.get("until")
    if until is None or (isinstance(until, datetime.date) and not isinstance(until, datetime.datetime)):
        return until
    raise ValueError(f"{where}.until: {until!s} is no day: write until = 2026-12-31, without quotes")


def _customer(table: Mapping[str, Any], where: str) -> Customer:
    return Customer(
        name=_text(table, "name", where),
        prefixes=_networks(_need(table, "prefixes", where), f"{where}.prefixes"),
        contact=_text(table, "contact", where) if "contact" in table else None,
    )


def _tables(data: Mapping[str, Any], key: str, keys: set[str]) -> list[tuple[Mapping[str, Any], str]]:
    """The tables under ``key`` with their names for messages: ``allow[2]`` is the second."""
    found = data.get(key, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        raise ValueError(f"{key}: write each entry as a table of its own under [[{key}]]")
    named = [(table, f"{key}[{number}]") for number, table in enumerate(found, 1)]
    for table, where in named:
        _known(table, keys, f"{where}.")
    return named


def _known(data: Mapping[str, Any], keys: set[str], where: str) -> None:
    for key in data:
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(keys))}"
            raise ValueError(f"unknown key {where}{key} ({hint})")


def _need(table: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise ValueError(f"{where}.{key} is missing")
    return table[key]


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = _need(table, key, where)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}.{key}: {value!r} is no text")
    return value.strip()


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f'{where}: write a list, as ["192.0.2.1"]')
    return value


def _address(value: Any, where: str) -> Address:
    try:
        return ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"{where}: {value!r} is no address such as '192.0.2.1'") from None


def _network(value: Any, where: str) -> Network:
    try:
        return ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError as error:
        host_bits = "; bits behind the prefix must be 0" if "host bits" in str(error) else ""
        raise ValueError(f"{where}: {value!r} is no prefix such as '192.0.2.0/24'{host_bits}") from None


def _networks(value: Any, where: str) -> tuple[Network, ...]:
    return tuple(_network(item, where) for item in _list(value, where))
