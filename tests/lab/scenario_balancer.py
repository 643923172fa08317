"""A load balancer on the wire stage; prints what was seen as JSON (read by test_balancer.py)."""

from __future__ import annotations

import collections
import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from wire_stage import ACCOUNT, REGION, Stage, busybox_layer, push

from natless.lab.tasks.ports import Patience

START = """#!/bin/sh
busybox mkdir -p /www/cgi-bin /www/shop
hostname > /www/index.html
echo fine > /www/healthz
printf '#!/bin/sh\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n"\\nenv\\n' > /www/cgi-bin/env
printf '#!/bin/sh\\nsleep 10\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\nslow"\\n' > /www/cgi-bin/slow
printf '#!/bin/sh\\ntouch /www/begun\\nuntil [ -f /www/ended ]; do sleep 0.1; done\\n' > /www/cgi-bin/long
printf 'printf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\ndone"\\n' >> /www/cgi-bin/long
printf '#!/bin/sh\\ntouch /www/ended\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n"\\n' > /www/cgi-bin/end
busybox chmod 755 /www/cgi-bin/*
trap 'exit 0' TERM
busybox httpd -p 8080 -h /www
while :; do sleep 0.1; done
"""
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/hello"


def build(stage: Stage) -> dict[str, Any]:
    ec2, elbv2, connect = stage.connect("ec2"), stage.connect("elbv2"), stage.connect
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)

    def subnet(number: int, zone: str) -> str:
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        return str(made["Subnet"]["SubnetId"])

    public, private = [subnet(0, "a"), subnet(1, "c")], [subnet(10, "a"), subnet(11, "c")]
    group = ec2.create_security_group(GroupName="task", Description="task", VpcId=vpc)["GroupId"]
    made = elbv2.create_load_balancer(Name="hello", Subnets=public, SecurityGroups=[group])
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]

    def target_group(name: str, path: str) -> str:
        made = elbv2.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=8080,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath=path,
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=4,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "2"}
        elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
        return arn

    groups = {name: target_group(name, path) for name, path in (("web", "/healthz"), ("ill", "/none"), ("empty", "/"))}
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": groups["web"]}],
    )["Listeners"][0]["ListenerArn"]
    connect("ecr").create_repository(repositoryName="hello")
    connect("logs").create_log_group(logGroupName="/lab/hello")
    connect("ecs").create_cluster(clusterName="lab")
    return {
        "vpc": vpc,
        "private": private,
        "group": group,
        "groups": groups,
        "listener": listener,
        "balancer": balancer,
    }


def rule(stage: Stage, built: dict[str, Any], priority: int, pattern: str, action: dict[str, Any]) -> None:
    stage.connect("elbv2").create_rule(
        ListenerArn=built["listener"],
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "Values": [pattern]}],
        Actions=[action],
    )


def health(stage: Stage, group: str) -> list[list[str]]:
    found = stage.connect("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    said = [each["TargetHealth"] for each in found]
    return sorted([each["State"], each.get("Reason", ""), each.get("Description", "")] for each in said)


def serve(stage: Stage, built: dict[str, Any]) -> None:
    digest = push(stage.registry, "hello", "v1", [busybox_layer(START)], {"Entrypoint": ["/start"]})
    ecs = stage.connect("ecs")
    container = {"name": "web", "image": f"{IMAGE}@{digest}", "portMappings": [{"containerPort": 8080}]}
    arn = ecs.register_task_definition(
        family="hello",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/execution",
        containerDefinitions=[container],
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"awsvpcConfiguration": {"subnets": built["private"], "securityGroups": [built["group"]]}}
    ecs.create_service(
        cluster="lab",
        serviceName="hello",
        taskDefinition=arn,
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=network,
        loadBalancers=[{"targetGroupArn": built["groups"]["web"], "containerName": "web", "containerPort": 8080}],
        healthCheckGracePeriodSeconds=20,
    )
    stage.until(lambda: any("steady state" in event for event in stage.events()))


def addresses(stage: Stage) -> list[str]:
    found = stage.connect("ec2").describe_network_interfaces()["NetworkInterfaces"]
    return sorted(each["PrivateIpAddress"] for each in found if each["Description"].startswith("ELB app/hello/"))


def answers(stage: Stage, node: str, path: str) -> Any:
    try:
        return stage.get(node, path)
    except OSError:
        return None


class Client(threading.Thread):
    """Asks for the page all the time; `end` gives how often each status was seen (0 is no answer)."""

    def __init__(self, stage: Stage, node: str) -> None:
        super().__init__(daemon=True)
        self._stage, self._node, self._going = stage, node, True
        self._seen: collections.Counter[int] = collections.Counter()
        self.start()

    def run(self) -> None:
        while self._going:
            answer = answers(self._stage, self._node, "/")
            self._seen[answer[0] if answer else 0] += 1

    def answered(self) -> int:
        return self._seen[200]

    def end(self) -> dict[int, int]:
        self._going = False
        self.join()
        return dict(self._seen)


def change_rules(stage: Stage, built: dict[str, Any], nodes: list[str]) -> dict[str, Any]:
    """Change the rules under a client that never stops asking: what it saw, and its answers within each change."""
    fixed = {"StatusCode": "418", "ContentType": "text/plain", "MessageBody": "it's a 100% pot"}
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    changes: list[tuple[int, str, dict[str, Any], str, int]] = [
        (20, "/old/*", {"Type": "redirect", "RedirectConfig": redirect}, "/old/a", 301),
        (30, "/old*", {"Type": "forward", "TargetGroupArn": built["groups"]["empty"]}, "/old", 503),
        (10, "/fixed*", {"Type": "fixed-response", "FixedResponseConfig": fixed}, "/fixed/x", 418),
    ]
    client = Client(stage, nodes[0])
    within = []
    for priority, pattern, action, path, status in changes:
        stage.until(lambda: client.answered() > 0)
        before = client.answered()
        rule(stage, built, priority, pattern, action)

        def changed(path: str = path, status: int = status, least: int = before + 5) -> bool:
            found = [answers(stage, node, path) for node in nodes]
            return all(each and each[0] == status for each in found) and client.answered() >= least

        stage.until(changed)
        within.append(client.answered() - before)
    return {"within each": within, "statuses": client.end()}


def scenario(stage: Stage) -> dict[str, Any]:
    built = build(stage)
    elbv2, ecs = stage.connect("elbv2"), stage.connect("ecs")
    stage.until(lambda: len(addresses(stage)) == 2)
    nodes = addresses(stage)
    stage.until(lambda: all(answers(stage, node, "/") for node in nodes))
    seen: dict[str, Any] = {"empty": [answers(stage, node, "/") for node in nodes]}
    serve(stage, built)
    seen["healthy"] = health(stage, built["groups"]["web"])
    seen["rollout"] = ecs.describe_services(cluster="lab", services=["hello"])["services"][0]["deployments"][0][
        "rolloutState"
    ]
    seen["pages"] = sorted({answers(stage, node, "/")[2] for node in nodes for _ in range(4)})
    seen["environment"] = stage.get(nodes[0], "/cgi-bin/env", "shop.example")[2].splitlines()

    targets = elbv2.describe_target_health(TargetGroupArn=built["groups"]["web"])["TargetHealthDescriptions"]
    first = targets[0]["Target"]["Id"]
    elbv2.register_targets(
        TargetGroupArn=built["groups"]["ill"], Targets=[{"Id": first, "Port": 8080}, {"Id": first, "Port": 9999}]
    )
    rule(stage, built, 40, "/ill*", {"Type": "forward", "TargetGroupArn": built["groups"]["ill"]})
    seen["while rules changed"] = change_rules(stage, built, nodes)
    seen["fixed"] = answers(stage, nodes[0], "/fixed/x")
    seen["redirect"] = stage.get(nodes[0], "/old/a?b=c", "shop.example")
    seen["no targets"] = answers(stage, nodes[0], "/old")
    stage.until(lambda: [each[0] for each in health(stage, built["groups"]["ill"])] == ["unhealthy"] * 2)
    seen["ill"] = health(stage, built["groups"]["ill"])
    seen["fail-open"] = sorted({answers(stage, nodes[0], "/illness")[0] for _ in range(6)})

    ecs.update_service(cluster="lab", service="hello", desiredCount=1)
    pages = stage.until(
        lambda: len(health(stage, built["groups"]["web"])) == 1 and [answers(stage, nodes[0], "/") for _ in range(10)]
    )
    seen["after scaling in"] = sorted({page[0] for page in pages})
    seen["left"] = len({page[2] for page in pages})
    ecs.delete_service(cluster="lab", service="hello", force=True)
    stage.until(lambda: (answers(stage, nodes[0], "/") or [0])[0] == 503)
    elbv2.delete_load_balancer(LoadBalancerArn=built["balancer"])
    stage.until(lambda: not list(Path(stage.house.scratch, "balancer").iterdir()))
    return seen


def main() -> None:
    """Run the scenario."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), Patience(settled=0.3, drain=0.3))
        try:
            seen = scenario(stage)
        finally:
            stage.close()
    json.dump(seen, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
