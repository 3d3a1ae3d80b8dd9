"""Rows of Zeek's conn.log as connections: both directions, labels, ICMP, what the states and histories prove."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.connections import Connections, Side
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.lines import Account, Bools, Chunk
from slowworm.sources.logs.protocols import protocol_number
from slowworm.sources.logs.zeek_rows import Rows
from slowworm.sources.logs.zeek_words import answered_by_state, history_flags, icmp_of_ports, state_flags


def connections(piece: Rows) -> Connections:
    """One connection a row; rows without good addresses become no flows."""
    numbers, words = piece.numbers, piece.words
    src, dst = hosts(words["id.orig_h"]), hosts(words["id.resp_h"])
    protocol = numbers["ip_proto"].within(0, 255).otherwise(words["proto"].mapped(protocol_number))
    six = protocol.known & (protocol.values == 1) & (src.version == 6)
    protocol = Numbers(values=np.where(six, 58, protocol.values), known=protocol.known)
    icmp_type, icmp_code = icmp_of_ports(protocol, numbers["id.orig_p"], numbers["id.resp_p"])
    from_history, from_state = history_flags(words["history"]), state_flags(words["conn_state"])
    unwritten = words["history"].size == 0
    flags = [h.otherwise(s.where(unwritten)) for h, s in zip(from_history, from_state, strict=True)]
    orig, resp = numbers["orig_pkts"], numbers["resp_pkts"]
    spoke = answered_by_state(words["conn_state"]).fill(0) > 0
    spoke |= from_history[1].known | (numbers["resp_bytes"].fill(0) > 0)
    answered = np.where(resp.known, resp.values > 0, spoke)
    # Zeek may have seen the answer only: then the opener has no flow.
    sent = ~(orig.known & (orig.values == 0) & answered)
    start, duration = numbers["ts"], numbers["duration"]
    single = orig.known & resp.known & (orig.values + resp.values <= 1)
    lasted = duration.otherwise(Numbers(values=np.zeros_like(duration.values), known=single))
    text = {}
    if words["label"].size.any() or words["detailed-label"].size.any():
        text["label"] = _labels(words["label"], words["detailed-label"])
    if words["peer"].size.any():
        text["exporter"] = words["peer"].names()
    return Connections(
        line=piece.line,
        start=start,
        end=Numbers(values=start.values + lasted.values, known=start.known & lasted.known),
        protocol=protocol,
        opener=Side(
            host=src, port=numbers["id.orig_p"], packets=orig, octets=numbers["orig_ip_bytes"], flags=flags[0]
        ),
        answerer=Side(
            host=dst, port=numbers["id.resp_p"], packets=resp, octets=numbers["resp_ip_bytes"], flags=flags[1]
        ),
        sent=sent,
        answered=answered,
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        text=text,
    )


def of_other_logs(piece: Rows) -> tuple[Bools, Bools]:
    """Rows that name another log, and rows without anything that only conn.log has."""
    log = piece.words["_path"].mapped(lambda text: int(text.startswith("conn")))
    bare: Bools = (piece.words["conn_state"].size == 0) & ~piece.numbers["orig_pkts"].known
    return log.known & (log.values == 0), bare


def _labels(label: Cells, detail: Cells) -> pa.Array:
    """``Malicious PartOfAHorizontalPortScan``: the detail behind the label, where there is one."""
    plain = label.names().dictionary_decode()
    return (
        pc.binary_join_element_wise(
            plain, detail.names().dictionary_decode(), " ", null_handling="skip"
        ).dictionary_encode()
        if detail.size.any()
        else label.names()
    )


def count_bad(piece: Rows, keep: Bools, account: Account, chunk: Chunk) -> None:
    """Count cells of the rows ``keep`` that are no numbers where there should be one."""
    for name, numbers in piece.numbers.items():
        written = piece.words.get(name)
        if written is not None:
            bad = keep & ~numbers.known & (written.size > 0)
            account.add(f"{name} is no number", piece.line[bad], chunk)
