"""`slowworm hunt`: who is infected."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, TextIO

import click

from slowworm.cli.common import FormatName, output, progress, refuse_to_overwrite
from slowworm.errors import UsageError

if TYPE_CHECKING:
    from slowworm.report.case import HuntResult

EXIT_FOUND, EXIT_UNREADABLE, EXIT_PARTLY = 1, 2, 3
LEVELS = ("infected", "scanner", "suspect", "victim")
MAX_PROBLEMS_SHOWN = 10


@click.command(
    epilog="""\b
Exit status: 0 done · 1 --fail-on LEVEL reached · 2 usage, or nothing readable ·
3 partly understood, or nobody could be judged (stderr says) · 130 interrupted."""
)
@click.argument("inputs", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="INPUT...")
@click.option(
    "--as", "as_format", type=FormatName(), help="Read as this format only (slowworm formats lists them)."
)
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(),
    help="Read CSV and Parquet of any make; FILE says which of its columns is which.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to answer.",
)
@click.option("--json", "form", flag_value="json", help="Short for --format json.")
@click.option("--csv", "form", flag_value="csv", help="Short for --format csv.")
@click.option("-o", "--output", "path", metavar="FILE", help="Write the answer to FILE.")
@click.option("--explain", metavar="ADDRESS", help="Everything behind the verdict on ADDRESS.")
@click.option("--all", "everyone", is_flag=True, help="Clean hosts and victims too, with the reason.")
@click.option(
    "--filter",
    "shown",
    metavar="EXPR",
    help="Show only hosts that sent matching flows: 'src net 20.1.0.0/16 and dst port 80'.",
)
@click.option(
    "--only-flows",
    metavar="EXPR",
    help="Look only at matching flows (said in the answer: it can hide replies).",
)
@click.option(
    "--inside",
    multiple=True,
    metavar="PREFIX",
    help="A prefix of your own network; stray probes from elsewhere are then reported together. Repeatable.",
)
@click.option(
    "--profiles",
    multiple=True,
    metavar="DIR",
    type=click.Path(),
    help="A directory with targeting profiles of your own. Repeatable.",
)
@click.option(
    "--sampling",
    multiple=True,
    metavar="[EXPORTER=]N",
    help="EXPORTER (or every one) samples 1 in N packets, where its exports do not say so. Repeatable.",
)
@click.option(
    "--inventory",
    metavar="FILE",
    type=click.Path(),
    help="What you know of the network: inside prefixes, allow-list, customers. Default: slowworm.toml in a directory "
    "that is an input, or here.",
)
@click.option(
    "--identity",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="ARP, DHCP, NAT or MAC address tables, to say whose device it is. Repeatable.",
)
@click.option(
    "--since",
    metavar="STORE",
    type=click.Path(),
    help="Say what is new since the last run that STORE keeps, and keep this one there.",
)
@click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    metavar="LEVEL",
    help="Exit with 1 if anybody is at least this bad: infected, scanner, suspect, victim.",
)
@click.option("--strict", is_flag=True, help="Exit with 2 instead of 3 if anything was not understood.")
def hunt(
    inputs: tuple[str, ...],
    as_format: str | None,
    mapping: str | None,
    sampling: tuple[str, ...],
    form: str,
    path: str | None,
    explain: str | None,
    everyone: bool,
    shown: str | None,
    only_flows: str | None,
    inside: tuple[str, ...],
    profiles: tuple[str, ...],
    inventory: str | None,
    identity: tuple[str, ...],
    since: str | None,
    fail_on: str | None,
    strict: bool,
) -> int:
    """Say which hosts a scanning worm has infected.

    INPUT is a file, a directory or - for standard input; the format is recognised from the content, several
    commands, routers and formats at once: show ip cache flow, show ip accounting, show mls, show flow monitor
    cache, pasted however badly.

    \b
    slowworm hunt capture.txt
    slowworm hunt - < capture.txt
    slowworm hunt captures/ --inside 20.1.0.0/16 --json
    slowworm hunt capture.txt --explain 193.23.45.35
    """
    from slowworm.api.hunt import hunt as run
    from slowworm.detect.verdicts import FLAGGED, SEVERITY, VICTIM
    from slowworm.flows.filter import Filter
    from slowworm.inventory.load import find_inventory
    from slowworm.report.case import counted

    refuse_to_overwrite(path, inputs)
    wanted = _address(explain) if explain else None
    selection = Filter.parse(shown) if shown else None  # before the work, so that a typo costs nothing
    with progress() as say:
        say("reading and judging flows")
        result = run(
            *map(_as_path, inputs),
            as_format=as_format,
            mapping=mapping,
            sampling=sampling,
            only_flows=only_flows,
            inside=inside,
            profiles=profiles,
            inventory=inventory or find_inventory(inputs),
            identity=identity,
            since=since,
            everyone=everyone or wanted is not None or fail_on == VICTIM,
        )
    reached = fail_on is not None and any(
        SEVERITY[v.verdict] >= SEVERITY[fail_on] and not result.is_authorised(v) for v in result.verdicts
    )
    if wanted is None:
        from dataclasses import replace

        if not everyone:
            result = replace(result, verdicts=tuple(v for v in result.verdicts if v.verdict in FLAGGED))
        if selection is not None:
            result = result.shown(selection)
    with output(path) as file:
        _write(result, form, wanted, file)
    problems = sum(counted(i.problems) for i in result.inputs)
    if form == "table":
        _tell_problems(result, problems)
    if result.flow_count == 0 and not any(n.id == "only-flows" for n in result.notes):
        _tell_no_flows(result)
        return EXIT_UNREADABLE
    if result.hosts == 0 and result.flow_count:
        click.echo(
            "slowworm: no flow names its source, so that nobody could be judged: see the notes", err=True
        )
        problems = max(problems, 1)
    if strict and problems:
        return EXIT_UNREADABLE
    if reached:
        return EXIT_FOUND
    return EXIT_PARTLY if problems else 0


def _as_path(name: str) -> object:
    from pathlib import Path

    return name if name == "-" or not name.strip() else Path(name)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError as error:
        raise UsageError(f"--explain {text!r}: not an address such as 192.0.2.1") from error


def _write(
    result: HuntResult, form: str, wanted: ipaddress.IPv4Address | ipaddress.IPv6Address | None, file: TextIO
) -> None:
    from dataclasses import replace

    if wanted is not None:
        about = tuple(v for v in result.verdicts if v.address == wanted)
        if not about:
            raise UsageError(f"--explain {wanted}: {_as_seen(result, wanted)}")
        result = replace(result, verdicts=about)
    if form == "json":
        json.dump(result.to_dict(), file, indent=2)  # ASCII only: no terminal sequence gets through
        file.write("\n")
    elif form == "csv":
        from slowworm.report.csv import write

        write(result, file)
    else:
        from slowworm.report import explain, table
        from slowworm.report.text import console

        out = console(file)
        if wanted is None:
            table.show(result, out)
            return
        for number, verdict in enumerate(result.verdicts):
            if number:
                out.print()
            explain.explain(result, verdict, out)


def _as_seen(result: HuntResult, wanted: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    from slowworm.flows.filter import Filter

    sent, met = (
        sum(int(Filter.parse(f"{side} ip {wanted}").mask(b).sum()) for b in result.flows)
        for side in ("src", "dst")
    )
    if sent:
        return f"called nobody: its {sent} flows are answers to others, or name no destination"
    return (
        f"sent nothing in these flows (it is the target of {met} of them)" if met else "is not in these flows"
    )


def _tell_problems(result: HuntResult, problems: int) -> None:
    from slowworm.report.text import safe

    if not problems:
        return
    lines = "line" if problems == 1 else "lines"
    click.echo(f"slowworm: {problems:,} {lines} not understood:", err=True)
    listed = [p for i in result.inputs for p in i.problems]
    for problem in listed[:MAX_PROBLEMS_SHOWN]:
        times = f" (×{problem.count:,})" if problem.count > 1 else ""
        click.echo(f"  {safe(problem.where)}: {safe(problem.text)}{times}", err=True)
    if len(listed) > MAX_PROBLEMS_SHOWN:
        click.echo(f"  and {len(listed) - MAX_PROBLEMS_SHOWN} more; --json lists all", err=True)


def _tell_no_flows(result: HuntResult) -> None:
    names = ", ".join(sorted({name for i in result.inputs for name, _ in i.formats}))
    what = f"{names} without a single flow" if names else "no flow listing"
    hint = ": was the output cut off, or filtered by | include?" if names.startswith("show-") else ""
    click.echo(f"slowworm: {what}{hint}", err=True)
