"""Logs of flow tools: Zeek, Argus, Suricata, nfdump's printed output."""

from __future__ import annotations

from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.logs.argus import ArgusBinetflow
from slowworm.sources.logs.nfdump_csv import NfdumpCsv
from slowworm.sources.logs.nfdump_json import NfdumpJson
from slowworm.sources.logs.nfdump_text import NfdumpText
from slowworm.sources.logs.suricata import SuricataEve
from slowworm.sources.logs.zeek import ZeekConn, ZeekDns, ZeekOther

FORMATS: tuple[ByteFormat, ...] = (
    ZeekConn(),
    ZeekDns(),
    ZeekOther(),
    SuricataEve(),
    NfdumpJson(),
    NfdumpCsv(),
    NfdumpText(),
    ArgusBinetflow(),
)
"""In the order in which they are tried."""
