"""The house: imports go one way, modules say what they hold and stay small."""

import ast
from pathlib import Path

import pytest

from tests.support import ROOT

SOURCE = ROOT / "src" / "slowworm"

ROOMS = (
    ("cli", "web", "api", "__init__", "__main__"),
    ("watch",),
    ("report",),
    ("rehearse",),
    ("respond",),
    ("diagnose",),
    ("outbreak", "inventory"),  # both over verdicts: what hosts have in common, and who they are
    ("detect",),
    ("engine",),
    ("store",),
    ("sources", "sinks"),
    ("flows",),
    ("kernels",),
    ("errors",),
)
"""Top to bottom: a room imports only from its own floor and from those below."""

FLOOR = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}
MODULES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    inside = path.relative_to(SOURCE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imported_rooms(tree: ast.AST, path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "slowworm":
                names = [f"slowworm.{a.name}" if not a.name.startswith("__") else "" for a in node.names]
        rooms |= {n.split(".")[1] for n in names if n.startswith("slowworm.")}
    return rooms


def without_public_face(tree: ast.Module, path: Path) -> ast.AST:
    """The package's own __init__ names the public API for type checkers: that is its job."""
    return ast.Module([], []) if path == SOURCE / "__init__.py" else tree


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_downwards(path: Path) -> None:
    room = room_of(path)
    assert room in FLOOR, f"{room} is no room of the house: add it to ROOMS and to docs"
    above = {
        r
        for r in imported_rooms(without_public_face(ast.parse(path.read_text()), path), path)
        if FLOOR[r] < FLOOR[room]
    }
    assert not above, f"{path} imports from above: {sorted(above)}"


def test_the_import_check_can_fail() -> None:
    tree = ast.parse("from slowworm.cli.hunt import hunt\nimport slowworm.flows.schema")
    assert imported_rooms(tree, Path("x")) == {"cli", "flows"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_module_says_what_it_holds_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert text.startswith('"""'), "the first line says what the file holds"
    assert text.count("\n") <= 400, "past 400 lines look for the seam"


def test_no_file_names_a_path_of_a_machine() -> None:
    for path in [
        *ROOT.glob("*"),
        *SOURCE.rglob("*"),
        *(ROOT / "docs").rglob("*"),
        *(ROOT / "scripts").rglob("*"),
    ]:
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ""}:
            text = path.read_text(errors="replace")
            for word in ("/" + "root/", "/" + "work/", "index-" + "url"):
                assert word not in text, f"{path} holds {word}"
