"""The lab's account in this process, with services that become steady at once: stacks without packets.

It clears the process's surroundings (AWS's variables), so it belongs in a process of its own.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from natless.lab.services.account import LabAccount
from natless.lab.services.ledger import LEDGER, Timings

REGION = "ap-northeast-2"
ACCOUNT = "123456789012"
KEY = "AKIALABLABLABLABLABL"
AT_ONCE = Timings(endpoint_pending=0.0, balancer_provisioning=0.0, held_back=0.0, poll=0.002)
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
SHARED_IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shared/app:1"
SECRET, PARAMETER = "prod/db", "/prod/token"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def quiet_account(seed: int) -> LabAccount:
    """Give an account that holds an image, a secret and a parameter that specs may name, and a scheduler at work."""
    account = LabAccount(REGION, ACCOUNT, KEY, "http://127.0.0.1", timings=AT_ONCE, seed=seed)
    account.connect("ecr").create_repository(repositoryName="shared/app")
    put_image(account.connect, "shared/app", "1")
    account.connect("secretsmanager").create_secret(Name=SECRET, SecretString='{"url": "x"}')
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    account.connect("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(document))
    account.connect("ssm").put_parameter(Name=PARAMETER, Value="x", Type="SecureString")
    threading.Thread(target=Steady(account).run, daemon=True).start()
    return account


def put_image(connect: Any, repository: str, tag: str) -> str:
    """Put an image into a repository, as far as ECR tells of it, and give its digest; each tag's is another."""
    written = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"digest": f"sha256:{'0' * 64}"}, "layers": []}
    text = json.dumps({**written, "annotations": {"tag": tag}})
    ecr = connect("ecr")
    try:
        made = ecr.put_image(
            repositoryName=repository, imageManifest=text, imageTag=tag, imageManifestMediaType=MANIFEST
        )
    except ecr.exceptions.ImageAlreadyExistsException:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
        return str(found["imageDetails"][0]["imageDigest"])
    return str(made["image"]["imageId"]["imageDigest"])


class Steady:
    """A scheduler whose tasks run and are healthy as soon as they are asked for."""

    def __init__(self, account: LabAccount) -> None:
        # Imported here: it imports moto, which must not be imported before the account has cleared its surroundings.
        from natless.lab.services.ecs_tasks import Tasks  # noqa: PLC0415

        self._tasks: Any = Tasks(REGION, ACCOUNT)
        self._ecs = account.connect("ecs")
        self._elb = account.connect("elbv2")
        self._account = account
        self._own: dict[str, list[tuple[str, str]]] = {}

    def run(self) -> None:
        seen = -1
        while True:
            time.sleep(0.002)
            now = self._account.generation
            if now != seen:
                seen = now
                self._turn()

    def _turn(self) -> None:
        from moto.ecs.models import ecs_backends  # noqa: PLC0415 - as above

        with LEDGER.lock:
            standing = list(ecs_backends[ACCOUNT][REGION].services.values())
        for service in standing:
            self._serve(service)

    def _serve(self, service: Any) -> None:
        own = self._own.setdefault(service.arn, [])
        if service.status != "ACTIVE":
            self._stop(own)
            return
        release = service.deployments[0]
        if release["rolloutState"] != "IN_PROGRESS" and len(own) == service.desired_count:
            return
        self._deregister(service)
        self._stop(own)
        cluster = service.cluster_name
        network = (service.network_configuration or {}).get("awsvpcConfiguration")
        for _ in range(service.desired_count):
            arn = self._tasks.start(cluster, service.name, release["id"], capacity_provider="FARGATE")
            # A task on the bridge or the network of its instance has no interface of its own.
            attached = self._tasks.attach(arn, network["subnets"][0], network["securityGroups"]) if network else None
            self._tasks.update(arn, status="RUNNING")
            own.append((arn, attached.address if attached else ""))
        self._register(service, [address for _, address in own if address])
        self._tasks.rollout(cluster, service.name, release["id"], "COMPLETED")

    def _stop(self, own: list[tuple[str, str]]) -> None:
        for arn, address in own:
            if address:
                self._tasks.detach(arn)
            self._tasks.update(
                arn, status="STOPPED", desired="STOPPED", stopped_reason="Scaling activity initiated by (service)"
            )
        own.clear()

    def _deregister(self, service: Any) -> None:
        if not service.load_balancers:
            return
        group = service.load_balancers[0]["targetGroupArn"]
        found = self._elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        if found:
            self._elb.deregister_targets(TargetGroupArn=group, Targets=[each["Target"] for each in found])

    def _register(self, service: Any, addresses: list[str]) -> None:
        from natless.lab.services.elbv2_targets import set_target_health  # noqa: PLC0415 - as above

        if not service.load_balancers:
            return
        balanced = service.load_balancers[0]
        group, port = balanced["targetGroupArn"], balanced["containerPort"]
        self._elb.register_targets(TargetGroupArn=group, Targets=[{"Id": each, "Port": port} for each in addresses])
        for address in addresses:
            set_target_health(group, address, port, state="healthy")
