"""Hello on a real lab, whole and with each edge of its template taken away in turn: what the engine and ECS say.

Every edge is tried in a stack of its own. Prints what was seen as JSON (read by test_edges.py).
"""

from __future__ import annotations

import copy
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab_at_work import EXAMPLE, Connect, begin, lab, push_image, wait

from natless import design
from natless.lab.services.ledger import Timings
from natless.lab.tasks.ports import Patience
from natless.spec.read import read

LATE = Timings(endpoint_pending=0.3, balancer_provisioning=0.1, held_back=3600.0)
"""What the service does not wait for comes long after its first task has failed: every race is lost."""

QUICK = Patience(connect=0.5, name=5.0, retries=2)
AT_ONCE = 5
"""Stacks that stand side by side."""


def without(template: dict[str, Any], waiting: str, waited: str) -> dict[str, Any]:
    """Give the template without one edge."""
    less = copy.deepcopy(template)
    less["Resources"][waiting]["DependsOn"].remove(waited)
    return less


def variants(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the whole template, and one for each edge taken away."""
    yield "whole", template
    for name, part in template["Resources"].items():
        for waited in part.get("DependsOn", []):
            yield f"{name} {waited}", without(template, name, waited)


def named(template: dict[str, Any], number: int, *, tasks: int) -> dict[str, Any]:
    """Give the template with its own cluster, task family and count: many stand side by side."""
    own = copy.deepcopy(template)
    own["Resources"]["Cluster"]["Properties"]["ClusterName"] = f"c{number}"
    own["Resources"]["WebTaskDefinition"]["Properties"]["Family"] = f"c{number}-web"
    own["Resources"]["WebService"]["Properties"]["DesiredCount"] = tasks
    return own


def watch(connect: Connect, stack: str, cluster: str, tasks: int) -> dict[str, Any]:
    """Follow a stack to the first thing that decides: a failed resource, a failed task, or what its targets are."""

    def look() -> dict[str, Any] | None:
        found = failures(connect, stack)
        if found:
            return {"refused": found}
        service = next(iter(services(connect, cluster)), None)
        return None if service is None else told(connect, cluster, service, tasks)

    found: dict[str, Any] | None = wait(look)
    return found or {
        "undecided": connect("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    }


def failures(connect: Connect, stack: str) -> dict[str, str]:
    events = connect("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return {
        event["LogicalResourceId"]: event["ResourceStatusReason"]
        for event in events
        if event["ResourceStatus"] == "CREATE_FAILED" and event["ResourceStatusReason"] != "Resource creation cancelled"
    }


def services(connect: Connect, cluster: str) -> list[dict[str, Any]]:
    ecs = connect("ecs")
    if not ecs.describe_clusters(clusters=[cluster])["clusters"]:
        return []
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    return list(ecs.describe_services(cluster=cluster, services=arns)["services"]) if arns else []


def told(connect: Connect, cluster: str, service: dict[str, Any], tasks: int) -> dict[str, Any] | None:
    """Give why the first task stopped, or how the targets are once none is new any more."""
    ecs = connect("ecs")
    stopped = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    ended = [one for one in described(ecs, cluster, stopped) if one["lastStatus"] == "STOPPED"]
    if ended:
        first = min(ended, key=lambda one: one["stoppedAt"])
        return {"stopped": [first["stoppedReason"]], "subnets": places(connect, [first])}
    group = service["loadBalancers"][0]["targetGroupArn"]
    targets = connect("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    states = [(one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", "")) for one in targets]
    if len(states) < tasks or any(state == "initial" for state, _ in states):
        return None
    return {"targets": states, "running": service["runningCount"]}


def described(ecs: Any, cluster: str, arns: list[str]) -> list[dict[str, Any]]:
    return list(ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]) if arns else []


def places(connect: Connect, tasks: list[dict[str, Any]]) -> list[str]:
    """Give the names of the subnets in which tasks stood."""
    ids = [
        detail["value"]
        for task in tasks
        for attachment in task["attachments"]
        for detail in attachment["details"]
        if detail["name"] == "subnetId"
    ]
    if not ids:
        return []
    subnets = connect("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    return sorted(tag["Value"] for one in subnets for tag in one["Tags"] if tag["Key"] == "Name")


def main() -> None:
    source = EXAMPLE / "natless.toml"
    template = design.write(read(source.read_text("utf-8"), str(source))).main
    with lab(f"edges-{os.getpid()}", LATE, QUICK) as (connect, api), tempfile.TemporaryDirectory() as scratch:
        digest = push_image(connect, api, Path(scratch))

        def try_out(number: int, case: str, variant: dict[str, Any]) -> tuple[str, Any]:
            # A second task stands in the second zone, where one of the edges is missed.
            tasks = 2 if case == "whole" or "PrivateSubnet2" in case else 1
            stack = begin(connect, f"s{number}", named(variant, number, tasks=tasks), digest)
            seen = watch(connect, stack, f"c{number}", tasks)
            if "refused" not in seen:  # such a stack goes by itself
                connect("cloudformation").delete_stack(StackName=stack)
            return case, seen

        with ThreadPoolExecutor(AT_ONCE) as several:
            running = [several.submit(try_out, number, *each) for number, each in enumerate(variants(template))]
            seen = dict(each.result() for each in running)
    sys.stdout.write(json.dumps(seen))


main()
