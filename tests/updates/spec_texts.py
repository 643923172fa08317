"""Random natless.toml files of one name, from a number: all that the format lets a person say of one service."""

from __future__ import annotations

import random

from quiet_account import BOUNDARY, PARAMETER, REGION, SECRET, SHARED_IMAGE

SIZES = ((256, 512), (256, 2048), (512, 4096), (1024, 2048), (4096, 30720))
BLOCKS = (("10.0.0.0/16", 4), ("10.0.0.0/20", 3), ("10.7.0.0/16", 4), ("172.20.4.0/24", 2))
"""Blocks, and how many zones each is asked for at most. REGION has four."""

INGRESSES = (
    '["0.0.0.0/0"]',
    '["13.32.0.0/15", "151.101.1.7/32"]',
    '["151.101.1.7/32", "13.32.0.0/15"]',
    '["151.101.1.7/32"]',
)
COUNTS = (
    "{ min = 1, max = 3, memory = 70, requests = 500 }",
    *("1", "2", "3", "{ min = 1, max = 4, cpu = 60 }", "{ min = 2, max = 3, cpu = 40 }"),
)
LAUNCHES = ('"fargate"', '"fargate-spot"', "{ base = 1, fargate = 1, fargate-spot = 3 }", "{ fargate-spot = 1 }")
TAGS = ("", '{ team = "shop" }', '{ team = "till", stage = "prod" }')
SECRETS = (
    f'URL = "secretsmanager:{SECRET}#url"',
    f'WHOLE = "secretsmanager:{SECRET}"',
    f'TOKEN = "ssm:{PARAMETER}"',
)


def spec_text(name: str, chance: random.Random, before: str = "") -> str:
    """Give the text of a file; each part is there or left out by chance.

    What stands may not become a network of another block (NL817), so a file that follows `before` has its block.
    """
    block = next((line for line in before.splitlines() if line.startswith("cidr = ")), "")
    standing = next((each for each in BLOCKS if each[0] in block), None) if before else chance.choice(BLOCKS)
    network, service = _network(chance, standing or BLOCKS[0]), _service(chance)
    return "\n".join([f'name = "{name}"', f'region = "{REGION}"', *_marks(chance), *network, *service, ""])


def _marks(chance: random.Random) -> list[str]:
    boundary, tags = chance.choice([True, False, False]), chance.choice(TAGS)
    return [*([f'permissions_boundary = "{BOUNDARY}"'] if boundary else []), *([f"tags = {tags}"] if tags else [])]


def _network(chance: random.Random, standing: tuple[str, int]) -> list[str]:
    block, zones = standing
    said = [
        f"zones = {chance.randint(2, zones)}",
        f'security_groups = "{chance.choice(["separate", "single"])}"',
        f'egress = "{chance.choice(["endpoints", "https"])}"',
        f"ingress = {chance.choice(INGRESSES)}",
        f"nat = {chance.choice(['true', 'false', 'false'])}",
        f'scheme = "{chance.choice(["internet-facing", "internal"])}"',
        f"flow_logs = {chance.choice(['true', 'false'])}",
    ]
    return ["[network]", f'cidr = "{block}"', *(line for line in said if chance.random() < 0.6)]


def _service(chance: random.Random) -> list[str]:
    cpu, memory = chance.choice(SIZES)
    said = [
        f"cpu = {cpu}\nmemory = {memory}",
        f'architecture = "{chance.choice(["x86_64", "arm64"])}"',
        f"count = {chance.choice(COUNTS)}",
        f"launch = {chance.choice(LAUNCHES)}",
        f"exec = {chance.choice(['true', 'false'])}",
        f'health = "{chance.choice(["/healthz", "/alive"])}"',
        f'environment = {{ MODE = "{chance.choice(["a b", "${HOME}", "né"])}" }}',
    ]
    name = chance.choice(["web", "web", "api"])
    image = chance.choice(['build = "."', 'build = "."', f'image = "{SHARED_IMAGE}"'])
    secrets = [line for line in SECRETS if chance.random() < 0.3]
    return [
        f"[services.{name}]",
        image,
        f"port = {chance.choice([80, 443, 8080])}",
        "public = true",
        *(line for line in said if chance.random() < 0.5),
        *([f"[services.{name}.secrets]", *secrets] if secrets else []),
    ]
