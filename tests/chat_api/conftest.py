"""How hard the properties are tried, as in the core's tests: `HYPOTHESIS_PROFILE=thorough` for more."""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=100, deadline=None, database=None, print_blob=True)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
