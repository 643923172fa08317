"""`lab break` and `lab mend`: one thing of a deployment taken away through AWS's own calls, and put back.

What undoes a break is written down as calls before it is done, so that mending is exact and needs no memory but that.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from natless.lab.breaking import access, network, subnets
from natless.lab.breaking.broken import Broken, Connect, undo
from natless.lab.control import LabError

__all__ = ["KINDS", "Broken", "breaks", "kinds_in_words", "mend"]

_BREAKS: Mapping[str, Callable[[Connect, str], Broken]] = {
    "s3": network.s3,
    "endpoint": network.endpoint,
    "rule": network.rule,
    "route": subnets.route,
    "private-dns": network.private_dns,
    "dns": network.dns,
    "nacl": network.nacl,
    "zone": subnets.zone,
    "policy": access.policy,
    "role": access.role,
    "slow": access.slow,
}

KINDS: Mapping[str, str] = {
    "s3": "take the S3 gateway endpoint off the route tables",
    "endpoint": "take all interfaces of an interface endpoint away: endpoint:logs [ecr.api]",
    "rule": "move the endpoints' group rules to a port that nobody asks",
    "route": "have the tasks' subnets use the main route table; route:visitors takes the internet gateway's away",
    "private-dns": "turn an endpoint's private DNS off: private-dns:logs [ecr.api]",
    "dns": "turn the VPC's DNS support off",
    "nacl": "put a first network ACL entry before all others that denies the tasks' HTTPS",
    "zone": "cut the tasks' subnets in one zone off: zone:eu-west-1a [where the next task would go]",
    "policy": "have an endpoint's policy deny everything: policy:logs [s3]",
    "role": "deny the execution roles the token of ECR",
    "slow": "have an endpoint's service answer too late: slow:logs [ecr.api]",
}
"""What can be broken, and how; in brackets what is meant where nothing is named."""


def breaks(kind: str, connect: Connect) -> Broken:
    """Break what `kind` names, in every VPC of the account. Raises LabError where there is nothing of it to break."""
    name, _, which = kind.partition(":")
    if name not in _BREAKS:
        near = difflib.get_close_matches(name, KINDS, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise LabError(f"{kind!r} cannot be broken: there is {', '.join(KINDS)}{meant}")
    return _BREAKS[name](connect, which)


def mend(broken: Broken, connect: Connect) -> str:
    """Undo one break, and say so."""
    undo(broken, connect)
    return f"mended: {broken.back}"


def kinds_in_words() -> list[str]:
    """Give each kind with what it does, a line each."""
    width = max(map(len, KINDS))
    return [f"{kind:<{width}}  {what}" for kind, what in KINDS.items()]
