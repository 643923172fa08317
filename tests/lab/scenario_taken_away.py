"""Hello's network with one thing taken away at a time, asked with packets; prints what was seen as JSON.

Each template becomes a stack of the lab's account by the lab's own engine; the fabric is built from the account's
describe calls. All stand side by side, one VPC each, with the same addresses. What the proof says is not known here.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Any

import dnslib
import msgspec
from botocore.exceptions import ClientError
from confined import see
from hello_without import ACCOUNT, NOTHING, PARAMETERS, REGION, templates, without

from natless import load
from natless.account.snapshot import snapshot
from natless.cloud import Cloud, GroupRule, NetworkInterface, Ports, SecurityGroup
from natless.lab.endpoints import Authority, Endpoints
from natless.lab.fabric import INTERNET, Fabric, filtering
from natless.lab.fabric.plan import VpcPlan
from natless.lab.kernel.confinement import HOME
from natless.lab.names import Names
from natless.lab.services.account import LabAccount
from natless.lab.services.ledger import Timings

QUICK = Timings(endpoint_pending=0, balancer_provisioning=0, held_back=0, poll=0.02)
ANYBODY = "203.0.113.99"
HTTPS, HTTP, CONTAINER = 443, 80, 8080
# The names that ECS's agent, the container runtime and the log driver ask for.
HOSTS = {
    "ecr.api": f"api.ecr.{REGION}.amazonaws.com",
    "ecr.dkr": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
    "s3-layers": f"prod-{REGION}-starport-layer-bucket.s3.{REGION}.amazonaws.com",
    "logs": f"logs.{REGION}.amazonaws.com",
}
# The network must stand at once, and these do not belong to it: a service waits for its tasks.
LEFT_OUT = ("WebService", "Cluster")
# AWS refuses these in a template, but lets them be turned off in a VPC that stands.
AFTERWARDS = {"Vpc.EnableDnsSupport": "EnableDnsSupport", "Vpc.EnableDnsHostnames": "EnableDnsHostnames"}
_DNS: Any = dnslib
_DNS_SECONDS = 2.0  # how long nothing must come to be taken for silence; answers take a millisecond


class Stand:
    """One stack as it stands: its physical ids, and what they are called in the template."""

    def __init__(self, cloud: Cloud, resources: list[dict[str, Any]], tasks: dict[str, str]) -> None:
        self.cloud = cloud
        self.ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
        self.tasks = tasks
        """ENIs by the logical id of their subnet."""
        self._names = {physical: logical for logical, physical in self.ids.items()}
        vpc = self.ids["Vpc"]
        cidrs = cloud.vpcs[vpc].cidrs
        assert isinstance(cidrs, tuple)
        self._cidrs = cidrs
        self.dns = str(cidrs[0][2])
        self.name_defaults(vpc, "Vpc")

    def name_defaults(self, vpc: str, logical: str) -> None:
        """Call what AWS makes with a VPC after it: no template has a name of its own for these."""
        cloud = self.cloud
        main = [table.id for table in cloud.route_tables.values() if table.vpc == vpc and table.main]
        default = [acl.id for acl in cloud.network_acls.values() if acl.vpc == vpc and acl.default]
        group = [each.id for each in cloud.security_groups.values() if each.vpc == vpc and each.name == "default"]
        self._names |= dict.fromkeys([*main, *default], logical)
        self._names |= dict.fromkeys(group, f"{logical}.DefaultSecurityGroup")

    def logical(self, physical: str) -> str:
        return ",".join(self._names.get(each, each) for each in physical.split(","))

    def interfaces(self, logical: str) -> list[NetworkInterface]:
        """Give the ENIs of an endpoint or a load balancer."""
        owner = self.ids.get(logical)
        found = [each for each in self.cloud.network_interfaces.values() if owner and each.owner == owner]
        return sorted(found, key=lambda each: self.logical(each.subnet))

    def named(self, address: str) -> str:
        """Say whose address this is: an endpoint's of this VPC, or a public one."""
        endpoints = (name for name in self.ids if name.endswith("Endpoint"))
        own = {name for name in endpoints for each in self.interfaces(name) if IPv4Address(address) in each.addresses}
        inside = any(IPv4Address(address) in cidr for cidr in self._cidrs)
        return min(own, default="nobody of the VPC" if inside else "public")


class Stage:
    """The account and everything in the kernel that follows it."""

    def __init__(self) -> None:
        # As the lab's own process has it: the ordinary user cannot read the home of the machine's root.
        os.environ["HOME"] = HOME
        self.account = LabAccount(REGION, ACCOUNT, "AKIALAB", "http://127.0.0.1", timings=QUICK, seed=5)
        self.connect = self.account.connect
        self.connect("ecs").create_cluster(clusterName="stage")
        self.fabric = Fabric()
        self.names = Names(self.fabric)
        self.endpoints = Endpoints(self.fabric, lambda _host: self.account.wsgi, Authority("/run/natless/tls"))
        self.cloud = Cloud(source="")

    def follow(self) -> None:
        """Bring the kernel to what the account's describe calls say."""
        self.cloud = load.describe(snapshot(self.connect), "lab")
        self.fabric.apply(self.cloud)
        self.names.apply(self.cloud)
        self.endpoints.apply(self.cloud)

    def create(self, name: str, template: dict[str, Any]) -> str:
        """Begin a stack and give its id."""
        cloudformation = self.connect("cloudformation")
        change = {"StackName": name, "ChangeSetName": "first"}
        made = cloudformation.create_change_set(
            **change,
            ChangeSetType="CREATE",
            TemplateBody=json.dumps(without(template, *LEFT_OUT)),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
        )
        cloudformation.execute_change_set(**change)
        return str(made["StackId"])

    def settle(self, stack: str) -> list[str]:
        """Wait for a stack; give why its resources failed."""
        cloudformation = self.connect("cloudformation")
        while cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS"):
            time.sleep(0.02)
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [each for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
        return [f"{each['LogicalResourceId']}: {each['ResourceStatusReason']}" for each in failed]

    def ids(self, stack: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.connect("cloudformation").describe_stack_resources(StackName=stack)[
            "StackResources"
        ]
        return found

    def task(self, definition: str, subnet: str, group: str) -> str:
        """Give a task its ENI as the scheduler does; give the ENI's id."""
        # Imported here: it imports moto, which must not be imported before the account has cleared its surroundings.
        from natless.lab.services.ecs_tasks import Tasks  # noqa: PLC0415

        network = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}}
        asked = self.connect("ecs").run_task(
            cluster="stage", taskDefinition=definition, launchType="FARGATE", networkConfiguration=network
        )
        return Tasks(REGION, ACCOUNT).attach(asked["tasks"][0]["taskArn"], subnet, [group]).interface

    # --- questions ---

    def look_up(
        self, questions: Iterable[tuple[str, str]], server: str = "10.0.0.2"
    ) -> dict[tuple[str, str], list[str]]:
        """Ask the VPC's DNS server from ENIs, all at once, for the addresses of hosts; [] is silence."""
        found: dict[tuple[str, str], list[str]] = {}
        with contextlib.ExitStack() as closing:
            sockets = {}
            for where, host in questions:
                one = closing.enter_context(self.fabric.socket(where, socket.SOCK_DGRAM))
                one.connect((server, 53))
                one.send(_DNS.DNSRecord.question(host).pack())
                sockets[where, host] = one
            until = time.monotonic() + _DNS_SECONDS
            for question, one in sockets.items():
                found[question] = []
                watch = select.poll()  # not select: a machine with many namespaces has more than 1,024 descriptors
                watch.register(one, select.POLLIN)
                if watch.poll(max(0, until - time.monotonic()) * 1000):
                    found[question] = sorted(str(each.rdata) for each in _DNS.DNSRecord.parse(one.recv(4096)).rr)
        return found

    def knock(self, stand: Stand, where: str, address: object, port: int) -> str:
        """Give `open`, `refused`, or `silent` with the gate that dropped the packet, by its logical id."""
        found = self.fabric.probe(where, IPv4Address(str(address)), port)
        dropped = f" {found.drop.gate} {stand.logical(found.drop.element)}" if found.drop is not None else ""
        return f"{found.outcome}{dropped}"

    def ask(self, stand: Stand) -> dict[str, Any]:
        """Give each need's `ways`, of which all must be open, each by one of its tries; and how its name resolves."""
        seen: dict[str, Any] = {}
        answers = self.look_up((eni, host) for eni in stand.tasks.values() for host in HOSTS.values())
        for need, host in HOSTS.items():
            known = {eni: answers[eni, host] for eni in stand.tasks.values()}
            ways = [[self.knock(stand, eni, address, HTTPS) for address in known[eni]] for eni in known]
            names = {stand.named(address) for found in known.values() for address in found}
            if not all(known.values()):
                names.add("nothing")
            seen[need] = {"named": sorted(names), "ways": ways}
        nodes = stand.interfaces("Alb")
        tasks = [self.cloud.network_interfaces[eni].addresses[0] for eni in stand.tasks.values()]
        seen["internet->alb"] = {"ways": [[self.knock(stand, INTERNET, each.public_address, HTTP)] for each in nodes]}
        seen["alb->task"] = {
            "ways": [[self.knock(stand, each.id, address, CONTAINER)] for each in nodes for address in tasks]
        }
        out = [self.knock(stand, eni, ANYBODY, port) for eni in stand.tasks.values() for port in (HTTPS, HTTP)]
        seen["task->internet"] = {"ways": [out]}
        return seen


def wrong_port(cloud: Cloud, vpc: VpcPlan) -> filtering.Rules:
    """Compile the rules with a bug in them: every group rule is one port off."""

    def off(rule: GroupRule) -> GroupRule:
        assert isinstance(rule.ports, Ports)
        return msgspec.structs.replace(rule, ports=Ports(rule.ports.first + 1, rule.ports.last + 1))

    def shifted(group: SecurityGroup) -> SecurityGroup:
        sides: list[Iterable[Any]] = [group.ingress, group.egress]
        ingress, egress = (tuple(off(each) for each in side) for side in sides)
        return msgspec.structs.replace(group, ingress=ingress, egress=egress)

    groups = {name: shifted(group) for name, group in cloud.security_groups.items()}
    return RULES(msgspec.structs.replace(cloud, security_groups=groups), vpc)


RULES = filtering.rules


def raise_all(stage: Stage, seen: dict[str, Any]) -> dict[str, tuple[list[dict[str, Any]], dict[str, str]]]:
    """Make every stack that AWS would make; record the refusals of the others."""
    made = templates()
    stacks = {name: stage.create(f"s{number}", template) for number, (name, template) in enumerate(made.items())}
    stacks |= {f"{name}, afterwards": stage.create(f"a-{name.replace('.', '-')}", made[NOTHING]) for name in AFTERWARDS}
    standing = {}
    for name, stack in stacks.items():
        failures = stage.settle(stack)
        seen["refused"][name] = failures
        if failures:
            continue
        resources = stage.ids(stack)
        ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
        tasks = {
            subnet: stage.task(ids["WebTaskDefinition"], ids[subnet], ids["WebTaskGroup"])
            for subnet in ("PrivateSubnet1", "PrivateSubnet2")
        }
        standing[name] = (resources, tasks)
    return standing


def afterwards(stage: Stage, standing: dict[str, Any], seen: dict[str, Any]) -> None:
    """Take away, from what stands, what no template can lack."""
    for name in (NOTHING, *(f"{each}, afterwards" for each in AFTERWARDS)):
        assert name in standing, f"hello's whole network does not stand: {seen['refused'][name]}"
    ec2 = stage.connect("ec2")
    for name, attribute in AFTERWARDS.items():
        (vpc,) = [each for each in standing[f"{name}, afterwards"][0] if each["LogicalResourceId"] == "Vpc"]
        ec2.modify_vpc_attribute(VpcId=vpc["PhysicalResourceId"], **{attribute: {"Value": False}})
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in standing[NOTHING][0]}
    try:
        ec2.detach_internet_gateway(VpcId=ids["Vpc"], InternetGatewayId=ids["InternetGateway"])
    except ClientError as refusal:
        seen["detached"] = refusal.response["Error"]["Code"]


def scenario() -> dict[str, Any]:
    stage = Stage()
    seen: dict[str, Any] = {"refused": {}, "packets": {}}
    standing = raise_all(stage, seen)
    afterwards(stage, standing, seen)
    stage.follow()
    stands = {name: Stand(stage.cloud, resources, tasks) for name, (resources, tasks) in standing.items()}
    for name, stand in stands.items():
        seen["packets"][name.removesuffix(", afterwards")] = stage.ask(stand)
    filtering.rules = wrong_port
    stage.fabric.apply(stage.cloud)
    seen["wrong port"] = stage.ask(stands[NOTHING])
    seen["unmodelled"] = list(stage.fabric.unmodelled)
    return seen


if __name__ == "__main__":
    see(scenario)
