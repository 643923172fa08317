"""The words of natless.toml: every key, its type and range, and what it says.

One table for the reader and for the JSON Schema, so that an editor completes exactly what is read. What the format
will have, and this version cannot do, is named here as well (`Later`): to widen the format, move a word up.
"""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias

import msgspec

from natless.catalog.uses import USABLE, Usable

KeyType: TypeAlias = Literal[
    "text", "number", "flag", "table", "texts", "patterns", "count", "launch", "bounds", "zones"
]
"""What a key takes. `texts` is a list of texts, `patterns` a text or such a list, `count` and `bounds` a whole number
or a table, `launch` a word or a table, `zones` a whole number or a list of texts."""

NAME_LENGTH = 20
"""Characters. From the name AWS makes others: a load balancer's has at most 32, of which CloudFormation wants 13 for
its random part; the cluster and the repositories bear the name itself."""

NAME_PATTERN = rf"(?=.{{2,{NAME_LENGTH}}}$)[a-z][a-z0-9]*(-[a-z0-9]+)*"
SERVICE_NAME_PATTERN = rf"(?=.{{1,{NAME_LENGTH}}}$)[a-z][a-z0-9]*(-[a-z0-9]+)*"
REGION_PATTERN = r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}"
CIDR_PATTERN = r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}"
HOST_PATTERN = r"(?=.{1,128}$)[a-z0-9_.*?-]*[.][a-z*?]+"
PATH_PATTERN = r"[/*][A-Za-z0-9_.$/~\u0022'@:+&*?-]{0,127}"
HEALTH_PATTERN = r"/[!-~]{0,1023}"
VARIABLE_PATTERN = r"[A-Za-z_][A-Za-z0-9_.-]{0,254}"
FILLED_PATTERN = r"[^\u0000]*[^\u0000\s][^\u0000]*"
TEXT_PATTERN = r"[^\u0000]*"
TAG_KEY_PATTERN = r"[^\u0000-\u001f!-*,;<>?\[-^`{-\u007f]{1,128}"
TAG_VALUE_PATTERN = r"[^\u0000-\u001f!-*,;<>?\[-^`{-\u007f]{1,256}"
MOST_TAGS = 47
"""AWS takes 50 on one thing (tagging reference, "Tag naming limits and requirements"); three are natless's own."""
BOUNDARY_PATTERN = r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512}"
REFERENCE_PATTERN = r"(secretsmanager|ssm):.+"
IMAGE_ID_PATTERN = r"ami-([0-9a-f]{8}|[0-9a-f]{17})"
MOST_INSTANCES = 5000
"""Container instances of one cluster: ECS's quota."""
USUAL_CPU = 60
"""Percent: the utilisation that autoscaling aims at where the file has bounds and no aim."""
MOST_REQUESTS = 10_000_000
MOST_TASKS = 5000
"""Tasks of one service: ECS's quota (speed: "Tasks per service")."""


class Key(msgspec.Struct, frozen=True):
    """One key. `least` and `most` bound a number; `pattern` is the whole text's; `sample` is a line to write.

    `choices` are the words that a text may be, `later` those that it will be in a later version.
    """

    name: str
    type: KeyType
    says: str
    sample: str
    required: bool = False
    default: Any = None
    least: int | None = None
    most: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


class Later(msgspec.Struct, frozen=True):
    """A key of a later version. `now` is the one value that is already true today, or None: the key is refused."""

    name: str
    instead: str
    now: str | bool | None = None


class Words(msgspec.Struct, frozen=True):
    """Every key that a table takes, and those that it will take later."""

    keys: tuple[Key, ...]
    later: tuple[Later, ...] = ()


TOP = Words(
    (
        Key(
            "name",
            "text",
            "The application's name: of its stack, cluster and repositories.",
            'name = "hello"',
            required=True,
            pattern=NAME_PATTERN,
        ),
        Key(
            "region",
            "text",
            "The AWS region. Without it, the AWS profile's.",
            'region = "us-east-1"',
            pattern=REGION_PATTERN,
        ),
        Key("network", "table", "The VPC. All of it is optional.", "[network]"),
        Key(
            "services",
            "table",
            "The services, each a table [services.NAME].",
            '[services.web]\nbuild = "."\nport = 8080',
            required=True,
        ),
        Key("tags", "table", "Tags of the stacks and of all in them, each a text.", '[tags]\nteam = "shop"'),
        Key(
            "permissions_boundary",
            "text",
            "The ARN of the IAM policy that bounds every role that is made.",
            'permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"',
            pattern=BOUNDARY_PATTERN,
        ),
    ),
    (Later("env", "one environment a file"),),
)

SERVICE = Words(
    (
        Key(
            "build",
            "text",
            "The folder of the Dockerfile, seen from this file. Or `image`.",
            'build = "."',
            pattern=FILLED_PATTERN,
        ),
        Key(
            "image",
            "text",
            "An image, by tag or digest: one of private ECR, or a public one, which is copied there. Or `build`.",
            'image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1.0"',
            pattern=FILLED_PATTERN,
        ),
        Key(
            "port",
            "number",
            "The port that the container listens on. A worker has none.",
            "port = 8080",
            least=1,
            most=65535,
        ),
        Key(
            "public",
            "flag",
            "Whether it answers the internet through the load balancer. A worker says false.",
            "public = true",
            default=True,
        ),
        Key(
            "host",
            "patterns",
            "The host names whose requests it answers, with * and ?. Without host and path it answers all others.",
            'host = "api.example.com"',
            pattern=HOST_PATTERN,
        ),
        Key(
            "path",
            "patterns",
            "The paths whose requests it answers, with * and ?. Without host and path it answers all others.",
            'path = ["/api", "/api/*"]',
            pattern=PATH_PATTERN,
        ),
        Key("cpu", "number", "CPU units of a task: 1024 is one vCPU.", "cpu = 256", default=256),
        Key("memory", "number", "MiB of memory of a task.", "memory = 512", default=512),
        Key(
            "architecture",
            "text",
            "The processors that the image is built for.",
            'architecture = "x86_64"',
            default="x86_64",
            choices=("x86_64", "arm64"),
        ),
        Key(
            "launch",
            "launch",
            "What the tasks run on: Fargate, Fargate Spot (cheaper, may be taken back), a mix of both by weight, "
            "or EC2 instances.",
            'launch = "fargate"',
            default="fargate",
            choices=("fargate", "fargate-spot", "ec2"),
        ),
        Key("instance", "text", 'The EC2 instance type, with launch = "ec2".', 'instance = "t3.small"'),
        Key(
            "instances",
            "bounds",
            "How many instances: a number, or bounds. Without it, enough for the tasks and for a release.",
            "instances = { min = 1, max = 4 }",
            least=1,
            most=MOST_INSTANCES,
        ),
        Key(
            "network_mode",
            "text",
            "On instances: an interface for each task, Docker's bridge, or the instance's own ports.",
            'network_mode = "awsvpc"',
            default="awsvpc",
            choices=("awsvpc", "bridge", "host"),
        ),
        Key("gpu", "number", "GPUs of a task, on instances that have some.", "gpu = 1", least=1, most=16),
        Key(
            "ami",
            "text",
            "The instances' image. Without it, the ECS-optimized one that is recommended at the first deploy.",
            'ami = "ami-0123456789abcdef0"',
            pattern=IMAGE_ID_PATTERN,
        ),
        Key(
            "health",
            "text",
            "The path that the load balancer asks for: 200 to 399 means healthy.",
            'health = "/healthz"',
            default="/",
            pattern=HEALTH_PATTERN,
        ),
        Key(
            "count",
            "count",
            "How many tasks: a number, or bounds for autoscaling.",
            "count = 1",
            default=1,
            least=1,
            most=MOST_TASKS,
        ),
        Key(
            "exec",
            "flag",
            "Whether commands may be run in its running tasks (ECS Exec): a task role and one more endpoint.",
            "exec = true",
            default=False,
        ),
        Key(
            "calls",
            "texts",
            "The services that its containers call by name, as SERVICE.NAME.internal, at their ports.",
            'calls = ["api"]',
        ),
        Key("environment", "table", "Environment variables, each a text.", "[services.web.environment]"),
        Key("secrets", "table", "Environment variables that ECS fetches when a task starts.", "[services.web.secrets]"),
        Key(
            "uses",
            "table",
            "What the containers use of AWS by themselves: a task role and endpoints for these things, no others.",
            '[services.web.uses]\nsqs = "jobs:send"',
        ),
    ),
    (
        Later("schedule", "services that run all the time: remove the line"),
        Later("sidecars", "one container a task: remove the table"),
    ),
)


def _uses(known: Usable) -> Key:
    # Like the name or ARN itself, whose groups have no names twice.
    plain = re.sub(r"\(\?P<region>", "(", f"(({known.name})|({known.arn}))")
    return Key(
        known.service,
        "patterns",
        known.says,
        known.sample,
        pattern=f"{plain}(:({'|'.join(known.words)}))?",
    )


USES = Words(tuple(map(_uses, USABLE)))

COUNT = Words(
    (
        Key("min", "number", "The least tasks.", "min = 2", required=True, least=1, most=MOST_TASKS),
        Key("max", "number", "The most tasks.", "max = 10", required=True, least=1, most=MOST_TASKS),
        Key(
            "cpu",
            "number",
            "The average CPU utilisation, in percent, that autoscaling aims at. Without another aim, 60.",
            "cpu = 60",
            least=1,
            most=100,
        ),
        Key(
            "memory",
            "number",
            "The average memory utilisation to aim at, in percent.",
            "memory = 70",
            least=1,
            most=100,
        ),
        Key(
            "requests",
            "number",
            "The requests a minute to aim at for each task of a service behind the load balancer.",
            "requests = 1000",
            least=1,
            most=MOST_REQUESTS,
        ),
    )
)

INSTANCES = Words(
    (
        Key("min", "number", "The least instances.", "min = 1", required=True, least=1, most=MOST_INSTANCES),
        Key("max", "number", "The most instances.", "max = 4", required=True, least=1, most=MOST_INSTANCES),
    )
)

LAUNCH = Words(
    (
        Key("fargate", "number", "The share of tasks on Fargate.", "fargate = 1", default=0, least=0, most=1000),
        Key("fargate-spot", "number", "The share on Spot.", "fargate-spot = 3", default=0, least=0, most=1000),
        Key("base", "number", "So many first on Fargate.", "base = 1", default=0, least=0, most=MOST_TASKS),
    )
)

OTHER_WORDS = {
    "aarch64": "arm64",
    "allowed_cidrs": "ingress",
    "amd64": "x86_64",
    "arch": "architecture",
    "acm": "certificate",
    "azs": "zones",
    "certificate_arn": "certificate",
    "certificates": "certificate",
    "tls": "certificate",
    "https": "certificate",
    "availability_zones": "zones",
    "container_port": "port",
    "context": "build",
    "cpus": "cpu",
    "desired_count": "count",
    "cpu_architecture": "architecture",
    "dockerfile": "build",
    "boundary": "permissions_boundary",
    "enable_execute_command": "exec",
    "env": "environment",
    "env_vars": "environment",
    "domain": "host",
    "health_check": "health",
    "health_path": "health",
    "healthcheck": "health",
    "image_id": "ami",
    "hostname": "host",
    "hosts": "host",
    "image_uri": "image",
    "instance_count": "instances",
    "instance_type": "instance",
    "launch_type": "launch",
    "execute_command": "exec",
    "gpus": "gpu",
    "mem": "memory",
    "mode": "network_mode",
    "nat_gateway": "nat",
    "paths": "path",
    "replicas": "count",
    "route": "path",
    "routes": "path",
    "scale": "count",
    "service": "services",
    "spot": "fargate-spot",
    "tag": "tags",
    "variables": "environment",
    "vpc_cidr": "cidr",
}
"""What other tools call it."""
