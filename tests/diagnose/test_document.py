"""The captures of document 12808 give their facts exactly, as printed and collapsed, and what its text says of them."""

from __future__ import annotations

import pytest
from tests.diagnose import samples
from tests.diagnose.support import fact, findings
from tests.support import collapsed

from slowworm.diagnose.show.adjacency import AdjacencySummary
from slowworm.diagnose.show.cef import CefSummary
from slowworm.diagnose.show.ip_cache import FastCache
from slowworm.diagnose.show.log import LoggingState, MallocFail
from slowworm.diagnose.show.memory import MemoryAllocations
from slowworm.diagnose.show.processes_memory import ProcessesMemory

FORMS = pytest.mark.parametrize("form", [str, collapsed], ids=["printed", "collapsed"])


@FORMS
@pytest.mark.parametrize("sample", [samples.CACHE, samples.CACHE_VERBOSE], ids=["plain", "verbose"])
def test_the_fast_cache(sample: str, form: type[str]) -> None:
    cache = fact(FastCache, form(sample))
    assert (cache.entries, cache.bytes, cache.adds, cache.invalidates) == (2, 332, 27, 25)
    assert (cache.ager_seconds, cache.ager_normal, cache.ager_low) == (60, 25, 5)
    assert (cache.rows, cache.host_rows) == (2, 1)
    assert dict(cache.interfaces) == {"Serial1": 1, "Ethernet1": 1}
    assert cache.full_invalidation_ago == 3 * 3600 + (
        55 * 60 + 12 if sample is samples.CACHE else 57 * 60 + 31
    )


def test_60_5_25_is_not_sold_as_relief() -> None:
    finding = findings(samples.CACHE)["fast-cache-ager"]
    assert "60 5 25" in finding.title
    assert "1.2 times as long" in finding.title  # 60 x 25 = 1,500 s, by default 60 x 20 = 1,200 s
    assert "gives no memory back" in finding.cause
    assert not any("60 5 25" in c for r in finding.remedies for c in r.commands)


@FORMS
def test_the_forwarding_table_is_explained_to_the_byte(form: type[str]) -> None:
    cef = fact(CefSummary, form(samples.CEF))
    assert (cef.routes, cef.peak, cef.leaves, cef.nodes, cef.bytes) == (109212, 84625, 109212, 8000, 22299136)
    assert (cef.inserts, cef.invalidations, cef.resets, cef.load_sharing_bytes) == (2620745, 2511533, 1, 5712)
    assert fact(AdjacencySummary, form(samples.CEF)).total == 16
    said = findings(form(samples.CEF))["cef-memory"].cause
    assert "109,212 leaves x 128 B + 8,000 nodes x 1040 B = 22,299,136 B exactly" in said
    assert 109212 * 128 + 8000 * 1040 == 22299136


@FORMS
def test_memory_of_processes(form: type[str]) -> None:
    cef = fact(ProcessesMemory, form(samples.MEMORY_CEF))
    assert [(p.pid, p.allocated, p.freed, p.holding, p.name) for p in cef.processes] == [
        (73, 147300, 1700, 146708, "CEF process"),
        (84, 608, 0, 7404, "CEF Scanner"),
    ]
    assert cef.filtered
    bgp = fact(ProcessesMemory, form(samples.MEMORY_BGP))
    assert [(p.holding, p.getbufs, p.retbufs) for p in bgp.processes] == [
        (338145696, 0, 0),
        (7440, 131160, 4954624),
    ]


@FORMS
def test_allocations_by_name(form: type[str]) -> None:
    memory = fact(MemoryAllocations, form(samples.SUMMARY_FIB))
    assert len(memory.allocations) == 8
    assert memory.bytes == 3136 + 12000 + 2832 + 508 + 1904 + 65540 + 479808 + 16516080
    assert memory.sum("path chun") == 1904 + 65540 + 479808 + 16516080


@FORMS
def test_flushes_and_a_failed_allocation(form: type[str]) -> None:
    state = fact(LoggingState, form(samples.LOGGING))
    assert (state.flushes, state.console, state.console_messages) == (12, "debugging", 9)
    failed = fact(MallocFail, form(samples.LOGGING))
    assert (failed.bytes, failed.pool, failed.process) == (1028, "Processor", "IP Input")
    found = findings(form(samples.LOGGING))
    assert found["console-logging"].severity == "warning"
    assert found["mallocfail"].severity == "critical"
