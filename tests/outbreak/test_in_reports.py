"""A hunt over flows with times: outbreak, parents and forecast in the document, the table and the explanation."""

import io
import ipaddress
import json
from functools import cache

import numpy as np
import pyarrow as pa
from rich.console import Console
from tests.outbreak.epidemics import BEGIN, Epidemic, address, epidemic
from tests.support import EXAMPLES

import slowworm
from slowworm.flows.filter import Filter
from slowworm.flows.table import flow_batch
from slowworm.outbreak.forecast import Forecast
from slowworm.report import explain, table
from slowworm.report.spread import duration, forecast_text

DEAD = int(ipaddress.IPv4Address("99.0.0.0"))
SYN, WHOLE = 0x02, 0x1B


@cache
def played() -> tuple[Epidemic, pa.RecordBatch]:
    """An epidemic among 60 hosts that also probe the dead Internet every 20 s, as flows, with ordinary traffic."""
    rng = np.random.default_rng(5)
    outbreak = epidemic(rng, hosts=60, growth=6.0, seconds=3600.0, delay=lambda: rng.exponential(10.0))
    rows: list[tuple[int, int, float, bool]] = [
        (int(address(s)), int(address(t)), at, bool(ok)) for s, t, at, ok in outbreak.calls
    ]
    for host in np.flatnonzero(outbreak.onset < 3550).tolist():
        probes = np.arange(outbreak.onset[host], 3600.0, 20.0)
        rows += [(int(address(host)), DEAD + int(rng.integers(0, 2**24)), float(at), False) for at in probes]
    servers = [int(ipaddress.IPv4Address(f"198.18.{i}.10")) for i in range(10)]
    clients = [int(address(60 + n)) for n in range(40)]
    port = [445] * len(rows)
    for client in clients:
        rows += [(client, int(rng.choice(servers)), float(at), True) for at in rng.uniform(0, 3600, 10)]
    port += [443] * (len(rows) - len(port))
    src, dst, at, answered = (np.array(column) for column in zip(*rows, strict=True))
    start = BEGIN + (at * 1e9).astype(np.int64)
    local = rng.integers(20_000, 60_000, len(rows))
    forth = {
        "start_time": start, "end_time": start + 5 * 10**8, "src_addr": src, "dst_addr": dst, "src_port": local,
        "dst_port": np.array(port), "tcp_flags": np.where(answered, WHOLE, SYN), "packets": np.where(answered, 9, 1),
        "bytes": np.where(answered, 5000, 48),
    }  # fmt: skip
    back = {name: values[answered] for name, values in forth.items()}
    back |= {"src_addr": dst[answered], "dst_addr": src[answered]}
    back |= {"src_port": forth["dst_port"][answered], "dst_port": local[answered]}
    columns = {name: np.concatenate([forth[name], back[name]]) for name in forth}
    n = len(columns["src_addr"])
    kind = pa.timestamp("ns", "UTC")
    times = {name: pa.array(columns[name]).cast(kind) for name in ("start_time", "end_time")}
    return outbreak, flow_batch({**columns, **times, "protocol": np.full(n, 6)}, rows=n)


@cache
def hunted() -> slowworm.HuntResult:
    return slowworm.hunt(pa.Table.from_batches([played()[1]]), inside="10.7.0.0/16")


def printed(result: slowworm.HuntResult, what: str | None = None) -> str:
    out = Console(file=io.StringIO(), width=200, highlight=False)
    if what is None:
        table.show(result, out)
    else:
        for verdict in result.verdicts:
            if str(verdict.address) == what:
                explain.explain(result, verdict, out)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_the_document_tells_the_outbreak() -> None:
    outbreak, _ = played()
    told = json.loads(json.dumps(hunted().to_dict()))
    (one,) = [o for o in told["outbreaks"] if o["port"] == 445]
    truth = int((outbreak.onset <= 3600).sum())
    assert 0.8 * truth <= one["sources"] <= truth
    assert (one["sources_inside"], one["sources_outside"]) == (one["sources"], 0)
    assert one["services"] == [{"protocol": 6, "port": 445}]
    low, high = one["growth_interval"]
    assert low <= 6.0 <= high
    assert low <= one["growth_per_hour"] <= high
    if low > 0:
        assert one["doubling_interval"][0] <= one["doubling_seconds"] <= one["doubling_interval"][1]
    assert [f["hours"] for f in one["forecast"]] == [1.0, 6.0, 24.0]
    assert one["patient_zero"][0]["address"] in (str(address(0)), str(address(1)))
    assert one["first_seen"].endswith("Z")
    assert one["infections"]["traced"] >= 0.8 * one["infections"]["judged"]
    assert one["coverage"]["directions"]["outside-inside"] == 0


def test_the_document_tells_who_infected_whom() -> None:
    outbreak, _ = played()
    parents = {str(address(n)): str(address(p)) for n, p in enumerate(outbreak.parent) if p >= 0}
    verdicts = [
        v for v in hunted().to_dict()["verdicts"] if v["verdict"] == "infected" and v["address"] in parents
    ]
    assert len(verdicts) >= 15
    right = [v["infected_by"] and v["infected_by"]["address"] == parents[v["address"]] for v in verdicts]
    assert np.mean(right) >= 0.9
    for v in verdicts:
        if v["infected_by"]:
            assert v["infected_by"] == v["infected_by_candidates"][0]
            assert v["infected_by"]["probability"] >= 0.5
            assert v["infected_by"]["at"] < v["first_seen"]
        assert 0 <= v["infected_by_unseen"] <= 1


def test_the_table_has_a_few_lines_on_it() -> None:
    text = printed(hunted())
    lines = text[text.index("Outbreaks") :].split("\n")
    assert lines[1].startswith("tcp/445")
    assert " an hour (" in lines[1]
    assert lines[2].startswith("  infected: in 1 h ")
    assert lines[3].startswith("  patient zero: 10.7.0.")
    assert "infections traced" in lines[3]


def test_the_explanation_says_who_infected_it_and_whom_it_infected() -> None:
    found = hunted()
    tree = found.outbreaks.incidents[0].tree
    assert tree is not None
    middle = next(i for i in tree.infections if i.parent is not None and tree.children(i.address))
    text = printed(found, str(middle.address))
    assert "Who infected it" in text
    assert str(middle.parent.address) in text  # type: ignore[union-attr]
    children = tree.children(middle.address)
    assert f"Whom it infected: {len(children)} host" in text
    assert all(str(c.address) in text for c in children[:25])


def test_a_filter_shows_the_outbreak_of_the_hosts_it_leaves_whole() -> None:
    found = hunted()
    one = found.shown(Filter.parse(f"src ip {address(0)}"))
    assert len(one.verdicts) == 1
    assert one.outbreaks.incidents == found.outbreaks.incidents
    assert found.shown(Filter.parse("src ip 203.0.113.1")).outbreaks.incidents == ()


def test_a_listing_without_times_says_nothing_that_it_cannot_know() -> None:
    result = slowworm.hunt(str(EXAMPLES / "codered-netflow.txt"))
    assert "Outbreaks" not in printed(result)
    assert "Who infected it" not in printed(result, "193.23.45.35")
    (one,) = result.to_dict()["outbreaks"]
    assert (one["sources"], one["growth_per_hour"], one["doubling_seconds"], one["forecast"]) == (
        1,
        None,
        None,
        None,
    )
    assert one["not_visible"]
    assert result.to_dict()["verdicts"][0]["infected_by"] is None


def test_durations_and_forecasts_in_words() -> None:
    assert [duration(s) for s in (8.5, 60, 1380, 5400, 40_000, 400_000)] == [
        "8.5 s", "60 s", "23 min", "1.5 h", "11 h", "5 d",
    ]  # fmt: skip
    assert forecast_text(Forecast(hours=1.0, low=700, median=900, high=1200)) == "in 1 h 900 (700 to 1,200)"
    assert "no bound" in forecast_text(Forecast(hours=6.0, low=700, median=900, high=None))
    assert forecast_text(Forecast(hours=24.0, low=1500, median=None, high=None)) == "in 24 h at least 1,500"
