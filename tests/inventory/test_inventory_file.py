"""The inventory file: the documented example is read, and every mistake is named with file, key and remedy."""

import datetime
import ipaddress
import re
from pathlib import Path

import pytest
from tests.support import ROOT

from slowworm.errors import InventoryError, UsageError
from slowworm.inventory.load import find_inventory, load_inventory, parse_inventory

PAGE = (ROOT / "docs" / "reference" / "inventory.md").read_text()
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]


def test_the_documented_example_is_read_whole() -> None:
    found = parse_inventory(EXAMPLE, origin="slowworm.toml")
    assert list(map(str, found.inside)) == ["20.1.0.0/16", "2001:db8:20::/48"]
    assert list(map(str, found.dark)) == ["20.1.200.0/22"]
    assert [(r.name, list(map(str, r.addresses))) for r in found.routers] == [
        ("edge1", ["20.1.0.1", "192.0.2.1"])
    ]
    assert [(str(s.address), s.role) for s in found.servers] == [("20.1.1.11", "mail relay")]
    (entry,) = found.allow
    assert (entry.name, entry.until) == ("20.1.145.49", datetime.date(2099, 12, 31))
    assert [(c.name, c.contact) for c in found.customers] == [("Example Ltd", "noc@example.net")]
    router = found.router("192.0.2.1")
    assert router is not None
    assert router.name == "edge1"


def test_the_documented_keys_are_those_that_exist() -> None:
    documented = set(re.findall(r"`(inside|dark|routers|servers|allow|customers)(?=[.`])", PAGE))
    assert documented == {"inside", "dark", "routers", "servers", "allow", "customers"}


def test_a_customer_is_found_by_the_longest_prefix() -> None:
    text = """
        [[customers]]
        name = "all"
        prefixes = ["20.0.0.0/8"]
        [[customers]]
        name = "one"
        prefixes = ["20.1.2.0/24", "2001:db8::/32"]
    """
    found = parse_inventory(text, origin="f")
    for address, name in (("20.1.2.3", "one"), ("20.1.3.3", "all"), ("2001:db8::1", "one")):
        whose = found.customer(ipaddress.ip_address(address))
        assert whose is not None
        assert whose[0].name == name
    assert found.customer(ipaddress.ip_address("21.0.0.1")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inside = [", "not TOML"),
        ("insid = []", "unknown key insid (did you mean inside?)"),
        ("inside = '10.0.0.0/8'", "inside: write a list"),
        ("inside = ['10.0.0.1/8']", "bits behind the prefix must be 0"),
        ("dark = [10]", "dark: 10 is no prefix"),
        ("[routers]\nname = 'x'", "under [[routers]]"),
        ("[[routers]]\nname = 'x'", "routers[1].addresses is missing"),
        ("[[servers]]\naddress = '10.0.0.0/8'\nrole = 'x'", "servers[1].address: '10.0.0.0/8' is no address"),
        ("[[servers]]\naddress = '10.0.0.1'\nrole = ''", "servers[1].role: '' is no text"),
        ("[[allow]]\nwhy = 'x'", "allow[1] needs either address or prefix"),
        ("[[allow]]\naddress = '10.0.0.1'", "allow[1].why is missing"),
        ("[[allow]]\naddress = '10.0.0.1'\nwhy = 'x'\nuntil = '2026-12-31'", "until = 2026-12-31, without quotes"),
        ("[[allow]]\nprefix = '10.0.0.0/8'\nwhy = 'x'", "too much to excuse"),
        ("[[allow]]\nprefix = '2001:db8::/29'\nwhy = 'x'", "too much to excuse"),
        ("[[allow]]\naddress = '10.0.0.1'\nwhy = 'x'\n[[allow]]\nadress = ''", "unknown key allow[2].adress"),
        ("[[customers]]\nname = 'x'\nprefixes = ['10.0.0']", "customers[1].prefixes"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_key(text: str, said: str) -> None:
    with pytest.raises(InventoryError) as error:
        parse_inventory(text, origin="here.toml")
    assert str(error.value).startswith("here.toml: ")
    assert said in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "latin.toml"
    bad.write_bytes(b"# caf\xe9")
    for path, said in (
        (tmp_path / "no.toml", "no such file"),
        (bad, "not UTF-8"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(InventoryError, match=said):
            load_inventory(path)


def test_the_inventory_of_a_case_comes_before_that_of_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, case, other = (tmp_path / name for name in ("here", "case", "other"))
    for folder in (here, case, other):
        folder.mkdir()
    monkeypatch.chdir(here)
    assert find_inventory([str(case), "-", "a\0b"]) is None
    (here / "slowworm.toml").touch()
    assert find_inventory([str(case)]) == Path("slowworm.toml")
    (case / "slowworm.toml").touch()
    assert find_inventory([str(other), str(case), str(case)]) == case / "slowworm.toml"
    (other / "slowworm.toml").touch()
    with pytest.raises(UsageError, match="two inventories"):
        find_inventory([str(other), str(case)])
