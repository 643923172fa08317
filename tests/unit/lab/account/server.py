"""Runs a LabAccount in a process of its own, on a port of 127.0.0.1, with a scheduler that starts no containers.

Arguments: a JSON object with `timings` and `seed`. Prints the port. A service whose task definition's family begins
with "broken" fails three tasks and trips its circuit breaker; every other becomes steady at once.
"""

from __future__ import annotations

import json
import socketserver
import sys
import threading
import time
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from natless.lab.services.account import LabAccount
from natless.lab.services.ledger import Timings

REGION = "ap-northeast-2"
ACCOUNT = "123456789012"
KEY = "AKIALABLABLABLABLABL"


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        pass


def schedule(account: LabAccount) -> None:
    # Imported here: they import moto, which must not be imported before the account has cleared its surroundings.
    from natless.lab.services.ecs_tasks import Tasks  # noqa: PLC0415

    ecs, tasks = account.connect("ecs"), Tasks(REGION, ACCOUNT)
    running: dict[str, list[str]] = {}
    while True:
        time.sleep(0.05)
        for cluster in ecs.list_clusters()["clusterArns"]:
            home = cluster.rsplit("/", 1)[1]
            services = set(ecs.list_services(cluster=cluster)["serviceArns"])
            for service in ecs.describe_services(cluster=cluster, services=[*services, "none"])["services"]:
                steady(tasks, home, service, running.setdefault(service["serviceArn"], []))


def steady(tasks: Any, cluster: str, service: dict[str, Any], own: list[str]) -> None:
    name, release = service["serviceName"], service["deployments"][0]
    if service["status"] == "DRAINING":
        for arn in own:
            tasks.detach(arn)
            tasks.update(arn, status="STOPPED", desired="STOPPED", stopped_reason="Service drained")
        own.clear()
    enough = release["rolloutState"] != "IN_PROGRESS" and len(own) >= service["desiredCount"]
    if service["status"] != "ACTIVE" or enough:
        return
    if service["taskDefinition"].rsplit("/", 1)[1].startswith("broken"):
        tasks.rollout(cluster, name, release["id"], "FAILED", "ECS deployment circuit breaker: tasks failed.", failed=3)
        return
    while len(own) < service["desiredCount"]:
        arn = tasks.start(cluster, name, release["id"], capacity_provider="FARGATE")
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        tasks.attach(arn, network["subnets"][0], network["securityGroups"])
        tasks.update(arn, status="RUNNING")
        own.append(arn)
    tasks.event(cluster, name, f"(service {name}) has reached a steady state.")
    tasks.rollout(cluster, name, release["id"], "COMPLETED")


def main() -> None:
    asked = json.loads(sys.argv[1])
    account = LabAccount(
        REGION, ACCOUNT, KEY, "http://127.0.0.1", timings=Timings(**asked["timings"]), seed=asked["seed"]
    )

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/generation":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(account.generation).encode()]
        # By which endpoint a request came, as the lab's TLS servers would say it.
        endpoint = environ.get("HTTP_X_TEST_ENDPOINT", "")
        way = {"natless.endpoint": endpoint, "natless.vpc": "vpc-1" if endpoint else ""}
        return account.wsgi({**environ, **way}, start_response)

    server = make_server("127.0.0.1", 0, app, server_class=Server, handler_class=Handler)
    threading.Thread(target=schedule, args=(account,), daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
