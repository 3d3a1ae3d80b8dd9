"""NetFlow and IPFIX of the inputs of one request: what one input teaches serves the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slowworm.sources.base import Reading
from slowworm.sources.datagrams import Datagrams
from slowworm.sources.netflow.account import Account
from slowworm.sources.netflow.decode import Decoded, Late, decode
from slowworm.sources.netflow.state import State
from slowworm.sources.reading import reading


class Exports:
    """A decoder for input after input. Unless it is ``shared``, each input stands for itself."""

    def __init__(self, *, shared: bool = False) -> None:
        self._state = State(holds=True) if shared else None
        self._late: list[Late] = []

    def decode(self, datagrams: Datagrams, path: str) -> Decoded:
        """The flows of one input; data whose template did not come yet wait for the inputs that follow."""
        decoded = decode(datagrams, path, self._state)
        self._late += decoded.late
        return decoded

    def rest(self) -> Iterator[Reading]:
        """What belongs to inputs that were read before: flows whose template came later, and data without any."""
        late, self._late = self._late, []
        for one in late:
            yield replace(reading(one.path, one), continues=True)
        if self._state is None:
            return
        lost: dict[str, Account] = {}
        for held in self._state.given_up():
            account = lost.setdefault(held.path, Account(path=held.path, exporters=self._state.exporters))
            exporter, version, domain = held.domain
            account.add("no-template", exporter=exporter, version=version, domain=domain, detail=held.number,
                        offset=held.offset)  # fmt: skip
        for path, account in lost.items():
            yield Reading(path=path, problems=account.problems(), continues=True)
