"""A DuckDB in memory that holds the relations and can reach nothing else."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any

import pyarrow as pa

from slowworm.errors import MissingExtraError, QueryError, UsageError
from slowworm.store.sql import functions, relations
from slowworm.store.sql.answer import ROWS_AT_A_TIME, Answer, projection, type_name, unique
from slowworm.store.sql.relations import Contents
from slowworm.store.sql.statement import EXPLAIN, message, only_select, printable, with_address

MAX_LITERALS = 500
"""Texts beside addresses in one statement, a list of them counted once; each costs DuckDB another look at it."""

SCAN_FAILED = re.compile(r"reading the stream registered|arrow_scan: ")
"""What DuckDB says where Arrow could not give it the rows."""

_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[KMGT]i?B|%)", re.IGNORECASE)


class Session:
    """Use in a ``with`` block: the connection and its temporary files go when it ends.

    The database is closed to the outside before any SQL of the user is seen: no file, no network, no extension, no
    setting. Files are read for it by Arrow. DuckDB's own reader is faster, but to be let at a file for reading is
    to be let at it for writing there, and DuckDB 2.0 runs a COPY within a SELECT.

    ``memory``: as ``"2GB"``; by default 80 % of the machine's. Raises :class:`MissingExtraError` without DuckDB.
    """

    def __init__(self, contents: Contents, *, memory: str | None = None, threads: int | None = None) -> None:
        try:
            import duckdb
        except ImportError as error:
            raise MissingExtraError(feature="query", extra="query") from error
        if memory is not None and not _SIZE.fullmatch(memory.strip()):
            raise UsageError(f"memory {memory!r}: a size such as 2GB or 500MB is needed")
        self._failure: type[Exception] = duckdb.Error
        self._contents = contents
        self._thread = ThreadPoolExecutor(1, "slowworm-query")
        self._temporary = tempfile.mkdtemp(prefix="slowworm-query-")
        settings: dict[str, str] = {
            "temp_directory": self._temporary,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
        }
        if memory is not None:
            settings["memory_limit"] = memory.strip()
        if threads is not None:
            settings["threads"] = str(threads)
        try:
            self._connection: Any = duckdb.connect(":memory:", config=settings)  # type: ignore[arg-type,unused-ignore]
        except duckdb.Error as error:
            shutil.rmtree(self._temporary, ignore_errors=True)
            raise UsageError(message(error)) from error

    def __enter__(self) -> Session:
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(
            "SET enable_progress_bar = false"
        )  # it goes to standard output, among the rows
        functions.install(self._connection)
        relations.install(self._connection, self._contents)
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        self._connection.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def run(
        self, sql: str, *, printable: bool = False, nested: bool = False, limit: int | None = None
    ) -> Answer:
        """Run one SELECT. Addresses come as text.

        ``printable``: so do types that text formats cannot write, and lists, structs and maps unless ``nested``.
        ``limit``: rows at most. Raises :class:`QueryError` with DuckDB's message and the place in the text.
        """
        text = only_select(self._connection, sql)
        for _ in range(MAX_LITERALS):
            try:
                # Planned first: an error then has its place in the text as it was given.
                self._connection.execute(EXPLAIN + text)
                return self._answer(text, printable=printable, nested=nested, limit=limit)
            except (self._failure, pa.ArrowException, OSError) as error:
                changed = with_address(text, error)
                if changed is None:
                    raise self._explained(error) from error
                text = changed
        raise QueryError(
            f"query: more than {MAX_LITERALS:,} texts are compared with addresses: put ip(…) around them"
        )

    def _answer(self, text: str, *, printable: bool, nested: bool, limit: int | None) -> Answer:
        relation = self._connection.sql(text)
        names, types = unique(relation.columns), relation.types
        shown = self._connection.sql(projection(text, names, types, printable=printable, nested=nested))
        if limit is not None:
            shown = shown.limit(limit)
        reader = self._attended(lambda: shown.to_arrow_reader(ROWS_AT_A_TIME))
        # Read at once, so that most errors come before anything was written.
        first = self._attended(lambda: next(reader, None))
        return Answer(
            names=names,
            types=tuple(type_name(kind) for kind in types),
            schema=reader.schema,
            batches=self._batches(first, reader),
        )

    def _batches(
        self, batch: pa.RecordBatch | None, reader: pa.RecordBatchReader
    ) -> Iterator[pa.RecordBatch]:
        try:
            while batch is not None:
                yield batch
                batch = self._attended(lambda: next(reader, None))
        except (self._failure, pa.ArrowException, OSError) as error:
            raise self._explained(error) from error

    def _explained(self, error: BaseException) -> QueryError:
        """The error in words for people; where rows could not be read, the files that are to blame."""
        if not SCAN_FAILED.search(str(error)):
            return QueryError(message(error))
        scans = [data for _, data in self._contents.flows if hasattr(data, "damaged")]
        found = [path for scan in scans for path in scan.damaged()]
        if not found:
            return QueryError(message(error))
        names = ", ".join(map(printable, found))
        return QueryError(
            f"query: damaged: {names}; move it away to ask the others; slowworm hunt passes over it"
        )

    def _attended(self, work: Callable[[], Any]) -> Any:
        """Do something long in a thread, as an interrupt does not reach Python code that waits for DuckDB."""
        task = self._thread.submit(work)
        try:
            return task.result()
        except KeyboardInterrupt:
            self._connection.interrupt()
            wait([task])
            raise
