"""The formats this installation reads: an instance, built where it is needed, not a global."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from slowworm.errors import UsageError
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.byteformat import HEAD_BYTES, ByteFormat
from slowworm.sources.session import Section
from slowworm.sources.text.base import TextFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """Listings found in text, in the order in which they are tried, and formats recognised by their bytes.

    ``load``: gives the latter, and those that are used only where they are asked for by name. They are imported
    when the first input comes that is no router's listing: a pasted capture must not wait for them.
    """

    text: Sequence[TextFormat]
    load: Callable[[], tuple[Sequence[ByteFormat], Sequence[ByteFormat]]] = lambda: ((), ())

    def infos(self) -> list[FormatInfo]:
        """Every format's description."""
        recognised, on_demand = self.load()
        return [form.info for form in self.text] + [form.info for form in (*recognised, *on_demand)]

    def check(self, name: str | None) -> None:
        """Raise :class:`UsageError` for a name that no format has."""
        if name is None or any(form.info.name == name for form in self.text):
            return
        known = [info.name for info in self.infos()]
        if name not in known:
            raise UsageError(f"no format {name!r}; formats: {', '.join(known)}")

    def is_listing(self, data: bytes) -> bool:
        """Whether the beginning of an input holds a router's listing."""
        head = Section(path="", text=data[:HEAD_BYTES].decode("latin-1"), line=1)
        return any(form.claims(head) for form in self.text)

    def of_bytes(self, data: bytes, *, only: str | None = None) -> ByteFormat | None:
        """The format that recognises an input by its beginning, or the one that is asked for by name."""
        self.check(only)
        if only is not None:
            if any(form.info.name == only for form in self.text):
                return None
            recognised, on_demand = self.load()
            return next((f for f in (*recognised, *on_demand) if f.info.name == only), None)
        head = data[:HEAD_BYTES]
        return next((form for form in self.load()[0] if form.recognises(head)), None)

    def read_text(self, path: str, data: bytes, *, only: str | None = None) -> Reading:
        """Read a text in all listing formats, or in one. Raises :class:`UsageError` for an unknown name."""
        from slowworm.sources.text.reader import read_text

        self.check(only)
        return read_text(path, data, [form for form in self.text if only in (None, form.info.name)])


def standard_formats() -> Formats:
    """What Slowworm reads out of the box."""
    from slowworm.sources.text.cache_flow import CacheFlow
    from slowworm.sources.text.flow_monitor import FlowMonitorCache
    from slowworm.sources.text.ip_accounting import IpAccounting
    from slowworm.sources.text.mls_entry import MlsEntry
    from slowworm.sources.text.mls_ip import MlsIp

    return Formats(
        text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()), load=_byte_formats
    )


@cache
def _byte_formats() -> tuple[Sequence[ByteFormat], Sequence[ByteFormat]]:
    from slowworm.sources import cloud, firewall, logs, nfcapd, tables
    from slowworm.sources.capture.pcap import PacketCapture
    from slowworm.sources.netflow.bare import NetflowFile
    from slowworm.sources.sflow.bare import SflowDatagrams

    recognised = (
        PacketCapture(),
        *nfcapd.FORMATS,
        *tables.FORMATS,
        NetflowFile(),
        SflowDatagrams(),
        *logs.FORMATS,
        *cloud.FORMATS,
        *firewall.FORMATS,
    )
    return recognised, (PacketCapture(packets=False), PacketCapture(exports=False))
