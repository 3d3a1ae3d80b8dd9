"""The formats this installation reads: an instance, built where it is needed, not a global."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.errors import UsageError
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.text.base import TextFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """Text formats in the order in which they are tried: the more specific row first."""

    text: Sequence[TextFormat]

    def infos(self) -> list[FormatInfo]:
        """Every format's description."""
        return [form.info for form in self.text]

    def read_text(self, path: str, data: bytes, *, only: str | None = None) -> Reading:
        """Read a text in all formats, or in one. Raises :class:`UsageError` for an unknown name."""
        from slowworm.sources.text.reader import read_text

        chosen = [form for form in self.text if only in (None, form.info.name)]
        if not chosen:
            known = ", ".join(info.name for info in self.infos())
            raise UsageError(f"no format {only!r}; formats: {known}")
        return read_text(path, data, chosen)


def standard_formats() -> Formats:
    """What Slowworm reads out of the box."""
    from slowworm.sources.text.cache_flow import CacheFlow
    from slowworm.sources.text.flow_monitor import FlowMonitorCache
    from slowworm.sources.text.ip_accounting import IpAccounting
    from slowworm.sources.text.mls_entry import MlsEntry
    from slowworm.sources.text.mls_ip import MlsIp

    return Formats(text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()))
