"""What the proof says of a network, held against what its packets met.

Two roads lead to a proof: the network as a template, whose interfaces stand at addresses that AWS will choose, and as
an account's describe calls, where they stand. The packets' fabric is built from neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any, TypeAlias

import as_describe
import as_template
import msgspec
import networks
import twists

from natless import load
from natless.cloud import Cloud
from natless.finding import Blocked, Outcome, Reachable, Unknown
from natless.prove import prove
from natless.prove.packet import packet

# Read from AWS's documents, not from the catalog: what a Fargate task with an image in ECR and the awslogs driver must
# reach (Amazon ECR User Guide, "Amazon ECR interface VPC endpoints"); a secret adds Secrets Manager.
STARTING = frozenset({"ecr.api", "ecr.dkr", "s3-layers", "logs"})
# What an instance asks so that ECS places tasks on it (Amazon ECS developer guide, "interface VPC endpoints").
REGISTERING = frozenset({"ecs", "ecs-agent", "ecs-telemetry"})
BALANCED = frozenset({"image-source", "internet->alb", "alb->task", "task->internet"})
PLACEMENT = "AWS chooses it"
Ways: TypeAlias = list[list[dict[str, Any]]]
_ORDER = (
    "name",
    "security-group-egress",
    "network-acl-out",
    "route",
    "network-acl-in",
    "security-group-ingress",
)


class Figures(msgspec.Struct):
    """What was compared: networks, flows, verdicts by kind, and gates met."""

    networks: int = 0
    needs: int = 0
    flows: int = 0
    verdicts: Counter[str] = msgspec.field(default_factory=Counter)
    gates: Counter[str] = msgspec.field(default_factory=Counter)

    def lines(self) -> list[str]:
        """Give the figures as a person reads them."""
        verdicts = ", ".join(f"{count} {kind}" for kind, count in self.verdicts.most_common())
        gates = ", ".join(f"{kind} {count}" for kind, count in self.gates.most_common())
        return [
            f"{self.networks} VPCs, {self.needs} needs and {self.flows} flows compared: {verdicts}",
            f"gates met: {gates}",
        ]


def judge(seen: Mapping[str, Any], figures: Figures) -> list[str]:
    """Give the disagreements on one network, [] where proof and packets say the same."""
    number = int(seen["number"])
    network = twists.network(number)
    standing = _with_service(load.describe(as_describe.described(network), "network"), network.cloud)
    figures.networks += 1
    found = [f"not modelled: {each}" for each in seen["unmodelled"]]
    if not twists.unavailable(network.cloud):  # of which a template knows nothing
        text = as_template.template(network)
        planned = load.cloudformation(text, "network", {}, networks.REGION, networks.ACCOUNT)
        found += [f"template: {each}" for each in _needs(planned, network.cloud, seen, figures)]
    found += [f"describe: {each}" for each in _needs(standing, network.cloud, seen, figures)]
    found += [f"flow: {each}" for flow in seen["flows"] for each in _flow(standing, flow, figures)]
    return [f"network {number}: {each}" for each in found]


def _with_service(standing: Cloud, cloud: Cloud) -> Cloud:
    """Give the network as described with the service that is always the same."""
    parts = ("load_balancers", "listeners", "target_groups", "task_definitions", "services", "roles")
    own = (*parts, "clusters", "instance_groups")
    return msgspec.structs.replace(standing, gaps=(), **{part: getattr(cloud, part) for part in own})


def _needs(cloud: Cloud, written: Cloud, seen: Mapping[str, Any], figures: Figures) -> Iterator[str]:
    verdicts = {verdict.need: verdict.outcome for verdict in prove(cloud).verdicts}
    expected = STARTING | BALANCED | ({"secretsmanager"} if _has_secret(written) else set())
    if twists.mode_of(written) != "fargate":
        expected |= REGISTERING
    if set(verdicts) != expected:
        yield f"the proof knows the needs {', '.join(sorted(verdicts))}"
        return
    for need, outcome in verdicts.items():
        if need == "image-source":
            continue  # where the image lies is read, not asked
        figures.needs += 1
        own, waits = seen["needs"]["servers"], need not in BALANCED and _waits(written, need)
        if own and need not in BALANCED:
            said = _by_own_servers(need, outcome, seen, figures, standing=bool(cloud.network_interfaces))
            yield from (f"{need}: {each}" for each in said)
            continue
        if waits:
            yield from (f"{need}: {each}" for each in _waiting(need, outcome, seen, figures))
            continue
        yield from (f"{need}: {each}" for each in _need(cloud, need, outcome, seen, figures))
        if need in seen["named"]:
            yield from (f"{need}: {each}" for each in _named(cloud, outcome, seen["named"][need]))


def _need(cloud: Cloud, need: str, outcome: Outcome, seen: Mapping[str, Any], figures: Figures) -> Iterator[str]:
    ways, public = _ways(need, seen), seen["needs"]["public"]
    if ways is None:
        yield from _chosen(outcome, public, figures)
    elif need == "internet->alb" and _no_way_in(int(seen["number"]), outcome, ways):
        figures.verdicts["blocked, and no gateway to come in by"] += 1
    elif not cloud.network_interfaces:
        yield from _planned(need, outcome, ways, public, figures)
    else:
        yield from _compare(outcome, ways, figures)


def _ways(need: str, seen: Mapping[str, Any]) -> Ways | None:
    """Give a need's ways; where packets pass and the endpoint's policy refuses the request, that is one more, closed.

    None where the name stands for an address that AWS chooses.
    """
    ways: Ways | None = seen["needs"].get(need)
    endpoint = seen["refused"].get(need)
    if ways is None or endpoint is None or not any(tried["open"] for way in ways for tried in way):
        return ways
    return [*ways, [{"to": "", "open": False, "gates": [f"endpoint-policy {endpoint}"]}]]


def _waits(cloud: Cloud, need: str) -> bool:
    """Say whether a need would be met by an endpoint that has not come up."""
    waiting = twists.unavailable(cloud).get("s3" if need == "s3-layers" else need)
    if waiting is None:
        return False
    vpc = cloud.vpcs[networks.VPC]
    if waiting in cloud.interface_endpoints:
        return bool(cloud.interface_endpoints[waiting].private_dns and vpc.dns_support and vpc.dns_hostnames)
    return bool(vpc.dns_support)


def _waiting(need: str, outcome: Outcome, seen: Mapping[str, Any], figures: Figures) -> Iterator[str]:
    """Compare where an endpoint has not come up: nothing says whether its service is asked at public addresses then."""
    ways: Ways = seen["needs"].get(need) or seen["needs"]["public"]
    shut = [way for way in ways if not any(tried["open"] for tried in way)]
    if shut:
        yield from _compare(outcome, shut, figures)
    elif isinstance(outcome, Blocked) or (isinstance(outcome, Reachable) and need != "s3-layers"):
        yield f"the proof knows what an endpoint does that has not come up: {outcome}"
    else:
        figures.verdicts["unknown, as an endpoint has not come up"] += 1


def _by_own_servers(
    need: str, outcome: Outcome, seen: Mapping[str, Any], figures: Figures, *, standing: bool
) -> Iterator[str]:
    """Compare where DHCP options name another DNS server: what it answers is not known, whether it hears is.

    Who stands at its address, and behind which groups, a template does not say: `standing` is False for one.
    """
    deaf = [way for way in seen["needs"]["servers"] if not any(tried["open"] for tried in way)]
    behind = [way for way in deaf if not standing and any("security-group-ingress" in gate for gate in _gates([way]))]
    ways, public = _ways(need, seen) or [], seen["needs"]["public"]
    shut = [way for way in ways if not any(tried["open"] for tried in way)]
    cut_off = need == "s3-layers" or any(not any(tried["open"] for tried in way) for way in public)
    match outcome:
        case Reachable():
            yield "the proof knows what a DNS server answers that it cannot ask"
        case Unknown() if len(deaf) > len(behind):
            yield f"the proof says unknown, and no DNS server was heard: {sorted(_gates(deaf))}"
        case Unknown():
            figures.verdicts["unknown, as another DNS server answers"] += 1
        case Blocked():
            figures.verdicts["blocked"] += 1
            figures.gates[_stop(outcome).partition(" ")[0]] += 1
            if behind and "network-acl" in _stop(outcome):
                return  # packets died at groups of which a template does not know, and would have died here
            if not _among(_stop(outcome), _gates(deaf)) and not (cut_off and _among(_stop(outcome), _gates(shut))):
                died = sorted(_gates(deaf) | _gates(shut))
                yield f"the proof stops at {_stop(outcome)} ({outcome.reason}), packets died at {died}"


def _planned(need: str, outcome: Outcome, ways: Ways, public: Ways, figures: Figures) -> Iterator[str]:
    """Compare what is said of a template, where neither interfaces nor S3's addresses are known."""
    said = list(_compare(outcome, ways, figures))
    shut = any(not any(tried["open"] for tried in way) for way in ways)
    if said and shut and isinstance(outcome, Blocked):
        gates = _gates(ways) | (_gates(public) if need == "s3-layers" else set())
        stop = _stop(outcome)
        if _among(stop, gates) or any(_order(gate) < _order(stop) for gate in gates - {""}):
            # Packets died at an earlier gate, which lets other choices of AWS through; none gets past this one.
            figures.verdicts["blocked, and the address that AWS chooses says at which gate"] += 1
            return
    yield from said


def planned(need: str, outcome: Outcome, ways: Ways, figures: Figures) -> Iterator[str]:
    """Compare one need of a template: addresses are AWS's to choose."""
    if isinstance(outcome, Unknown):
        yield from _unknown(outcome, figures)
    else:
        yield from _planned(need, outcome, ways, [], figures)


def _order(gate: str) -> int:
    kind = gate.partition(" ")[0]
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _gates(ways: Ways) -> set[str]:
    return {gate for way in ways for tried in way for gate in tried.get("gates", ())}


def _chosen(outcome: Outcome, ways: Ways, figures: Figures) -> Iterator[str]:
    """Compare where AWS chooses one of several addresses: only what holds for each of them may be said."""
    all_open = all(tried["open"] for way in ways for tried in way)
    shut = [way for way in ways if not any(tried["open"] for tried in way)]
    match outcome:
        case Reachable() if not all_open:
            yield f"the proof says reachable whichever address AWS chooses, packets died at {sorted(_gates(ways))}"
        case Unknown() if all_open or shut:
            yield f"the proof leans on the address that AWS chooses, packets do not: {ways}"
        case Unknown():
            yield from _unknown(outcome, figures)
        case _:
            yield from _compare(outcome, shut, figures)


def _no_way_in(number: int, outcome: Outcome, ways: Ways) -> bool:
    """Say whether visitors found no gateway, where no router is that could say so: the proof must say blocked."""
    off = twists.network(number).cloud.internet_gateways["Igw"].vpc is None
    silent = all(tried.get("gates") == [""] for way in ways for tried in way)
    return off and silent and isinstance(outcome, Blocked)


def _has_secret(cloud: Cloud) -> bool:
    containers = cloud.task_definitions["Task"].containers
    return isinstance(containers, tuple) and bool(containers[0].secrets)


def _compare(outcome: Outcome, ways: Ways, figures: Figures) -> Iterator[str]:
    shut = [way for way in ways if not any(tried["open"] for tried in way)]
    gates = _gates(shut)
    match outcome:
        case Reachable():
            figures.verdicts["reachable"] += 1
            if shut:
                yield f"the proof says reachable, packets died at {sorted(gates)}"
            half = any(not tried["open"] for way in ways for tried in way)
            if outcome.degraded and not half:
                yield f"the proof says degraded ({outcome.degraded}), and every packet was answered"
        case Blocked():
            figures.verdicts["blocked"] += 1
            stop = _stop(outcome)
            figures.gates[stop.partition(" ")[0]] += 1
            if not shut:
                yield f"the proof stops at {stop} ({outcome.reason}), packets were answered"
            elif not _among(stop, gates):
                yield f"the proof stops at {stop} ({outcome.reason}), packets died at {sorted(gates)}"
        case Unknown():
            yield from _unknown(outcome, figures)


def _unknown(outcome: Unknown, figures: Figures) -> Iterator[str]:
    """Unknown is right where AWS chooses an address; nothing else here is unread."""
    if all(PLACEMENT in gap.why for gap in outcome.gaps):
        figures.verdicts["unknown, as AWS chooses an address"] += 1
    else:
        yield f"the proof says unknown: {'; '.join(f'{gap.what}: {gap.why}' for gap in outcome.gaps)}"


def _stop(outcome: Blocked) -> str:
    """Give where the packet dies by the proof: a gate's kind and element."""
    return f"{outcome.gate.stopped_kind or outcome.gate.kind} {outcome.gate.stopped_at or outcome.gate.element}"


def _among(stop: str, gates: set[str]) -> bool:
    """Say whether packets died there. The fabric names all groups of an interface, the proof the first."""
    kind, _, element = stop.partition(" ")
    if kind == "name":
        return not gates - {""}  # no name, no packet
    return any(gate.partition(" ")[0] == kind and element in gate.partition(" ")[2].split(",") for gate in gates)


def _named(cloud: Cloud, outcome: Outcome, addresses: list[str]) -> Iterator[str]:
    """Hold what the name stands for by the proof against what the VPC's DNS server answered."""
    match outcome:
        case Unknown():
            return
        case Blocked() if outcome.gate.kind == "name" and not outcome.gate.stopped_at:
            expected = "nothing"
        case _:
            hops = outcome.path.forward
            expected = next((hop.element for hop in hops if hop.detail == "private DNS"), "public")
    inside = {each for vpc in cloud.vpcs.values() for each in addresses if _inside(vpc.cidrs, each)}
    own = {hop for hop in cloud.interface_endpoints if hop == expected}
    said = "nothing" if not addresses else "an endpoint" if inside else "public"
    if said != ("an endpoint" if own else expected):
        yield f"by the proof the name stands for {expected}, DNS answers {addresses}"


def _inside(cidrs: Any, address: str) -> bool:
    return any(IPv4Address(address) in cidr for cidr in cidrs)


def _flow(cloud: Cloud, flow: Mapping[str, Any], figures: Figures) -> Iterator[str]:
    figures.flows += 1
    outcome = packet(cloud, flow["from"], IPv4Address(flow["to"]), flow["port"], flow["protocol"])
    title = f"{flow['from']} to {flow['to']} {flow['protocol']} {flow['port']}"
    if isinstance(outcome, Unknown) and flow["open"] and twists.unavailable(cloud).keys() & {"s3", "dynamodb"}:
        figures.verdicts["unknown, as an endpoint has not come up"] += 1
        return
    yield from (f"{title}: {each}" for each in _compare(outcome, [[dict(flow)]], figures))
