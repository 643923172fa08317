"""IAM: who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from natless.finding import Gap, Origin


class Statement(msgspec.Struct, frozen=True):
    """One statement of a policy, with IAM's lists always as tuples. Texts may be symbolic.

    `conditions` is IAM's Condition object as written; {} where there is none.
    """

    origin: Origin
    effect: Literal["Allow", "Deny"]
    actions: tuple[str | Gap, ...] = ()
    not_actions: tuple[str | Gap, ...] = ()
    resources: tuple[str | Gap, ...] = ()
    not_resources: tuple[str | Gap, ...] = ()
    principals: tuple[str | Gap, ...] = ()
    conditions: Mapping[str, Any] = {}


class Policy(msgspec.Struct, frozen=True):
    """A policy document. A Gap among the statements means that there may be more of them."""

    origin: Origin
    statements: tuple[Statement | Gap, ...]


class Role(msgspec.Struct, frozen=True):
    """A role with its inline and attached policies.

    `managed` holds ARNs of managed policies whose text is not here: the prover looks AWS's own up in the
    catalog, and any other is unknown. `boundary` is the permissions boundary, by its ARN where its text is not here.
    """

    id: str
    origin: Origin
    arn: str
    policies: tuple[Policy | Gap, ...] = ()
    managed: tuple[str | Gap, ...] = ()
    trust: Policy | Gap | None = None
    boundary: Policy | str | Gap | None = None
