"""The formats this installation writes: an instance, built where it is needed, not a global."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from slowworm.errors import UsageError
from slowworm.sinks.base import Sink, SinkInfo
from slowworm.sinks.files import STDOUT, packing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Sinks, found by their name or by the suffix of a file."""

    sinks: Sequence[Sink]

    def infos(self) -> list[SinkInfo]:
        """Every format's description."""
        return [sink.info for sink in self.sinks]

    def choose(self, name: str | None, path: str | None) -> Sink:
        """The sink asked for by ``name``, else the one that the suffix of ``path`` means.

        Raises :class:`UsageError` for an unknown name, where neither says enough, and where they contradict.
        """
        known = ", ".join(info.name for info in self.infos())
        suffix, packing = _suffixes(path)
        meant = [sink for sink in self.sinks if suffix in sink.info.suffixes]
        if name is not None:
            found = next((sink for sink in self.sinks if sink.info.name == name), None)
            if found is None:
                raise UsageError(f"no output format {name!r}; output formats: {known}")
            if meant and found not in meant:
                others = " or ".join(sink.info.name for sink in meant)
                raise UsageError(f"{path}: the name says {others}, not {name}; name the file otherwise")
        else:
            found = next((sink for sink in meant if suffix in sink.info.claims), None)
            if found is None:
                raise UsageError(_undecided(path, suffix, meant, known))
        if packing and found.info.packs:
            raise UsageError(f"{path}: {found.info.name} is packed within; leave {packing} out of the name")
        return found


def _undecided(path: str | None, suffix: str, meant: Sequence[Sink], known: str) -> str:
    if path is None or path == STDOUT:
        return f"say which format to write: --to {known}"
    if meant:
        return f"{path}: say what to put in it: --to {', '.join(sink.info.name for sink in meant)}"
    said = f"the name ending {suffix!r} means no output format" if suffix else "the name says no format"
    return f"{path}: {said}; say it with --to {known}"


def _suffixes(path: str | None) -> tuple[str, str]:
    """The suffix that says the format, and that of a packing behind it."""
    if path is None or path == STDOUT:
        return "", ""
    found = PurePath(path)
    packing = found.suffix if packing_of(path) else ""
    return (PurePath(found.stem) if packing else found).suffix.lower(), packing


def standard_outputs() -> Outputs:
    """What Slowworm writes out of the box."""
    from slowworm.sinks.exports.netflow_v5 import NetflowV5
    from slowworm.sinks.exports.templated import Ipfix, NetflowV9
    from slowworm.sinks.flow_csv import FlowCsv
    from slowworm.sinks.flow_parquet import FlowParquet
    from slowworm.sinks.json_lines import JsonLines
    from slowworm.sinks.nfdump_csv import NfdumpCsv

    return Outputs(
        sinks=(FlowParquet(), FlowCsv(), JsonLines(), NfdumpCsv(), NetflowV5(), NetflowV9(), Ipfix())
    )
