"""What holds for every test: nothing is a failure because the machine is slow, and every template read is kept."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings
from tests import readings

# An example may take its time, and so may what draws it: how long is the machine's business, not the code's.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

# Before any test module imports the loader by name.
readings.record()

# A shell's background job ignores these, and what a test starts would inherit it: an interrupt would reach nobody.
for number in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its place: what gzip makes holds the time, and each process must find the same tests."""
    return argname if isinstance(val, bytes) else None


class _Sharing:
    """Tells other processes of this session what tests had read."""

    def pytest_runtest_logfinish(self) -> None:
        readings.share()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the test that asks packets about every template that the others read after all of them."""
    asks = [item for item in items if item.nodeid.startswith("tests/differential/test_templates.py")]
    if asks:
        items[:] = [item for item in items if item not in asks] + asks
        config.pluginmanager.register(_Sharing())
