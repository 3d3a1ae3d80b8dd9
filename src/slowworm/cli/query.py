"""`slowworm query`: SQL over flows and verdicts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

import click

from slowworm.cli.common import FormatName, output, progress, refuse_to_overwrite
from slowworm.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from slowworm.store.sql.answer import Answer
    from slowworm.store.sql.relations import Contents

FORMATS = ("table", "csv", "json", "jsonl", "parquet")
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""What the name of an output file says of its format."""

SHOWN = 100
"""Rows of a table on a terminal, unless --limit says otherwise: more scroll away."""

EXIT_PARTLY = 3
MAX_PROBLEMS_SHOWN = 10


@click.command(
    epilog="""\b
Top talkers, who scanned port 445, new hosts since noon, infected hosts since when:
slowworm query "SELECT src_addr, sum(bytes) AS bytes FROM flows
  GROUP BY ALL ORDER BY bytes DESC LIMIT 10" capture.pcap
slowworm query "SELECT src_addr, count(DISTINCT dst_addr) AS targets FROM flows
  WHERE dst_port = 445 GROUP BY ALL ORDER BY targets DESC" flows/
slowworm query "SELECT src_addr, min(start_time) AS first FROM flows
  GROUP BY ALL HAVING first >= '2026-11-22 12:00'" -o new.csv STORE
slowworm query "SELECT address, min(run_time) AS since FROM verdicts
  WHERE verdict = 'infected' GROUP BY ALL ORDER BY since DESC" STORE

\b
Exit status: 0 done · 2 usage, SQL that cannot be run, or nothing readable ·
3 the inputs were partly understood (stderr says) · 130 interrupted."""
)
@click.argument("sql", required=False, metavar="SQL")
@click.argument("inputs", nargs=-1, type=click.Path(allow_dash=True), metavar="[INPUT...]")
@click.option("--schema", is_flag=True, help="List relations, columns and functions; no SQL is needed.")
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
    type=click.Choice(FORMATS),
    help="How to answer; by default as the name of the output file says, else as a table.",
)
@click.option("--json", "form", flag_value="json", help="Short for --format json.")
@click.option("--csv", "form", flag_value="csv", help="Short for --format csv.")
@click.option("-o", "--output", "path", metavar="FILE", help="Write the answer to FILE.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Rows at most, 0 for all; by default {SHOWN} for a table on a terminal, else all.",
)
@click.option("--memory", metavar="SIZE", help="Memory for DuckDB, as 2GB; by default 80 % of the machine's.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads for DuckDB.")
def query(
    sql: str | None,
    inputs: tuple[str, ...],
    schema: bool,
    as_format: str | None,
    mapping: str | None,
    form: str | None,
    path: str | None,
    limit: int | None,
    memory: str | None,
    threads: int | None,
) -> int:
    """Ask the flows and verdicts of files or of a store in SQL.

    SQL is one SELECT of DuckDB over the relations flows, verdicts, runs, problems and notes; INPUT is a store, or
    whatever slowworm hunt reads. Verdicts are those that the store keeps; without any, the inputs are hunted.
    """
    if schema:
        _show_schema()
        return 0
    if sql is None or not inputs:
        raise UsageError(
            'query: SQL and something to ask are needed: slowworm query "SELECT …" FILE_OR_STORE…'
        )
    form = form or _form_of(path)
    refuse_to_overwrite(path, inputs)
    if form == "parquet" and path in (None, "-") and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("parquet is nothing for a terminal: name a file with -o, or use a pipe")
    if limit is None and form == "table" and path in (None, "-") and sys.stdout.isatty():
        limit = SHOWN
    from slowworm.api.query import opened

    with contextlib.ExitStack() as stack:
        with progress() as say:
            say("reading and asking")
            session, contents = stack.enter_context(
                opened(
                    sql,
                    [_as_path(i) for i in inputs],
                    as_format=as_format,
                    mapping=mapping,
                    memory=memory,
                    threads=threads,
                )
            )
            answer = session.run(
                sql,
                printable=form != "parquet",
                nested=form in ("json", "jsonl"),
                limit=limit + 1 if limit else None,
            )
        rows = _Limited(answer.batches, limit or None)
        with output(path) as file:
            _write(answer, rows, contents, form, file)
    if rows.cut:
        click.echo(f"slowworm: the first {limit:,} rows; --limit 0 shows all", err=True)
    return EXIT_PARTLY if _tell_problems(contents) else 0


class _Limited:
    """Batches up to a number of rows; ``cut``: whether there were more."""

    def __init__(self, batches: Iterator[pa.RecordBatch], limit: int | None) -> None:
        self._batches, self._left = batches, limit
        self.cut = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            if self._left is None:
                yield batch
                continue
            if batch.num_rows > self._left:
                self.cut = True
            if self._left:
                yield batch.slice(0, self._left)
                self._left -= min(self._left, batch.num_rows)


def _form_of(path: str | None) -> str:
    from pathlib import PurePath

    return SUFFIXES.get(PurePath(path).suffix.lower(), "table") if path else "table"


def _as_path(name: str) -> object:
    from pathlib import Path

    return name if name == "-" or not name.strip() else Path(name)


def _write(answer: Answer, rows: _Limited, contents: Contents, form: str, file: TextIO) -> None:
    from slowworm.report import rows as report
    from slowworm.report.text import console

    if form == "parquet":
        report.write_parquet(answer.names, answer.schema, rows, file.buffer)
    elif form == "csv":
        report.write_csv(answer.names, rows, file)
    elif form == "jsonl":
        report.write_jsonl(answer.names, rows, file)
    elif form == "json":
        columns = [{"name": n, "type": t} for n, t in zip(answer.names, answer.types, strict=True)]
        problems = [{"where": p.where, "text": p.text, "count": p.count} for p in contents.problems]
        before = {"schema": "slowworm.query/1", "columns": columns, "problems": problems}
        report.write_json(answer.names, rows, file, before=before)
        file.write("\n}\n")
    else:
        report.write_table(answer.names, answer.schema, rows, console(file))


def _show_schema() -> None:
    from rich.text import Text

    from slowworm.report.text import console, put, table
    from slowworm.store.sql.functions import FUNCTIONS
    from slowworm.store.sql.relations import RELATIONS

    out = console()
    for relation in RELATIONS:
        put(out, Text.assemble((relation.name, "bold"), f"  {relation.doc}"))
        rows = [[f"  {column.name}", column.type, column.doc] for column in relation.columns]
        put(out, table([("  Column", "left"), ("Type", "left"), ("Meaning", "fold")], rows), Text())
    put(out, Text.assemble(("functions", "bold"), "  Beside DuckDB's own; addr is an ADDRESS."))
    listed = [[f"  {function.signature}", function.gives] for function in FUNCTIONS]
    put(out, table([("  Function", "left"), ("Gives", "fold")], listed))


def _tell_problems(contents: Contents) -> bool:
    from slowworm.report.text import safe

    problems = contents.problems
    for problem in problems[:MAX_PROBLEMS_SHOWN]:
        times = f" (×{problem.count:,})" if problem.count > 1 else ""
        click.echo(f"slowworm: not understood: {safe(problem.where)}: {safe(problem.text)}{times}", err=True)
    if len(problems) > MAX_PROBLEMS_SHOWN:
        more = len(problems) - MAX_PROBLEMS_SHOWN
        click.echo(f"slowworm: and {more:,} more; the relation problems lists all", err=True)
    return bool(problems)
