"""What an instance's user data says to the ECS agent: which cluster it registers with, and whether it uses a proxy.

Sources, read 2026-11: Amazon ECS Developer Guide, "Bootstrapping Amazon ECS Linux container instances to pass data"
(ECS_CLUSTER in /etc/ecs/ecs.config), "... Windows container instances" (Initialize-ECSAgent -Cluster), "Using an HTTP
proxy for Amazon ECS Linux container instances" (HTTP_PROXY); Bottlerocket settings reference (settings.ecs.cluster,
settings.network.https-proxy).
"""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

_WORD = r"((?:\$\{[^}]*\}|[^\s\"';\\&|])+)"
_NAMES = (
    re.compile(rf"\bECS_CLUSTER\s*=\s*[\"']?{_WORD}"),
    re.compile(rf"Initialize-ECSAgent\b[^\n]*?-Cluster\s+[\"']?{_WORD}"),
    re.compile(rf"^\s*\[settings\.ecs\][^\[]*?^\s*cluster\s*=\s*[\"']{_WORD}", re.MULTILINE),
)
_PROXY = re.compile(r"\bhttps?[_-]proxy\b", re.IGNORECASE)
# What may bring a configuration that does not stand in the text itself.
_FETCHES = re.compile(r"cfn-init|curl|wget|aws s3|aws ssm|\bsource\b|ecs\.config|Initialize-ECSAgent|#include|\$\(")
_SYMBOL = re.compile(r"\$\{[^}]*\}")
_SHELL = re.compile(r"\$(?!\{)")


class UserData(msgspec.Struct, frozen=True):
    """What was found. `cluster` None: no name stands there; `unsure` says why there may be one all the same, or ""."""

    cluster: str | None = None
    unsure: str = ""
    proxy: bool = False


def user_data(text: str) -> UserData:
    """Read user data, maybe symbolic, in clear text: a shell script, cloud-init, PowerShell, or Bottlerocket's TOML."""
    proxy = _PROXY.search(text) is not None
    names = {name for pattern in _NAMES for name in pattern.findall(text)}
    if len(names) > 1:
        return UserData(None, f"it names several clusters: {', '.join(sorted(names))}", proxy)
    name = names.pop() if names else None
    if name is not None and _SHELL.search(name):
        return UserData(None, f"it names the cluster by a variable of the shell: {name}", proxy)
    if name is None and (found := _FETCHES.search(text) or _SYMBOL.search(text)):
        return UserData(None, f"it names no cluster, but {found[0]} may bring a configuration that does", proxy)
    return UserData(name, "", proxy)


def unresolved(text: str) -> str:
    """Give a line that is nothing but an unresolved part, which may hold whole lines itself; "" where there is none."""
    return next((line.strip() for line in text.splitlines() if _SYMBOL.fullmatch(line.strip())), "")


def decoded(encoded: str) -> str | None:
    """Decode user data as APIs and templates carry it; None where it is no base64 of text."""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
