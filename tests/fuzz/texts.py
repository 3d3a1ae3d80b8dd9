"""Texts to be mutated: the samples of the readers' own tests, and pieces that text readers stumble over."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.formats import standard_formats
from tests.sources.logs import test_argus_binetflow as argus
from tests.sources.logs import test_nfdump_printed as nfdump
from tests.sources.logs import test_suricata_eve as suricata
from tests.sources.logs import test_zeek_conn as zeek
from tests.sources.tables.test_any_damage import SAMPLES
from tests.sources.text import test_flow_monitor as monitor
from tests.sources.text import test_mls_entry as mls_entry
from tests.sources.text import test_mls_ip as mls_ip
from tests.support import EXAMPLES, accounting, healthy_network, listing

_WORDS = (
    b"\n \t \r\n \x00 \xff \xe2\x80\xa8 \x1b[2K --More-- Router# 0.0.0.0 255.255.255.255 999.1.1.1 :: fe80::1%eth0 "
    b"::ffff:1.2.3.4 -1 0 1e999 1e-9 nan inf 0x 0xFFFF 18446744073709551616 99999999999999999999999999 999K 9.9G "
    b"1970-01-01 9999-12-31T23:59:60Z 2024-02-30 -0700 +99:99 , ; \" ' \\ \\u0000 \\ud800 { } [ ] {} [] null true "
    b'"": %ASA-6-302013: SRC= DST= PROTO= #fields #types #separator - -> <-> tcp icmp ipv6-icmp 58 *'
)
TOKENS = (*_WORDS.split(b" "), b"\n\n", b" ", b"9" * 400, b"[" * 2000, b'{"a":' * 2000, b"," * 500)
"""Numbers beyond every column, dates that are none, brackets without end."""

LISTINGS: tuple[bytes, ...] = (
    listing(healthy_network(3, clients=3)[:40]).encode(),
    (EXAMPLES / "codered-netflow.txt").read_bytes()[:4000],
    (EXAMPLES / "mls-destination-only.txt").read_bytes()[:4000],
    accounting([("10.0.0.1", "192.0.2.1", 3, 144), ("10.0.0.2", "192.0.2.2", 1, 40)]).encode(),
    *(
        f"R1#show flow monitor M cache\n{text}R1#\n".encode()
        for text in (monitor.TABLE, monitor.RECORD, monitor.CSV)
    ),
    *(f"sup> (enable) show mls entry\n{text}".encode() for text in (mls_entry.SHORT, mls_entry.LONG)),
    f"R1#show mls netflow ip\n{mls_ip.SUP720}R1#show mls netflow ip detail\n{mls_ip.DETAIL}".encode(),
)


def _zeek_json() -> str:
    one = {"ts": 1700000000.5, "uid": "C1", "id.orig_h": "10.0.0.1", "id.orig_p": 4000, "id.resp_h": "10.0.0.2",
           "id.resp_p": 23, "proto": "tcp", "conn_state": "S0", "history": "S", "orig_pkts": 1, "orig_ip_bytes": 60,
           "resp_pkts": 0, "resp_ip_bytes": 0, "duration": 0.25}  # fmt: skip
    return "\n".join(json.dumps({**one, "uid": f"C{k}"}) for k in range(4)) + "\n"


ZEEK_DNS = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tqtype_name\trcode_name\tanswers\tTTLs\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring\tstring\tvector[string]\tvector[interval]\n"
    "1500000000.25\tC1\t10.0.0.1\t4000\t10.0.0.53\t53\tudp\twww.example.net\tA\tNOERROR\tx.example.net,192.0.2.9\t9,9\n"
    "1500000001.5\tC2\t2001:db8::1\t4001\t2001:db8::53\t53\tudp\twww.example.net\tAAAA\tNOERROR\t2001:db8::9\t9\n"
    "1500000002.5\tC3\t10.0.0.1\t4002\t10.0.0.53\t53\tudp\tnone.example.net\tA\tNXDOMAIN\t-\t-\n"
)
ZEEK_OTHER = ZEEK_DNS.replace("#path\tdns", "#path\thttp").replace("answers", "host")
OWN_JSON = "".join(
    json.dumps({"src_addr": a, "dst_addr": b, "protocol": 6, "dst_port": 445, "packets": 1, "action": "deny",
                "start_time": "2024-05-01T12:00:00.000000001Z", "resolved": False, "in_if": "Gi0/1"}) + "\n"
    for a, b in (("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2"), ("10.0.0.1", "10.0.0.3"))
)  # fmt: skip

TEXTS: dict[str, tuple[str, str]] = {
    "zeek-tsv": ("zeek-conn", zeek.HEADER + zeek.line() + zeek.line(oh="2001:db8::1", rh="2001:db8::2")),
    "zeek-json": ("zeek-conn", _zeek_json()),
    "zeek-dns": ("zeek-dns", ZEEK_DNS),
    "zeek-other": ("zeek-other", ZEEK_OTHER),
    "suricata-eve": ("suricata-eve", "\n".join([json.dumps(suricata.FLOW)] * 3)),
    "nfdump-text": ("nfdump-text", nfdump.LINE6),
    "nfdump-extended": ("nfdump-text", nfdump.EXTENDED6),
    "nfdump-csv": ("nfdump-csv", nfdump.CSV),
    "nfdump-short-csv": ("nfdump-csv", nfdump.SHORT),
    "nfdump-json": ("nfdump-json", nfdump.json_text(lines=False)),
    "nfdump-json-lines": ("nfdump-json", nfdump.json_text(lines=True)),
    "argus": (
        "argus-binetflow",
        argus.CTU + "\n" + argus.record() * 3 + argus.record(state="CON", proto="udp"),
    ),
    "slowworm-jsonl": ("slowworm-jsonl", OWN_JSON),
}
"""Name → format and sample."""


def parquets() -> list[bytes]:
    """Flow tables in Parquet, in every encoding of texts, both versions of pages, several row groups."""
    count = 50
    columns = {
        "src_addr": pa.array(range(count), pa.uint32()),
        "dst_addr": pa.array([0x0A000001] * count, pa.uint32()),
        "start_time": pa.array([10**18, None] * (count // 2), pa.timestamp("ns", "UTC")),
        "packets": pa.array(range(count), pa.uint64()),
        "label": pa.array([f"label {k % 3}" for k in range(count)]),
    }
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"compression": "zstd", "row_group_size": 20, "store_schema": False},
        {"use_dictionary": False, "data_page_version": "2.0"},
        {
            "use_dictionary": False,
            "column_encoding": {"label": "DELTA_BYTE_ARRAY", "packets": "DELTA_BINARY_PACKED"},
        },
    )
    made = []
    for how in ways:
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink, **how)
        made.append(sink.getvalue())
    text = pa.table(
        {**columns, "src_addr": pa.array(["2001:db8::1"] * count), "dst_addr": pa.array(["::1"] * count)}
    )
    pq.write_table(text, sink := io.BytesIO())
    return [*made, sink.getvalue()]


@cache
def samples() -> dict[str, tuple[ByteFormat, bytes]]:
    """A sample of every log, firewall, cloud and table format with its reader."""
    forms = {form.info.name: form for part in standard_formats().load() for form in part}
    return {name: (forms[form], text.encode()) for name, (form, text) in TEXTS.items()} | dict(SAMPLES)
