"""`slowworm convert`: flows of any format to a file of one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from slowworm.cli.common import FormatName, progress
from slowworm.errors import UsageError

if TYPE_CHECKING:
    from slowworm.api.convert import ConvertResult

EXIT_FAILED, EXIT_PARTLY = 2, 3
MAX_SHOWN = 10
"""Problems, losses and notes that are shown, of each; there may be thousands."""


class OutputName(click.ParamType[str]):
    """The name of an output format, completed from those that are there (imported only then)."""

    name = "format"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that begin as typed."""
        from slowworm.sinks.outputs import standard_outputs

        known = {info.name: info.title for info in standard_outputs().infos()}
        known["store"] = "a directory of Parquet partitions, appended to"
        return [
            CompletionItem(name, help=title) for name, title in known.items() if name.startswith(incomplete)
        ]


@click.command(
    epilog="""\b
Exit status: 0 done · 2 usage, nothing readable, or the output cannot be written ·
3 partly understood, or flows that the format cannot carry (stderr says) · 130 interrupted."""
)
@click.argument("inputs", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="INPUT...")
@click.option(
    "--to",
    type=OutputName(),
    metavar="FORMAT",
    help="parquet, csv, jsonl, nfdump-csv, netflow-v5, netflow-v9, ipfix, or store (-o is a directory then). "
    "Not needed where FILE ends in "
    ".parquet, .csv or .jsonl.",
)
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    help="Write to FILE, packed if it ends in .gz, .bz2, .xz or .zst; - or nothing is standard output.",
)
@click.option(
    "--as", "as_format", type=FormatName(), help="Read as this format only (slowworm formats lists them)."
)
@click.option(
    "--filter", "only_flows", metavar="EXPR", help="Write only matching flows: 'src net 20.1.0.0/16'."
)
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(),
    help="Read CSV and Parquet of any make; FILE says which of its columns is which.",
)
@click.option(
    "--sampling",
    multiple=True,
    metavar="[EXPORTER=]N",
    help="EXPORTER (or every one) samples 1 in N packets, where its exports do not say so. Repeatable.",
)
@click.option("--strict", is_flag=True, help="Exit with 2 instead of 3.")
def convert(
    inputs: tuple[str, ...],
    to: str | None,
    path: str | None,
    as_format: str | None,
    only_flows: str | None,
    mapping: str | None,
    sampling: tuple[str, ...],
    strict: bool,
) -> int:
    """Write flows in another format.

    INPUT is a file, a directory or - for standard input, in any of the formats that slowworm hunt reads. What the
    other format cannot carry is said and counted on stderr.

    \b
    slowworm convert capture.pcap -o flows.parquet
    slowworm convert nfcapd.* --filter 'dst port 445' -o smb.csv.gz
    slowworm convert capture.txt --to ipfix -o exports.pcap
    slowworm convert conn.log --to jsonl | jq .dst_port
    slowworm convert nfcapd.* --to store -o flows.store
    """
    from slowworm.api.convert import STORE
    from slowworm.api.convert import convert as run
    from slowworm.sinks.outputs import standard_outputs

    standard_output = path in (None, "-")
    if to != STORE:
        sink = standard_outputs().choose(to, path)
        to = sink.info.name
        if standard_output and sink.info.binary and sys.stdout is not None and sys.stdout.isatty():
            raise UsageError(
                f"{sink.info.name} is nothing for a terminal: name a file with -o, or use a pipe"
            )
    with progress() as say:
        say("reading and writing flows")
        result = run(
            *map(_as_path, inputs),
            output=path or "-",
            to=to,
            as_format=as_format,
            only_flows=only_flows,
            mapping=mapping,
            sampling=sampling,
        )
    problems = _tell(result, "standard output" if standard_output else str(path))
    if not problems and not result.left_out:
        return 0
    return EXIT_FAILED if strict else EXIT_PARTLY


def _as_path(name: str) -> object:
    from pathlib import Path

    return name if name == "-" or not name.strip() else Path(name)


def _tell(result: ConvertResult, where: str) -> int:
    """Say on stderr what was written and what was not; how many problems there were."""
    from slowworm.report.case import counted
    from slowworm.report.text import safe

    selected = "" if result.selected == result.read else f" of {result.read:,}"
    flows = "flow" if (result.written, selected) == (1, "") else "flows"
    _say(f"slowworm: {result.written:,}{selected} {flows} written to {safe(where)} as {result.to}")
    _list("", [f"{_flows(loss.count)}: {loss.text}" for loss in result.losses])
    _list(
        "note: ", [f"{note.text}{f' (×{note.count:,})' if note.count > 1 else ''}" for note in result.notes]
    )
    listed = [p for i in result.inputs for p in i.problems]
    _list(
        "not understood: ",
        [f"{p.where}: {p.text}{f' (×{p.count:,})' if p.count > 1 else ''}" for p in listed],
    )
    return sum(counted(i.problems) for i in result.inputs)


def _list(title: str, texts: list[str]) -> None:
    from slowworm.report.text import safe

    for text in texts[:MAX_SHOWN]:
        _say(f"  {title}{safe(text)}")
    if len(texts) > MAX_SHOWN:
        _say(f"  {title}and {len(texts) - MAX_SHOWN} more")


def _flows(count: int) -> str:
    return "1 flow" if count == 1 else f"{count:,} flows"


def _say(text: str) -> None:
    click.echo(text, err=True)
