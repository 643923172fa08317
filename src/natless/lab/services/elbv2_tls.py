"""What a listener's security policy allows, as DescribeSSLPolicies tells it."""

from __future__ import annotations

import msgspec
from moto.elbv2.ssl_policies import SSL_POLICIES

USUAL = "ELBSecurityPolicy-2016-08"
"""The policy of a listener that names none and was made by the API (CreateListener)."""


class Policy(msgspec.Struct, frozen=True):
    """Protocols (`TLSv1.2`) and ciphers, by OpenSSL's names."""

    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]


def known(name: str) -> bool:
    """Say whether there is a policy of this name."""
    return name in SSL_POLICIES


def policy(name: str) -> Policy:
    """Give a policy; raises KeyError where there is none of this name."""
    found = SSL_POLICIES[name]
    return Policy(tuple(found["ssl_protocols"]), tuple(found["ciphers"]))
