"""nfcapd's files as a format: recognised, read, and what has to be said about them."""

from __future__ import annotations

from slowworm.sources.base import FormatInfo, Note, Reading
from slowworm.sources.nfcapd import layout
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.blocks import blocks, header
from slowworm.sources.nfcapd.flows import Told, survey, to_batch
from slowworm.sources.nfcapd.records import Pool

INFO = FormatInfo(
    name="nfcapd",
    title="nfdump file (nfcapd, sfcapd, nfpcapd; nfdump 1.6 and 1.7)",
    commands=(),
    carries="times, addresses, ports, ICMP types, TCP flags, counters, interfaces, exporter, sampling, NSEL events",
    lacks="interface names; counters as exported, where the sampling rate is not in the file",
)


class NfcapdFormat:
    """Binary files of nfdump, layouts 1 and 2, plain or compressed."""

    @property
    def info(self) -> FormatInfo:
        """Name and description."""
        return INFO

    def recognises(self, head: bytes) -> bool:
        """By the magic number in either byte order, and a layout that is or may come to be."""
        if len(head) < 4:
            return False
        order = "little" if head[0] == layout.MAGIC & 0xFF else "big"
        magic, version = (int.from_bytes(head[k : k + 2], order) for k in (0, 2))  # type: ignore[arg-type]
        return magic == layout.MAGIC and 1 <= version <= MAX_LAYOUT

    def read(self, path: str, data: bytes) -> Reading:
        """All flows of a file."""
        account = Account(path=path)
        pool = Pool(account=account)
        head = header(data, account)
        if head is not None:
            for block in blocks(data, head, account):
                pool.add(block)
            pool.decode()
        told = survey(rows for found in pool.found.values() for rows in found)
        batches = []
        for version, found in pool.found.items():
            while found:
                batch = to_batch(found.pop(0), version, account, told)
                if batch is not None:
                    batches.append(batch)
        return Reading(
            path=path,
            formats=((INFO.name, sum(b.num_rows for b in batches)),),
            batches=tuple(batches),
            problems=account.problems,
            notes=tuple(_notes(account, told)),
        )


MAX_LAYOUT = 9
"""A layout that is not known yet is recognised, so that the message can say what it is."""


def _notes(account: Account, told: Told) -> list[Note]:
    notes = []
    if told.scaled:
        text = "nfcapd had multiplied packets and bytes by the sampling rate: divided again, sampling_rate is set"
        notes.append(Note(id="nfcapd-sampling-undone", text=text, count=told.scaled))
    if told.unscaled:
        text = "packets and bytes are multiplied by a sampling rate that is not in the file or not certain"
        notes.append(Note(id="nfcapd-sampling-unknown", text=text, count=told.unscaled))
    if told.created:
        text = "NSEL events of opened connections, left out: the event of their end is in the file and has counters"
        notes.append(Note(id="nsel-created", text=text, count=told.created))
    if told.nat_events:
        text = "NAT events that are no new session (deleted, port blocks, limits): not flows"
        notes.append(Note(id="nat-events", text=text, count=told.nat_events))
    if account.lost_exports:
        text = "gaps in the sequence numbers of the exports: flows that never reached the collector"
        notes.append(Note(id="export-packets-lost", text=text, count=account.lost_exports))
    if account.announced is not None and account.problems and account.announced > account.records:
        text = (
            f"the file's own statistics speak of {account.announced} flows, {account.records} could be read"
        )
        notes.append(Note(id="nfcapd-flows-missing", text=text, count=account.announced - account.records))
    return notes
