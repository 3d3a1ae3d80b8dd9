"""What commands share: output files, types of options, progress."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

import click
from click.shell_completion import CompletionItem

from slowworm.errors import UsageError

PROGRESS_AFTER_SECONDS = 1.0
"""A command that takes longer than this says what it is doing."""


class FormatName(click.ParamType[str]):
    """The name of a format, completed from the formats that are there (imported only then)."""

    name = "format"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that begin as typed."""
        from slowworm.sources.formats import standard_formats

        return [
            CompletionItem(info.name, help=info.title)
            for info in standard_formats().infos()
            if info.name.startswith(incomplete)
        ]


class ProfileName(click.ParamType[str]):
    """The name of a profile, completed likewise."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that begin as typed."""
        from slowworm.detect.profiles import load_profiles

        return [
            CompletionItem(p.name, help=p.title)
            for p in load_profiles().items
            if p.name.startswith(incomplete)
        ]


@contextlib.contextmanager
def output(path: str | None) -> Iterator[TextIO]:
    """The file to write to: ``path``, written beside it first and moved into place when complete, or stdout."""
    if path is None or path == "-":
        yield sys.stdout
        return
    from slowworm.sinks.files import replaced

    with replaced(path) as raw:
        file = io.TextIOWrapper(raw, encoding="utf-8", newline="")
        yield file
        file.flush()
        file.detach()


def refuse_to_overwrite(path: str | None, inputs: Iterable[str]) -> None:
    """Raise :class:`UsageError` where the output is one of the inputs."""
    if path is None or path == "-" or not Path(path).exists():
        return
    for name in inputs:
        if name != "-" and Path(name).exists() and Path(name).samefile(path) and Path(path).is_file():
            raise UsageError(f"{path}: is an input too; the answer would overwrite it")


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function to say what is being done; shown on a terminal's stderr once it takes long."""
    if not sys.stderr.isatty():
        yield lambda _stage: None
        return
    current = ["working"]
    done = threading.Event()

    def show() -> None:
        if done.wait(PROGRESS_AFTER_SECONDS):
            return
        from rich.console import Console

        console = Console(stderr=True, markup=False, highlight=False)
        with console.status(current[0]) as status:
            while not done.wait(0.2):
                status.update(current[0])

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield lambda stage: current.__setitem__(0, stage)
    finally:
        done.set()
        thread.join()
