"""Random natless.toml files of one to three services, each with any of the format's options, from a number."""

from __future__ import annotations

import random

from natless.spec.model import Spec
from natless.spec.problems import quoted
from natless.spec.read import SpecError, read

REGION = "us-east-1"
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"

NETWORK = {
    "cidr": ('"10.9.0.0/20"', '"172.20.4.0/22"'),
    "zones": ("3", "4", f'["{REGION}a", "{REGION}b"]'),
    "security_groups": ('"single"',),
    "egress": ('"https"',),
    "ingress": ('["198.51.100.0/24", "8.8.8.0/24"]',),
    "nat": ("true",),
    "scheme": ('"internal"',),
    "certificate": (f'"{CERTIFICATE}"', f'["{CERTIFICATE}", "{CERTIFICATE[:-1]}8"]'),
    "flow_logs": ("true",),
}
LAUNCHES = (
    'launch = "fargate-spot"',
    "launch = { base = 1, fargate = 1, fargate-spot = 3 }",
    'launch = "ec2"\ninstance = "m5.large"',
    'launch = "ec2"\ninstance = "m5.large"\nnetwork_mode = "bridge"',
    'launch = "ec2"\ninstance = "m5.xlarge"\nnetwork_mode = "host"',
    'launch = "ec2"\ninstance = "g4dn.xlarge"\ngpu = 1\nami = "ami-0123456789abcdef0"',
)
SERVICE = (
    "cpu = 512\nmemory = 1024",
    'health = "/healthz"',
    "exec = true",
    'environment = { MODE = "loud", HOME = "${HOME}" }',
)
COUNTS = (
    "2",
    "{ min = 1, max = 3 }",
    "{ min = 1, max = 3, memory = 70 }",
    "{ min = 2, max = 4, cpu = 40, memory = 50 }",
)
SECRETS = ('A = "secretsmanager:prod/db#url"', 'B = "ssm:/prod/b"', 'C = "secretsmanager:prod/other"')
USES = (
    'dynamodb = ["orders", "prices:read"]',
    's3 = ["uploads", "templates:read"]',
    'sqs = ["jobs:send", "done:receive"]',
    'sns = "news"',
    'kms = "12345678-1234-1234-1234-123456789012"',
    'secretsmanager = "prod/key"',
    'ssm = "/prod/flag"',
    'sts = "reader"',
)
ROUTES = ("", 'path = ["/api", "/api/*"]', 'host = "img.example.com"')
_FEW = 0.35


def combination(number: int) -> tuple[str, Spec]:
    """Give the combination of that number, as text and as it is read; what fits on no instance is drawn again."""
    chance = random.Random(number)
    while True:
        text = _text(chance)
        try:
            return text, read(text, "natless.toml")
        except SpecError:
            continue


def _text(chance: random.Random) -> str:
    lines = ['name = "mix"', f'region = "{REGION}"']
    if chance.random() < _FEW:
        lines.append(f'permissions_boundary = "{BOUNDARY}"')
    if chance.random() < _FEW:
        lines.append('tags = { team = "shop", stage = "prod" }')
    lines.append("[network]")
    lines += [f"{key} = {chance.choice(values)}" for key, values in NETWORK.items() if chance.random() < _FEW]
    routes = chance.sample(ROUTES, 3)
    services = ("web", "api", "jobs")[: chance.randint(1, 3)]
    for name, route in zip(services, routes, strict=False):
        lines += _service(chance, name, route, [other for other in services if other != name])
    return "\n".join([*lines, ""])


def _service(chance: random.Random, name: str, route: str, others: list[str]) -> list[str]:
    public = chance.random() < 0.75
    image = chance.choice(['build = "."', 'image = "nginx:1.27"'])
    lines = [f"[services.{name}]", image, *(["port = 8080", route] if public else ["public = false"])]
    if not public and chance.random() < 0.5:
        lines.append("port = 8081")
    # What stands behind its instance's ports, or has none, is called by nobody: such a text is drawn again.
    called = [other for other in others if chance.random() < _FEW]
    if called:
        lines.append(f"calls = [{', '.join(quoted(other) for other in called)}]")
    lines += [each for each in SERVICE if chance.random() < _FEW and (public or "health" not in each)]
    if chance.random() < _FEW:
        lines.append('architecture = "x86_64"')
    if chance.random() < 0.7:
        lines.append(chance.choice(LAUNCHES))
    if chance.random() < _FEW:
        requests = public and chance.random() < _FEW
        lines.append("count = { min = 1, max = 3, requests = 900 }" if requests else f"count = {chance.choice(COUNTS)}")
    secrets = [each for each in SECRETS if chance.random() < _FEW]
    uses = [each for each in USES if chance.random() < _FEW]
    lines += [f"[services.{name}.secrets]", *secrets] if secrets else []
    return lines + ([f"[services.{name}.uses]", *uses] if uses else [])
