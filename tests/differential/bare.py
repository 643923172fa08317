"""A template's network alone, and what to ask of it: what carries no packets is left out, so that a stack stands soon.

What the service says of itself (subnets, groups, ports) may be written in any intrinsic function. It becomes outputs of
the stack, so that the lab's engine reads it and not the loader, which is under test.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

Template: TypeAlias = dict[str, Any]

_NO_PACKETS = ("AWS::EC2::LaunchTemplate", "AWS::EC2::Instance", "AWS::EC2::FlowLog", "AWS::EC2::KeyPair")
_BLOCK = re.compile(r"\b\d+\.\d+\.\d+\.\d+/\d+\b")
_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
# Whether a request is let through is not what packets tell; what these name would have to stand as well.
_OF_REQUESTS = ("PolicyDocument", "LoadBalancerAttributes")


def bare(template: Template) -> tuple[Template, list[dict[str, Any]]]:
    """Give the network's template, and each service's questions; where they are texts, they name outputs of the stack.

    A question holds `task` (its definition's logical id), `ec2` (whether it runs on instances), `own` (whether the
    task has an interface of its own), `places` (pairs of outputs: subnets and groups of whatever asks), `hosts`
    (likewise, of its instances), `doors` (ports at which the load balancer asks), `balancers` (logical ids with a port
    each), `logs` (regions) and `blocks` (CIDRs that the network names: somebody in each of them may be let through
    where others are not).
    """
    network = {key: copy.deepcopy(part) for key, part in template.items() if key not in {"Outputs", "Rules"}}
    kept = {name: each for name, each in network["Resources"].items() if _carries(each)}
    for each in kept.values():
        for name in _OF_REQUESTS:
            each.get("Properties", {}).pop(name, None)
        waits = each.pop("DependsOn", [])
        edges = [name for name in ([waits] if isinstance(waits, str) else waits) if name in kept]
        if edges:
            each["DependsOn"] = edges
    outputs = _Outputs()
    blocks = sorted(set(_BLOCK.findall(json.dumps(kept))))
    questions = [{**each, "blocks": blocks} for each in _questions(template["Resources"], outputs)]
    network |= {"Resources": kept, "Outputs": outputs.written}
    text = json.dumps([kept, outputs.written, network.get("Conditions")])
    # A value that nothing here asks for would have to be invented.
    parameters = network.pop("Parameters", {})
    used = {name: each for name, each in parameters.items() if f'"{name}"' in text or f"${{{name}}}" in text}
    return {**network, **({"Parameters": used} if used else {})}, questions


def _carries(resource: Any) -> bool:
    kind = str(resource.get("Type"))
    return kind == _BALANCER or (kind.startswith("AWS::EC2::") and kind not in _NO_PACKETS)


class _Outputs:
    def __init__(self) -> None:
        self.written: dict[str, Any] = {}

    def one(self, value: Any) -> str:
        """Have a value told; give the output's name."""
        name = f"Told{len(self.written)}"
        self.written[name] = {"Value": value}
        return name

    def many(self, values: Any) -> str:
        """Have a list told, with commas."""
        if not isinstance(values, list) or not values:
            return self.one({"Fn::Join": [",", values]} if values else "")
        return self.one({"Fn::Join": [",", values]})


def _questions(resources: Template, outputs: _Outputs) -> Iterator[dict[str, Any]]:
    for name, each in resources.items():
        if each.get("Type") != "AWS::ECS::Service":
            continue
        service = each.get("Properties", {})
        definition = _named(service.get("TaskDefinition"))
        if definition not in resources:
            continue
        task = resources[definition].get("Properties", {})
        groups = list(_hosts(resources, service))
        own = task.get("NetworkMode") == "awsvpc"
        network = service.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
        # No task on instances has a public address of its own (Amazon ECS developer guide, task networking).
        public = "" if groups else network.get("AssignPublicIp")
        placed = [_place(outputs, network.get("Subnets"), network.get("SecurityGroups"), public)]
        hosts = [_place(outputs, *host) for host in groups]
        yield {
            "service": name,
            "task": definition,
            "own": own,
            "ec2": bool(groups),
            "places": placed if own else hosts,
            "hosts": hosts,
            "logs": list(_log_regions(task, outputs)),
            **_balanced(resources, service, task, outputs),
        }


def _log_regions(task: Template, outputs: _Outputs) -> Iterator[str]:
    """Give the regions whose logs containers write to; the default is their own."""
    for container in task.get("ContainerDefinitions", []):
        log = container.get("LogConfiguration", {})
        if log.get("LogDriver") == "awslogs":
            yield outputs.one(log.get("Options", {}).get("awslogs-region", {"Ref": "AWS::Region"}))


def _place(outputs: _Outputs, subnets: Any, groups: Any, public: Any) -> dict[str, Any]:
    return {
        "subnets": outputs.many(subnets),
        "groups": outputs.many(groups),
        "public": outputs.one(public) if isinstance(public, dict) else str(public),
    }


def _named(reference: Any) -> str:
    match reference:
        case {"Ref": name}:
            return str(name)
        case {"Fn::GetAtt": [name, *_]}:
            return str(name)
        case {"Fn::GetAtt": str(text)}:
            return text.partition(".")[0]
        case _:
            return ""


# --- instances ---


def _hosts(resources: Template, service: Template) -> Iterator[tuple[Any, Any, Any]]:
    """Give subnets, groups and public addresses of the instances that a service's tasks may run on."""
    strategy = service.get("CapacityProviderStrategy") or []
    named = {_named(each.get("CapacityProvider")) for each in strategy if isinstance(each, dict)}
    if service.get("LaunchType", "EC2") != "EC2" or any(
        str(each.get("CapacityProvider")).startswith("FARGATE") for each in strategy if isinstance(each, dict)
    ):
        return
    wanted = {
        _named(resources[name]["Properties"].get("AutoScalingGroupProvider", {}).get("AutoScalingGroupArn"))
        for name in named & set(resources)
    }
    for name, each in resources.items():
        kind, of = each.get("Type"), each.get("Properties", {})
        if kind == "AWS::AutoScaling::AutoScalingGroup" and (not wanted or name in wanted):
            yield of.get("VPCZoneIdentifier"), *_launched(resources, of)
        elif kind == "AWS::EC2::Instance" and not wanted:
            yield [of.get("SubnetId")], of.get("SecurityGroupIds"), False


def _launched(resources: Template, group: Template) -> tuple[Any, Any]:
    """Give the security groups of a group's instances, and whether they get public addresses."""
    named = group.get("LaunchTemplate", {})
    launch = resources.get(_named(named.get("LaunchTemplateId"))) or resources.get(
        _named(group.get("LaunchConfigurationName")), {}
    )
    of = launch.get("Properties", {})
    data = of.get("LaunchTemplateData", of)
    for interface in data.get("NetworkInterfaces", []):
        return interface.get("Groups"), interface.get("AssociatePublicIpAddress")
    return data.get("SecurityGroupIds") or data.get("SecurityGroups"), data.get("AssociatePublicIpAddress")


# --- load balancers ---

_DYNAMIC = (32768, 60999)
"""What Docker gives out on an instance of Linux (net.ipv4.ip_local_port_range), at its edges."""


def _balanced(resources: Template, service: Template, task: Template, outputs: _Outputs) -> dict[str, Any]:
    doors: list[Any] = []
    balancers: list[tuple[str, str]] = []
    for each in service.get("LoadBalancers") or []:
        port, group = each.get("ContainerPort"), _named(each.get("TargetGroupArn"))
        doors += _doors(task, port) if task.get("NetworkMode") in {None, "bridge"} else [outputs.one(port)]
        for listener in _listeners(resources, group):
            of = listener["Properties"]
            balancers.append((_named(of.get("LoadBalancerArn")), outputs.one(of.get("Port"))))
    return {"doors": doors, "balancers": balancers}


def _doors(task: Template, port: Any) -> list[Any]:
    mapped = [
        pair
        for container in task.get("ContainerDefinitions", [])
        for pair in container.get("PortMappings", [])
        if pair.get("ContainerPort") == port
    ]
    fixed = [pair["HostPort"] for pair in mapped if pair.get("HostPort")]
    return fixed or list(_DYNAMIC)


def _listeners(resources: Template, group: str) -> Iterator[Template]:
    """Give the listeners that send to a target group, by themselves or by a rule."""
    target = {"Ref": group}
    for each in resources.values():
        of = each.get("Properties", {})
        if each.get("Type") == "AWS::ElasticLoadBalancingV2::Listener" and _within(of, target):
            yield each
        if each.get("Type") == "AWS::ElasticLoadBalancingV2::ListenerRule" and _within(of, target):
            yield resources[_named(of["ListenerArn"])]


def _within(value: Any, wanted: Any) -> bool:
    if value == wanted:
        return True
    match value:
        case dict():
            return any(_within(each, wanted) for each in value.values())
        case list():
            return any(_within(each, wanted) for each in value)
        case _:
            return False
