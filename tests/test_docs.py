"""The documentation is true: what exists is documented, what is documented exists, links lead somewhere."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import slowworm
from slowworm.cli import cli
from slowworm.detect import weights
from slowworm.detect.profiles import load_profiles
from slowworm.flows.filter import REFERENCE, Filter
from slowworm.flows.schema import FIELDS
from slowworm.report.json import SCHEMA
from slowworm.sources import arrow
from slowworm.sources.formats import standard_formats
from tests.support import EXAMPLES, ROOT

DOCS = ROOT / "docs"
COMMANDS = (DOCS / "reference" / "commands.md").read_text()
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"])


def all_commands(group: click.Command, path: str = "slowworm") -> list[tuple[str, click.Command]]:
    found = []
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found.append((f"{path} {name}", command))
            found += all_commands(command, f"{path} {name}")
    return found


EVERY = all_commands(cli)


@pytest.mark.parametrize(("name", "command"), EVERY, ids=[name for name, _ in EVERY])
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    assert f"`{name}" in COMMANDS or f"## {name}" in COMMANDS, (
        f"{name} is missing in docs/reference/commands.md"
    )
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]} has no help text"
            for option in parameter.opts:
                assert f"`{option}" in COMMANDS, f"{name} {option} is missing in docs/reference/commands.md"
    assert command.help


def test_no_option_is_documented_that_does_not_exist() -> None:
    known = {option for _, command in EVERY for p in command.params for option in p.opts}
    known |= {"--help", "-h", "--version"}
    mentioned = set(re.findall(r"`(--?[a-z][a-z-]*)", COMMANDS))
    assert mentioned <= known


def test_every_format_is_documented_and_has_an_example_or_fixture() -> None:
    page = (DOCS / "reference" / "formats.md").read_text()
    tests = "".join(p.read_text(errors="replace") for p in (ROOT / "tests").rglob("*.py"))
    for info in [*standard_formats().infos(), arrow.INFO]:
        assert f"`{info.name}`" in page
        assert info.name in tests
        for command in info.commands:
            assert command in page


def test_every_column_is_documented() -> None:
    page = (DOCS / "reference" / "flow-table.md").read_text()
    for field in FIELDS:
        row = next((line for line in page.split("\n") if line.startswith(f"| `{field.name}`")), "")
        for name in (field.ipfix, field.nfdump, field.zeek, field.ecs, field.ocsf):
            assert name is None or name in row, f"{field.name}: {name}"


def test_every_profile_is_documented() -> None:
    page = (DOCS / "reference" / "profiles.md").read_text()
    for profile in load_profiles().items:
        assert f"`{profile.name}`" in page


def test_every_filter_form_is_documented_and_parses() -> None:
    page = (DOCS / "reference" / "filter.md").read_text()
    for form, _ in REFERENCE:
        assert form.replace("|", "\\|") in page or form in page, form
        Filter.parse(form)


def test_every_note_id_is_documented() -> None:
    page = (DOCS / "reference" / "json.md").read_text()
    ids = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note":
                for keyword in node.keywords:
                    if keyword.arg == "id" and isinstance(keyword.value, ast.Constant):
                        ids.add(str(keyword.value.value))
    assert len(ids) > 5
    for name in ids:
        assert f"`{name}`" in page, f"note {name} is missing in docs/reference/json.md"


def test_every_weight_is_documented_with_its_value() -> None:
    page = (DOCS / "concepts" / "evidence.md").read_text()
    for name in ("LONE_SYN", "SINGLE_VISIT", "REPEAT_VISIT", "POPULAR_TARGET", "TO_NULL", "IMPOSSIBLE_TARGET",
                 "IMPOSSIBLE_CAP", "VERTICAL_PORT", "BOUND_INFECTED", "BOUND_SUSPECT"):  # fmt: skip
        row = next((line for line in page.split("\n") if f"`{name}`" in line), "")
        assert f"{abs(getattr(weights, name)) / 10:.1f}" in row, f"{name} is {getattr(weights, name) / 10} dB"
    assert SCHEMA in (DOCS / "reference" / "json.md").read_text()


def test_every_constant_of_the_weights_and_kinds_is_named() -> None:
    page = (DOCS / "concepts" / "evidence.md").read_text()
    for name in vars(weights):
        assert not name.isupper() or f"`{name}`" in page, f"{name} is missing in docs/concepts/evidence.md"
    kinds = tomllib.loads((ROOT / "src" / "slowworm" / "detect" / "data" / "kinds.toml").read_text())
    for key, value in kinds["failing-hosts"].items():
        row = next((line for line in page.split("\n") if line.startswith(f"| `{key}`")), "")
        assert f"| {value:g} |" in row, f"{key} is {value} in kinds.toml"
    for key in kinds["scanning"]:
        row = next(line for line in page.split("\n") if line.startswith(f"| `{key}`"))
        for kind in ("scanning", "failing"):
            for a, b, weight in kinds[kind][key]:
                beta = f"Beta({a:g}, {b:g})"
                assert (beta if weight == 1 else f"{weight:g} · {beta}") in row, f"{kind}: {beta}"


def test_the_table_of_other_constants_is_true() -> None:
    page = (DOCS / "concepts" / "evidence.md").read_text().partition("## Other constants that decide")[2]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in page.split("\n") if "`detect/" in line]
    assert len(rows) > 20
    for names, values, where, why in rows:
        module = importlib.import_module("slowworm." + where.strip("`").removesuffix(".py").replace("/", "."))
        real = [getattr(module, name) for name in re.findall(r"`(\w+)`", names)]
        flat = [v for value in real for v in (value if isinstance(value, tuple) else (value,))]
        assert [float(v) for v in re.split(", | to ", values)] == flat, f"{names} is {real}"
        assert why


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = [
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", t) for t in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    ]
    return {re.sub(r"[^\w\- ]", "", t.strip().lower()).replace(" ", "-") for t in titles}


def test_the_public_names_are_documented() -> None:
    page = (DOCS / "reference" / "api.md").read_text()
    for name in slowworm.__all__:
        assert name in page


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(there), f"{page}: {target}"


def test_the_error_rates_and_the_benchmark_are_filled_in() -> None:
    text = (DOCS / "concepts" / "targeting.md").read_text()
    between = text.partition("<!-- error-rates:begin -->")[2].partition("<!-- error-rates:end -->")[0]
    assert "codered-ii" in between
    assert "nimda" in between
    bench = (DOCS / "performance.md").read_text().partition("<!-- bench:begin -->")[2]
    assert re.search(r"\d", bench.partition("<!-- bench:end -->")[0])


def test_the_readme_begins_with_the_two_commands() -> None:
    head = (ROOT / "README.md").read_text()[:1200]
    assert head.index("make run") < head.index("make test")


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.txt")), ids=lambda p: p.name)
def test_every_example_is_understood_whole(example: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slowworm", "hunt", str(example)], capture_output=True, check=False
    )
    assert b"not understood" not in done.stderr
    # Without a single source there is no verdict on anybody, and that is no success.
    assert done.returncode == (3 if "destination-only" in str(example) else 0)


def test_the_example_in_the_package_docstring_runs() -> None:
    result = slowworm.hunt(str(EXAMPLES / "codered-netflow.txt"))
    assert [(str(v.address), v.verdict) for v in result.verdicts] == [("193.23.45.35", "infected")]
