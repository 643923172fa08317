"""A release and a first deploy as AWS would take them, modelled from the catalog's durations, and the calls they cost.

Compared with AWS's default health-check and draining values, and with what CDK's ApplicationLoadBalancedFargateService
makes, its service made to wait for the endpoints as well (without that edge it is a race).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.check_whole_process import ROOT
from natless.catalog.health import TUNED
from natless.deploy.progress import Change, Changes
from natless.deploy.schedule import Schedule

TASK_START = 35
"""Seconds from RunTask to a container that listens: interface, pull, start (the middle of published event logs)."""

DEFAULTS = (30, 5, 300)
"""Interval, healthy threshold, draining: ELBv2 API reference, CreateTargetGroup and its attributes."""

CDK: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Vpc": ("AWS::EC2::VPC", ()),
    "Igw": ("AWS::EC2::InternetGateway", ()),
    "VpcGw": ("AWS::EC2::VPCGatewayAttachment", ("Vpc", "Igw")),
    "PublicSubnet": ("AWS::EC2::Subnet", ("Vpc",)),
    "PublicRouteTable": ("AWS::EC2::RouteTable", ("Vpc",)),
    "DefaultRoute": ("AWS::EC2::Route", ("PublicRouteTable", "VpcGw")),
    "PublicAssociation": ("AWS::EC2::SubnetRouteTableAssociation", ("PublicSubnet", "PublicRouteTable")),
    "PrivateSubnet": ("AWS::EC2::Subnet", ("Vpc",)),
    "EndpointGroup": ("AWS::EC2::SecurityGroup", ("Vpc",)),
    "Endpoint": ("AWS::EC2::VPCEndpoint", ("EndpointGroup", "PrivateSubnet")),
    "LbGroup": ("AWS::EC2::SecurityGroup", ("Vpc",)),
    "Lb": (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        ("LbGroup", "PublicSubnet", "DefaultRoute", "PublicAssociation"),
    ),
    "TargetGroup": ("AWS::ElasticLoadBalancingV2::TargetGroup", ("Vpc",)),
    "Listener": ("AWS::ElasticLoadBalancingV2::Listener", ("Lb", "TargetGroup")),
    "ExecutionRole": ("AWS::IAM::Role", ()),
    "ExecutionPolicy": ("AWS::IAM::Policy", ("ExecutionRole",)),
    "Definition": ("AWS::ECS::TaskDefinition", ("ExecutionRole",)),
    "Cluster": ("AWS::ECS::Cluster", ()),
    "ServiceGroup": ("AWS::EC2::SecurityGroup", ("Vpc",)),
    "Service": (
        "AWS::ECS::Service",
        ("Cluster", "Definition", "ServiceGroup", "PrivateSubnet", "Listener", "Endpoint"),
    ),
}
"""What its pattern makes, by type and by what each waits for (its references and DependsOn)."""

CALLS = ROOT / "tests" / "updates" / "calls.py"


def first_deploy(template: Mapping[str, Any]) -> float:
    """Give the seconds of the longest chain of a template that is made."""
    added = tuple(Change("Add", name, str(body["Type"]), "", "") for name, body in template["Resources"].items())
    return Schedule(dict(template), Changes("stack", "", "CREATE", added)).underway(0.0).seconds


def cdk() -> dict[str, Any]:
    """Give CDK's pattern as a template of nothing but edges."""
    return {"Resources": {name: {"Type": kind, "DependsOn": list(waits)} for name, (kind, waits) in CDK.items()}}


def release(interval: int, healthy: int, draining: int) -> int:
    """Give the seconds in which one task takes the place of another: started, healthy, the old one drained."""
    return TASK_START + interval * healthy + draining


def run() -> None:
    """Print both, and the calls of an image-only release."""
    hello = json.loads((ROOT / "tests" / "golden" / "hello.main.json").read_text())
    print("\n## releases, modelled on AWS")
    tuned = release(TUNED.interval, TUNED.healthy, TUNED.deregistration_delay)
    print(f"image-only release   {tuned} s   with AWS's defaults {release(*DEFAULTS)} s")
    print(f"first deploy         {first_deploy(hello):.0f} s   CDK's pattern {first_deploy(cdk()):.0f} s")
    done = subprocess.run([sys.executable, str(CALLS)], capture_output=True, text=True, check=True)
    print(done.stdout, end="")
