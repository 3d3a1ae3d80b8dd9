"""What nfdump prints: csv of two generations, JSON in an array and by the line, text in all its widths."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import SHARED

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.logs.nfdump_csv import NfdumpCsv
from slowworm.sources.logs.nfdump_json import NfdumpJson
from slowworm.sources.logs.nfdump_text import NfdumpText

LABELER = SHARED / "data" / "detection" / "netflowlabeler"
here = pytest.mark.skipif(not LABELER.exists(), reason="fixtures are not here")


def read(form: ByteFormat, text: str | bytes) -> Reading:
    data = text.encode() if isinstance(text, str) else text
    assert form.recognises(data)
    return form.read("x", data)


def rows(reading: Reading) -> list[dict[str, Any]]:
    found = []
    for batch in reading.batches:
        plain = batch.drop_columns(["start_time", "end_time"]).to_pydict()
        for name in ("start_time", "end_time"):
            plain[name] = [v.value for v in batch.column(name)]
        for name in ("src_addr", "dst_addr"):
            plain[name] = [str(a) for a in to_objects(batch.column(name))]
        found += [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    return sorted(found, key=lambda row: row["line"])


# The same four flows as nfdump 1.7.1 prints them; addresses replaced, columns as they were.
TAIL = (
    "Summary: total flows: 4, total bytes: 74.9 M, total packets: 78007, avg bps: 0, avg pps: 0, avg bpp: 0\n"
    "Time window: 2018-03-09 20:49:16 - 2018-03-09 20:59:58\n"
    "Total flows processed: 138, passed: 4, Blocks skipped: 0, Bytes read: 33844\n"
    "Sys: 0.0000s User: 0.0015s Wall: 0.0070s flows/second: 19782.4 Runtime: 0.0070s\n"
)
LINE6 = (
    "Date first seen             Duration     Proto                             Src IP Addr:Port      "
    "                           Dst IP Addr:Port   Packets    Bytes Flows\n"
    "2018-03-09 20:58:05.961     00:00:00.000 ICMP                           192.0.2.234:0     ->     "
    "                       192.168.2.16:3.1          1       65     1\n"
    "2018-03-09 20:49:16.520     00:00:00.000 ICMP6                 fe80::d2:4591:568e:c3d1.0     ->  "
    "                               ff02::2.133.0        1       48     1\n"
    "2018-03-09 18:15:48.049     00:35:55.052 UDP                             192.0.2.42:60589 ->     "
    "                       198.51.100.66:443      78000   74.9 M     1\n"
    "2018-03-09 20:52:16.781 1d 00:00:15.029 TCP                           192.168.2.16:49865 ->      "
    "                      203.0.113.26:23           5      300     1\n" + TAIL
)
EXTENDED6 = (
    "Date first seen             Duration     Proto   Src IP Addr:Port   Dst IP Addr:Port     Flags Tos  Packets "
    "   Bytes      pps      bps    Bpp Flows\n"
    "2018-03-09 20:58:05.961     00:00:00.000 ICMP   192.0.2.234:0     ->  192.168.2.16:3.1   ........   0        1"
    "       65        0        0     65     1\n"
    "2018-03-09 20:49:16.520     00:00:00.000 ICMP6  fe80::d2:4591:568e:c3d1.0 -> ff02::2.133.0 ........   0      1"
    "       48        0        0     48     1\n"
    "2018-03-09 18:15:48.049     00:35:55.052 UDP    192.0.2.42:60589 -> 198.51.100.66:443   ........   0    78000 "
    "  74.9 M       36    3.4 M    959     1\n"
    "2018-03-09 20:52:16.781 1d 00:00:15.029 TCP    192.168.2.16:49865 -> 203.0.113.26:23    ......S.   0        5"
    "      300        0      159     60     1\n" + TAIL
)
CSV_HEADER = (
    "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,"
    "ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr\n"
)


def csv_row(
    front: str, *, fwd: int = 0, out: str = "0,0", interfaces: str = "0,0", router: str = "0.0.0.0"
) -> str:
    times, addresses, flags, counters = front.split("|")
    macs = ",".join(["00:00:00:00:00:00"] * 4 + ["0-0-0"] * 10)
    return (
        f"{times},{addresses},{flags},{fwd},0,{counters},{out},{interfaces},0,0,0,0,0,0,0.0.0.0,0.0.0.0,0,0,{macs},"
        f"    0.000,    0.000,    0.000,{router},17/1,0,2026-11-22 12:10:34.506\n"
    )


CSV = (
    CSV_HEADER
    + csv_row(
        "2018-03-09 20:58:05,2018-03-09 20:58:05,0.000|192.0.2.234,192.168.2.16,0,769,ICMP|........|1,65"
    )
    + csv_row(
        "2018-03-09 20:49:16,2018-03-09 20:49:16,0.000|fe80::d2:4591:568e:c3d1,ff02::2,0,34048,ICMP6|........|1,48"
    )
    + csv_row(
        "2018-03-09 18:15:48,2018-03-09 18:51:43,2155.052|192.0.2.42,198.51.100.66,60589,443,UDP|........|"
        "78000,74900000"
    )
    + csv_row(
        "2018-03-09 20:52:16,2018-03-10 20:52:31,86415.029|192.168.2.16,203.0.113.26,49865,23,TCP|......S.|5,300"
    )
    + "Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n4,74900413,78007,0,0,0\n"
)
SHORT = (
    "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n"
    "2018-03-09 20:58:05.961,0.000,ICMP,192.0.2.234,0,192.168.2.16,3.1,1,65,1\n"
    "2018-03-09 20:49:16.520,0.000,ICMP6,fe80::d2:4591:568e:c3d1,0,ff02::2,133.0,1,48,1\n"
    "2018-03-09 18:15:48.049,00:35:55.052,UDP,192.0.2.42,60589,198.51.100.66,443,78000,74900000,1\n"
    "2018-03-09 20:52:16.781,86415.029,TCP,192.168.2.16,49865,203.0.113.26,23,5,300,1\n"
)


def json_object(*, lines: bool, **values: object) -> str:
    plain = [f'"{k}" : {v}' if isinstance(v, int) else f'"{k}" : "{v}"' for k, v in values.items()]
    return "{" + ",".join(plain).replace(" : ", ":") + "}" if lines else "{\n\t" + ",\n\t".join(plain) + "\n}"


def json_text(*, lines: bool) -> str:
    def one(
        first: str, last: str, proto: int, src: str, dst: str, packets: int, octets: int, **more: object
    ) -> str:
        version = 6 if ":" in src else 4
        return json_object(
            lines=lines, type="FLOW", sampled=0, export_sysid=0, first=f"2018-03-{first}", last=f"2018-03-{last}",
            received="2026-11-22T12:10:34.506", in_packets=packets, in_bytes=octets, proto=proto, **more,
            **{f"src{version}_addr": src, f"dst{version}_addr": dst}, label="<none>",
        )  # fmt: skip

    flows = [
        one("09T20:58:05.961", "09T20:58:05.961", 1, "192.0.2.234", "192.168.2.16", 1, 65, icmp_type=3, icmp_code=1),
        one("09T20:49:16.520", "09T20:49:16.520", 58, "fe80::d2:4591:568e:c3d1", "ff02::2", 1, 48,
            icmp_type=133, icmp_code=0),
        one("09T18:15:48.049", "09T18:51:43.101", 17, "192.0.2.42", "198.51.100.66", 78000, 74900000,
            src_port=60589, dst_port=443),
        one("09T20:52:16.781", "10T20:52:31.810", 6, "192.168.2.16", "203.0.113.26", 5, 300,
            src_port=49865, dst_port=23, tcp_flags="......S."),
    ]  # fmt: skip
    return "\n".join(flows) + "\n" if lines else "[\n" + ",\n".join(flows) + "]\n"


EXPECTED = [
    ("192.0.2.234", None, "192.168.2.16", None, 1, 3, 1, 1, 65, 1_520_629_085_961, 0),
    ("fe80::d2:4591:568e:c3d1", None, "ff02::2", None, 58, 133, 0, 1, 48, 1_520_628_556_520, 0),
    (
        "192.0.2.42",
        60589,
        "198.51.100.66",
        443,
        17,
        None,
        None,
        78_000,
        74_900_000,
        1_520_619_348_049,
        2_155_052,
    ),
    ("192.168.2.16", 49865, "203.0.113.26", 23, 6, None, None, 5, 300, 1_520_628_736_781, 86_415_029),
]


@pytest.mark.parametrize(
    ("form", "text", "milliseconds"),
    [
        (NfdumpText(), LINE6, True),
        (NfdumpText(), LINE6.partition("\n")[2], True),  # nfdump -q
        (NfdumpText(), LINE6.replace("     ", "\t"), True),
        (NfdumpText(), EXTENDED6, True),
        (NfdumpCsv(), CSV, False),
        (NfdumpCsv(), SHORT, True),
        (NfdumpCsv(), CSV.replace("\n", "\r\n"), False),
        (NfdumpJson(), json_text(lines=False), True),
        (NfdumpJson(), json_text(lines=True), True),
        (NfdumpJson(), json_text(lines=False).replace("\n", "\r\n"), True),
    ],
    ids=["line", "quiet", "tabs", "extended", "csv48", "csv10", "crlf", "json", "ndjson", "json-crlf"],
)
def test_the_same_flows_are_read_from_every_output(form: ByteFormat, text: str, milliseconds: bool) -> None:
    reading = read(form, text)
    assert (reading.formats, reading.problems) == (((form.info.name, 4),), ())
    unit = 1 if milliseconds else 1000
    found = [
        (
            *(
                r[n]
                for n in (
                    "src_addr",
                    "src_port",
                    "dst_addr",
                    "dst_port",
                    "protocol",
                    "icmp_type",
                    "icmp_code",
                )
            ),
            *(
                r["packets"],
                r["bytes"],
                r["start_time"] // 1_000_000,
                (r["end_time"] - r["start_time"]) // 1_000_000,
            ),
        )
        for r in rows(reading)
    ]
    assert found == [(*e[:-2], e[-2] // unit * unit, e[-1]) for e in EXPECTED]


def test_lines_are_those_of_the_input() -> None:
    assert [r["line"] for r in rows(read(NfdumpJson(), json_text(lines=False)))] == [2, 18, 34, 50]
    assert [r["line"] for r in rows(read(NfdumpText(), LINE6))] == [2, 3, 4, 5]


def test_counters_that_nfdump_rounded_are_noted() -> None:
    assert [(n.id, n.count) for n in read(NfdumpText(), LINE6).notes] == [("rounded-counters", 1)]


def test_flags_interfaces_router_and_drops_of_the_long_csv() -> None:
    front = (
        "2018-03-09 20:52:16,2018-03-09 20:52:31,15.029|192.168.2.16,203.0.113.26,49865,23,TCP|CE.APRSF|5,300"
    )
    text = (
        CSV_HEADER
        + csv_row(front, interfaces="9,0", router="192.0.2.1")
        + csv_row(front, fwd=130, interfaces="9,10")
    )
    seen, dropped = rows(read(NfdumpCsv(), text))
    assert (seen["tcp_flags"], seen["in_if"], seen["out_if"], seen["exporter"]) == (
        0xDF,
        "9",
        None,
        "192.0.2.1",
    )
    assert (dropped["out_if"], dropped["exporter"]) == ("Null", None)


def test_counters_of_both_directions_become_two_flows() -> None:
    front = (
        "2018-03-09 20:52:16,2018-03-09 20:52:31,15.029|192.168.2.16,203.0.113.26,49865,23,TCP|...AP.S.|5,300"
    )
    opener, answer = rows(read(NfdumpCsv(), CSV_HEADER + csv_row(front, out="4,1600", interfaces="1,2")))
    assert (opener["packets"], opener["tcp_flags"], opener["in_if"]) == (5, 0x1A, "1")
    assert (answer["src_addr"], answer["src_port"], answer["packets"], answer["bytes"]) == (
        "203.0.113.26",
        23,
        4,
        1600,
    )
    assert (answer["tcp_flags"], answer["in_if"]) == (None, None)
    bilong = (
        "Date first seen  Duration Proto  Src IP Addr:Port  Dst IP Addr:Port  Flags Tos"
        "  Out Pkt   In Pkt Out Byte  In Byte Flows\n"
        "2023-01-25 18:35:59.574     00:00:00.060 TCP   2001:db8::b5.38058 <->   2001:db8::5.80    ......S.   0   303"
        "   108   440984     8456     2\n"
    )
    found = rows(read(NfdumpText(), bilong))
    assert [(r["src_addr"], r["packets"], r["bytes"]) for r in found] == [
        ("2001:db8::b5", 108, 8456),
        ("2001:db8::5", 303, 440_984),
    ]


def test_shortened_ipv6_addresses_are_named_with_their_remedy() -> None:
    text = LINE6.replace("fe80::d2:4591:568e:c3d1", "fe80::d..8e:c3d1")
    reading = read(NfdumpText(), text)
    assert reading.flows == 3
    (problem,) = reading.problems
    assert (problem.where, problem.count) == ("x:3", 1)
    assert "nfdump -6" in problem.text


@here
def test_real_tab_separated_text_is_read() -> None:
    reading = read(NfdumpText(), (LABELER / "nfcapd.sample1").read_bytes())
    found = rows(reading)
    assert (len(found), reading.problems) == (35, ())
    first = found[0]
    assert (first["src_addr"], first["src_port"], first["dst_addr"], first["dst_port"]) == (
        "8.8.8.8",
        53,
        "10.0.0.150",
        49058,
    )
    assert (first["packets"], first["bytes"], first["tcp_flags"]) == (1, 126, None)
    assert (first["start_time"], first["end_time"]) == (1_373_331_623_040_000_000, 1_373_331_623_068_000_000)
    assert [r["tcp_flags"] for r in found if r["protocol"] == 6][:1] == [0x1B]
    assert [r["src_port"] for r in found if r["protocol"] == 2] == [None] * 3  # IGMP, printed with port 0


@here
def test_real_labels_are_kept() -> None:
    found = rows(read(NfdumpText(), (LABELER / "nfcapd.sample1.labeled").read_bytes()))
    assert {r["label"] for r in found} == {"Background", "Test-Label"}
    plain = rows(read(NfdumpText(), (LABELER / "nfcapd.sample1").read_bytes()))
    assert [r | {"label": None} for r in found] == plain


@here
def test_real_text_with_blanks_is_read() -> None:
    reading = read(NfdumpText(), (LABELER / "nfcapd.sample2").read_bytes())
    found = rows(reading)
    assert (len(found), reading.problems) == (167, ())
    assert (sum(r["packets"] for r in found), sum(r["bytes"] for r in found)) == (
        2032,
        512_792,
    )  # summed with awk
    assert found[0]["tcp_flags"] == 0x1E


def test_milliseconds_of_nfdump_1_6_are_a_number() -> None:
    text = json_text(lines=True).replace('"first"', '"t_first"').replace('"last"', '"t_last"')
    text = text.replace("18:15:48.049", "18:15:48.49").replace("20:49:16.520", "20:49:16.5")
    found = rows(read(NfdumpJson(), text))
    assert [r["start_time"] // 1_000_000 % 1000 for r in found] == [961, 5, 49, 781]


def test_bytes_that_repeat_the_packets_are_unknown() -> None:
    text = json_text(lines=True).replace('"in_bytes":300', '"in_bytes":5')
    reading = read(NfdumpJson(), text)
    assert [r["bytes"] for r in rows(reading)][-1] is None
    assert [(n.id, n.count) for n in reading.notes] == [("bytes-are-packets", 1)]


def test_firewall_events_are_actions_and_labels_are_kept() -> None:
    text = json_text(lines=False).replace(
        '"label" : "<none>"', '"event" : "DENY",\n\t"label" : "it\\"s {"', 1
    )
    found = rows(read(NfdumpJson(), text.replace('{"', '"')))
    assert (found[0]["action"], found[0]["label"]) == ("deny", 'it"s ')


def test_a_json_array_that_was_cut_gives_its_whole_objects() -> None:
    text = json_text(lines=False)
    reading = read(NfdumpJson(), text[: text.rindex('"dst_port"')])
    assert reading.flows == 3
    assert [(p.where, p.count) for p in reading.problems] == [("x:50", 1)]


def test_nothing_matched_is_no_problem() -> None:
    for form, text in ((NfdumpText(), LINE6), (NfdumpCsv(), CSV)):
        reading = read(form, text.splitlines()[0] + "\nNo matching flows\n")
        assert (reading.flows, reading.problems) == (0, ())
    assert NfdumpJson().read("x", b"[\nNo matching flows\n]\n").problems == ()


def test_statistics_are_no_flows() -> None:
    text = "ts,te,td,pr,val,fl,flP,ipkt,ipktP,ibyt,ibytP,ipps,ibps,ibpp\n2018,2018,1,any,192.0.2.1,1,1,1,1,1,1,1,1,1\n"
    assert not NfdumpCsv().recognises(text.encode())
    assert not NfdumpText().recognises(
        b"Top 1 IP Addr ordered by flows:\nDate first seen  Duration Proto  IP Addr  Flows(%)\n"
    )


def test_what_cannot_be_read_is_counted_with_its_place() -> None:
    text = (
        SHORT
        + SHORT.splitlines()[1][:40]
        + "\n"
        + SHORT.splitlines()[1].replace("192.0.2.234", "host")
        + "\n"
    )
    reading = read(NfdumpCsv(), text)
    assert reading.flows == 4
    assert [(p.where, p.count) for p in reading.problems] == [("x:6", 1), ("x:7", 1)]
    reading = read(
        NfdumpText(), LINE6 + "something else\n" + LINE6.splitlines()[1].replace("  65  ", "  6x  ")
    )
    assert [(p.where, p.text.split(":")[0]) for p in reading.problems] == [
        ("x:10", "a line that is no flow"),
        ("x:11", "bytes is no number"),
    ]
