"""What becomes of a request whose packets arrive: whether anybody answers in time, and whether policies let it be.

The answer is waited for at the service itself, from the interface. What policies say is asked of the account's own
door, for the actions that the start of a task asks, so that nothing is written anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from natless.catalog.needs import LAYER_BUCKET
from natless.cloud import Cloud
from natless.lab.access.words import denied
from natless.lab.services.asking import Ask
from natless.lab.services.guard import Guard
from natless.lab.services.identities import TASKS, AssumeError, Identities
from natless.lab.tasks.ports import Network, Patience
from natless.lab.tasks.reference import read_reference
from natless.lab.tasks.way import RequestError, Way

LAYERS = "s3-layers"
_PULL = ("BatchGetImage", "GetDownloadUrlForLayer")


class Asked(msgspec.Struct, frozen=True):
    """One thing seen of a request: `step` is `answer`, or the gate of the policies; `element` is what said no."""

    step: str
    passed: bool
    said: str
    element: str = ""


class Answers:
    """Asks in place of tasks."""

    def __init__(
        self, network: Network, guard: Guard, identities: Identities, ca_file: str, patience: Patience
    ) -> None:
        """Take the network, the account's door, and whom tasks trust."""
        self._network = network
        self._guard = guard
        self._identities = identities
        self._ca_file = ca_file
        self._patience = patience

    def answered(self, host: str, interface: str, servers: tuple[str, ...], element: str) -> Asked:
        """Send a request to `host` and wait for an answer, whatever it says."""
        way = Way(self._network, interface, servers, self._ca_file, self._patience)
        began = time.monotonic()
        try:
            with way.request("GET", f"https://{host}/", {}) as answer:
                said = f"{host} answers, after {(time.monotonic() - began) * 1000:.0f} ms"
                return Asked("answer", passed=True, said=f"{said} (status {answer.status})")
        except RequestError as error:
            return Asked("answer", passed=False, said=str(error), element=element)

    def allowed(
        self, need: str, definition: Mapping[str, Any], cloud: Cloud, interface: str, endpoint: str
    ) -> Asked | None:
        """Say whether policies let a task of `definition` ask what it needs; None where nothing of it is known."""
        mine = cloud.network_interfaces[interface]
        environ = {
            "natless.vpc": str(cloud.subnets[mine.subnet].vpc),
            "natless.endpoint": endpoint,
            "REMOTE_ADDR": str(mine.addresses[0]),
            "wsgi.url_scheme": "https",
        }
        if need == LAYERS:
            bucket = LAYER_BUCKET.format(region=cloud.region)
            said = self._guard.layer(environ, bucket, "*")
            if said is None:
                return Asked("endpoint-policy", passed=True, said=f"s3:GetObject on {bucket} is allowed")
            return Asked("endpoint-policy", passed=False, said=said, element=endpoint)
        asks = tuple(_asks(need, definition, cloud, self._identities.partition))
        role = str(definition.get("executionRoleArn") or "")
        return self._by_role(asks, role, environ) if asks and role else None

    def _by_role(self, asks: tuple[Ask, ...], role: str, environ: Mapping[str, Any]) -> Asked:
        try:
            session = self._identities.assume(role, "natless-lab-trace", TASKS)
        except AssumeError as error:
            return Asked("identity", passed=False, said=str(error), element=role)
        for ask in asks:
            found = self._guard.denial(environ, session.access_key_id, ask)
            if found is None:
                continue
            gate = "endpoint-policy" if found.kind == "endpoint" else "identity"
            element = environ["natless.endpoint"] if found.kind == "endpoint" else role
            said = denied(session.principal.arn, ask.action, ask.resource, found)
            return Asked(gate, passed=False, said=said, element=str(element))
        return Asked("identity", passed=True, said=f"{role} may {', '.join(ask.action for ask in asks)}")


def _asks(need: str, definition: Mapping[str, Any], cloud: Cloud, partition: str) -> Iterator[Ask]:
    """Give what the start of a task asks of a service (catalog.needs)."""
    here = f"arn:{partition}:{{service}}:{cloud.region}:{cloud.account}:{{name}}"
    containers = definition.get("containerDefinitions", ())
    match need:
        case "ecr.api":
            yield Ask("ecr", "ecr:GetAuthorizationToken", "*")
        case "ecr.dkr":
            for name in sorted({read_reference(str(each["image"])).name for each in containers}):
                repository = here.format(service="ecr", name=f"repository/{name}")
                yield from (Ask("ecr", f"ecr:{verb}", repository) for verb in _PULL)
        case "logs":
            options = [(each.get("logConfiguration") or {}).get("options") or {} for each in containers]
            for group in sorted({str(each["awslogs-group"]) for each in options if "awslogs-group" in each}):
                stream = here.format(service="logs", name=f"log-group:{group}:log-stream:natless-lab-trace")
                yield from (Ask("logs", f"logs:{verb}", stream) for verb in ("CreateLogStream", "PutLogEvents"))
        case "secretsmanager":
            values = [str(one["valueFrom"]) for each in containers for one in each.get("secrets") or ()]
            for arn in sorted({":".join(one.split(":")[:7]) for one in values if ":secretsmanager:" in one}):
                yield Ask("secretsmanager", "secretsmanager:GetSecretValue", arn)
        case _:
            return
