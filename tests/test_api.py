"""The Python API: the same answers from paths, text, bytes, Arrow tables and what speaks Arrow's C interface."""

import datetime
import ipaddress
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import slowworm
from tests.support import EXAMPLES

NETFLOW = EXAMPLES / "codered-netflow.txt"


class Capsule:
    """Nothing but the Arrow PyCapsule interface, as Polars, pandas and DuckDB have it."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def worm_table(**extra: object) -> pa.Table:
    targets = [f"{i * 37 % 223 + 1}.{i * 101 % 256}.{i * i % 256}.{i * 59 % 254 + 1}" for i in range(20, 32)]
    columns = {
        "src_addr": ["10.1.1.1"] * 12,
        "dst_addr": targets,
        "protocol": [6] * 12,
        "src_port": list(range(2000, 2012)),
        "dst_port": [445] * 12,
        "packets": [2] * 12,
        "bytes": [96] * 12,
        **extra,
    }
    return pa.table(columns)


def answer(result: slowworm.HuntResult) -> list[tuple[str, str, int]]:
    return [(str(v.address), v.verdict, v.targets) for v in result.verdicts]


def test_paths_text_and_bytes_give_one_answer() -> None:
    text = NETFLOW.read_text()
    expected = [("193.23.45.35", "infected", 6)]
    for given in (NETFLOW, str(NETFLOW), text, text.encode()):
        assert answer(slowworm.hunt(given)) == expected


def test_results_are_typed_and_frozen() -> None:
    result = slowworm.hunt(NETFLOW)
    verdict = result.verdicts[0]
    assert isinstance(result, slowworm.HuntResult)
    assert isinstance(verdict, slowworm.Verdict)
    assert verdict.address == ipaddress.IPv4Address("193.23.45.35")
    assert result.infected == (verdict,)
    assert result.rows(verdict)[0].num_rows == 6
    with pytest.raises(FrozenInstanceError):
        verdict.verdict = "clean"  # type: ignore[misc]


@pytest.mark.parametrize("wrap", [lambda t: t, Capsule, lambda t: t.to_batches()[0]])
def test_arrow_and_whatever_speaks_it(wrap: Any) -> None:
    assert answer(slowworm.hunt(wrap(worm_table()))) == [("10.1.1.1", "infected", 12)]


def test_names_of_other_tools_are_understood() -> None:
    table = (
        worm_table()
        .rename_columns(
            ["id.orig_h", "id.resp_h", "proto", "id.orig_p", "id.resp_p", "orig_pkts", "orig_ip_bytes"]
        )
        .set_column(2, "proto", [["tcp"] * 12])
    )
    assert answer(slowworm.hunt(table)) == [("10.1.1.1", "infected", 12)]
    ipfix = worm_table().rename_columns(
        ["sourceIPv4Address", "destinationIPv4Address", "protocolIdentifier", "sourceTransportPort",
         "destinationTransportPort", "packetDeltaCount", "octetDeltaCount"]
    )  # fmt: skip
    assert answer(slowworm.hunt(ipfix)) == [("10.1.1.1", "infected", 12)]


@pytest.mark.parametrize(
    "times",
    [
        [datetime.datetime(2001, 7, 19, 10, 0, s, tzinfo=datetime.UTC) for s in range(12)],
        [datetime.datetime(2001, 7, 19, 10, 0, s) for s in range(12)],
        [995536800.0 + s for s in range(12)],
    ],
)
def test_times_of_any_kind_become_utc(times: list[object]) -> None:
    verdict = slowworm.hunt(worm_table(start_time=times)).verdicts[0]
    assert verdict.first_seen == datetime.datetime(2001, 7, 19, 10, 0, tzinfo=datetime.UTC)
    assert (
        slowworm.hunt(worm_table(start_time=times)).to_dict()["verdicts"][0]["first_seen"]
        == "2001-07-19T10:00:00Z"
    )


def test_addresses_may_be_integers_or_bytes() -> None:
    table = worm_table()
    as_integers = table.set_column(
        0, "src_addr", pa.array([int(ipaddress.IPv4Address("10.1.1.1"))] * 12, pa.uint32())
    ).set_column(
        1,
        "dst_addr",
        pa.array([int(ipaddress.IPv4Address(a)) for a in table["dst_addr"].to_pylist()], pa.uint32()),
    )
    assert answer(slowworm.hunt(as_integers)) == [("10.1.1.1", "infected", 12)]
    six = ipaddress.IPv6Address("2001:db8::1").packed
    as_bytes = as_integers.set_column(0, "src_addr", pa.array([six] * 12, pa.binary(16))).set_column(
        1,
        "dst_addr",
        pa.array([ipaddress.IPv6Address(f"2001:db8::{i}:1").packed for i in range(12)], pa.binary(16)),
    )
    assert answer(slowworm.hunt(as_bytes)) == [("2001:db8::1", "infected", 12)]


def test_rows_that_cannot_be_placed_are_counted() -> None:
    table = worm_table(dst_addr=[f"{i}.20.30.{i}" for i in range(20, 30)] + [None, "x"])
    result = slowworm.hunt(table)
    assert result.flow_count == 10
    assert [p.count for p in result.inputs[0].problems] == [2]


def test_a_table_without_addresses_is_refused_with_its_columns() -> None:
    with pytest.raises(slowworm.InputError, match=r"dst_addr.*columns: src_addr, x"):
        slowworm.hunt(pa.table({"src_addr": ["10.1.1.1"], "x": [1]}))


def test_values_that_do_not_fit_are_refused_with_the_column() -> None:
    with pytest.raises(slowworm.InputError, match="column dst_port"):
        slowworm.hunt(worm_table(dst_port=[445] * 11 + [70000]))


@pytest.mark.parametrize(
    ("given", "error"),
    [((), slowworm.UsageError), ((7,), slowworm.UsageError), (("no such file",), slowworm.UsageError),
     ((b"",), slowworm.InputError), ((b"prose only\n",), slowworm.InputError)],
)  # fmt: skip
def test_requests_that_cannot_be_served_say_so(given: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        slowworm.hunt(*given)


def test_one_unreadable_input_loses_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "b.txt").write_text(NETFLOW.read_text())
    result = slowworm.hunt(tmp_path)
    assert answer(result) == [("193.23.45.35", "infected", 6)]
    assert ["binary" in p.text for i in result.inputs for p in i.problems] == [True]
    assert result.partly_understood


def test_only_flows_and_everyone_and_inside() -> None:
    assert slowworm.hunt(NETFLOW, only_flows="src ip 61.146.138.212").flow_count == 1
    everyone = slowworm.hunt(NETFLOW, everyone=True)
    assert len(everyone.verdicts) == 5
    assert slowworm.hunt(NETFLOW, inside=["158.36.0.0/16", ipaddress.ip_network("193.23.0.0/16")]).infected
    with pytest.raises(slowworm.FilterError):
        slowworm.hunt(NETFLOW, only_flows="src prt 80")


def test_profiles_of_ones_own_are_used(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'name = "own"\nservices = ["tcp/445"]\n[targets]\nmixture = [{ prefix = 0, weight = 1.0 }]\n'
    )
    for profiles in ([tmp_path], slowworm.load_profiles([tmp_path])):
        result = slowworm.hunt(worm_table(), profiles=profiles)
        assert "own" in {c.name for c in result.verdicts[0].targeting.worm_candidates}


def test_the_public_face_is_small_and_complete() -> None:
    assert len(slowworm.__all__) <= 20
    for name in slowworm.__all__:
        assert getattr(slowworm, name) is not None
    with pytest.raises(AttributeError):
        _ = slowworm.no_such_name
