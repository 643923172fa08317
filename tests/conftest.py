"""What holds for every test: nothing is a failure because the machine is slow."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# An example may take its time, and so may what draws it: how long is the machine's business, not the code's.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

# A shell's background job ignores these, and what a test starts would inherit it: an interrupt would reach nobody.
for number in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its place: what gzip makes holds the time, and each process must find the same tests."""
    return argname if isinstance(val, bytes) else None
