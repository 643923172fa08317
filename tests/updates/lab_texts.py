"""Random natless.toml files that a lab can run, from a number, and what a visitor finds in each of their services.

Every service is the same small web server with pages of its own, or sleeps; folders of `furnish` hold them.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from natless.spec.model import Service, Spec
from natless.spec.problems import quoted
from natless.spec.read import SpecError, read

REGION = "ap-northeast-2"
IMAGE_HOST = "img.example.com"
SECRET, PARAMETER, SECRET_VALUES = "prod/db", "/prod/token", {"URL": "from the secret", "TOKEN": "from the parameter"}
QUEUE, TABLE = "jobs", "jobs-done"
_FEW = 0.35


@dataclass(frozen=True)
class Part:
    """One service that a file may have: its port (None for a worker), and the page that says who answered."""

    name: str
    port: int | None
    page: str
    """Path of the page that is `name` and a newline; what the load balancer asks for, too."""


PARTS = (
    Part("web", 8080, "/who"),
    Part("api", 9000, "/api/who"),
    Part("store", 9100, "/what"),
    Part("worker", None, ""),
)
BY_NAME = {part.name: part for part in PARTS}

NETWORK = {
    "zones": ("3", "4"),
    "security_groups": ('"single"',),
    "egress": ('"https"',),
    # The lab's visitors come from 203.0.113.0/24.
    "ingress": ('["203.0.113.0/24", "8.8.8.0/24"]',),
    "nat": ("true",),
    "scheme": ('"internal"',),
    "flow_logs": ("true",),
}
LAUNCHES = (
    'launch = "fargate-spot"',
    "launch = { base = 1, fargate = 1, fargate-spot = 3 }",
    'launch = "ec2"\ninstance = "t3.medium"',
    'launch = "ec2"\ninstance = "m5.large"\nnetwork_mode = "bridge"',
    'launch = "ec2"\ninstance = "t3.medium"\nnetwork_mode = "host"',
)
COUNTS = ("2", "{ min = 1, max = 3, memory = 70 }", "{ min = 1, max = 2, cpu = 50 }")
SECRETS = {"URL": f'"secretsmanager:{SECRET}#url"', "TOKEN": f'"ssm:{PARAMETER}"'}
USES = (f'sqs = "{QUEUE}:send"', f'sqs = "{QUEUE}:receive"', f'dynamodb = "{TABLE}:read"', f'dynamodb = ["{TABLE}"]')
API_ROUTES = ('path = ["/api", "/api/*"]', f'host = "{IMAGE_HOST}"')


def furnish(folder: Path, busybox: Path) -> None:
    """Put a folder for each service into a person's, with its pages."""
    for part in PARTS:
        here = folder / part.name
        (here / "www").mkdir(parents=True)
        shutil.copy(busybox, here / "busybox")
        serve = f'"httpd", "-f", "-p", "{part.port}", "-h", "/www"' if part.port else '"sleep", "100000"'
        copies = "COPY busybox /bin/busybox\nCOPY www /www\n"
        (here / "Dockerfile").write_text(f'FROM scratch\n{copies}ENTRYPOINT ["/bin/busybox"]\nCMD [{serve}]\n')
        page = here / "www" / (part.page or "/none").removeprefix("/")
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"{part.name}\n")


def drawn_pair(chance: random.Random, certificate: str) -> tuple[tuple[str, Spec], tuple[str, Spec]]:
    """Give two files, each as text and as it is read.

    Either both have services on instances or neither has: the lab moves no cluster from one to the other, and says so
    before anything is changed (docs/decisions.md).
    """
    first = _drawn(chance, certificate)
    while _hosted((second := _drawn(chance, certificate))[1]) != _hosted(first[1]):
        continue
    return first, second


def _hosted(spec: Spec) -> bool:
    return any(service.launch.instances is not None for service in spec.services)


def _drawn(chance: random.Random, certificate: str) -> tuple[str, Spec]:
    """Give a file; what the format refuses (a call of a bridged task) is drawn again."""
    while True:
        text = _text(chance, certificate)
        try:
            return text, read(text, "natless.toml")
        except SpecError:
            continue


def _text(chance: random.Random, certificate: str) -> str:
    head = ['name = "hello"', f'region = "{REGION}"']
    head += ['tags = { team = "shop" }'] if chance.random() < _FEW else []
    network = {key: chance.choice(values) for key, values in NETWORK.items() if chance.random() < _FEW}
    if chance.random() < _FEW:
        network["certificate"] = quoted(certificate)
    if "scheme" in network:
        network.pop("ingress", None)
    others = [name for name in ("api", "store", "worker") if chance.random() < _FEW]
    lines = [line for name in ("web", *others) for line in _service(chance, name, others)]
    return "\n".join([*head, "[network]", *(f"{key} = {value}" for key, value in network.items()), *lines, ""])


def _service(chance: random.Random, name: str, others: list[str]) -> list[str]:
    part = BY_NAME[name]
    lines = [f"[services.{name}]", f'build = "{name}"']
    lines += [f"port = {part.port}"] if part.port else []
    public = name in {"web", "api"}
    lines += [f'health = "{part.page}"'] if public else ["public = false"]
    lines += [chance.choice(API_ROUTES)] if name == "api" else []
    # The store is called by web at least: a port to which nothing leads is refused.
    called = [each for each in ("web", "api", "store") if each != name and each in ("web", *others)]
    calls = [each for each in called if chance.random() < _FEW or (name, each) == ("web", "store")]
    lines += [f"calls = [{', '.join(map(quoted, calls))}]"] if calls else []
    lines += [chance.choice(LAUNCHES)] if chance.random() < 0.5 else []
    lines += [f"count = {chance.choice(COUNTS)}"] if chance.random() < _FEW else []
    secrets = [f"{key} = {value}" for key, value in SECRETS.items() if chance.random() < _FEW]
    uses = dict(each.split(" = ", 1) for each in chance.sample(USES, 2)) if chance.random() < _FEW else {}
    lines += [f"[services.{name}.environment]", 'MODE = "loud"'] if chance.random() < _FEW else []
    lines += [f"[services.{name}.secrets]", *secrets] if secrets else []
    return lines + ([f"[services.{name}.uses]", *(f"{key} = {each}" for key, each in uses.items())] if uses else [])


def reachable(spec: Spec, caller: Service, callee: Service) -> bool:
    """Say whether a call must arrive: it is meant, or the callee stands in the caller's own group.

    A single group lets its members reach each port that one of them calls, and the ports behind the load balancer.
    """
    if callee.name in caller.calls:
        return True
    called = any(callee.name in each.calls for each in spec.services)
    return spec.network.security_groups == "single" and (called or callee.public)
