"""How worms choose targets, as data: one TOML file a worm, and the likelihood of targets under each."""

from slowworm.detect.profiles.load import Profiles, load_profiles
from slowworm.detect.profiles.model import Profile

__all__ = ["Profile", "Profiles", "load_profiles"]
