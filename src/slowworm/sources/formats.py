"""The formats this installation reads: an instance, built where it is needed, not a global."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from slowworm.errors import UsageError
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.byteformat import HEAD_BYTES, ByteFormat
from slowworm.sources.session import Section
from slowworm.sources.text.base import TextFormat

if TYPE_CHECKING:
    from slowworm.sources.netflow.exports import Exports
    from slowworm.sources.tables.mapping import Mapping

MAPPED = "mapped-table"
"""The format that needs a mapping file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """Listings found in text, in the order in which they are tried, and formats recognised by their bytes.

    ``load``: gives the latter, and those that are used only where they are asked for by name. They are imported
    when the first input comes that is no router's listing: a pasted capture must not wait for them.
    """

    text: Sequence[TextFormat]
    load: Callable[[], tuple[Sequence[ByteFormat], Sequence[ByteFormat]]] = lambda: ((), ())
    rest: Callable[[], Iterable[Reading]] = lambda: ()
    """What is left to say of inputs when all have been read."""

    def infos(self) -> list[FormatInfo]:
        """Every format's description."""
        recognised, on_demand = self.load()
        return [form.info for form in self.text] + [form.info for form in (*recognised, *on_demand)]

    def check(self, name: str | None) -> None:
        """Raise :class:`UsageError` for a name that no format has."""
        if name is None or any(form.info.name == name for form in self.text):
            return
        known = list(dict.fromkeys(info.name for info in self.infos()))
        if name == MAPPED and name not in known:
            raise UsageError(f"{MAPPED} needs --mapping FILE, which says which of its columns is which")
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


def standard_formats(mapping: Mapping | None = None) -> Formats:
    """What Slowworm reads out of the box; with a ``mapping`` tables of any make as well, by it."""
    from slowworm.sources.text.cache_flow import CacheFlow
    from slowworm.sources.text.flow_monitor import FlowMonitorCache
    from slowworm.sources.text.ip_accounting import IpAccounting
    from slowworm.sources.text.mls_entry import MlsEntry
    from slowworm.sources.text.mls_ip import MlsIp

    loaded = _ByteFormats(mapping)
    return Formats(
        text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()),
        load=lambda: loaded.formats,
        rest=loaded.rest,
    )


class _ByteFormats:
    """Formats read from bytes, built when the first input needs them; exports remember templates between inputs."""

    def __init__(self, mapping: Mapping | None) -> None:
        self._mapping = mapping
        self._netflow: Exports | None = None

    @cached_property
    def formats(self) -> tuple[Sequence[ByteFormat], Sequence[ByteFormat]]:
        """Those that are recognised, in the order in which they are tried, and those used only when asked for."""
        from slowworm.sources import cloud, firewall, logs, nfcapd, tables
        from slowworm.sources.capture.pcap import PacketCapture
        from slowworm.sources.netflow.bare import NetflowFile
        from slowworm.sources.netflow.exports import Exports
        from slowworm.sources.sflow.bare import SflowDatagrams

        netflow = self._netflow = Exports(shared=True)
        recognised: tuple[ByteFormat, ...] = (
            PacketCapture(netflow=netflow),
            *nfcapd.FORMATS,
            *tables.FORMATS,
            NetflowFile(netflow),
            SflowDatagrams(),
            *logs.FORMATS,
            *cloud.FORMATS,
            *firewall.FORMATS,
        )
        if self._mapping is not None:
            from slowworm.sources.tables.mapped import MappedTable

            # Before all others; and last of all, so that a table it does not fit is told what it lacks.
            recognised = (MappedTable(self._mapping), *recognised, MappedTable(self._mapping, any_table=True))
        on_demand = (
            PacketCapture(packets=False, netflow=netflow),
            PacketCapture(exports=False, netflow=netflow),
        )
        return recognised, on_demand

    def rest(self) -> Iterable[Reading]:
        """See :attr:`Formats.rest`."""
        return () if self._netflow is None else self._netflow.rest()
