"""Who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec


class Principal(msgspec.Struct, frozen=True):
    """Who signed a request.

    `arn` is what error messages show: a session's for a role. `issuer` is the role's or user's own ARN, which
    policies name (aws:PrincipalArn); for a service it is its principal, `ecs-tasks.amazonaws.com`.
    `administrator` is the person whose lab it is: every identity-based policy allows them everything.
    """

    arn: str
    issuer: str
    account: str
    user_id: str
    kind: Literal["user", "role", "service"]
    administrator: bool = False
    tags: Mapping[str, str] = {}
