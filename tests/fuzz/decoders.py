"""Each decoder as a function of messages that decodes and checks; what it gives is compared where it is asked twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import slowworm
from slowworm.errors import InputError, SlowwormError
from slowworm.sources.base import Problem
from slowworm.sources.byteformat import HEAD_BYTES, ByteFormat
from slowworm.sources.capture.flowcache import flows as assembled
from slowworm.sources.datagrams import Datagrams
from slowworm.sources.dns.messages import lookups_of
from slowworm.sources.formats import standard_formats
from slowworm.sources.inputs import read_bytes
from slowworm.sources.netflow.decode import decode as decode_netflow
from slowworm.sources.netflow.state import State
from slowworm.sources.nfcapd.lzo import LzoError, decompress
from slowworm.sources.packets.dissect import dissect
from slowworm.sources.packets.places import packet_problems
from slowworm.sources.packing import EXPANSION, EXPANSION_FREE, unpacked
from slowworm.sources.sflow.decode import decode as decode_sflow
from slowworm.sources.tables.parquet import LEAST_ROWS
from tests.fuzz import messages
from tests.fuzz.mutate import Messages
from tests.fuzz.oracles import check_account, check_batches, check_reading

PATH = "x"

Decode = Callable[[Messages], object]


def datagrams(given: Messages, exporters: int = 3) -> Datagrams:
    """Messages as what a capture or a socket gives, from a few exporters in turn."""
    return Datagrams(
        data=given.data,
        offset=given.offset,
        size=given.size,
        time=np.full(len(given), messages.SECONDS * 10**9, np.int64),
        exporter=np.arange(len(given), dtype=np.int64) % exporters,
        exporters=[f"192.0.2.{k}" for k in range(exporters)],
    )


def netflow(given: Messages) -> object:
    decoded = decode_netflow(datagrams(given), PATH)
    batches = [batch for _, batch in decoded.batches]
    check_batches(batches, len(given.data))
    check_account(decoded.problems, decoded.notes, PATH)
    return batches, decoded.problems, decoded.notes, decoded.versions


def held(given: Messages) -> object:
    """Two inputs of one hunt: data of the first may wait for templates of the second."""
    state = State(holds=True)
    every, found = datagrams(given), []
    first = np.arange(len(given)) < len(given) // 2
    for part in (first, ~first):
        decoded = decode_netflow(every.chosen(part), PATH, state)
        batches = [batch for _, batch in decoded.batches]
        for late in decoded.late:
            batches += [batch for _, batch in late.batches]
            check_account(late.problems, late.notes, PATH)
        check_batches(batches, len(given.data))
        check_account(decoded.problems, decoded.notes, PATH)
        found.append((batches, decoded.problems))
    return found, [h.offset for h in state.given_up()]


def sflow(given: Messages) -> object:
    times = np.full(len(given), messages.SECONDS * 10**9, np.int64)
    decoded = decode_sflow(given.data, given.offset, given.size, times, path=PATH)
    check_batches(decoded.batches, len(given.data))
    check_account(decoded.problems, decoded.notes, PATH)
    return decoded.batches, decoded.problems, decoded.counters


def packets(given: Messages) -> object:
    """The first two octets of each message are its link type."""
    view = np.frombuffer(given.data or b"\0\0", np.uint8)
    at = given.offset[given.size >= 2]
    link = view[at].astype(np.int64) << 8 | view[at + 1]
    packets = dissect(given.data, at + 2, given.size[given.size >= 2] - 2, link)
    times = np.arange(len(at), dtype=np.int64) * 10**8 + messages.SECONDS * 10**9
    batches = assembled(packets, times)
    check_batches(batches, len(given.data))
    check_account(packet_problems(PATH, packets, at), (), PATH)
    ends = given.offset[given.size >= 2] + given.size[given.size >= 2]
    seen = lookups_of(given.data, packets, times)
    for found in seen.lookups:
        assert found.answer is None or len(found.answer) == len(found.client)
    there = packets.payload_size > 0
    assert (packets.payload_at[there] + packets.payload_size[there] <= ends[there]).all()
    return batches, packets.problem.tolist(), seen.short


def of_format(form: ByteFormat, *, rows_per_byte: float = 0.5, times: bool = True) -> Decode:
    def run(given: Messages) -> object:
        data = given.data
        form.recognises(data[:HEAD_BYTES])
        reading = form.read(PATH, data)
        check_reading(reading, len(data), rows_per_byte=rows_per_byte, times=times)
        return reading

    return run


def parquet(form: ByteFormat) -> Decode:
    """Run lengths may say many rows with few bytes; the reader has a bound of its own. Times are taken as they are."""
    return of_format(form, rows_per_byte=LEAST_ROWS, times=False)


def anything(given: Messages) -> object:
    try:
        reading = read_bytes(PATH, given.data, standard_formats())
    except InputError as error:
        return str(error)
    check_reading(reading, len(given.data) + EXPANSION_FREE, times=False)
    return reading


def lzo(given: Messages) -> object:
    found: list[object] = []
    for part in given.parts():
        for cut in (False, True):
            try:
                plain = decompress(part, 100_000, cut=cut)
            except LzoError as error:
                found.append(str(error))
                continue
            assert len(plain) <= 100_000 + 255
            found.append(plain)
    return found


def packed(given: Messages) -> object:
    try:
        data, damage = unpacked(PATH, given.data)
    except InputError as error:
        return str(error)
    assert len(data) <= max(EXPANSION_FREE, EXPANSION * len(given.data))
    assert all(isinstance(d, Problem) for d in damage)
    return data, damage


def of_listing(given: Messages) -> object:
    try:
        reading = standard_formats().read_text(PATH, given.data)
    except InputError as error:
        return str(error)
    check_reading(reading, len(given.data))
    return reading


def hunt(given: Messages) -> object:
    """All the way to verdicts: what a decoder lets through must not break what comes behind it."""
    try:
        result = slowworm.hunt(given.data, everyone=True)
    except SlowwormError as error:
        return str(error)
    return result.verdicts, result.notes
