"""Profile files: the ones that come along, the user's own, and broken ones."""

from pathlib import Path

import pytest

from slowworm import ProfileError, UsageError, load_profiles
from slowworm.detect.profiles.load import parse_profile

GOOD = """
name = "own"
title = "Our own"
services = ["tcp/7547", "udp/any", "icmp"]
[targets]
mixture = [{ prefix = 0, weight = 0.25 }, { prefix = 16, weight = 0.75 }]
excluded_octets = [0]
octet_ranges = [[1, 1, 223]]
excluded_prefixes = ["10.0.0.0/8"]
"""

WORMS = {
    "codered-v1", "codered-v2", "codered-ii", "nimda", "slammer", "blaster", "welchia", "sasser", "witty",
    "conficker", "wannacry", "mirai",
}  # fmt: skip


def test_the_worms_on_record_are_there_with_their_sources() -> None:
    profiles = load_profiles()
    assert {p.name for p in profiles.items} >= WORMS
    for profile in profiles.items:
        assert profile.sources, profile.name
        assert profile.confidence, profile.name


def test_a_profile_of_ones_own_is_added_and_replaces(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD)
    (tmp_path / "nimda.toml").write_text(GOOD.replace('"own"', '"nimda"'))
    profiles = load_profiles([tmp_path])
    assert profiles.get("own").title == "Our own"
    assert profiles.get("nimda").title == "Our own"
    assert [p.name for p in profiles.serving(6, 7547)] == ["nimda", "own"]
    assert "nimda" not in [p.name for p in profiles.serving(6, 80)]


def test_an_own_directory_is_read_at_every_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "slowworm" / "profiles"
    folder.mkdir(parents=True)
    (folder / "own.toml").write_text(GOOD)
    assert load_profiles().get("own").origin == str(folder / "own.toml")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('title = "Our own"', "title = ", "not TOML"),
        ("weight = 0.25", "weight = 0.5", "sum to 1"),
        ("weight = 0.25", "weight = -0.25", "sum to 1"),
        ("prefix = 16", "prefix = 33", "0 to 32"),
        ("prefix = 16", "prefix = true", "0 to 32"),
        ('"tcp/7547"', '"tpc/7547"', "tcp/80"),
        ('"tcp/7547"', '"tcp/75470"', "0 to 65535"),
        ("excluded_octets", "excluded_octet", "did you mean excluded_octets"),
        ("[0]", "[256]", "0 to 255"),
        ('"10.0.0.0/8"', '"10.0.0.1/8"', "host bits"),
        ("[targets]", "[shape]", "'targets' is missing"),
        ('"own"', '"../own"', "letters, digits"),
        ('"own"', "7", "letters, digits"),
        ("[targets]", '[targets]\norder = "zigzag"', "sequential"),
    ],
)
def test_a_broken_profile_is_refused_with_file_and_reason(before: str, after: str, said: str) -> None:
    assert before in GOOD
    with pytest.raises(ProfileError) as caught:
        parse_profile(GOOD.replace(before, after, 1), origin="own.toml")
    assert str(caught.value).startswith("own.toml: ")
    assert said in str(caught.value)


def test_binary_and_huge_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profiles([tmp_path])
    (tmp_path / "a.toml").write_text("#" * 100_000)
    with pytest.raises(ProfileError, match="larger than"):
        load_profiles([tmp_path])


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean codered-ii"):
        load_profiles().get("codered-iii")
    with pytest.raises(UsageError, match="no such directory"):
        load_profiles(["/no/such/place"])
