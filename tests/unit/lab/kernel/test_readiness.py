"""The line to run where a kernel refuses. Sources: user_namespaces(7); Ubuntu 24.04's release notes, "AppArmor"."""

from __future__ import annotations

import os

import pytest

from natless.lab.kernel import readiness

UBUNTU = {"kernel/apparmor_restrict_unprivileged_userns": "1"}
OLD_DEBIAN = {"kernel/unprivileged_userns_clone": "0"}
NONE_LEFT = {"user/max_user_namespaces": "0"}


@pytest.mark.parametrize(
    ("uid", "settings", "words", "line"),
    [
        (1000, UBUNTU, "unshare: Permission denied", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        (1000, OLD_DEBIAN, "unshare: Operation not permitted", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        (1000, NONE_LEFT, "unshare: No space left on device", "sudo sysctl -w user.max_user_namespaces=15000"),
        (0, UBUNTU, "mount proc on /proc: Operation not permitted", "in podman: podman run --security-opt unmask=ALL"),
        (0, {}, "unshare: Operation not permitted", "in a container: run it with --privileged"),
    ],
)
def test_a_refusal_has_a_line_that_lifts_it(
    monkeypatch: pytest.MonkeyPatch, uid: int, settings: dict[str, str], words: str, line: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert readiness.remedy(words, settings.get).startswith(line)


@pytest.mark.parametrize(("system", "start"), [("Darwin", "brew install lima"), ("Windows", "wsl --install")])
def test_elsewhere_than_on_linux_a_virtual_machine_is_started(
    monkeypatch: pytest.MonkeyPatch, system: str, start: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    (only,) = readiness.probes()
    assert not only.good
    assert only.line.startswith(start)


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("natless.lab.programs.find", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda name, **_path: f"/usr/bin/{name}" if name == "dnf" else None)
    missing = {each.name: each.line for each in readiness.probes() if not each.good}
    assert missing["ip"] == "sudo dnf install -y iproute"
    assert missing["nft"] == "sudo dnf install -y nftables"
    assert missing["bwrap"] == "sudo dnf install -y bubblewrap"
