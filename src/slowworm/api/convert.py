"""``slowworm.convert``: from inputs of any kind to a file of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from slowworm.api.readings import formats_with, read_all
from slowworm.errors import InputError, UsageError
from slowworm.flows.filter import Filter
from slowworm.report.case import InputSummary
from slowworm.sinks.base import Loss, Sink, Written
from slowworm.sinks.files import STDOUT, destination
from slowworm.sinks.outputs import standard_outputs
from slowworm.sinks.spill import Spill
from slowworm.sources.base import Note, Reading, merged
from slowworm.sources.inputs import paths_of
from slowworm.sources.sampling import Sampling

if TYPE_CHECKING:
    from slowworm.sources.dns.resolved import Resolutions

STORE = "store"
"""The output that is no file: a directory of Parquet partitions, appended to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertResult:
    """What became of the flows: ``read`` from the inputs, ``selected`` by the filter, ``written`` to the output.

    ``losses``: what the format could not carry, flows left out first. ``notes``: what else is worth telling.
    """

    to: str
    inputs: tuple[InputSummary, ...]
    read: int
    selected: int
    written: int
    losses: tuple[Loss, ...]
    notes: tuple[Note, ...]

    @property
    def left_out(self) -> int:
        """Flows that were selected and could not be written."""
        return self.selected - self.written

    @property
    def partly_understood(self) -> bool:
        """Whether any input held something that was not understood."""
        return any(i.problems for i in self.inputs)


def convert(
    *inputs: Any,
    output: str | os.PathLike[str] | BinaryIO,
    to: str | None = None,
    as_format: str | None = None,
    only_flows: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    sampling: Mapping[str, int] | Iterable[str | int] | str | int = (),
) -> ConvertResult:
    """Write the flows of all inputs in one format.

    ``inputs``, ``as_format``, ``mapping`` and ``sampling`` as for :func:`slowworm.hunt`. ``output``: a path, ``"-"``
    for standard output, or a binary file; a path appears when it is complete, packed if it ends in .gz, .bz2, .xz or
    .zst. ``to``: the name of an output format, or ``store`` to append to the
    store in the directory ``output``; may be left out where the path's suffix says it. ``only_flows``: a
    filter; other flows are not written.

    Raises :class:`slowworm.UsageError` for a request that cannot be served, as an output that is an input, and where
    the output cannot be written; :class:`slowworm.InputError` where no flow could be read from any input. Nothing is
    written then.
    """
    if not inputs:
        raise UsageError(
            "nothing to convert: name files, directories, '-' for standard input, or pass tables"
        )
    path = os.fspath(output) if isinstance(output, str | os.PathLike) else None
    stored = to == STORE
    if stored and (path is None or path == STDOUT):
        raise UsageError("a store is a directory: name it, as in --to store -o flows.store")
    # A store holds what our Parquet files hold.
    sink = standard_outputs().choose("parquet", None) if stored else standard_outputs().choose(to, path)
    only = Filter.parse(only_flows) if only_flows else None
    formats = formats_with(mapping)
    if path is not None and path != STDOUT and not stored:
        _refuse_to_overwrite(path, inputs)
    work = _Work(only=only, sampling=Sampling.parse(sampling))
    with ExitStack() as stack:
        batches = work.batches(
            read_all(inputs, formats, as_format=as_format), sink, stack.enter_context(Spill())
        )
        # Nothing is opened before there is something to write.
        first = next(batches, None)
        if first is None:
            raise InputError(work.nothing())
        if stored:
            written = _into_store(str(path), chain([first], batches))
        else:
            file = output if path is None else stack.enter_context(destination(path))
            written = sink.write(chain([first], batches), file)  # type: ignore[arg-type]
    return ConvertResult(
        to=STORE if stored else sink.info.name,
        inputs=tuple(work.inputs),
        read=work.read,
        selected=work.selected,
        written=written.flows,
        losses=written.losses,
        notes=merged(
            [
                *work.notes,
                *work.unused(),
                *(Note(id="exporter-stand-in", text=text) for text in written.notes),
            ]
        ),
    )


def _into_store(path: str, batches: Iterable[pa.RecordBatch]) -> Written:
    """Append flows to the store at ``path``, which is made if it is not there."""
    from slowworm.store.store import Store

    rows = 0
    with Store.ensure(path).writer() as writer:
        for batch in batches:
            writer.add([batch])
            rows += batch.num_rows
    return Written(flows=rows)


@dataclass(slots=True, kw_only=True)
class _Work:
    """Reads, marks and selects flows, and keeps account."""

    only: Filter | None
    sampling: Sampling
    inputs: list[InputSummary] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    read: int = 0
    selected: int = 0
    _place: dict[str, int] = field(default_factory=dict)
    _exporters: set[str] = field(default_factory=set)

    def batches(self, readings: Iterable[Reading], sink: Sink, spill: Spill) -> Iterator[pa.RecordBatch]:
        """The flows, as they are read; where the output says which were resolved, once all DNS has been read."""
        if "resolved" not in sink.info.columns:
            for reading in readings:
                self._account(reading)
                yield from map(self._chosen, reading.batches)
            return
        resolutions: Resolutions | None = None
        for reading in readings:
            self._account(reading)
            for lookups in reading.lookups:
                if resolutions is None:  # most inputs have no DNS, and it is slow to load
                    resolutions = _resolutions()
                resolutions.learn(lookups)
            for batch in reading.batches:
                spill.add(batch)
        for batch in spill:
            yield self._chosen(batch if resolutions is None else resolutions.marked(batch))

    def nothing(self) -> str:
        """Why there is no flow to write."""
        names = ", ".join(sorted({name for one in self.inputs for name, _ in one.formats}))
        problems = [f"{p.where}: {p.text}" for one in self.inputs for p in one.problems]
        return (
            "\n".join([*problems, *([f"{names} without a single flow"] if names else [])])
            or "nothing to read"
        )

    def unused(self) -> Iterator[Note]:
        """Rates that the user said of exporters that are not there."""
        for name, rate in self.sampling.of.items():
            only = Sampling(of={name: rate})
            if not any(only.rate(text) for text in self._exporters):
                text = f"no flow of an exporter {name}, so that its sampling rate was of no use"
                yield Note(id="sampling-unused", text=text)

    def _account(self, reading: Reading) -> None:
        if not reading.continues or reading.path not in self._place:
            self._place[reading.path] = len(self.inputs)
            self.inputs.append(InputSummary(path=reading.path, formats=(), flows=0, problems=(), context=()))
        at = self._place[reading.path]
        before = self.inputs[at]
        counts = dict(before.formats)
        for name, flows in reading.formats:
            counts[name] = counts.get(name, 0) + flows
        self.inputs[at] = InputSummary(
            path=reading.path,
            formats=tuple(counts.items()),
            flows=sum(counts.values()),
            problems=(*before.problems, *reading.problems),
            context=(*before.context, *reading.context),
        )
        said = self.sampling.rate
        self.notes += [n for n in reading.notes if n.id != "sampling-unknown" or said(n.about) is None]
        self.read += sum(batch.num_rows for batch in reading.batches)

    def _chosen(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch = self.sampling.applied(batch)
        self._exporters.update(text for text in batch.column("exporter").dictionary.to_pylist() if text)
        if self.only is not None:
            batch = batch.filter(pa.array(self.only.mask(batch)))
        self.selected += batch.num_rows
        return batch


def _resolutions() -> Resolutions:
    from slowworm.sources.dns.resolved import Resolutions

    return Resolutions()


def _refuse_to_overwrite(path: str, inputs: Iterable[Any]) -> None:
    """Raise :class:`UsageError` where the output is one of the inputs, or lies in a directory that is one."""
    if not Path(path).is_file():
        return
    for item in inputs:
        if not isinstance(item, str | os.PathLike) or str(item) == STDOUT or not _exists(item):
            continue
        for name in paths_of([item]):
            if _exists(name) and Path(name).samefile(path):
                raise UsageError(f"{path}: is an input too; the answer would overwrite it")


def _exists(item: str | os.PathLike[str]) -> bool:
    try:
        return Path(item).exists()
    except (OSError, ValueError):  # no name of a file: a text, or too long
        return False
