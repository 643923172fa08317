"""What holds for every test: nothing is a failure because the machine is slow."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# An example may take its time, and so may what draws it: how long is the machine's business, not the code's.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")
