"""What a path that a user names stands for: a store, a part of one, a directory with stores in it, files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from slowworm.sources.inputs import STDIN, paths_of
from slowworm.store.layout import root_of

if TYPE_CHECKING:
    from slowworm.store.store import Store

FORMAT = "slowworm-parquet"
"""The format of the flows of a store, as readings name it."""


def located(name: str | os.PathLike[str]) -> tuple[list[Store], list[str]]:
    """The stores that a path is, is a part of or holds, and the other files there, as :func:`paths_of` lists them.

    Raises :class:`UsageError` where nothing is there, :class:`StoreError` for a store of a newer version.
    """
    if os.fspath(name) == STDIN:
        return [], [STDIN]
    if root_of(Path(name)) is not None:
        return _stores([Path(name)]), []
    folders: dict[Path, Path | None] = {}
    files = []
    for path in paths_of([name]):
        folder = Path(path).parent
        if folder not in folders:
            folders[folder] = root_of(folder)
        if folders[folder] is None:
            files.append(path)
    roots = dict.fromkeys(root for root in folders.values() if root is not None)
    return _stores(list(roots)), files


def _stores(paths: list[Path]) -> list[Store]:
    if not paths:
        return []
    from slowworm.store.store import Store

    return [store for path in paths if (store := Store.holding(path)) is not None]
