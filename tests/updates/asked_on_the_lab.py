"""What is asked of a deployment on the lab: pages by its load balancer, proof, packets, calls from its containers."""

from __future__ import annotations

import http.client
import json
import shlex
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab_texts import BY_NAME, IMAGE_HOST, SECRET_VALUES, reachable
from person import Person

from natless.lab.tracing import needs
from natless.spec.model import Service, Spec

OUT = "task->internet"
ANYBODY = "203.0.113.99"
"""A host of the lab's internet, where nobody listens: a packet that arrives is refused at once."""

LONGEST_VISIT_SECONDS = 60


@dataclass(frozen=True)
class Verdicts:
    """What `check lab:hello` said: its exit code, and a (service, need, verdict) for each need."""

    code: int
    found: tuple[tuple[str, str, str], ...]
    said: str

    def wrong(self, spec: Spec) -> Iterator[str]:
        """Say what is not proved as the spec promises."""
        out = "reachable" if spec.network.nat else "blocked"
        for service, need, verdict in self.found:
            if verdict != (out if need == OUT else "reachable"):
                yield f"{service} {need} is proved {verdict}"
        asked = {service for service, _, _ in self.found}
        yield from (f"nothing is proved of {each.name}" for each in spec.services if each.name not in asked)
        if self.code:
            yield f"check ends with {self.code}: {self.said}"


def verdicts(person: Person) -> Verdicts:
    """Prove what stands."""
    code, text = person.types("check", "lab:hello", "--json")
    try:
        answer: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return Verdicts(code or 1, (), text[-1500:])
    found = [
        (each["task"].partition(":")[0].removeprefix("hello-"), each["need"], each["verdict"])
        for each in answer["verdicts"]
    ]
    said = json.dumps({"findings": answer["findings"], "gaps": answer["gaps"]})
    return Verdicts(code, tuple(dict.fromkeys(found)), said[:1500])


def traced(person: Person, spec: Spec, proved: Verdicts) -> Iterator[str]:
    """Hold each verdict against the packets that `lab trace` sends from where the tasks stand."""
    known = set(needs())
    for service, need, verdict in proved.found:
        # Who visits an internal load balancer is somewhere in the VPC: test_internal sends somebody.
        if need not in known or (need == "internet->alb" and spec.network.scheme == "internal"):
            continue
        code, text = person.types("lab", "trace", service, need, "--json")
        if (code == 0) != (verdict == "reachable"):
            yield f"{service} {need} is proved {verdict}, and its packets say otherwise ({code}): {text[-1500:]}"


def visits(spec: Spec, said: str, chain: str, secured: str) -> Iterator[str]:
    """Visit each public service by the load balancer; an internal one answers nobody on this side."""
    if spec.network.scheme == "internal":
        return
    address = said.rsplit(maxsplit=1)[-1]
    for service in (each for each in spec.services if each.public):
        host = service.host[0] if service.host else secured
        got = _got(address, chain, secured, host, BY_NAME[service.name].page)
        if got != (200, service.name):
            yield f"{service.name} at {address} is not what answers: {got}"
    if any(each.host == (IMAGE_HOST,) for each in spec.services):
        # The web service takes what no other does, so by another host this page is not there.
        got = _got(address, chain, secured, secured, BY_NAME["api"].page)
        if got[0] != 404:
            yield f"the api's page is given to visitors of another host: {got}"


def _got(address: str, chain: str, secured: str, host: str, page: str) -> tuple[int, str]:
    """Ask for a page as `host`; give status and text, or 0 and what went wrong. `secured` is the certificate's name."""
    scheme, _, rest = address.rstrip("/").partition("://")
    try:
        with socket.create_connection(("127.0.0.1", int(rest.rpartition(":")[2])), LONGEST_VISIT_SECONDS) as link:
            connection = http.client.HTTPConnection(host)
            connection.sock = link
            if scheme == "https":
                context = ssl.create_default_context(cadata=chain)
                connection.sock = context.wrap_socket(link, server_hostname=secured)
            connection.request("GET", page, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace").strip()
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"


def from_within(person: Person, spec: Spec, service: Service) -> Iterator[str]:
    """Run one more task of a service: what it was given, whom it reaches by name, and whether the internet."""
    named = {name for each in spec.services for name in each.calls}
    others = [each for each in spec.services if each.name in named and each.name != service.name]
    code, said = person.types("run", service.name, "--to", "lab", "--command", f"sh -c {shlex.quote(_script(others))}")
    lines = dict(line.split("=", 1) for line in said.splitlines() if "=" in line and line.split("=")[0].isupper())
    if code or "OUT" not in lines:
        yield f"{service.name} cannot be run ({code}): {said[-1500:]}"
        return
    given = {secret.variable: SECRET_VALUES[secret.variable] for secret in service.secrets} | dict(service.environment)
    for name, value in given.items():
        if lines.get(name) != value:
            yield f"{service.name} has {name} = {lines.get(name)!r}, not {value!r}"
    for other in others:
        # A name that is not there is no packet that was dropped: only its page says that a call arrived.
        seen, meant = lines.get(other.name.upper(), ""), reachable(spec, service, other)
        if (seen == other.name) != meant or seen == "unnamed":
            yield f"{service.name} {'gets no' if meant else 'gets the'} page of {other.name} by its name: {seen!r}"
    arrived = "refused" in lines["OUT"]
    if arrived != spec.network.nat:
        yield f"a packet of {service.name} to the internet {'arrives' if arrived else 'is lost'}: {lines['OUT']!r}"


def _script(others: list[Service]) -> str:
    """Give what a container's shell runs: lines of NAME=value.

    A static busybox resolves names in nslookup alone. The first answer may have gone: each is tried.
    """
    lines = ['for each in MODE URL TOKEN; do eval "echo $each=\\$$each"; done']
    for other in others:
        page, port = BY_NAME[other.name].page, BY_NAME[other.name].port
        lines += [
            "seen=unnamed",
            f"for address in $(nslookup {other.name}.hello.internal | sed -n '3,$s/^Address: //p'); do",
            f"  seen=$(printf 'GET {page} HTTP/1.0\\r\\n\\r\\n' | nc -w 3 $address {port} 2>&1 | tail -n 1)",
            f'  [ "$seen" = {other.name} ] && break',
            "done",
            f'echo "{other.name.upper()}=$seen"',
        ]
    return "\n".join([*lines, f'echo "OUT=$(nc -w 3 {ANYBODY} 443 2>&1)"'])
