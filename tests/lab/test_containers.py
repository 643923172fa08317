"""A container is kept to itself, whatever its image and its processes do; as root's lab and as an ordinary user's.

Which calls are refused: Docker's documentation, "Seccomp security profiles for Docker". Errors: Linux's manual pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_containers.py")
    return found


def test_what_the_profile_refuses_gets_eperm(seen: dict[str, Any]) -> None:
    assert seen["calls"] == {
        "keyctl": "EPERM",
        "mount": "EPERM",
        "bpf": "EPERM",
        "unshare": "EPERM",
        "clone with a namespace": "EPERM",
        "clone3": "ENOSYS",
        "io_uring_setup": "EPERM",
        "perf_event_open": "EPERM",
        "getppid": "",
    }


def test_an_image_whose_folders_are_links_leads_nothing_out(seen: dict[str, Any]) -> None:
    assert seen["links"]["outside"] == []
    for code, said in seen["links"]["seen"].values():
        assert (code, said) == (0, "nameserver 10.0.0.2\noptions timeout:2 attempts:2\n")


def test_what_enters_a_container_cannot_be_written_to(seen: dict[str, Any]) -> None:
    assert seen["entered by"] == "EROFS"


def test_what_it_writes_is_bounded(seen: dict[str, Any]) -> None:
    devices = seen["devices"]
    assert "No space left on device" in devices["shared memory"]
    assert " 67108864 " in devices["shared memory"]
    assert "Read-only file system" in devices["beside"]
    assert devices["null"] == "0\n"
    assert "No space left on device" in devices["disk"]
    assert "Read-only file system" in devices["read only"]


def test_forks_without_end_end(seen: dict[str, Any]) -> None:
    forked = seen["processes"]
    # Root's lab: the number of process ids, of which 301 is the least (from Linux 6.14); else the limit itself.
    assert forked["most"] <= (301 if seen["root"] else 100)
    assert (forked["code"], forked["left"]) == (137, 0)


def test_stopping(seen: dict[str, Any]) -> None:
    assert seen["stopping"] == {
        "heard": [7, False],
        "heard and ignored": [137, True],
        "deaf": [137, False],
        "ignored": [137, False],
        "with an init": [143, False],
        "another signal": [8, False],
    }


def test_nothing_of_it_stays(seen: dict[str, Any]) -> None:
    leaving = seen["leaving"]
    assert (leaving["grandchildren"], leaving["left"]) == (3, [])
    assert leaving["closed"] == [4, ""]
    assert seen["left over"] == []


def test_volumes_and_users(seen: dict[str, Any]) -> None:
    written, read = seen["leaving"]["volumes"]
    assert written == "from one"
    assert "Read-only file system" in read
    assert seen["leaving"]["users"] == ["1000"]


def test_a_health_check_runs_in_the_container_with_no_more_than_it_has(seen: dict[str, Any]) -> None:
    unhealthy = {"bad", "missing", "late"}
    assert seen["checks"] == {name: "UNHEALTHY" if name in unhealthy else "HEALTHY" for name in seen["checks"]}
