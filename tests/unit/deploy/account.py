"""Runs the lab's account (moto with its repairs, and the stack engine) in a process of its own; prints its port.

Its scheduler starts no containers: a task runs at once and is healthy, unless the digest of its image is all `b`: then
it stops with ECS's words for an S3 endpoint that is missing (aws/copilot-cli #5167); or all `d`: then its container
exits, and the circuit breaker ends the deployment; or all `e`: then its container says why and exits, again and again,
and no circuit breaker ends that; or all `f`: then it answers health checks with 404 until ECS stops it. What runs
answers every health check but one for the path /nobody.
"""

from __future__ import annotations

import secrets
import socketserver
import sys
import threading
import time
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from natless.lab.registry import Registry, repair
from natless.lab.services.account import LabAccount
from natless.lab.services.ledger import Timings

REGION = "eu-west-1"
ACCOUNT = "123456789012"
KEY = "AKIALABLABLABLABLABL"
CAUSE = (
    "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: "
    'failed to do request: Get "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x": '
    "dial tcp 52.218.0.1:443: i/o timeout"
)


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        pass


class Audience:
    """Those who ask the account from outside, as far as they describe tasks."""

    def __init__(self, wsgi: Any) -> None:
        self._wsgi = wsgi
        self._asked = 0
        self._shown: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        answer = self._wsgi(environ, start_response)
        self._asked += environ.get("HTTP_X_AMZ_TARGET", "").endswith(".DescribeTasks")
        return answer

    def looks(self, service: str) -> None:
        """Wait until whoever asks again and again has seen the service as it is: a whole round, from task to task.

        Once a service: nobody looks at it any more when its deployment is given up.
        """
        wanted = self._asked + 3 if service not in self._shown else 0
        self._shown.add(service)
        while self._asked < wanted:
            time.sleep(0.02)
        time.sleep(0.1)


class Scheduler:
    """Brings services to their count."""

    def __init__(self, account: LabAccount, audience: Audience) -> None:
        # Imported here: it imports moto, which must not be imported before the account has cleared its surroundings.
        from natless.lab.services.ecs_tasks import Tasks  # noqa: PLC0415

        self._tasks: Any = Tasks(REGION, ACCOUNT)
        self._connect = account.connect
        self._audience = audience
        self._own: dict[str, list[tuple[str, str]]] = {}
        self._paths: dict[str, str] = {}

    def run(self) -> None:
        while True:
            time.sleep(0.03)
            self.turn()

    def turn(self) -> None:
        ecs = self._connect("ecs")
        for cluster in ecs.list_clusters()["clusterArns"]:
            arns = ecs.list_services(cluster=cluster)["serviceArns"]
            for service in ecs.describe_services(cluster=cluster, services=[*arns, "none"])["services"]:
                self.serve(cluster.rsplit("/", 1)[1], service)

    def serve(self, cluster: str, service: dict[str, Any]) -> None:
        own = self._own.setdefault(service["serviceArn"], [])
        release = service["deployments"][0]
        if service["status"] != "ACTIVE":
            self.stop(own, "")
            return
        if release["rolloutState"] != "IN_PROGRESS":
            self.check(service, [address for _, address in own])
            return
        definition = self._connect("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])
        image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
        started = self.start(cluster, service, release["id"])
        if image.endswith("b" * 64):
            self._tasks.detach(started[0])
            self._tasks.update(started[0], status="STOPPED", stopped_reason=CAUSE, stop_code="TaskFailedToStart")
            return
        if image.endswith("d" * 64):
            self.crash(cluster, service, release["id"], started[0])
            return
        if image.endswith("e" * 64):
            self.leave(definition["taskDefinition"], started[0])
            return
        if image.endswith("f" * 64):
            self.refuse(service, started)
            return
        self.stop(own, release["id"])
        self._tasks.update(started[0], status="RUNNING")
        own.append(started)
        self.register(service, started[1])
        self._tasks.event(
            cluster, service["serviceName"], f"(service {service['serviceName']}) has reached a steady state."
        )
        self._tasks.rollout(cluster, service["serviceName"], release["id"], "COMPLETED")

    def check(self, service: dict[str, Any], addresses: list[str]) -> None:
        """Have the load balancer ask what runs, where it asks for another path than it did."""
        from natless.lab.services.elbv2_targets import set_target_health  # noqa: PLC0415 - as above

        if not service["loadBalancers"]:
            return
        group, port = service["loadBalancers"][0]["targetGroupArn"], service["loadBalancers"][0]["containerPort"]
        path = self._connect("elbv2").describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        asked = path["HealthCheckPath"]
        if self._paths.setdefault(group, asked) == asked:
            return
        self._paths[group] = asked
        for address in addresses:
            if asked == "/nobody":
                said = "Health checks failed with these codes: [404]"
                set_target_health(
                    group, address, port, state="unhealthy", reason="Target.ResponseCodeMismatch", description=said
                )
            else:
                set_target_health(group, address, port, state="healthy")

    def crash(self, cluster: str, service: dict[str, Any], release: str, task: str) -> None:
        from natless.lab.services.ecs_tasks import ContainerState  # noqa: PLC0415 - as above

        self._tasks.detach(task)
        web = ContainerState("web", "STOPPED", exit_code=1)
        why = "Essential container in task exited"
        self._tasks.update(
            task, status="STOPPED", stopped_reason=why, stop_code="EssentialContainerExited", containers=[web]
        )
        name = service["serviceName"]
        self._audience.looks(
            service["serviceArn"]
        )  # ECS waits for three tasks before it gives up: nobody misses the first
        self._tasks.rollout(cluster, name, release, "FAILED", "tasks failed to start.", failed=3)

    def leave(self, definition: dict[str, Any], task: str) -> None:
        from natless.lab.services.ecs_tasks import ContainerState  # noqa: PLC0415 - as above

        group = definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"]
        logs, stream = self._connect("logs"), f"web/web/{task.rsplit('/', 1)[1]}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        said = [{"timestamp": int(time.time() * 1000), "message": text} for text in ("starting", "no DATABASE_URL")]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=said)
        web = ContainerState("web", "STOPPED", exit_code=1)
        why = "Essential container in task exited"
        self._tasks.detach(task)
        self._tasks.update(
            task, status="STOPPED", stopped_reason=why, stop_code="EssentialContainerExited", containers=[web]
        )
        time.sleep(0.3)

    def refuse(self, service: dict[str, Any], started: tuple[str, str]) -> None:
        from natless.lab.services.elbv2_targets import set_target_health  # noqa: PLC0415 - as above

        group, port = service["loadBalancers"][0]["targetGroupArn"], service["loadBalancers"][0]["containerPort"]
        self._tasks.update(started[0], status="RUNNING")
        self.register(service, started[1])
        said = "Health checks failed with these codes: [404]"
        set_target_health(
            group, started[1], port, state="unhealthy", reason="Target.ResponseCodeMismatch", description=said
        )
        self._audience.looks(service["serviceArn"])  # as above: what the load balancer says is said for a while
        why = f"Task failed ELB health checks in (target-group {group})"
        self._tasks.detach(started[0])
        self._tasks.update(
            started[0], status="STOPPED", desired="STOPPED", stopped_reason=why, stop_code="ServiceSchedulerInitiated"
        )

    def start(self, cluster: str, service: dict[str, Any], release: str) -> tuple[str, str]:
        arn = self._tasks.start(cluster, service["serviceName"], release, capacity_provider="FARGATE")
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        attached = self._tasks.attach(arn, network["subnets"][0], network["securityGroups"])
        return arn, attached.address

    def stop(self, own: list[tuple[str, str]], release: str) -> None:
        for arn, _ in own:
            self._tasks.detach(arn)
            self._tasks.update(arn, status="STOPPED", desired="STOPPED", stopped_reason=f"Scaling activity {release}")
        own.clear()

    def register(self, service: dict[str, Any], address: str) -> None:
        from natless.lab.services.elbv2_targets import set_target_health  # noqa: PLC0415 - as above

        if not service["loadBalancers"]:
            return
        target = service["loadBalancers"][0]
        group, port = target["targetGroupArn"], target["containerPort"]
        elbv2 = self._connect("elbv2")
        standing = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        if standing:
            elbv2.deregister_targets(TargetGroupArn=group, Targets=[each["Target"] for each in standing])
        elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": port}])
        set_target_health(group, address, port, state="healthy")


class Refusal:
    """The answer of a service that refuses."""

    status_code = 400


def refuse(account: LabAccount, faults: Path) -> None:
    """Have the engine's calls refused whose names stand in the file `faults`, as it is at that moment.

    A call whose name stands there with `~` before it is held up for as long as that is so.
    """
    make = account.connect._make

    def refused(model: Any, **_: Any) -> Any:
        while f"~{model.name}" in faults.read_text().split():
            time.sleep(0.02)
        if model.name not in faults.read_text().split():
            return None
        error = {"Code": "Refused", "Message": f"{model.name} is refused"}
        return Refusal(), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r"}}

    def client(*args: Any, **named: Any) -> Any:
        made = make(*args, **named)
        made.meta.events.register("before-call", refused)
        return made

    account.connect._make = client


def main() -> None:
    faults = Path(sys.argv[1])
    timings = Timings(endpoint_pending=0.1, balancer_provisioning=0.1, held_back=0.1, poll=0.02)
    account = LabAccount(REGION, ACCOUNT, KEY, "http://127.0.0.1", timings=timings, seed=7)
    refuse(account, faults)
    registry = Registry(ACCOUNT, REGION, secrets.token_bytes(32), f"{faults.parent}/registry", account.guard)
    repair(registry)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        return (registry if environ["PATH_INFO"].startswith("/v2/") else account.wsgi)(environ, start_response)

    audience = Audience(answer)
    server = make_server("127.0.0.1", 0, audience, server_class=Server, handler_class=Handler)
    threading.Thread(target=Scheduler(account, audience).run, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
