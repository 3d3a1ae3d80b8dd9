"""`slowworm diagnose`: what the worm does to the router."""

from __future__ import annotations

import json

import click

from slowworm.cli.common import output, progress, refuse_to_overwrite

EXIT_FOUND, EXIT_UNREADABLE, EXIT_PARTLY = 1, 2, 3
LEVELS = ("critical", "warning", "info")
MAX_PROBLEMS_SHOWN = 10


@click.command(
    epilog="""\b
Exit status: 0 done · 1 --fail-on LEVEL reached · 2 usage, or nothing readable ·
3 partly understood (stderr says) · 130 interrupted."""
)
@click.argument("inputs", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE...")
@click.option(
    "--flows",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Flows of the same time, as for hunt: infected hosts begin the story. Repeatable.",
)
@click.option(
    "--at",
    multiple=True,
    metavar="TIME",
    help="When the first FILE was taken, then the second, if its text does not tell. Repeatable.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to answer.",
)
@click.option("--json", "form", flag_value="json", help="Short for --format json.")
@click.option("-o", "--output", "path", metavar="FILE", help="Write the answer to FILE.")
@click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    metavar="LEVEL",
    help="Exit with 1 if any finding is at least this bad: critical, warning, info.",
)
@click.option("--strict", is_flag=True, help="Exit with 2 instead of 3 if anything was not understood.")
def diagnose(
    inputs: tuple[str, ...],
    flows: tuple[str, ...],
    at: tuple[str, ...],
    form: str,
    path: str | None,
    fail_on: str | None,
    strict: bool,
) -> int:
    """Say what a scan does to a router, why, and when it fails.

    FILE holds show output or a configuration, or is - for standard input: session logs, show tech-support, several
    routers and snapshots at once, pasted however badly. slowworm formats lists the commands that are read.

    \b
    slowworm diagnose session.txt running-config.txt
    ssh router show tech-support | slowworm diagnose -
    slowworm diagnose before.txt after.txt --flows capture.txt --json
    """
    from slowworm.api.diagnose import diagnose as run
    from slowworm.diagnose.findings import SEVERITY
    from slowworm.report.diagnosis import show
    from slowworm.report.text import console, safe

    refuse_to_overwrite(path, (*inputs, *flows))
    with progress() as say:
        say("reading and judging")
        result = run(*inputs, flows=flows, at=at)
    with output(path) as file:
        if form == "json":
            json.dump(result.to_dict(), file, indent=2)  # ASCII only: no terminal sequence gets through
            file.write("\n")
        else:
            show(result, console(file))
    problems = [*result.problems, *(p for r in result.routers for p in r.problems)]
    if problems and form == "table":
        click.echo(f"slowworm: {sum(p.count for p in problems):,} lines not understood:", err=True)
        for problem in problems[:MAX_PROBLEMS_SHOWN]:
            times = f" (×{problem.count:,})" if problem.count > 1 else ""
            click.echo(f"  {safe(problem.where)}: {safe(problem.text)}{times}", err=True)
        if len(problems) > MAX_PROBLEMS_SHOWN:
            click.echo(f"  and {len(problems) - MAX_PROBLEMS_SHOWN} more; --json lists all", err=True)
    if strict and problems:
        return EXIT_UNREADABLE
    if fail_on is not None and any(
        SEVERITY[f.severity] >= SEVERITY[fail_on] for r in result.routers for f in r.findings
    ):
        return EXIT_FOUND
    return EXIT_PARTLY if problems else 0
