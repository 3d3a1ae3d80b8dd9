"""The protocol of a format that is recognised and read from bytes: logs, exports, captures, files of other tools."""

from __future__ import annotations

from typing import Protocol

from slowworm.sources.base import FormatInfo, Reading

HEAD_BYTES = 65_536
"""How much of an input a format may look at to recognise it."""


class ByteFormat(Protocol):
    """One format. Stateless: everything it needs is in the input."""

    @property
    def info(self) -> FormatInfo:
        """Name and description."""

    def recognises(self, head: bytes) -> bool:
        """Whether an input that begins with ``head`` (at most HEAD_BYTES) is in this format; never raises."""

    def read(self, path: str, data: bytes) -> Reading:
        """Read all of it: good parts as flow batches, bad parts as problems with their place; never raises.

        Memory stays within a fixed multiple of ``len(data)``, whatever the input says of its own size.
        """
