"""Tells the account of a deployment's end after another one was asked for. Prints what it then says as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from natless.lab.services.account import LabAccount
from natless.lab.services.ledger import Timings

REGION, ACCOUNT = "ap-northeast-2", "123456789012"


def definition(ecs: Any) -> str:
    container = {"name": "web", "image": "web", "essential": True}
    asked = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
    made = ecs.register_task_definition(family="web", containerDefinitions=[container], **asked)
    return str(made["taskDefinition"]["taskDefinitionArn"])


def main() -> None:
    account = LabAccount(REGION, ACCOUNT, "AKIALABLABLABLABLABL", "http://127.0.0.1", timings=Timings(), seed=1)
    from natless.lab.services.ecs_tasks import Tasks  # noqa: PLC0415 - it imports moto, after the account

    ecs, tasks = account.connect("ecs"), Tasks(REGION, ACCOUNT)
    ecs.create_cluster(clusterName="lab")
    first, second = definition(ecs), definition(ecs)
    ec2 = account.connect("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    network = {"awsvpcConfiguration": {"subnets": [subnet]}}
    asked = {"cluster": "lab", "desiredCount": 0, "launchType": "FARGATE", "networkConfiguration": network}
    made = ecs.create_service(serviceName="web", taskDefinition=first, **asked)["service"]
    old = made["deployments"][0]["id"]
    ecs.update_service(cluster="lab", service="web", taskDefinition=second)

    def said() -> list[list[str]]:
        found = ecs.describe_services(cluster="lab", services=["web"])["services"][0]["deployments"]
        return [[each["taskDefinition"].rpartition(":")[2], each["status"], each["rolloutState"]] for each in found]

    seen: dict[str, Any] = {"asked": said()}
    tasks.rollout("lab", "web", old, "COMPLETED")
    seen["the old one is told to be complete"] = said()
    tasks.roll_back("lab", "web", old, to="ecs-svc/0", revision=first)
    seen["the old one is told to have failed"] = said()
    new = ecs.describe_services(cluster="lab", services=["web"])["services"][0]["deployments"][0]["id"]
    tasks.roll_back("lab", "web", new, to="ecs-svc/0", revision=first)
    seen["the new one is told to have failed"] = said()
    sys.stdout.write(json.dumps(seen))


main()
