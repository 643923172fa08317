"""The time to go, by hand from catalog/durations.py: the longest chain of what is left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from natless.deploy.progress import Change, Changes, StackEvent, Underway
from natless.deploy.schedule import Schedule
from natless.design import write
from natless.spec.read import read

AT = datetime(2026, 11, 24, tzinfo=UTC)
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Vpc": {"Type": "AWS::EC2::VPC"},
        "Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Gateway": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {"VpcEndpointType": "Gateway", "VpcId": {"Fn::GetAtt": ["Vpc", "VpcId"]}},
        },
        "Alb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"N": {"Fn::Sub": "x-${Vpc.Id}"}}},
        "Service": {"Type": "AWS::ECS::Service", "DependsOn": ["Alb", "Endpoint"]},
    }
}
ADDED = Changes(
    "hello",
    "set",
    "CREATE",
    tuple(Change("Add", name, body["Type"], "", "") for name, body in TEMPLATE["Resources"].items()),
)


def event(resource: str, status: str) -> StackEvent:
    return StackEvent("hello", resource, "", status, "", "", AT)


def test_the_longest_chain_counts_and_shrinks_as_it_goes() -> None:
    schedule = Schedule(TEMPLATE, ADDED)
    assert schedule.underway(0.0) == Underway("hello", 0, 5, 14 + 125 + 65)
    schedule.take(event("Vpc", "CREATE_IN_PROGRESS"), 0.0)
    assert schedule.underway(10.0).seconds == 4 + 125 + 65
    schedule.take(event("Vpc", "CREATE_COMPLETE"), 12.0)
    schedule.take(event("Alb", "CREATE_IN_PROGRESS"), 12.0)
    assert schedule.underway(12.0) == Underway("hello", 1, 5, 125 + 65)
    # What takes longer than it should may end at any moment: nothing is ever below zero.
    assert schedule.underway(500.0).seconds == 90 + 65
    schedule.take(event("Endpoint", "CREATE_COMPLETE"), 500.0)
    assert schedule.underway(500.0).seconds == 65
    for name in ("Alb", "Gateway", "Service"):
        schedule.take(event(name, "CREATE_COMPLETE"), 600.0)
    assert schedule.underway(600.0) == Underway("hello", 5, 5, 0.0)


def test_a_release_takes_as_long_as_tasks_take_to_be_replaced() -> None:
    release = Changes(
        "hello",
        "set",
        "UPDATE",
        (
            Change("Modify", "Service", "AWS::ECS::Service", "s", "False"),
            Change("Remove", "Old", "AWS::EC2::NatGateway", "n", ""),
        ),
    )
    assert Schedule(TEMPLATE, release).underway(0.0) == Underway("hello", 0, 1, 75)


def test_hellos_first_deploy_waits_for_its_balancer_and_its_tasks() -> None:
    spec = read('name = "hello"\n[services.web]\nbuild = "."\nport = 80\npublic = true\n', "natless.toml")
    main = write(spec).main
    added = tuple(Change("Add", name, body["Type"], "", "") for name, body in main["Resources"].items())
    seconds = Schedule(main, Changes("hello", "set", "CREATE", added)).underway(0.0).seconds
    # VPC, group, load balancer, listener, service: 14 + 9 + 125 + 4 + 65, and no more than one small step besides.
    assert 14 + 9 + 125 + 4 + 65 <= seconds <= 14 + 9 + 125 + 4 + 65 + 12
