"""Loading profiles: the ones that come with Slowworm, and the user's own."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from slowworm.detect.profiles.model import Component, Profile, Service, Shape
from slowworm.errors import ProfileError, UsageError
from slowworm.flows.services import PORT_PROTOCOLS, PROTOCOL_NAMES, TCP

MAX_FILE_BYTES = 65_536
_PROTOCOLS = {name: number for number, name in PROTOCOL_NAMES.items()}
_KEYS = {"name", "title", "services", "targets", "shape", "rate", "seen", "sources", "confidence", "notes"}
_TARGET_KEYS = {"mixture", "order", "shared_list", "excluded_octets", "octet_ranges", "excluded_prefixes"}
_SHAPE_KEYS = {"packets", "packet_bytes", "source_port"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """The profiles in use, by name."""

    items: tuple[Profile, ...]
    problems: tuple[str, ...] = ()
    """Files of the user's own directory that could not be used, with the reason."""

    def random_port_sources(self) -> list[tuple[int, int]]:
        """(protocol, source port) of the worms that choose the destination port at random."""
        return [
            (s.protocol, p.shape.source_port)
            for p in self.items
            for s in p.services
            if s.port is None and p.shape.source_port is not None
        ]

    def get(self, name: str) -> Profile:
        """The profile of that name; :class:`UsageError` with the nearest names otherwise."""
        for profile in self.items:
            if profile.name == name:
                return profile
        near = get_close_matches(name, [p.name for p in self.items], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; slowworm profiles lists them"
        raise UsageError(f"no profile {name!r}{hint}")

    def serving(self, protocol: int | None, port: int | None) -> list[Profile]:
        """Profiles that attack this service.

        Where the flows know neither protocol nor port, it was the size of bare SYNs that made the evidence:
        then every profile with a TCP service.
        """
        if protocol is None:
            return [p for p in self.items if any(s.protocol == TCP for s in p.services)]
        return [p for p in self.items if any(s.protocol == protocol and s.port == port for s in p.services)]


def user_directory() -> Path:
    """``~/.config/slowworm/profiles`` (or below ``XDG_CONFIG_HOME``): read at every start if it exists."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "slowworm" / "profiles"


def load_profiles(directories: Iterable[str | os.PathLike[str]] = ()) -> Profiles:
    """The built-in profiles, the user's, and those of ``directories``; a later one of a name replaces.

    Raises :class:`ProfileError` for a file that is no profile, :class:`UsageError` for a missing directory. A
    broken file in the user's own directory, which is read at every start, is only reported in ``problems``.
    """
    merged = {profile.name: profile for profile in _built_in()}
    problems: list[str] = []
    own = user_directory()
    for path in sorted(own.glob("*.toml")) if own.is_dir() else []:
        try:
            profile = _read(path)
        except ProfileError as error:
            problems.append(str(error))
        else:
            merged[profile.name] = profile
    for directory in map(Path, directories):
        if not directory.is_dir():
            raise UsageError(f"{directory}: no such directory of profiles")
        for path in sorted(directory.glob("*.toml")):
            profile = _read(path)
            merged[profile.name] = profile
    return Profiles(items=tuple(sorted(merged.values(), key=lambda p: p.name)), problems=tuple(problems))


def _read(path: Path) -> Profile:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ProfileError(f"{path}: larger than {MAX_FILE_BYTES} bytes; this is no profile")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: cannot be read: {error}") from error
    return parse_profile(text, origin=str(path))


@cache
def _built_in() -> tuple[Profile, ...]:
    folder = files("slowworm.detect.profiles") / "data"
    found = [p for p in folder.iterdir() if p.name.endswith(".toml")]
    return tuple(
        parse_profile(p.read_text("utf-8"), origin=f"built in: {p.name}")
        for p in sorted(found, key=lambda p: p.name)
    )


def parse_profile(text: str, *, origin: str) -> Profile:
    """A profile from TOML. Raises :class:`ProfileError` naming the file and the key."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{origin}: not TOML: {error}") from error
    try:
        return _profile(data, origin)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise ProfileError(f"{origin}: {what}; docs/reference/profiles.md describes the keys") from error


def _profile(data: Mapping[str, Any], origin: str) -> Profile:
    _known(data, _KEYS, "")
    targets: Mapping[str, Any] = data["targets"]
    _known(targets, _TARGET_KEYS, "targets.")
    shape: Mapping[str, Any] = data.get("shape", {})
    _known(shape, _SHAPE_KEYS, "shape.")
    mixture = tuple(
        Component(prefix=_int(m["prefix"], 0, 32), weight=float(m["weight"])) for m in targets["mixture"]
    )
    if not mixture or abs(sum(m.weight for m in mixture) - 1) > 0.001 or any(m.weight <= 0 for m in mixture):
        raise ValueError("targets.mixture: weights must be positive and sum to 1")
    order = targets.get("order", "random")
    if order not in ("random", "sequential"):
        raise ValueError(f"targets.order is {order!r}, not 'random' or 'sequential'")
    name = data["name"]
    if not isinstance(name, str) or not name or not all(c.isalnum() or c in "-_." for c in name):
        raise ValueError(f"name {name!r}: letters, digits, '-', '_' and '.' only")
    return Profile(
        name=name,
        title=str(data.get("title", name)),
        services=tuple(_service(s) for s in data["services"]),
        mixture=mixture,
        order=order,
        shared_list=bool(targets.get("shared_list", False)),
        excluded_octets=tuple(_int(o, 0, 255) for o in targets.get("excluded_octets", ())),
        octet_ranges=tuple(
            (_int(position, 1, 4), _int(low, 0, 255), _int(high, 0, 255))
            for position, low, high in targets.get("octet_ranges", ())
        ),
        excluded_prefixes=tuple(_prefix(p) for p in targets.get("excluded_prefixes", ())),
        shape=Shape(
            packets=tuple(_int(v, 1, 10**6) for v in shape.get("packets", ())),
            packet_bytes=tuple(_int(v, 20, 65535) for v in shape.get("packet_bytes", ())),
            source_port=_int(shape["source_port"], 0, 65535) if "source_port" in shape else None,
        ),
        rate=str(data.get("rate", "")),
        seen=str(data.get("seen", "")),
        sources=tuple(str(s) for s in data.get("sources", ())),
        confidence=str(data.get("confidence", "")),
        notes=str(data.get("notes", "")),
        origin=origin,
    )


def _known(data: Mapping[str, Any], keys: set[str], where: str) -> None:
    for key in data:
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            raise ValueError(f"unknown key {where}{key}" + (f" (did you mean {near[0]}?)" if near else ""))


def _service(text: str) -> Service:
    protocol, _, port = str(text).partition("/")
    number = _PROTOCOLS.get(protocol)
    if number is None or (port and number not in PORT_PROTOCOLS):
        raise ValueError(f"services: {text!r} is not like 'tcp/80', 'udp/any' or 'icmp'")
    if not port or port == "any":
        return Service(protocol=number, port=None)
    if not port.isascii() or not port.isdigit():
        raise ValueError(f"services: {text!r}: the port must be a number or 'any'")
    return Service(protocol=number, port=_int(int(port), 0, 65535))


def _prefix(text: str) -> tuple[int, int]:
    network = ipaddress.IPv4Network(text)
    return int(network.network_address), network.prefixlen


def _int(value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
    return value
