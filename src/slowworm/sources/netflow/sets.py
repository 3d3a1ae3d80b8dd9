"""Walking NetFlow v9 and IPFIX messages: sets to templates, and data sets grouped by their template."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from slowworm.sources.datagrams import Datagrams
from slowworm.sources.netflow.account import Account
from slowworm.sources.netflow.templates import Domain, Template, Templates, parse_ipfix, parse_v9

V9_HEADER, IPFIX_HEADER = 20, 16

MAX_WAITING = 100_000
"""Data sets kept until their template comes; further ones without a template are counted as lost."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set: where its records are, and the header of its message.

    ``message``: index into the walk's messages; ``export``: ns since 1970; ``uptime``: ms of the exporter at
    export, -1 in IPFIX.
    """

    begin: int
    end: int
    message: int
    export: int
    uptime: int


@dataclass(slots=True)
class Walk:
    """The data sets of many messages, by template: ``groups`` (exporter, version, domain, template) → sets."""

    groups: dict[tuple[int, int, int, Template], list[DataSet]] = field(default_factory=dict)
    messages: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """(exporter, version, domain, sequence, offset) of each message, in order."""
    unread: set[int] = field(default_factory=set)
    """Messages with data of which it is not known how many records they are."""
    waiting: list[tuple[Domain, int, DataSet]] = field(default_factory=list)
    """Data sets whose template is not known, with its domain and number."""
    learnt: set[tuple[Domain, int]] = field(default_factory=set)
    """Templates that these messages brought."""


def walk(datagrams: Datagrams, chosen: Iterable[int], templates: Templates, account: Account) -> Walk:
    """Walk the messages ``chosen`` (indices). Data before their template wait for it until the end."""
    result = Walk()
    view = memoryview(datagrams.data)
    for i in chosen:
        begin, size = int(datagrams.offset[i]), int(datagrams.size[i])
        exporter = int(datagrams.exporter[i])
        at, end = begin, begin + size
        # A file of bare messages, or a TCP stream, may hold several in one piece.
        while at + 2 <= end:
            length = _message(view, at, end, exporter, templates, account, result)
            if length <= 0:
                break
            at += length
    waiting, result.waiting = result.waiting, []
    for key, number, data_set in waiting:
        template = templates.get(key, number)
        if template is None:
            result.unread.add(data_set.message)
            result.waiting.append((key, number, data_set))
        else:
            result.groups.setdefault((*key, template), []).append(data_set)
    if templates.refused:
        account.add("template-refused", exporter=0, version=9, n=templates.refused)
        templates.refused = 0
    return result


def _message(
    view: memoryview,
    at: int,
    end: int,
    exporter: int,
    templates: Templates,
    account: Account,
    result: Walk,
) -> int:
    """One message: its length, or 0 where nothing further can be read."""
    version = struct.unpack_from(">H", view, at)[0]
    if version == 9 and at + V9_HEADER <= end:
        _, uptime, seconds, sequence, domain = struct.unpack_from(">HIIII", view, at + 2)
        first, stop = at + V9_HEADER, end
    elif version == 10 and at + IPFIX_HEADER <= end:
        length, seconds, sequence, domain = struct.unpack_from(">HIII", view, at + 2)
        uptime, first = -1, at + IPFIX_HEADER
        if length < IPFIX_HEADER:
            account.add("malformed-set", exporter=exporter, version=10, domain=domain, offset=at)
            return 0
        stop = min(end, at + length)
        if at + length > end:
            account.add("truncated", exporter=exporter, version=10, domain=domain, offset=at)
    else:
        account.add("truncated", exporter=exporter, version=version, offset=at)
        return 0
    result.messages.append((exporter, version, domain, sequence, at))
    here = first
    while here + 4 <= stop:
        number, length = struct.unpack_from(">HH", view, here)
        if version == 9 and number == 9:  # no set has this number: the next message of a file of messages
            return here - at
        if length < 4 or here + length > stop:
            if not (number == 0 and length == 0):  # padding behind the last set
                what = "truncated" if length > 4 and here + length > stop else "malformed-set"
                account.add(what, exporter=exporter, version=version, domain=domain, offset=here)
            if length <= 4 or number < 256:
                break
            length = stop - here  # the records that are there in full
        body = view[here + 4 : here + length]
        if number < 256:
            _learn(body, number, exporter, version, domain, templates, account, result, here)
        else:
            data_set = DataSet(here + 4, here + length, len(result.messages) - 1, seconds * 10**9, uptime)
            template = templates.get((exporter, version, domain), number)
            if template is not None:
                result.groups.setdefault((exporter, version, domain, template), []).append(data_set)
                if ((exporter, version, domain), number) not in result.learnt:
                    account.add(
                        "template-elsewhere", exporter=exporter, version=version, domain=domain, offset=here
                    )
            elif len(result.waiting) < MAX_WAITING:
                result.waiting.append(((exporter, version, domain), number, data_set))
            else:
                result.unread.add(data_set.message)
                account.add("no-template", exporter=exporter, version=version, domain=domain, detail=number,
                            offset=here)  # fmt: skip
        here += length
    return stop - at if version == 10 else 0


def _learn(
    body: memoryview,
    number: int,
    exporter: int,
    version: int,
    domain: int,
    templates: Templates,
    account: Account,
    result: Walk,
    offset: int,
) -> None:
    """Template sets: 0 and 1 of NetFlow v9, 2 and 3 of IPFIX."""
    if (version, number) not in ((9, 0), (9, 1), (10, 2), (10, 3)):
        account.add(
            "reserved-set", exporter=exporter, version=version, domain=domain, detail=number, offset=offset
        )
        return
    options = number in (1, 3)
    parse = parse_v9 if version == 9 else parse_ipfix
    for template_id, template in parse(body, options=options):
        if template is None:
            account.add("malformed-template", exporter=exporter, version=version, domain=domain,
                        detail=template_id, offset=offset)  # fmt: skip
        elif not template.elements and version == 10:
            templates.withdraw((exporter, version, domain), template_id)
        else:
            kind = "options-template" if template.scopes else "template"
            account.add(
                kind, exporter=exporter, version=version, domain=domain, detail=template_id, offset=offset
            )
            templates.put((exporter, version, domain), template_id, template)
            result.learnt.add(((exporter, version, domain), template_id))
