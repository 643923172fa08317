"""`lab trace`: the packets of one need, sent from where the task stands, and the way that they went.

Nothing here is a proof: the name is asked of the VPC's DNS server, connections are made in the ENI's namespace, and the
gate that said no is what the network's own log of dropped packets names. Where packets arrive, a request follows them:
whether it is answered in time, and whether policies let it be.
"""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any, TypeAlias

import msgspec

from natless.catalog.needs import LAYER_BUCKET, NEEDS, Feature
from natless.catalog.services import SERVICES, service
from natless.cloud import Cloud, NetworkInterface
from natless.lab.answers import LAYERS, Answers, Asked
from natless.lab.control import LabError
from natless.lab.fabric import INTERNET, Fabric, Probe
from natless.lab.names import name_servers
from natless.lab.tasks.names import LookupFailedError, look_up
from natless.lab.tasks.ports import Patience

Connect: TypeAlias = Callable[[str], Any]

HTTPS, HTTP = 443, 80
# What CloudFormation makes of a service that natless designs: STACK-LOGICALSERVICE-RANDOM.
_GENERATED = re.compile(r".*-([A-Za-z0-9]+)Service-[A-Za-z0-9]+")
VISIT, TARGET, OUT = "internet->alb", "alb->task", "task->internet"
ANYBODY = IPv4Address("203.0.113.99")
"""A host of the lab's internet that belongs to nobody (RFC 5737)."""

_MADE = " (made for this: no task runs there)"
# In the order in which a packet meets them; the answer passes the network ACLs again, the other way.
_GATES = ("security-group-egress", "network-acl-out", "route", "network-acl-in", "security-group-ingress")


class Hop(msgspec.Struct, frozen=True):
    """One step: `name`, a gate, `connection` or `reply`; whether it was passed, and what was seen."""

    step: str
    passed: bool
    said: str


class Traced(msgspec.Struct, frozen=True):
    """One packet's way. `gate` and `element` are what dropped it, "" where it arrived or nobody said."""

    source: str
    target: str
    port: int
    open: bool
    hops: tuple[Hop, ...]
    gate: str = ""
    element: str = ""


class Tracer:
    """Traces by what stands: a fabric, the account, and the Cloud that the fabric has."""

    def __init__(
        self, fabric: Fabric, connect: Connect, cloud: Callable[[], Cloud], patience: Patience, answers: Answers
    ) -> None:
        """Trace through `fabric`; `cloud` gives the account's present, once the network follows it."""
        self._answers = answers
        self._answered: dict[tuple[str, str], Asked] = {}
        self._fabric = fabric
        self._connect = connect
        self._cloud = cloud
        self._patience = patience

    def trace(self, subject: str, need: str) -> dict[str, Any]:
        """Send the packets of a need of a service or task; give its ways, whether all are open, and lines to read.

        Raises LabError for an unknown task or need.
        """
        task = self._task(subject)
        _known_need(need)
        fresh: list[str] = []
        try:
            interfaces = self._on_instances(task, need) or self._interfaces(task, fresh)
            ways = list(self._visits(task)) if need == VISIT else []
            for each in interfaces if need != VISIT else ():
                ways += self._ways(task, each, need)
        finally:
            for each in fresh:
                self._connect("ec2").delete_network_interface(NetworkInterfaceId=each)
            self._cloud()
        good = bool(ways) and all(each.open for each in ways)
        where = ", ".join(f"{each}{_MADE if each in fresh else ''}" for each in interfaces)
        lines = [f"{need} of {subject}, from {where}", *(line for each in ways for line in _lines(each))]
        return {"subject": subject, "need": need, "interface": where, "open": good, "ways": ways, "lines": lines}

    # --- whose packets ---

    def _task(self, subject: str) -> dict[str, Any]:
        """Give the service or the task that is meant: by name, task id or ARN."""
        ecs = self._connect("ecs")
        names: list[str] = []
        for cluster in ecs.list_clusters()["clusterArns"]:
            for arn in ecs.list_services(cluster=cluster)["serviceArns"]:
                names.append(arn.rpartition("/")[2])
                generated = _GENERATED.fullmatch(names[-1])
                if _same_service(subject, names[-1], arn):
                    return _of_service(ecs, cluster, arn)
                if generated is not None:
                    names.append(generated[1].lower())
            for arn in ecs.list_tasks(cluster=cluster)["taskArns"]:
                names.append(arn.rpartition("/")[2])
                if subject in {arn, names[-1]}:
                    return {"tasks": [ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]], "service": None}
        near = difflib.get_close_matches(subject, names, 1, 0.3)
        there = f"; did you mean {near[0]}?" if near else "; deploy first" if not names else ""
        raise LabError(f"no service or task is called {subject!r}{there}")

    def _interfaces(self, task: dict[str, Any], fresh: list[str]) -> list[str]:
        """Give an ENI in each subnet where the service places tasks: a running task's, or else a `fresh` one."""
        cloud = self._cloud()
        running: dict[str, str] = {}
        for each in task["tasks"]:
            eni = _eni(each)
            if each["lastStatus"] == "RUNNING" and eni in cloud.network_interfaces:
                running.setdefault(str(cloud.network_interfaces[eni].subnet), eni)
        if task["service"] is None:
            if not running:
                raise LabError("the task does not run any more: name its service")
            return list(running.values())
        network = (task["service"].get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        found = []
        for subnet in network.get("subnets") or running:
            if subnet not in running:
                groups = network.get("securityGroups", [])
                made = self._connect("ec2").create_network_interface(SubnetId=subnet, Groups=groups)
                fresh.append(str(made["NetworkInterface"]["NetworkInterfaceId"]))
            found.append(running.get(subnet) or fresh[-1])
        self._cloud()
        return found

    def _on_instances(self, task: dict[str, Any], need: str) -> list[str]:
        """Give the interfaces of the instances on which tasks run, where what is needed goes by these; else nothing.

        In awsvpc mode that is what an instance fetches for its tasks, in bridge and host mode everything.
        """
        hosts = self._hosts(task)
        if not hosts:
            return []
        definition = self._connect("ecs").describe_task_definition(taskDefinition=_definition(task))["taskDefinition"]
        by_instance = definition.get("networkMode") != "awsvpc" or need in _fetched_by_instances(definition)
        return sorted(hosts) if by_instance else []

    def _hosts(self, task: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        """Give the running tasks on each instance, by the instance's interface."""
        ecs, cloud, found = self._connect("ecs"), self._cloud(), dict[str, list[dict[str, Any]]]()
        placed = [
            each for each in task["tasks"] if each["lastStatus"] == "RUNNING" and each.get("containerInstanceArn")
        ]
        for each in placed:
            asked = {"cluster": each["clusterArn"], "containerInstances": [each["containerInstanceArn"]]}
            for machine in ecs.describe_container_instances(**asked)["containerInstances"]:
                mine = [one.id for one in cloud.network_interfaces.values() if one.owner == machine["ec2InstanceId"]]
                for interface in mine[:1]:
                    found.setdefault(interface, []).append(each)
        return found

    # --- which packets ---

    def _ways(self, task: dict[str, Any], interface: str, need: str) -> Iterator[Traced]:
        match need:
            case "alb->task":
                yield from self._to_task(task, interface)
            case "task->internet":
                yield self._connection(interface, ANYBODY, HTTPS, ())
            case _:
                yield from self._to_service(task, interface, need)

    def _to_service(self, task: dict[str, Any], interface: str, need: str) -> Iterator[Traced]:
        cloud = self._cloud()
        host = _host(need, cloud)
        servers = name_servers(cloud, interface)
        try:
            addresses = look_up(self._fabric, interface, servers, host, self._patience)
        except LookupFailedError as failure:
            hop = Hop("name", passed=False, said=str(failure))
            yield Traced(interface, host, HTTPS, open=False, hops=(hop,), gate="name", element=_vpc(cloud, interface))
            return
        elements = {each: _endpoint(cloud, interface, each, need) for each in map(IPv4Address, addresses)}
        for address, endpoint in elements.items():
            said = f"{host} is {address}, {_whose(cloud, address)}"
            way = self._connection(interface, address, HTTPS, (Hop("name", passed=True, said=said),))
            yield self._requested(way, need, task, endpoint) if way.open else way

    def _requested(self, way: Traced, need: str, task: dict[str, Any], endpoint: str) -> Traced:
        """Have a request follow packets that arrived."""
        cloud = self._cloud()
        host = _host(need, cloud)
        servers = name_servers(cloud, way.source)
        if (way.source, host) not in self._answered:
            self._answered[way.source, host] = self._answers.answered(host, way.source, servers, endpoint or host)
        seen = [self._answered[way.source, host]]
        if seen[0].passed:
            definition = self._connect("ecs").describe_task_definition(taskDefinition=_definition(task))
            found = self._answers.allowed(need, definition["taskDefinition"], cloud, way.source, endpoint)
            seen += [found] if found is not None else []
        hops = (*way.hops, *(Hop(each.step, each.passed, each.said) for each in seen))
        no = next((each for each in seen if not each.passed), Asked("", passed=True, said=""))
        return msgspec.structs.replace(way, hops=hops, open=not no.step, gate=no.step, element=no.element)

    def _balancers(self, task: dict[str, Any]) -> list[NetworkInterface]:
        groups = {each["targetGroupArn"] for each in (task["service"] or {}).get("loadBalancers", ())}
        described = self._connect("elbv2").describe_target_groups(TargetGroupArns=sorted(groups)) if groups else {}
        owners = {arn for each in described.get("TargetGroups", ()) for arn in each["LoadBalancerArns"]}
        found = [each for each in self._cloud().network_interfaces.values() if each.owner in owners]
        if not found:
            raise LabError("no load balancer leads to it")
        return found

    def _visits(self, task: dict[str, Any]) -> Iterator[Traced]:
        for node in self._balancers(task):
            if node.public_address is not None:
                yield self._connection(INTERNET, node.public_address, HTTP, ())

    def _to_task(self, task: dict[str, Any], interface: str) -> Iterator[Traced]:
        address = self._cloud().network_interfaces[interface].addresses[0]
        ports = sorted({each["containerPort"] for each in (task["service"] or {}).get("loadBalancers", ())})
        there = self._hosts(task).get(interface)
        if there is not None:
            ports = sorted(_given_out(there, ports))
        for node in self._balancers(task):
            yield from (self._connection(node.id, address, port, ()) for port in ports)

    def _connection(self, where: str, address: IPv4Address, port: int, before: Sequence[Hop]) -> Traced:
        started = time.time()
        met = self._fabric.probe(where, address, port)
        hops = (*before, *_hops(met, address, port, (time.time() - started) * 1000))
        drop = met.drop
        gate, element = ("", "") if drop is None else (drop.gate, drop.element)
        return Traced(where, str(address), port, met.outcome != "silent", hops, gate, element)


def _same_service(subject: str, name: str, arn: str) -> bool:
    """Say whether a service is meant: by its name, or by the spec's, with which generated names go on."""
    part = f"-{subject}service-".lower()
    return subject in {name, arn} or part in f"-{name}".lower()


def _of_service(ecs: Any, cluster: str, arn: str) -> dict[str, Any]:
    service_ = ecs.describe_services(cluster=cluster, services=[arn])["services"][0]
    running = ecs.list_tasks(cluster=cluster, serviceName=arn)["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=running)["tasks"] if running else []
    return {"service": service_, "tasks": tasks}


def _eni(task: dict[str, Any]) -> str:
    details = [detail for each in task.get("attachments", ()) for detail in each.get("details", ())]
    return next((str(each["value"]) for each in details if each["name"] == "networkInterfaceId"), "")


def needs() -> list[str]:
    """Give every need that can be traced."""
    return [LAYERS, *(each.short for each in SERVICES), VISIT, TARGET, OUT]


def _fetched_by_instances(definition: Mapping[str, Any]) -> set[str]:
    """Give what an instance asks for itself and its tasks: all that starting takes, but nothing of the containers'."""
    values = [str(one["valueFrom"]) for each in definition["containerDefinitions"] for one in each.get("secrets") or ()]
    secret = Feature.SECRETSMANAGER_SECRET if any(":secretsmanager:" in one for one in values) else None
    parameter = Feature.SSM_PARAMETER if any(":secretsmanager:" not in one for one in values) else None
    features = {Feature.ECR_IMAGE, Feature.AWSLOGS, Feature.CONTAINER_INSTANCE, secret, parameter}
    return {LAYERS, *(need.endpoint for need in NEEDS if need.feature in features)}


def _given_out(tasks: Sequence[dict[str, Any]], ports: Sequence[int]) -> set[int]:
    """Give the instance's ports behind which the containers' ports of its tasks are found."""
    bindings = [each for task in tasks for one in task["containers"] for each in one.get("networkBindings") or ()]
    return {int(each["hostPort"]) for each in bindings if each["containerPort"] in ports}


def _definition(task: dict[str, Any]) -> str:
    return str(task["service"]["taskDefinition"] if task["service"] else task["tasks"][0]["taskDefinitionArn"])


def _endpoint(cloud: Cloud, interface: str, address: IPv4Address, need: str) -> str:
    """Give the endpoint by which an address is asked: whose interface it is, or the gateway endpoint of its service."""
    owner = next((each.owner for each in cloud.network_interfaces.values() if address in each.addresses), None)
    if owner is not None:
        return owner
    vpc, served = _vpc(cloud, interface), "s3" if need == LAYERS else need
    gateways = cloud.gateway_endpoints.values()
    return next((each.id for each in gateways if (each.vpc, each.service) == (vpc, served)), "")


def _known_need(need: str) -> None:
    if need in needs():
        return
    near = difflib.get_close_matches(need, needs(), 1, 0.3)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise LabError(f"there is no need {need!r}: it is a service such as ecr.api, or {VISIT}, {TARGET}, {OUT}{meant}")


def _host(need: str, cloud: Cloud) -> str:
    """Give the name that a task asks for."""
    if need == LAYERS:
        return f"{LAYER_BUCKET.format(region=cloud.region)}.s3.{cloud.region}.amazonaws.com"
    found = service(need)
    if found is None:
        raise LabError(f"the lab does not know the host names of {need}")
    return found.host(cloud.region, cloud.account).replace("*", "1")


def _vpc(cloud: Cloud, interface: str) -> str:
    return str(cloud.subnets[cloud.network_interfaces[interface].subnet].vpc)


def _whose(cloud: Cloud, address: IPv4Address) -> str:
    owner = next((each for each in cloud.network_interfaces.values() if address in each.addresses), None)
    if owner is not None:
        return f"an interface of {owner.owner or owner.id} in {owner.subnet}"
    lists = (
        each.id
        for each in cloud.prefix_lists.values()
        if isinstance(each.cidrs, tuple) and any(address in c for c in each.cidrs)
    )
    listed = next(lists, "")
    return f"a public address, in prefix list {listed}" if listed else "a public address"


def _hops(met: Probe, address: IPv4Address, port: int, milliseconds: float) -> Iterator[Hop]:
    if met.outcome != "silent":
        words = "connected" if met.outcome == "open" else "refused: both ways are open, and nobody listens there"
        yield Hop("connection", passed=True, said=f"tcp {address}:{port} {words}, {milliseconds:.1f} ms")
        yield Hop("reply", passed=True, said="came back")
        return
    drop = met.drop
    if drop is None:
        yield Hop("connection", passed=False, said=f"tcp {address}:{port}: silence, and no router dropped it")
        return
    back = drop.port != port
    order = _GATES if not back else ("network-acl-out", "route", "network-acl-in")
    if back:
        yield Hop("connection", passed=True, said=f"tcp {address}:{port} was reached")
    for gate in order[: order.index(drop.gate)] if drop.gate in order else ():
        yield Hop(gate, passed=True, said="passed" if not back else "let the answer pass")
    way = f"{drop.source}:{drop.source_port} to {drop.destination}:{drop.port}"
    what = "the answer" if back else "the packet"
    yield Hop(drop.gate, passed=False, said=f"{drop.element} dropped {what}, {drop.protocol} {way}".strip())


def _lines(way: Traced) -> list[str]:
    """Give one way as a person reads it."""
    head = f"{way.source} to {way.target}:{way.port}"
    marks = [f"  {'ok  ' if hop.passed else 'STOP'}  {hop.step:<23} {hop.said}" for hop in way.hops]
    return ["", head, *marks]
