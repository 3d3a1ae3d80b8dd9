"""`slowworm formats`, `profiles`, `completion`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import slowworm


def test_formats_lists_what_can_be_read() -> None:
    listed = json.loads(slowworm("formats", "--json").out)
    names = {f["name"] for f in listed}
    assert names >= {
        "show-ip-cache-flow", "show-ip-accounting", "show-mls-entry", "show-mls-ip", "show-flow-monitor-cache"
    }  # fmt: skip
    text = slowworm("formats").out
    assert all(name in text for name in names)


def test_profiles_are_listed_and_shown_with_their_sources() -> None:
    listed = json.loads(slowworm("profiles", "list", "--json").out)
    assert "codered-ii" in {p["name"] for p in listed}
    assert "codered-ii" in slowworm("profiles", "list").out
    shown = slowworm("profiles", "show", "codered-ii").out
    for word in ("tcp/80", "octet 0", "127.0.0.0/8", "0.375", "12808"):
        assert word in shown
    assert json.loads(slowworm("profiles", "show", "nimda", "--json").out)["name"] == "nimda"
    wrong = slowworm("profiles", "show", "nimba")
    assert wrong.code == 2
    assert "nimda" in wrong.err


def run_in(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slowworm", *arguments],
        env={**os.environ, "XDG_CONFIG_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_own_profiles_are_checked_and_added(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "a.toml").write_text(
        'name = "mine"\nservices = ["tcp/7547"]\n[targets]\nmixture = [{ prefix = 0, weight = 1.0 }]\n'
    )
    home = tmp_path / "config"
    assert "added mine" in run_in(home, "profiles", "add", str(own)).stdout
    assert "replaced mine" in run_in(home, "profiles", "add", str(own / "a.toml")).stdout
    assert "tcp/7547" in run_in(home, "profiles", "show", "mine").stdout
    assert "mine" in run_in(tmp_path / "other", "profiles", "list", "--profiles", str(own)).stdout
    (own / "b.toml").write_text("name = 'broken'")
    refused = run_in(tmp_path / "third", "profiles", "add", str(own))
    assert refused.returncode == 2
    assert "b.toml" in refused.stderr
    assert not (tmp_path / "third").exists(), "nothing is copied unless all is well"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str) -> None:
    ran = slowworm("completion", shell)
    assert ran.code == 0
    assert "_SLOWWORM_COMPLETE" in ran.out


def complete(words: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'slowworm'; from slowworm.cli import main; main([])",
        ],
        env={
            **os.environ,
            "_SLOWWORM_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_commands_options_formats_and_profiles_complete() -> None:
    assert "hunt" in complete("slowworm h")
    assert "--only-flows" in complete("slowworm hunt --on")
    assert "show-ip-accounting" in complete("slowworm hunt --as show-ip")
    assert "codered-ii" in complete("slowworm profiles show code")
    assert "infected" in complete("slowworm hunt --fail-on inf")
