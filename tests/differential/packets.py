"""The packets' side, in namespaces of its own: a job a line on standard input, what was seen a line on standard output.

It knows nothing of proofs: a network's number gives it the network, and the network its questions.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import bugs
import dnslib
import flushing
import networks
import twists
from asking import Asker, Try
from knocking import Knock, Met, knock
from refusing import refused

from natless.cloud import Cloud
from natless.lab.fabric import Fabric, filtering
from natless.lab.kernel import confinement, namespaces
from natless.lab.names import Names

# The names that ECS's agent, the container runtime and the log driver ask for (Amazon ECR and ECS guides).
HOSTS = {
    "ecr.api": f"api.ecr.{networks.REGION}.amazonaws.com",
    "ecr.dkr": f"{networks.ACCOUNT}.dkr.ecr.{networks.REGION}.amazonaws.com",
    "s3-layers": f"prod-{networks.REGION}-starport-layer-bucket.s3.{networks.REGION}.amazonaws.com",
    "logs": f"logs.{networks.REGION}.amazonaws.com",
    "secretsmanager": f"secretsmanager.{networks.REGION}.amazonaws.com",
    # What the agent of an instance asks; the names of the last two it is told by the first (DiscoverPollEndpoint).
    "ecs": f"ecs.{networks.REGION}.amazonaws.com",
    "ecs-agent": f"ecs-a-1.{networks.REGION}.amazonaws.com",
    "ecs-telemetry": f"ecs-t-1.{networks.REGION}.amazonaws.com",
}
_DNS: Any = dnslib
_DNS_SECONDS = 0.25  # nothing until then is silence; an answer takes a millisecond


class Stage:
    """One fabric, brought from network to network."""

    def __init__(self) -> None:
        self.fabric = Fabric()
        self.names = Names(self.fabric)

    def see(self, number: int, bug: str = "", *, thorough: bool = False) -> dict[str, Any]:
        """Build a network, with a bug put into the fabric or none, and ask it everything."""
        with bugs.seeded(bug):
            return self._see(number, thorough=thorough)

    def _see(self, number: int, *, thorough: bool) -> dict[str, Any]:
        network = twists.network(number)
        cloud = network.cloud
        self.fabric.apply(cloud)
        self.names.apply(cloud)
        self.forget(cloud)
        asker = Asker(cloud, number, thorough=thorough)
        named = self.look_up(asker, networks.ground(number))
        needs, flows = asker.needs(named) | {"servers": asker.servers()}, asker.flows()
        asked = [each for ways in needs.values() for way in ways for tried in way for each in tried]
        met = knock(self.fabric, [*asked, *(each for flow in flows for each in flow)])
        return {
            "number": number,
            "unmodelled": list(self.fabric.unmodelled),
            "named": named,
            "needs": {need: [[_sum(tried, met) for tried in way] for way in ways] for need, ways in needs.items()},
            "refused": _refused(network, asker, named),
            "flows": [_flow(flow, met) for flow in flows],
        }

    def forget(self, cloud: Cloud) -> None:
        """Forget the flows of the network before."""
        nats = [each.id for each in cloud.network_interfaces.values() if each.kind == "nat-gateway"]
        for where in (*cloud.vpcs, *nats):
            with namespaces.inside(filtering.name(where)):
                flushing.forget_flows()

    def look_up(self, asker: Asker, ground: networks.Ground) -> dict[str, list[str]]:
        """Ask the VPC's DNS server from a task for each need's host; [] is silence."""
        where, server = asker.pulling()[0].id, str(ground.vpc[2])
        found: dict[str, list[str]] = {need: [] for need in HOSTS}
        sockets = {need: self.fabric.socket(where, socket.SOCK_DGRAM) for need in HOSTS}
        for need, one in sockets.items():
            one.connect((server, 53))
            one.send(_DNS.DNSRecord.question(HOSTS[need]).pack())
        until = time.monotonic() + _DNS_SECONDS
        for need, one in sockets.items():
            with one:
                if select.select([one], [], [], max(0, until - time.monotonic()))[0]:
                    found[need] = sorted(str(each.rdata) for each in _DNS.DNSRecord.parse(one.recv(4096)).rr)
        return found


def _refused(network: twists.Network, asker: Asker, named: dict[str, list[str]]) -> dict[str, str]:
    """Give the endpoint whose policy refuses, by need: of those that are asked by the name's answer."""
    cloud, found = network.cloud, {}
    own = {str(each.addresses[0]): each.owner for each in cloud.network_interfaces.values() if each.kind == "endpoint"}
    by_need = {need: {own[each] for each in addresses if each in own} for need, addresses in named.items()}
    tables = {asker.table(each.subnet).id for each in asker.pulling()}
    gateways = [each for each in cloud.gateway_endpoints.values() if each.available]
    by_need["s3-layers"] = {each.id for each in gateways if tables & set(each.route_tables)}
    for need, endpoints in by_need.items():
        for endpoint in endpoints & set(network.policies):
            if refused(need, network.policies[endpoint], endpoint):
                found[need] = endpoint
    return found


def _sum(tried: Try, met: dict[Knock, Met]) -> dict[str, Any]:
    """Say whether a try was open, and else the gates at which its packets died."""
    shut = [met[each] for each in tried if not met[each].open]
    about = {"to": str(tried[0].source or tried[0].address), "open": not shut}
    return about if not shut else {**about, "gates": sorted({each.gate for each in shut})}


def _flow(flow: Try, met: dict[Knock, Met]) -> dict[str, Any]:
    first = flow[0]
    about = {"from": first.where, "to": str(first.address), "port": first.port, "protocol": first.protocol}
    return {**about, **_sum(flow, met)}


def serve() -> int:
    """Answer jobs until standard input ends."""
    stage = Stage()
    for line in sys.stdin:
        job = json.loads(line)
        sys.stdout.write(json.dumps(stage.see(job["number"], job["bug"], thorough=job["thorough"])) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    confinement.spawn(serve)
