"""What all tests share: property tests draw the same examples every time, unless told to explore."""

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("SLOWWORM_PROPERTIES", "steady"))
