"""`slowworm profiles`: how worms choose their targets; adding one's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from slowworm.cli.common import ProfileName
from slowworm.errors import UsageError

_DIRECTORIES = click.option(
    "--profiles",
    "directories",
    multiple=True,
    metavar="DIR",
    type=click.Path(),
    help="A directory with profiles of your own. Repeatable.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def profiles() -> None:
    """Targeting profiles: the worms that targets are compared with."""


@profiles.command("list")
@_DIRECTORIES
@_JSON
def list_(directories: tuple[str, ...], as_json: bool) -> None:
    """List the profiles in use."""
    from slowworm.detect.profiles import load_profiles

    items = load_profiles(directories).items
    if as_json:
        click.echo(json.dumps([asdict(p) for p in items], indent=2))
        return
    from slowworm.flows.services import service_name
    from slowworm.report.text import console, put, table

    rows = [
        [p.name, ", ".join(service_name(s.protocol, s.port) for s in p.services), _choice(p), p.seen, p.title]
        for p in items
    ]
    headers = [
        ("Name", "left"),
        ("Services", "fold"),
        ("Targets", "fold"),
        ("Seen", "left"),
        ("Title", "fold"),
    ]
    put(console(), table(headers, rows))


@profiles.command("show")
@click.argument("name", type=ProfileName())
@_DIRECTORIES
@_JSON
def show(name: str, directories: tuple[str, ...], as_json: bool) -> None:
    """Show one profile whole, with its sources."""
    from slowworm.detect.profiles import load_profiles
    from slowworm.flows.addresses import format_ipv4
    from slowworm.flows.services import service_name

    p = load_profiles(directories).get(name)
    if as_json:
        click.echo(json.dumps(asdict(p), indent=2))
        return
    from rich.text import Text

    from slowworm.report.text import console, put, safe

    excluded = [f"octet {o}" for o in p.excluded_octets]
    excluded += [f"{format_ipv4(network)}/{length}" for network, length in p.excluded_prefixes]
    lines = [
        ("title", p.title),
        ("seen", p.seen),
        ("services", ", ".join(service_name(s.protocol, s.port) for s in p.services)),
        ("targets", _choice(p)),
        ("never", ", ".join(excluded)),
        ("keeps", ", ".join(f"octet {n} in {low}–{high}" for n, low, high in p.octet_ranges)),
        ("packets", " or ".join(map(str, p.shape.packets))),
        ("bytes a packet", " or ".join(map(str, p.shape.packet_bytes))),
        ("source port", "" if p.shape.source_port is None else str(p.shape.source_port)),
        ("rate", p.rate),
        ("certainty", p.confidence),
        ("notes", p.notes),
        ("sources", " · ".join(p.sources)),
        ("file", p.origin),
    ]
    out = console()
    put(out, Text(p.name, "bold"), *(Text(f"  {key:<15}{safe(value)}") for key, value in lines if value))


@profiles.command("add")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True), metavar="FILE_OR_DIR...")
def add(paths: tuple[str, ...]) -> None:
    """Check profiles and copy them to your own directory, where every hunt finds them.

    The directory is ~/.config/slowworm/profiles (below $XDG_CONFIG_HOME if that is set).
    """
    from slowworm.detect.profiles.load import parse_profile, user_directory

    files = [f for p in map(Path, paths) for f in (sorted(p.glob("*.toml")) if p.is_dir() else [p])]
    if not files:
        raise UsageError("no .toml file there; docs/reference/profiles.md describes a profile")
    texts = [(f, f.read_text("utf-8", errors="replace")) for f in files]
    checked = [
        (parse_profile(text, origin=str(f)), text) for f, text in texts
    ]  # all of them before any is copied
    directory = user_directory()
    directory.mkdir(parents=True, exist_ok=True)
    for profile, text in checked:
        target = directory / f"{profile.name}.toml"
        verb = "replaced" if target.exists() else "added"
        target.write_text(text, "utf-8")
        click.echo(f"{verb} {profile.name}: {target}")


def _choice(profile: object) -> str:
    from slowworm.detect.profiles import Profile

    assert isinstance(profile, Profile)
    parts = [f"{c.weight:.4g} " + (f"own /{c.prefix}" if c.prefix else "anywhere") for c in profile.mixture]
    order = "in sequence, " if profile.order == "sequential" else ""
    shared = ", a list shared by all instances" if profile.shared_list else ""
    return order + " + ".join(parts) + shared
