"""Hello on container instances: registered, placed, pulled, reached, and what is said where that cannot be.

Prints what was seen as JSON. Bridge mode behind the load balancer; host mode and awsvpc beside it, by plain ECS calls.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hello_on_instances import SCRIPT, ids, instances, on_instances, stack
from lab_at_work import REGION, Connect, begin, lab, push_image, wait

from natless.lab import control
from natless.lab.services.ledger import Timings
from natless.lab.tasks.ports import Patience

QUICK = Timings(endpoint_pending=0.3, balancer_provisioning=0.1, held_back=0.1)
PATIENCE = Patience(connect=0.3, name=5.0, pause=0.05, settled=0.2, backoff=0.3, longest_backoff=1.0, drain=0.1)


def bridge(connect: Connect, names: dict[str, str]) -> dict[str, Any]:
    def healthy() -> list[dict[str, Any]] | None:
        group = names["WebTargetGroup"]
        found = connect("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return found if found and all(each["TargetHealth"]["State"] == "healthy" for each in found) else None

    targets = wait(healthy) or []
    tasks = connect("ecs").describe_tasks(cluster="hello", tasks=connect("ecs").list_tasks(cluster="hello")["taskArns"])
    (task,) = tasks["tasks"]
    (host,) = instances(connect)
    return {
        "targets": [(each["Target"]["Id"], each["Target"]["Port"]) for each in targets],
        "host": {key: host[key] for key in ("ec2InstanceId", "agentConnected", "runningTasksCount", "status")},
        "task": {key: task.get(key) for key in ("launchType", "lastStatus", "attachments")},
        "placed": task["containerInstanceArn"] == host["containerInstanceArn"],
        "bindings": task["containers"][0]["networkBindings"],
    }


def service(connect: Connect, digest: str, names: dict[str, str], mode: str, **more: Any) -> str:
    """Make a service in a network mode, and give its name."""
    ecs = connect("ecs")
    image = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/hello/web@{digest}"
    mapping = {"containerPort": 8080, "protocol": "tcp"}
    options = {"awslogs-group": names["WebLogGroup"], "awslogs-region": REGION, "awslogs-stream-prefix": mode}
    log = {"logDriver": "awslogs", "options": options}
    ecs.register_task_definition(
        family=mode,
        networkMode=mode,
        requiresCompatibilities=["EC2"],
        executionRoleArn=f"arn:aws:iam::123456789012:role/{names['WebExecutionRole']}",
        containerDefinitions=[
            {"name": "web", "image": image, "memory": 64, "portMappings": [mapping], "logConfiguration": log}
        ],
    )
    ecs.create_service(cluster="hello", serviceName=mode, taskDefinition=mode, **more)
    return mode


def running(connect: Connect, name: str, count: int) -> dict[str, Any]:
    """Wait until a service runs `count` tasks; give them, and its events."""
    ecs = connect("ecs")

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = ecs.describe_services(cluster="hello", services=[name])["services"][0]
        return found if found["runningCount"] == count else None

    wait(look)
    found = ecs.describe_services(cluster="hello", services=[name])["services"][0]
    arns = ecs.list_tasks(cluster="hello", serviceName=name)["taskArns"]
    tasks = ecs.describe_tasks(cluster="hello", tasks=arns)["tasks"] if arns else []
    return {
        "running": found["runningCount"],
        "events": [event["message"] for event in found["events"]],
        "hosts": sorted({task["containerInstanceArn"] for task in tasks}),
        "interfaces": [len(task["attachments"]) for task in tasks],
        "stopped": [task.get("stoppedReason") for task in tasks],
    }


def traced(subject: str, *needs: str) -> dict[str, Any]:
    """Send the packets of each need of a service; give whether they arrived, and from where they went."""
    found = {need: control.ask("trace", subject=subject, need=need) for need in needs}
    return {need: [each["open"], each["interface"]] for need, each in found.items()}


def interface(connect: Connect, instance: str) -> str:
    """Give the interface of an instance."""
    here = [{"Name": "attachment.instance-id", "Values": [instance]}]
    [found] = connect("ec2").describe_network_interfaces(Filters=here)["NetworkInterfaces"]
    return str(found["NetworkInterfaceId"])


def bare_group(connect: Connect, names: dict[str, str]) -> str:
    """Make a group that lets nothing out."""
    ec2 = connect("ec2")
    group: str = ec2.create_security_group(GroupName="bare", Description="bare", VpcId=names["Vpc"])["GroupId"]
    ec2.revoke_security_group_egress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    return group


def shut_in(connect: Connect, names: dict[str, str], group: str) -> dict[str, Any]:
    """Launch an instance whose group lets nothing out; then let it out."""
    ec2 = connect("ec2")
    profile = {"Name": names["HostProfile"]}
    said = {"ImageId": "ami-1", "InstanceType": "t3.small", "SubnetId": names["PrivateSubnet1"]}
    made = ec2.run_instances(
        MinCount=1, MaxCount=1, SecurityGroupIds=[group], IamInstanceProfile=profile, UserData=SCRIPT, **said
    )["Instances"][0]["InstanceId"]
    line = wait(lambda: next((one for one in control.ask("log").splitlines() if f"{made} [ERROR]" in one), None))
    before = [each["ec2InstanceId"] for each in instances(connect)]
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ec2.authorize_security_group_egress(
        GroupId=group, IpPermissions=[{**permission, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    ec2.authorize_security_group_ingress(
        GroupId=names["EndpointGroup"], IpPermissions=[{**permission, "UserIdGroupPairs": [{"GroupId": group}]}]
    )

    def registered() -> bool | None:
        found = [each for each in instances(connect) if each["ec2InstanceId"] == made and each["agentConnected"]]
        return True if found else None

    return {"line": line, "registered before": made in before, "registered after": wait(registered) or False}


def main() -> None:
    with lab(f"instances-{os.getpid()}", QUICK, PATIENCE) as (connect, api), tempfile.TemporaryDirectory() as scratch:
        digest = push_image(connect, api, Path(scratch))
        name = begin(connect, "hello", on_instances(), digest)
        seen: dict[str, Any] = {"stack": stack(connect, name)["StackStatus"]}
        if seen["stack"] != "CREATE_COMPLETE":
            events = connect("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
            seen["why"] = [each.get("ResourceStatusReason") for each in events if "FAILED" in each["ResourceStatus"]]
            seen["log"] = control.ask("log")[-3000:]
            sys.stdout.write(json.dumps(seen))
            return
        names = ids(connect, name)
        seen["bridge"] = bridge(connect, names)
        seen["by"] = interface(connect, seen["bridge"]["host"]["ec2InstanceId"])
        seen["bridge traced"] = traced("web", "alb->task", "ecs", "logs", "task->internet")
        group = bare_group(connect, names)
        network = {"subnets": [names["PrivateSubnet1"], names["PrivateSubnet2"]], "securityGroups": [group]}
        own = service(
            connect,
            digest,
            names,
            "awsvpc",
            launchType="EC2",
            desiredCount=1,
            networkConfiguration={"awsvpcConfiguration": network},
        )
        seen["awsvpc"] = running(connect, own, 1)
        seen["awsvpc traced"] = traced(own, "ecr.api", "s3-layers", "sqs")
        strategy = [{"capacityProvider": names["Provider"], "weight": 1}]
        host = service(connect, digest, names, "host", capacityProviderStrategy=strategy, desiredCount=2)
        seen["host"] = running(connect, host, 2)
        seen["shut in"] = shut_in(connect, names, group)
        connect("cloudformation").delete_stack(StackName=name)
    sys.stdout.write(json.dumps(seen))


main()
