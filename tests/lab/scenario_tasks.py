"""Tasks on the wire stage, from healthy to each broken leg; prints what was seen as JSON (read by test_tasks.py)."""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from wire_stage import ACCOUNT, ADDRESSES, REGION, Stage, busybox_layer, fetch, push

from natless.lab.tasks.ports import Patience

START = """#!/bin/sh
echo "hello from $GREETING on $(hostname)"
id >&2
grep -E '^Cap(Eff|Prm|Bnd)|NoNewPrivs' /proc/self/status
ls /proc | grep -c '^[0-9]'
echo "the secret is $TOKEN"
echo "the file says $FROM_FILE and $GREETING"
busybox mkdir -p /www; echo "page of $GREETING" > /www/index.html
trap 'echo leaving; exit 0' TERM
busybox httpd -p 8080 -h /www
while :; do sleep 0.1; done
"""
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/hello"


def definition(stage: Stage, image: str, **changes: Any) -> str:
    container = {
        "name": "web",
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": 8080}],
        "environment": [{"name": "GREETING", "value": "natless"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/lab/hello", "awslogs-region": REGION, "awslogs-stream-prefix": "web"},
        },
        **changes,
    }
    answer = stage.connect("ecs").register_task_definition(
        family="hello",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/execution",
        containerDefinitions=[container],
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def files(*keys: str) -> list[dict[str, str]]:
    return [{"type": "s3", "value": f"arn:aws:s3:::settings/{key}"} for key in keys]


def build(stage: Stage) -> dict[str, Any]:
    ec2, connect = stage.connect("ec2"), stage.connect
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.1{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ac")
    ]
    group = ec2.create_security_group(GroupName="task", Description="task", VpcId=vpc)["GroupId"]
    connect("ecr").create_repository(repositoryName="hello", imageTagMutability="IMMUTABLE")
    connect("logs").create_log_group(logGroupName="/lab/hello")
    connect("ecs").create_cluster(clusterName="lab")
    secret = connect("secretsmanager").create_secret(Name="prod/db", SecretString='{"url": "postgres://x"}')["ARN"]
    connect("ssm").put_parameter(Name="/prod/token", Value="from ssm", Type="SecureString")
    s3 = connect("s3")
    s3.create_bucket(Bucket="settings", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="settings", Key="open/web.env", Body=b"FROM_FILE=this\nGREETING=nothing\n")
    s3.put_object(Bucket="settings", Key="closed/web.env", Body=b"FROM_FILE=that\n")
    network = {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group]}}
    return {"subnets": subnets, "network": network, "secret": secret}


def tasks(stage: Stage, status: str) -> list[dict[str, Any]]:
    ecs = stage.connect("ecs")
    arns = ecs.list_tasks(cluster="lab", desiredStatus=status)["taskArns"]
    found: list[dict[str, Any]] = ecs.describe_tasks(cluster="lab", tasks=arns)["tasks"] if arns else []
    return found


def healthy(stage: Stage, built: dict[str, Any]) -> dict[str, Any]:
    secrets = [{"name": "TOKEN", "valueFrom": f"{built['secret']}:url::"}]
    digest = push(stage.registry, "hello", "v1", [busybox_layer(START)], {"Entrypoint": ["/start"]})
    arn = definition(stage, f"{IMAGE}@{digest}", secrets=secrets, environmentFiles=files("open/web.env"))
    stage.connect("ecs").create_service(
        cluster="lab",
        serviceName="hello",
        taskDefinition=arn,
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=built["network"],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
    )
    stage.until(lambda: any("steady state" in event for event in stage.events()))
    running = tasks(stage, "RUNNING")
    details = [{each["name"]: each["value"] for each in task["attachments"][0]["details"]} for task in running]
    addresses = [each["privateIPv4Address"] for each in details]
    pages = [stage.until(functools.partial(fetch, "/run/netns/aws", f"http://{each}:8080/")) for each in addresses]
    service = stage.connect("ecs").describe_services(cluster="lab", services=["hello"])["services"][0]
    return {
        "pages": pages,
        "subnets": sorted(first_subnets(stage, 2)) == sorted(built["subnets"]),
        "states": [task["lastStatus"] for task in running],
        "rollout": service["deployments"][0]["rolloutState"],
        "counts": [service["runningCount"], service["pendingCount"], service["desiredCount"]],
        "events": stage.events(),
        "lines": stage.until(lambda: (found := stage.lines()) and len(found) >= 2 * 9 and found),
        "descriptions": [
            each["Description"] for each in stage.connect("ec2").describe_network_interfaces()["NetworkInterfaces"]
        ],
    }


def first_subnets(stage: Stage, count: int) -> list[str]:
    """Give the subnets of the service's first tasks, whether they came up or not: where they are spread to."""
    made = sorted(tasks(stage, "RUNNING") + tasks(stage, "STOPPED"), key=lambda task: task["createdAt"])
    details = [{each["name"]: each["value"] for each in task["attachments"][0]["details"]} for task in made[:count]]
    return [each["subnetId"] for each in details]


def stop_one(stage: Stage) -> dict[str, Any]:
    ecs = stage.connect("ecs")
    arn = tasks(stage, "RUNNING")[0]["taskArn"]
    ecs.stop_task(cluster="lab", task=arn, reason="tried by hand")
    stage.until(
        lambda: (
            (found := ecs.describe_tasks(cluster="lab", tasks=[arn])["tasks"]) and found[0]["lastStatus"] == "STOPPED"
        )
    )
    task = ecs.describe_tasks(cluster="lab", tasks=[arn])["tasks"][0]
    stage.until(lambda: len([each for each in tasks(stage, "RUNNING") if each["lastStatus"] == "RUNNING"]) == 2)
    return {
        "code": task["stopCode"],
        "reason": task["stoppedReason"],
        "exit": task["containers"][0]["exitCode"],
        "said": [line for line in stage.lines() if line == "leaving"],
    }


def failing(stage: Stage, name: str, container: dict[str, Any] | None = None, cut: str = "") -> str:
    """Start a deployment that must fail, give the reason of its first task, and let it be."""
    ecs = stage.connect("ecs")
    before = {task["taskArn"] for task in tasks(stage, "STOPPED")}
    if cut:
        stage.wires.cut(ADDRESSES.get(cut, cut))
    changed = dict(container or {})
    image = changed.pop("image", f"{IMAGE}:v1")
    arn = definition(stage, image, **changed)
    ecs.update_service(cluster="lab", service="hello", taskDefinition=arn, desiredCount=1)

    def ended() -> Any:
        found = [task for task in tasks(stage, "STOPPED") if task["taskArn"] not in before]
        return [task for task in found if task["lastStatus"] == "STOPPED" and task["taskDefinitionArn"] == arn]

    task = stage.until(ended)[0]
    assert task["stopCode"] in ("TaskFailedToStart", "EssentialContainerExited"), (name, task)
    stage.wires.mend()
    ecs.update_service(cluster="lab", service="hello", desiredCount=0)
    return str(task["stoppedReason"])


def failures(stage: Stage, built: dict[str, Any]) -> dict[str, str]:
    hosts = list(ADDRESSES)
    asm = [{"name": "TOKEN", "valueFrom": built["secret"]}]
    no_key = [{"name": "TOKEN", "valueFrom": f"{built['secret']}:other::"}]
    ssm = [{"name": "TOKEN", "valueFrom": "/prod/token"}]
    group = {"logDriver": "awslogs", "options": {"awslogs-group": "/none", "awslogs-stream-prefix": "web"}}
    return {
        "token": failing(stage, "token", cut=hosts[0]),
        "manifest": failing(stage, "manifest", cut=hosts[1]),
        "layers": failing(stage, "layers", cut=hosts[2]),
        "logs": failing(stage, "logs", cut=hosts[3]),
        "asm": failing(stage, "asm", {"secrets": asm}, cut=hosts[4]),
        "ssm": failing(stage, "ssm", {"secrets": ssm}, cut=hosts[5]),
        "names": failing(stage, "names", cut="10.0.0.2"),
        "no key": failing(stage, "no key", {"secrets": no_key}),
        "no parameter": failing(stage, "no parameter", {"secrets": [{"name": "A", "valueFrom": "/none"}]}),
        "files": failing(stage, "files", {"environmentFiles": files("open/web.env")}, cut=hosts[6]),
        "closed file": failing(stage, "closed file", {"environmentFiles": files("closed/web.env")}),
        "no file": failing(stage, "no file", {"environmentFiles": files("open/none.env")}),
        "no group": failing(stage, "no group", {"logConfiguration": group}),
        "no tag": failing(stage, "no tag", {"image": f"{IMAGE}:none"}),
        "no repository": failing(stage, "no repository", {"image": IMAGE.replace("hello", "none") + ":v1"}),
        "public image": failing(stage, "public image", {"image": "nginx"}),
        "no command": failing(stage, "no command", {"entryPoint": ["/none"]}),
        "exits": failing(stage, "exits", {"entryPoint": ["/bin/sh", "-c", "exit 3"]}),
    }


def breaker(stage: Stage) -> dict[str, Any]:
    ecs = stage.connect("ecs")
    arn = definition(stage, f"{IMAGE}:none")
    ecs.update_service(cluster="lab", service="hello", taskDefinition=arn, desiredCount=2)

    def opened() -> Any:
        found = ecs.describe_services(cluster="lab", services=["hello"])["services"][0]["deployments"][0]
        return found if found["rolloutState"] == "FAILED" else None

    deployment = stage.until(opened)
    said = next(event for event in stage.events() if "deployment failed" in event)
    return {"reason": deployment["rolloutStateReason"], "failed": deployment["failedTasks"], "event": said}


def one_off(stage: Stage, built: dict[str, Any]) -> dict[str, Any]:
    ecs = stage.connect("ecs")
    command = {"containerOverrides": [{"name": "web", "command": ["-c", "echo once; exit 7"]}]}
    task = ecs.run_task(
        cluster="lab",
        taskDefinition=definition(stage, f"{IMAGE}:v1", entryPoint=["/bin/sh"]),
        launchType="FARGATE",
        networkConfiguration=built["network"],
        overrides=command,
    )["tasks"][0]

    def ended() -> Any:
        found = ecs.describe_tasks(cluster="lab", tasks=[task["taskArn"]])["tasks"][0]
        return found if found["lastStatus"] == "STOPPED" else None

    done = stage.until(ended)
    return {
        "first": task["lastStatus"],
        "group": task["group"],
        "exit": done["containers"][0]["exitCode"],
        "code": done["stopCode"],
        "said": [line for line in stage.lines() if line == "once"],
    }


def deleted(stage: Stage) -> dict[str, Any]:
    ecs = stage.connect("ecs")
    arn = definition(stage, f"{IMAGE}:v1", user="1000:1000")
    ecs.update_service(cluster="lab", service="hello", taskDefinition=arn, desiredCount=1)
    stage.until(lambda: any(each["lastStatus"] == "RUNNING" for each in tasks(stage, "RUNNING")))
    user = stage.until(lambda: [line for line in stage.lines() if "uid=1000" in line])
    ecs.delete_service(cluster="lab", service="hello", force=True)
    stage.until(lambda: not tasks(stage, "RUNNING"))
    status = stage.until(
        lambda: ecs.describe_services(cluster="lab", services=["hello"])["services"][0]["status"] == "INACTIVE"
    )
    left = stage.connect("ec2").describe_network_interfaces()["NetworkInterfaces"]
    scratch = Path(stage.house.scratch)
    return {
        "inactive": status,
        "interfaces": len(left),
        "folders": [str(each) for each in (scratch / "containers").iterdir()],
        "pulls": [str(each) for each in scratch.glob("pull-*")],
        "user": user[0],
    }


def main() -> None:
    """Run the scenario."""
    with tempfile.TemporaryDirectory() as folder:
        patience = Patience(connect=0.2, name=1.0, pause=0.01, settled=0.3, backoff=0.1, drain=0.1)
        stage = Stage(Path(folder), patience)
        try:
            built = build(stage)
            seen: dict[str, Any] = {"healthy": healthy(stage, built), "stopped": stop_one(stage)}
            seen["failures"] = failures(stage, built)
            seen["one-off"] = one_off(stage, built)
            seen["breaker"] = breaker(stage)
            seen["deleted"] = deleted(stage)
        finally:
            stage.close()
    json.dump(seen, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
