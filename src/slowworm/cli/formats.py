"""`slowworm formats`: what can be read."""

from __future__ import annotations

import json
from dataclasses import asdict

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def formats(as_json: bool) -> None:
    """List the formats that are recognised, with what each carries and lacks."""
    from slowworm.diagnose.show.commands import standard_commands
    from slowworm.sources import arrow
    from slowworm.sources.formats import standard_formats

    infos = [*standard_formats().infos(), arrow.INFO, *(c.info for c in standard_commands().items)]
    if as_json:
        click.echo(json.dumps([asdict(info) for info in infos], indent=2))
        return
    from rich.text import Text

    from slowworm.report.text import console, put

    out = console()
    for info in infos:
        put(out, Text(info.name, "bold"), Text(f"  {info.title}"))
        if info.commands:
            put(out, Text("  commands: " + " · ".join(info.commands)))
        put(out, Text(f"  carries:  {info.carries}"), Text(f"  lacks:    {info.lacks}"))
