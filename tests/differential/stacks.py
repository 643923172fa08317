"""The packets' side of templates: a stack of each by the lab's engine, the fabric from the account's describe calls.

Reads networks as JSON from standard input and prints what was seen as JSON (see test_templates.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

from confined import see
from hello_without import ACCOUNT, REGION
from knocking import Knock, Met, knock
from scenario_taken_away import ANYBODY, HTTP, HTTPS, Stage, Stand

from natless.lab.fabric import INTERNET

# What asks for each service, and by which name (Amazon ECR and ECS guides; AWS service endpoints).
HOSTS = {
    "ecr.api": f"api.ecr.{REGION}.amazonaws.com",
    "ecr.dkr": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
    "s3-layers": f"prod-{REGION}-starport-layer-bucket.s3.{REGION}.amazonaws.com",
    # An instance is told the names of these two by the first (DiscoverPollEndpoint).
    "ecs-agent": f"ecs-a-1.{REGION}.amazonaws.com",
    "ecs-telemetry": f"ecs-t-1.{REGION}.amazonaws.com",
} | {
    short: f"{short}.{REGION}.amazonaws.com"
    for short in ("logs", "secretsmanager", "ssm", "kms", "ssmmessages", "ecs", "dynamodb", "sqs", "sns", "sts", "s3")
}
# What a container asks by itself, also on an instance: the others are the agent's there (Amazon ECS developer guide).
BY_THE_CONTAINER = ("kms", "ssmmessages", "dynamodb", "sqs", "sns", "sts", "s3")
Homes = dict[str, list[str]]
_AT_ONCE = 12


class Stacks(Stage):
    """The account, with a stack of each network."""

    def __init__(self) -> None:
        """Make the account."""
        super().__init__()
        image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/any:1"
        made = self.connect("ecs").register_task_definition(
            family="any",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/any",
            containerDefinitions=[{"name": "any", "image": image}],
        )
        self._any = str(made["taskDefinition"]["taskDefinitionArn"])

    def begin(self, name: str, job: Mapping[str, Any]) -> str:
        """Begin a stack of a network and give its id."""
        made = self.connect("cloudformation").create_stack(
            StackName=name,
            TemplateBody=json.dumps(job["template"]),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in job["parameters"].items()],
        )
        return str(made["StackId"])

    def told(self, stack: str) -> dict[str, str]:
        """Give a stack's outputs."""
        (found,) = self.connect("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}

    def homes(self, places: Iterable[Mapping[str, str]], told: Mapping[str, str]) -> Homes:
        """Put somebody who asks into each subnet of the places; give the interfaces by subnet."""
        found: Homes = {}
        for place in places:
            groups = [each for each in told[place["groups"]].split(",") if each]
            public = told.get(place["public"], place["public"]).upper()
            for subnet in (each for each in told[place["subnets"]].split(",") if each):
                # What is not said of an instance, its subnet says.
                has = public in {"ENABLED", "TRUE"} or (public == "NONE" and self.gives_addresses(subnet))
                found.setdefault(subnet, []).append(self.asking(subnet, groups, public=has))
        return found

    def gives_addresses(self, subnet: str) -> bool:
        """Say whether what starts in a subnet gets a public address unless it says otherwise."""
        return bool(self.connect("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"])

    def asking(self, subnet: str, groups: list[str], *, public: bool) -> str:
        """Put a task into a subnet as the scheduler does; give its interface."""
        # Imported here: it imports moto, which must not be imported before the account has cleared its surroundings.
        from natless.lab.services.ecs_tasks import Tasks  # noqa: PLC0415

        network = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": groups}}
        asked = self.connect("ecs").run_task(
            cluster="stage", taskDefinition=self._any, launchType="FARGATE", networkConfiguration=network
        )
        task = asked["tasks"][0]["taskArn"]
        return Tasks(REGION, ACCOUNT).attach(task, subnet, groups, public=public).interface

    # --- questions ---

    def visits(self, stand: Stand, node: IPv4Address, port: int, blocks: Iterable[str]) -> list[str]:
        """Visit a load balancer as anybody, and from each block of the internet that the network names."""
        knocks = [Knock(INTERNET, node, port)]
        knocks += [Knock(INTERNET, node, port, source=self.somebody_of(each)) for each in blocks if outside(each)]
        return [said(each, stand) for each in knock(self.fabric, knocks).values()]

    def somebody_of(self, block: str) -> IPv4Address:
        """Have somebody in a block of the internet; else it would be nobody's, and answered by silence."""
        inside = f"--net={self.fabric.namespace(INTERNET)}"
        route = ["ip", "route", "replace", "local", str(IPv4Network(block, strict=False)), "dev", "lo"]
        subprocess.run(["nsenter", inside, *route], check=True)
        return IPv4Network(block, strict=False).network_address

    def ways(self, stand: Stand, question: Mapping[str, Any], needs: Iterable[str]) -> dict[str, Any]:
        """Give each need's ways, of which all must be open, each by one of its tries."""
        pulling = [eni for home in question["pulling"].values() for eni in home]
        own = [eni for home in question["own"].values() for eni in home]
        seen: dict[str, Any] = {}
        for need in sorted(set(needs) & set(HOSTS)):
            by = own if need in BY_THE_CONTAINER else pulling
            hosts = question["logs"] if need == "logs" else [HOSTS[need]]
            known = self.look_up(((eni, host) for eni in by for host in hosts), stand.dns)
            seen[need] = [[self.knock(stand, eni, each, HTTPS) for each in found] for (eni, _), found in known.items()]
        nodes = [(node, int(port)) for name, port in question["balancers"] for node in stand.interfaces(name)]
        addresses = [self.cloud.network_interfaces[eni].addresses[0] for eni in own]
        seen["internet->alb"] = [
            self.visits(stand, node.public_address, port, question["blocks"])
            for node, port in nodes
            if node.public_address
        ]
        seen["alb->task"] = [
            [self.knock(stand, node, address, door)]
            for node in sorted({node.id for node, _ in nodes})
            for address in addresses
            for door in question["doors"]
        ]
        seen["task->internet"] = [[self.knock(stand, eni, ANYBODY, port) for eni in own for port in (HTTPS, HTTP)]]
        return seen


def outside(block: str) -> bool:
    """Say whether a block is one of the internet's, and not all of it."""
    found = IPv4Network(block, strict=False)
    return found.is_global and found.prefixlen > 0


def said(met: Met, stand: Stand) -> str:
    """Say what a knock met as `Stage.knock` does."""
    kind, _, element = met.gate.partition(" ")
    return "open" if met.open else f"silent {kind} {stand.logical(element)}".rstrip()


class Network(Stand):
    """A stack's network, whose DNS server stands where its VPC's block begins."""

    def __init__(self, stage: Stage, resources: list[dict[str, Any]]) -> None:
        """Give every element of it its logical id."""
        vpcs = [each for each in resources if each["ResourceType"] == "AWS::EC2::VPC"]
        named = [*resources, *({**each, "LogicalResourceId": "Vpc"} for each in vpcs[:1])]
        super().__init__(stage.cloud, named, {})
        for each in vpcs:
            self.name_defaults(each["PhysicalResourceId"], each["LogicalResourceId"])


def resolved(question: Mapping[str, Any], told: Mapping[str, str], stage: Stacks) -> dict[str, Any]:
    """Give a question with what its stack told in place of the outputs' names."""
    hosts = stage.homes(question["hosts"], told) if question["ec2"] else {}
    own = stage.homes(question["places"], told) if question["own"] else hosts
    return {
        "task": question["task"],
        "service": question["service"],
        "own": own,
        "pulling": hosts or own,
        "doors": [int(told.get(str(each), each)) for each in question["doors"]],
        "balancers": [(name, told[port]) for name, port in question["balancers"]],
        "blocks": question["blocks"],
        "logs": sorted({f"logs.{told[each]}.amazonaws.com" for each in question["logs"]}),
    }


def standing(stage: Stacks, jobs: Mapping[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """Make every stack that AWS would make, some side by side; record the refusals of the others."""
    found: dict[str, Any] = {}
    begun: dict[str, str] = {}

    def settle(name: str) -> None:
        stack = begun.pop(name)
        failures = stage.settle(stack)
        if failures:
            seen["refused"][name] = failures
            return
        told = stage.told(stack)
        try:
            questions = [resolved(each, told, stage) for each in jobs[name]["questions"]]
        except Exception as refusal:  # noqa: BLE001 - where nobody can stand, nobody asks
            seen["refused"][name] = [str(refusal)]
            return
        found[name] = stage.ids(stack), questions

    for number, (name, job) in enumerate(jobs.items()):
        try:
            begun[name] = stage.begin(f"s{number}", job)
        except Exception as refusal:  # noqa: BLE001 - a template that is refused at once makes no network
            seen["refused"][name] = [str(refusal)]
        if len(begun) == _AT_ONCE:
            settle(next(iter(begun)))
    for name in list(begun):
        settle(name)
    return found


def scenario() -> dict[str, Any]:
    jobs = json.load(sys.stdin)
    stage = Stacks()
    seen: dict[str, Any] = {"refused": {}, "packets": {}}
    stands = standing(stage, jobs, seen)
    stage.follow()
    for name, (resources, questions) in stands.items():
        stand = Network(stage, resources)
        seen["packets"][name] = [{**each, "ways": stage.ways(stand, each, jobs[name]["needs"])} for each in questions]
    seen["unmodelled"] = list(stage.fabric.unmodelled)
    return seen


if __name__ == "__main__":
    see(scenario)
