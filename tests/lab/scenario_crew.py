"""What a task definition says of its containers, on the wire stage; prints what was seen as JSON (test_crew.py)."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from scenario_tasks import IMAGE, build
from wire_stage import ACCOUNT, REGION, Stage, busybox_layer, push

from natless.lab.tasks.ports import Patience

PACE = 0.02
"""Health checks 50 times as often as the definition says, and so with the time before a restart."""


def container(name: str, script: str, **changes: Any) -> dict[str, Any]:
    options = {"awslogs-group": "/lab/hello", "awslogs-region": REGION, "awslogs-stream-prefix": "crew"}
    return {
        "name": name,
        "image": f"{IMAGE}:v1",
        "entryPoint": ["/bin/sh", "-c", script],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        **changes,
    }


def check(script: str, **changes: int) -> dict[str, Any]:
    return {"healthCheck": {"command": ["CMD-SHELL", script], "interval": 5, "retries": 2, "timeout": 60, **changes}}


def after(name: str, condition: str) -> dict[str, Any]:
    return {"dependsOn": [{"containerName": name, "condition": condition}]}


PATIENT = {"startPeriod": 300, "retries": 10}
"""For what shall become healthy: six seconds here until a failure counts, and then ten of them."""

SHARED = {"mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared"}]}
ASIDE = {"essential": False}
PAGE = "busybox mkdir /www; echo a page > /www/index.html; exec busybox httpd -f -p 8080 -h /www"
ASK = "busybox wget -q -O - http://127.0.0.1:8080/"
EAT = "a=xxxxxxxxxxxxxxxx; while :; do a=$a$a; done"

TASKS: dict[str, list[dict[str, Any]]] = {
    "localhost": [
        container("asker", ASK, **after("web", "HEALTHY")),
        container("web", PAGE, **ASIDE, **check(f"{ASK} >/dev/null", **PATIENT)),
    ],
    "volume": [
        container(
            "main",
            "cat /taken/file; echo x > /taken/file || echo only read; exit 3",
            **after("init", "SUCCESS"),
            volumesFrom=[],
            mountPoints=[{"sourceVolume": "shared", "containerPath": "/taken", "readOnly": True}],
        ),
        container("init", "sleep 0.3; echo from init > /shared/file", **ASIDE, **SHARED),
    ],
    "taken": [
        container("main", "cat /shared/file", **after("init", "COMPLETE"), volumesFrom=[{"sourceContainer": "init"}]),
        container("init", "echo from the other > /shared/file; exit 9", **ASIDE, **SHARED),
    ],
    "init fails": [
        container("main", "echo never", **after("init", "SUCCESS")),
        container("init", "exit 1", **ASIDE),
    ],
    "late": [
        container("main", "echo never", **after("slow", "HEALTHY")),
        container("slow", "sleep 3600", **ASIDE, **check("exit 1", startPeriod=300), startTimeout=2),
    ],
    "memory": [container("main", EAT)],
    "memory of one": [container("main", "sleep 3600"), container("eater", f"sleep 0.5; {EAT}", memory=64, **ASIDE)],
    "aside": [container("main", "sleep 3600"), container("side", "exit 5", **ASIDE)],
    "again": [
        container("main", "sleep 3600"),
        container(
            "side",
            "echo again >> /shared/starts; sleep 1.5; exit 1",
            **ASIDE,
            **SHARED,
            restartPolicy={"enabled": True, "restartAttemptPeriod": 60},
        ),
        container(
            "reader",
            "while [ $(cat /shared/starts | busybox wc -l) -lt 3 ]; do sleep 0.1; done; echo thrice",
            **ASIDE,
            **SHARED,
        ),
    ],
    "not again": [
        container("main", "sleep 3600"),
        container(
            "ignored",
            "sleep 1.5; exit 7",
            **ASIDE,
            restartPolicy={"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [7]},
        ),
        container("too soon", "exit 1", **ASIDE, restartPolicy={"enabled": True, "restartAttemptPeriod": 1800}),
    ],
    "settings": [
        container(
            "main",
            "pwd; ulimit -n; ulimit -c; id -u; touch /x || echo read only; echo $GREETING",
            workingDirectory="/somewhere/new",
            user="1000",
            readonlyRootFilesystem=True,
            ulimits=[{"name": "nofile", "softLimit": 512, "hardLimit": 1024}],
            environment=[{"name": "GREETING", "value": "hello you"}],
        ),
    ],
    "order of the end": [
        container(
            "app",
            'trap "sleep 0.5; echo app leaves; exit 0" TERM; while :; do sleep 0.1; done',
            **after("proxy", "START"),
        ),
        container("proxy", 'trap "echo proxy leaves; exit 0" TERM; while :; do sleep 0.1; done', **ASIDE),
    ],
}
RUNNING = {"memory of one", "aside", "again", "not again", "order of the end"}
"""Tasks that go on; they are stopped once they have been looked at."""


def register(stage: Stage, family: str, containers: list[dict[str, Any]]) -> str:
    answer = stage.connect("ecs").register_task_definition(
        family=family.replace(" ", "-"),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/execution",
        containerDefinitions=containers,
        volumes=[{"name": "shared"}],
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def ran(stage: Stage, built: dict[str, Any]) -> dict[str, Any]:
    """Run every task beside the others, and give how each ended."""
    ecs = stage.connect("ecs")
    arns = {}
    for name, containers in TASKS.items():
        arns[name] = ecs.run_task(
            cluster="lab",
            taskDefinition=register(stage, name, containers),
            launchType="FARGATE",
            networkConfiguration=built["network"],
        )["tasks"][0]["taskArn"]

    def described() -> dict[str, dict[str, Any]]:
        found = {
            task["taskArn"]: task for task in ecs.describe_tasks(cluster="lab", tasks=list(arns.values()))["tasks"]
        }
        return {name: found[arn] for name, arn in arns.items()}

    def settled() -> Any:
        found = described()
        ended = all(task["lastStatus"] == "STOPPED" for name, task in found.items() if name not in RUNNING)
        sides = [side for name in RUNNING for side in found[name]["containers"][1:] if name != "order of the end"]
        over = {side["name"]: side["lastStatus"] for side in sides}
        stopped = {name for name, status in over.items() if status == "STOPPED"}
        return found if ended and stopped >= set(over) - {"side"} else None

    stage.until(settled)
    running = {name: told(described()[name]) for name in RUNNING}
    for name in RUNNING:
        ecs.stop_task(cluster="lab", task=arns[name], reason="seen")
    stage.until(lambda: all(task["lastStatus"] == "STOPPED" for task in described().values()))
    return {
        "running": running,
        "ended": {name: told(task) for name, task in described().items()},
        "lines": {name: lines(stage, arn) for name, arn in arns.items()},
    }


def told(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": task["lastStatus"],
        "health": task["healthStatus"],
        "code": task.get("stopCode"),
        "reason": task.get("stoppedReason"),
        "containers": {
            each["name"]: [each["lastStatus"], each.get("exitCode"), each.get("reason"), each["healthStatus"]]
            for each in task["containers"]
        },
    }


def lines(stage: Stage, arn: str) -> list[str]:
    """Give a task's lines, as its containers were told to write them."""
    logs = stage.connect("logs")
    streams = logs.describe_log_streams(logGroupName="/lab/hello")["logStreams"]
    mine = [each["logStreamName"] for each in streams if each["logStreamName"].endswith(arn.rpartition("/")[2])]
    events = [
        event for name in mine for event in logs.get_log_events(logGroupName="/lab/hello", logStreamName=name)["events"]
    ]
    return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]


GOOD = container("web", "touch /ok; exec sleep 3600", **check("test -f /ok", **PATIENT))
FADING = container("web", "touch /ok; sleep 1; busybox rm /ok; exec sleep 3600", **check("test -f /ok"))
FAILING = container("web", "exit 1")


class Service:
    """The one service, and what is asked about it."""

    def __init__(self, stage: Stage, built: dict[str, Any]) -> None:
        self.stage, self.ecs = stage, stage.connect("ecs")
        self.good, self.fading, self.failing = (register(stage, "web", [each]) for each in (GOOD, FADING, FAILING))
        self.ecs.create_service(
            cluster="lab",
            serviceName="hello",
            taskDefinition=self.good,
            desiredCount=4,
            launchType="FARGATE",
            networkConfiguration=built["network"],
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        )

    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster="lab", services=["hello"])["services"][0]
        return found

    def steady(self, count: int) -> Any:
        found = self.said()
        whole = found["runningCount"] == count and len(found["deployments"]) == 1
        return whole and found["deployments"][0]["rolloutState"] == "COMPLETED" and found

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        arns = self.ecs.list_tasks(cluster="lab", serviceName="hello", desiredStatus=status)["taskArns"]
        found: list[dict[str, Any]] = self.ecs.describe_tasks(cluster="lab", tasks=arns)["tasks"] if arns else []
        return found

    def scale(self, count: int) -> None:
        self.ecs.update_service(cluster="lab", service="hello", desiredCount=count)
        self.stage.until(lambda: len(self.tasks()) == count and "steady state" in self.stage.events()[0])

    def change(self, **changes: Any) -> None:
        self.ecs.update_service(cluster="lab", service="hello", **changes)

    def roll_back(self) -> dict[str, Any]:
        """Deploy what fails, and see it taken back."""
        before = {task["taskArn"] for task in self.tasks()}
        completed = self.said()["deployments"][0]["id"]
        self.change(taskDefinition=self.failing)
        reasons = set[str]()

        def back() -> Any:
            reasons.update(each["rolloutStateReason"] for each in self.said()["deployments"])
            return self.said()["taskDefinition"] == self.good and self.steady(2)

        self.stage.until(back)
        circuit = sorted(each.replace(completed, "GOOD") for each in reasons if "circuit breaker" in each)
        # The last of what failed may still be on its way out.
        running = self.stage.until(lambda: (found := self.tasks()) and len(found) <= len(before) and found)
        return {"rolled back": circuit, "kept": before == {task["taskArn"] for task in running}}

    def fade(self) -> dict[str, Any]:
        """Deploy what becomes unhealthy; at first under percentages that let nothing move."""
        stuck = {"maximumPercent": 100, "minimumHealthyPercent": 100}
        self.change(taskDefinition=self.fading, deploymentConfiguration=stuck)
        events = self.stage.until(lambda: [each for each in self.stage.events() if "was unable to stop" in each])
        self.change(deploymentConfiguration={"maximumPercent": 200})
        unhealthy = self.stage.until(lambda: [each for each in self.stage.events() if "health checks" in each])
        why = self.stage.until(
            lambda: [task["stoppedReason"] for task in self.tasks("STOPPED") if "health" in task["stoppedReason"]]
        )
        return {"stuck": events, "unhealthy": unhealthy[-1], "why": why[0]}


def served(stage: Stage, built: dict[str, Any]) -> dict[str, Any]:
    """Keep a service: spread, scaled in, rolled back, stuck, unhealthy."""
    service = Service(stage, built)
    stage.until(lambda: service.steady(4))
    spread = places(service.tasks())
    health = sorted(task["healthStatus"] for task in service.tasks())
    service.scale(2)
    seen = {"spread": spread, "health": health, "scaled in": places(service.tasks())}
    seen |= service.roll_back()
    service.scale(1)
    seen |= service.fade()
    stage.connect("ecs").delete_service(cluster="lab", service="hello", force=True)
    stage.until(lambda: service.said()["status"] == "INACTIVE")
    return seen


def places(tasks: list[dict[str, Any]]) -> list[int]:
    """Count the tasks in each zone."""
    zones = [task["availabilityZone"] for task in tasks]
    return sorted(zones.count(zone) for zone in set(zones))


def main() -> None:
    """Run the scenario."""
    with tempfile.TemporaryDirectory() as folder:
        patience = Patience(settled=0.3, backoff=0.1, drain=0.1, check_pace=PACE)
        stage = Stage(Path(folder), patience)
        try:
            built = build(stage)
            push(stage.registry, "hello", "v1", [busybox_layer("#!/bin/sh\n")], {"Entrypoint": ["/start"]})
            seen: dict[str, Any] = {"ran": ran(stage, built), "served": served(stage, built)}
            seen["left"] = [str(each) for each in (Path(folder) / "scratch" / "containers").iterdir()]
        finally:
            stage.close()
    json.dump(seen, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
