"""How a kernel runs: one plain function, uncompiled for small inputs, compiled and cached for large ones.

A small input never imports numba. Compiled code is cached in the user's cache folder, in a directory named
for the content of all of ``kernels/`` and for numba's version: numba's own key misses changes in helper
files.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def cache_directory() -> Path:
    """Where compiled kernels live: ``SLOWWORM_CACHE``, else the user's cache folder."""
    own = os.environ.get("SLOWWORM_CACHE")
    base = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slowworm"
    return base / "kernels"


def _cache_key() -> str:
    import numba

    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Kernel(Generic[P, R]):
    """A hot loop with its two ways to run: ``python`` as written, ``compiled`` by numba (lazily).

    Helpers that are kernels themselves are resolved to the same way of running when a kernel is used.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        if not isinstance(function, FunctionType):
            raise TypeError("a kernel is a plain function")
        self._function = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The function as written."""
        return self.python(*args, **kwargs)

    @cached_property
    def python(self) -> Callable[P, R]:
        """The function as written."""
        return self._resolved(lambda helper: helper.python)

    @cached_property
    def compiled(self) -> Callable[P, R]:
        """The function compiled by numba; the first use of a version compiles, later ones load the cache.

        ``SLOWWORM_BOUNDSCHECK=1`` compiles with bounds checking and without a cache (for tests).
        """
        import numba

        checked = os.environ.get("SLOWWORM_BOUNDSCHECK") == "1"
        if not checked:
            self._use_cache_directory(numba)
        function = self._resolved(lambda helper: helper.compiled)
        compiled: Callable[P, R]
        if checked:
            compiled = numba.njit(boundscheck=True)(function)
            return compiled
        try:
            compiled = numba.njit(cache=True, nogil=True)(function)
        except RuntimeError:  # no place to write a cache to: it is compiled anew by each process
            compiled = numba.njit(nogil=True)(function)
        return compiled

    def _resolved(self, way: Callable[[Kernel[Any, Any]], Callable[..., Any]]) -> Callable[P, R]:
        function = self._function
        namespace = {
            name: way(value) if isinstance(value, Kernel) and value is not self else value
            for name, value in function.__globals__.items()
            if name in function.__code__.co_names or name.startswith("__")
        }
        resolved = FunctionType(function.__code__, namespace, function.__name__, function.__defaults__)
        resolved.__module__ = function.__module__
        resolved.__qualname__ = function.__qualname__
        return resolved

    @staticmethod
    def _use_cache_directory(numba: Any) -> None:
        directory = cache_directory() / _cache_key()
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # numba then chooses a place of its own, or compiles anew
        numba.config.CACHE_DIR = str(directory)


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Declare a hot loop."""
    return Kernel(function)
