"""The Spec: what a person wrote in natless.toml, checked, with defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec


class Network(msgspec.Struct, frozen=True):
    """`[network]`. `cidr` is the VPC's, canonical (no host bits); `zones` is how many availability zones are used.

    `zone_names` are their names, where they are given; else CloudFormation gives the region's first ones.

    `egress` says whom the tasks' group lets them reach, `ingress` holds the blocks that may reach the load balancer.
    With `nat`, tasks reach the internet: nothing else promises that they do not. An `internal` load balancer stands in
    the private subnets. `flow_logs`: who sent what to whom is kept in CloudWatch Logs.
    With `certificates` (ARNs of ACM, the first for whoever names no host of another) it answers by HTTPS.
    """

    cidr: str = "10.0.0.0/16"
    zones: int = 2
    security_groups: Literal["separate", "single"] = "separate"
    egress: Literal["endpoints", "https"] = "endpoints"
    ingress: tuple[str, ...] = ("0.0.0.0/0",)
    nat: bool = False
    scheme: Literal["internet-facing", "internal"] = "internet-facing"
    flow_logs: bool = False
    certificates: tuple[str, ...] = ()
    zone_names: tuple[str, ...] = ()


class Instances(msgspec.Struct, frozen=True):
    """The EC2 instances that a service's tasks run on: their type, and how many.

    `gpu` is the GPUs of each task, `ami` the image where the spec pins one itself.
    """

    type: str
    min: int = 1
    max: int = 2
    network_mode: Literal["awsvpc", "bridge", "host"] = "awsvpc"
    gpu: int = 0
    ami: str | None = None


class Launch(msgspec.Struct, frozen=True):
    """What the tasks of a service run on: shares of Fargate and Fargate Spot, after `base` tasks on Fargate.

    With `instances` they run on these alone, and the shares say nothing.
    """

    fargate: int = 1
    spot: int = 0
    base: int = 0
    instances: Instances | None = None


class Count(msgspec.Struct, frozen=True):
    """How many tasks.

    What autoscaling aims at: `cpu` and `memory` are average utilisations (percent), `requests` those of a minute for
    each task. Without any of the three, a fixed count of `min`.
    """

    min: int = 1
    max: int = 1
    cpu: int | None = None
    memory: int | None = None
    requests: int | None = None


class Secret(msgspec.Struct, frozen=True):
    """One line of `[services.NAME.secrets]`: `VARIABLE = "secretsmanager:prod/db#url"` or `"ssm:/prod/db"`.

    `identifier` is the secret's name or ARN, `key` the JSON key after `#`, or "".
    """

    variable: str
    store: Literal["secretsmanager", "ssm"]
    identifier: str
    key: str = ""


class Use(msgspec.Struct, frozen=True):
    """One thing that the containers use of AWS: `sqs = "jobs:receive"` in `[services.NAME.uses]`.

    `service` is the short name of its endpoint, `name` the thing's name or ARN, `access` the words that say how
    (`catalog.uses`).
    """

    service: str
    name: str
    access: tuple[str, ...]


class Service(msgspec.Struct, frozen=True):
    """`[services.NAME]`. Exactly one of `build` (a folder, as written) and `image` is set.

    `cpu` in CPU units (1024 = one vCPU), `memory` in MiB; `port` is the container port, None for a worker. `host` and
    `path` are the patterns of the requests that the load balancer sends here; a public service without either gets
    all that no other takes. With `exec`, commands can be run in its running tasks (ECS Exec).
    """

    name: str
    build: str | None
    image: str | None
    port: int | None
    public: bool
    cpu: int = 256
    memory: int = 512
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    launch: Launch = Launch()
    health: str = "/"
    count: Count = Count()
    environment: Mapping[str, str] = {}
    secrets: tuple[Secret, ...] = ()
    exec: bool = False
    uses: tuple[Use, ...] = ()
    calls: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    path: tuple[str, ...] = ()


class Spec(msgspec.Struct, frozen=True):
    """A whole natless.toml.

    `source` is the path as the person named it; `lines` gives the line (from 1) of each key by its dotted path
    (`services.web.cpu`, `services.web` for the table's own header); `region` is that of the given image where the
    file has no other word for it, as no endpoint reaches another region's; None where it is left to the profile.
    `tags` go on all that takes tags; `permissions_boundary` is the ARN of the policy that bounds each role.
    """

    source: str
    name: str
    region: str | None
    network: Network
    services: tuple[Service, ...]
    lines: Mapping[str, int]
    tags: Mapping[str, str] = {}
    permissions_boundary: str | None = None
