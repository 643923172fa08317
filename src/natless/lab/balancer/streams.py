"""The proxy's configuration for one node of a network load balancer. Pure.

A connection is led to a target as it is (TCP), or its TLS is ended here. Network load balancer guide, "Listeners" and
"Target groups"; unlike there, a client's connection is taken before the target's is tried. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from natless.lab.balancer.facts import Forward, Group, Listener, LoadBalancerFacts
from natless.lab.balancer.written import Folder, Written, bind, first_lines

SERVED = ("TCP", "TLS")
"""The listeners' protocols that are modelled; UDP, TCP_UDP and QUIC are not."""


def write(
    facts: LoadBalancerFacts, groups: Mapping[str, Group], address: str, path: str, servers: Mapping[str, list[str]]
) -> Written:
    """Give the configuration of the node at `address`; `servers` as for an application load balancer."""
    folder = Folder(path)
    served = [listener for listener in facts.listeners if listener.protocol in SERVED]
    lines = [*first_lines(path), "defaults", "  mode tcp", "  retries 0", "  timeout connect 10s"]
    # The client's side decides when a connection has been idle for too long.
    lines += [f"  timeout client {facts.idle}s", f"  timeout server {max((each.idle for each in served), default=1)}s"]
    for listener in served:
        lines += _frontend(listener, groups, address, folder)
    for arn in facts.groups:
        if arn in groups:
            group = groups[arn]
            lines += [f"backend {group.name}", f"  balance {'source' if group.sticks else 'roundrobin'}"]
            lines += [f"  server {each}" for each in servers.get(group.name, [])]
    return Written("\n".join([*lines, ""]), folder.files)


def _frontend(listener: Listener, groups: Mapping[str, Group], address: str, folder: Folder) -> Iterator[str]:
    yield f"frontend port-{listener.port}"
    yield bind(listener, address, folder)
    yield f"  timeout client {listener.idle}s"
    action = listener.rules[-1].action
    targets = action.groups if isinstance(action, Forward) else ()
    weighted = [(groups[arn].name, weight) for arn, weight in targets if arn in groups and weight > 0]
    left = sum(weight for _, weight in weighted)
    for name, weight in weighted:
        chance = f" if {{ rand({left}) lt {weight} }}" if weight < left else ""
        yield f"  use_backend {name}{chance}"
        left -= weight
