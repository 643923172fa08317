"""Hello on container instances without one of the agent's three endpoints, each in turn. Prints what was seen as JSON.

One stack: made without ecs-telemetry, updated to lack ecs-agent instead, then ecs; each time a new instance comes up.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hello_on_instances import ids, instances, on_instances, stack
from hello_without import without
from lab_at_work import PREFIX_LIST, REGION, Connect, begin, lab, push_image, wait

from natless.lab import control
from natless.lab.services.ledger import Timings
from natless.lab.tasks.ports import Patience

QUICK = Timings(endpoint_pending=0.3, balancer_provisioning=0.1, held_back=0.1)
PATIENCE = Patience(connect=0.3, name=5.0, pause=0.05, settled=0.2, backoff=0.3, longest_backoff=1.0, drain=0.1)


def update(connect: Connect, name: str, lacking: str, digest: str) -> str:
    """Change the stack to the template without one endpoint."""
    given = {"WebImageDigest": digest, "S3PrefixListId": PREFIX_LIST}
    connect("cloudformation").update_stack(
        StackName=name,
        TemplateBody=json.dumps(without(on_instances(), lacking)),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    return str(stack(connect, name)["StackStatus"])


def said(instance: str, words: str) -> str | None:
    """Wait for a line of an instance's agent."""
    mark = f"{instance} [ERROR]"

    def look() -> str | None:
        return next((one for one in control.ask("log").splitlines() if mark in one and words in one), None)

    found: str | None = wait(look)
    return found


def checked(connect: Connect, digest: str, names: dict[str, str]) -> str:
    """Run a task with a health check, on which its second container waits; give its ARN."""
    image = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/hello/web@{digest}"
    check = {"command": ["CMD", "/bin/busybox", "true"], "interval": 5, "retries": 3}
    sleeper = {"entryPoint": ["/bin/busybox"], "command": ["sleep", "3600"], "memory": 32}
    after = {"dependsOn": [{"containerName": "web", "condition": "HEALTHY"}]}
    ecs = connect("ecs")
    ecs.register_task_definition(
        family="checked",
        networkMode="bridge",
        requiresCompatibilities=["EC2"],
        executionRoleArn=f"arn:aws:iam::123456789012:role/{names['WebExecutionRole']}",
        containerDefinitions=[
            {"name": "web", "image": image, "memory": 32, "healthCheck": check},
            {"name": "second", "image": image, **sleeper, **after},
        ],
    )
    made: str = ecs.run_task(cluster="hello", taskDefinition="checked", launchType="EC2")["tasks"][0]["taskArn"]
    return made


def health(connect: Connect, task: str) -> dict[str, str]:
    """Give how a task and its containers are."""
    (found,) = connect("ecs").describe_tasks(cluster="hello", tasks=[task])["tasks"]
    return {"task": found["healthStatus"], **{each["name"]: each["lastStatus"] for each in found["containers"]}}


def without_telemetry(connect: Connect, digest: str, names: dict[str, str], host: dict[str, Any]) -> dict[str, Any]:
    task = checked(connect, digest, names)

    def second_runs() -> dict[str, str] | None:
        found = health(connect, task)
        return found if found["second"] == "RUNNING" else None

    return {
        "line": said(host["ec2InstanceId"], "TCS"),
        "connected": host["agentConnected"],
        "health": wait(second_runs),
        "task": task,
    }


def newcomer(connect: Connect, group: str, known: set[str]) -> str:
    """Give the instance that the Auto Scaling group has brought beside the known ones."""

    def look() -> str | None:
        found = connect("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        new = {each["InstanceId"] for each in found["AutoScalingGroups"][0]["Instances"]} - known
        return min(new, default=None)

    return str(wait(look))


def without_agent(connect: Connect, group: str, first: str) -> dict[str, Any]:
    connect("autoscaling").set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=2)
    new = newcomer(connect, group, {first})
    line = said(new, "ACS")
    service = connect("ecs").describe_services(cluster="hello", services=connect("ecs").list_services(
        cluster="hello"
    )["serviceArns"])["services"][0]  # fmt: skip
    connect("ecs").update_service(cluster="hello", service=service["serviceName"], desiredCount=2)

    def unplaced() -> str | None:
        found = connect("ecs").describe_services(cluster="hello", services=[service["serviceName"]])["services"][0]
        words = (event["message"] for event in found["events"])
        return next((each for each in words if "the agent is disconnected" in each), None)

    event = wait(unplaced)
    return {
        "instance": new,
        "line": line,
        "event": event,
        "connected": {each["ec2InstanceId"]: each["agentConnected"] for each in instances(connect)},
    }


def without_ecs(connect: Connect, group: str, known: set[str], old: str) -> dict[str, Any]:
    connect("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=old, ShouldDecrementDesiredCapacity=False
    )
    new = newcomer(connect, group, known)
    line = said(new, "Unable to register")
    return {"instance": new, "line": line, "registered": [each["ec2InstanceId"] for each in instances(connect)]}


def main() -> None:
    with lab(f"further-{os.getpid()}", QUICK, PATIENCE) as (connect, api), tempfile.TemporaryDirectory() as scratch:
        digest = push_image(connect, api, Path(scratch))
        name = begin(connect, "hello", without(on_instances(), "EcsTelemetryEndpoint"), digest)
        seen: dict[str, Any] = {"stack": [stack(connect, name)["StackStatus"]]}
        names = ids(connect, name)
        (host,) = instances(connect)
        first = host["ec2InstanceId"]
        seen["ecs-telemetry"] = without_telemetry(connect, digest, names, host)
        seen["stack"].append(update(connect, name, "EcsAgentEndpoint", digest))
        task = seen["ecs-telemetry"].pop("task")
        seen["ecs-telemetry"]["health with it"] = wait(
            lambda: "HEALTHY" if health(connect, task)["task"] == "HEALTHY" else None
        )
        seen["ecs-agent"] = {"first": first, **without_agent(connect, names["Hosts"], first)}
        seen["stack"].append(update(connect, name, "EcsEndpoint", digest))
        second = seen["ecs-agent"]["instance"]
        seen["ecs"] = without_ecs(connect, names["Hosts"], {first, second}, second)
    sys.stdout.write(json.dumps(seen))


main()
