"""`show running-config`, or a saved configuration: the lines that decide what a scan does to the router."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact, Place
from slowworm.diagnose.secrets import redacted
from slowworm.diagnose.show.base import Scan, ShowCommand, shown_plainly, typed

_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<text>[^\s!][^\n\r]*?)[ \t\r]*$", re.MULTILINE)
_STATIC = re.compile(
    r"ip route (?:vrf (?P<vrf>\S+) )?(?P<network>(?:\d{1,3}\.){3}\d{1,3}) (?P<mask>(?:\d{1,3}\.){3}\d{1,3}) "
    r"(?:(?P<interface>[A-Za-z][\w/.:\-]{1,39}(?: \d[\w/.:]*)?) ?)?(?P<hop>(?:\d{1,3}\.){3}\d{1,3})?(?P<more>.*)",
    re.ASCII,
)
_BANNER = re.compile(r"^banner \w+ (?P<mark>\S)", re.MULTILINE)

MULTIACCESS = ("Ethernet", "FastEthernet", "GigabitEthernet", "TenGigabitEthernet", "TenGigE", "HundredGigE",
               "FortyGigabitEthernet", "TwentyFiveGigE", "Vlan", "BVI", "Port-channel", "TokenRing", "Fddi",
               "Wlan-GigabitEthernet",
               "Bundle-Ether", "mgmt")  # fmt: skip
"""Interfaces that are broadcast by kind: a packet for them needs the MAC address of each next hop (document 12808)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigLine(Fact):
    """A line of a configuration; ``parent`` is the line of the block it stands in, ``None`` at the top."""

    text: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticRoute:
    """``interface`` and ``next_hop`` as configured; either may be missing."""

    at: Place
    prefix: ipaddress.IPv4Network
    interface: str | None
    next_hop: str | None
    vrf: str | None

    @property
    def is_default(self) -> bool:
        """Whether it is ``0.0.0.0 0.0.0.0``."""
        return self.prefix.prefixlen == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigInterface:
    """An interface block: its lines without indentation, each with its place."""

    at: Place
    name: str
    lines: tuple[ConfigLine, ...]

    def line(self, *starts: str) -> ConfigLine | None:
        """The first line that begins with one of the texts."""
        return next((line for line in self.lines if line.text.startswith(starts)), None)

    @property
    def shut_down(self) -> bool:
        """Whether it is administratively down."""
        return self.line("shutdown") is not None

    @property
    def broadcast(self) -> bool:
        """Whether a next hop is needed to send on it: Ethernet and its kin, multipoint Frame Relay and ATM."""
        if self.name.startswith(MULTIACCESS):
            return True
        relay = self.line("encapsulation frame-relay")
        return relay is not None and "point-to-point" not in self.at.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Fact):
    """A running configuration. ``lines`` are those at the top level and in blocks, in order."""

    hostname: str | None
    version: str | None
    lines: tuple[ConfigLine, ...]
    interfaces: tuple[ConfigInterface, ...]
    routes: tuple[StaticRoute, ...]

    def line(self, *starts: str) -> ConfigLine | None:
        """The first top-level line that begins with one of the texts."""
        return next(
            (line for line in self.lines if line.parent is None and line.text.startswith(starts)), None
        )

    def lines_of(self, *starts: str) -> tuple[ConfigLine, ...]:
        """All top-level lines that begin with one of the texts."""
        return tuple(line for line in self.lines if line.parent is None and line.text.startswith(starts))

    def interface(self, name: str) -> ConfigInterface | None:
        """An interface by name; blanks within it and abbreviations of its kind are allowed."""
        wanted = _canonical(name)
        exact = [i for i in self.interfaces if _canonical(i.name) == wanted]
        return (
            exact[0]
            if exact
            else next((i for i in self.interfaces if _abbreviates(wanted, _canonical(i.name))), None)
        )


def _canonical(name: str) -> str:
    return name.replace(" ", "").lower()


def _abbreviates(short: str, full: str) -> bool:
    one, two = re.match(r"([a-z\-]+)(.*)", short), re.match(r"([a-z\-]+)(.*)", full)
    return bool(one and two and one[2] == two[2] and two[1].startswith(one[1]))


def _read(scan: Scan) -> Sequence[Fact]:
    lines = list(_lines(scan))
    if not any(
        line.text.startswith(("version ", "hostname ", "interface ", "ip route ", "access-list "))
        for line in lines
    ):
        return ()
    scan.skip_all()
    blocks: dict[str, list[ConfigLine]] = {}
    for line in lines:
        if line.parent is not None:
            blocks.setdefault(line.parent, []).append(line)
    interfaces = [
        ConfigInterface(at=line.at, name=_name(line.text), lines=tuple(blocks.get(line.text, ())))
        for line in lines
        if line.parent is None and line.text.startswith("interface ")
    ]

    def value(start: str) -> str | None:
        return next(
            (
                line.text[len(start) :]
                for line in lines
                if line.parent is None and line.text.startswith(start)
            ),
            None,
        )

    return (
        Configuration(
            at=lines[0].at,
            hostname=value("hostname "),
            version=value("version "),
            lines=tuple(lines),
            interfaces=tuple(interfaces),
            routes=tuple(route for line in lines if (route := _route(line))),
        ),
    )


def _lines(scan: Scan) -> Iterator[ConfigLine]:
    parent: str | None = None
    banners = _banners(scan.text)
    for match in _LINE.finditer(scan.text):
        while banners and banners[0][1] <= match.start():
            banners.pop(0)
        if banners and match.start() > banners[0][0]:
            continue
        text = " ".join(match["text"].split())
        text = redacted(shown_plainly(text))
        inside = bool(match["indent"])
        if not inside:
            parent = text
        yield ConfigLine(at=scan.place(match), text=text, parent=parent if inside else None)


def _banners(text: str) -> list[tuple[int, int]]:
    """Spans of banner texts, which are no configuration."""
    spans: list[tuple[int, int]] = []
    for match in _BANNER.finditer(text):
        mark = "^C" if match["mark"] == "^" else match["mark"]
        end = text.find(mark, match.end() + 1)
        if end > 0:
            spans.append((match.start(), end + len(mark)))
    return spans


def _name(line: str) -> str:
    return re.sub(r" (?:point-to-point|multipoint)$", "", line.removeprefix("interface "))


def _route(line: ConfigLine) -> StaticRoute | None:
    match = _STATIC.match(line.text) if line.parent is None else None
    if match is None:
        return None
    try:
        prefix = ipaddress.IPv4Network(f"{match['network']}/{match['mask']}", strict=False)
    except ValueError:
        return None
    interface = match["interface"]
    if interface in ("name", "tag", "track", "permanent", "dhcp"):
        interface = None
    return StaticRoute(
        at=line.at, prefix=prefix, interface=interface, next_hop=match["hop"], vrf=match["vrf"]
    )


COMMAND = ShowCommand(
    name="show running-config",
    typed=(
        typed("sh(ow) run(ning-config)"),
        typed("sh(ow) conf(iguration)"),
        typed("sh(ow) startup(-config)"),
        typed("wr(ite) t(erminal)"),
    ),
    words=("interface",),
    claims=re.compile(
        r"^(?:Current configuration ?:|version \d+\.\d+\s*$|interface [A-Z][\w/.\-]+\s*\n\s+(?:no )?(?:ip|desc|shut))",
        re.MULTILINE,
    ),
    carries="interfaces, static routes, switching, NAT, logging, accounting, access groups; all lines are kept",
    read=_read,
)
