"""`calls`: which services call which by a private name, and whether those can be called."""

from __future__ import annotations

from collections.abc import Sequence

from natless.finding.rules import CALL_INVALID, PORT_UNREACHED
from natless.spec.model import Service
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted
from natless.spec.table import nearest_word


def check_calls(problems: Problems, services: Sequence[Service]) -> None:
    """Hold each call against the services there are, and each port against who leads there."""
    known = {service.name: service for service in services}
    for service in services:
        where: KeyPath = ("services", service.name, "calls")
        if len(set(service.calls)) < len(service.calls):
            problems.add(CALL_INVALID, where, "calls names a service twice", f"calls = [{_listed(service)}]")
        for index, name in enumerate(service.calls):
            wrong, instead = _wrong(known, service, name)
            if wrong:
                problems.add(CALL_INVALID, (*where, str(index)), f"calls has {quoted(name[:40])}: {wrong}", instead)
    called = {name for service in services for name in service.calls}
    for service in services:
        if service.port is not None and not service.public and service.name not in called:
            message = f"port = {service.port}, but nothing leads there: {service.name} is not public, and none calls it"
            where = ("services", service.name, "port")
            problems.add(PORT_UNREACHED, where, message, "# port: remove the line, or public = false")


def _listed(service: Service) -> str:
    return ", ".join(quoted(name) for name in dict.fromkeys(service.calls))


def _wrong(known: dict[str, Service], caller: Service, name: str) -> tuple[str, str]:
    """Give what is wrong with a call and what to write instead; "" for what is right."""
    callee = known.get(name)
    if callee is None:
        near = nearest_word(name, tuple(other for other in known if other != caller.name))
        return "there is no such service", f"calls = [{quoted(near)}]" if near else f"[services.{name[:20]}]"
    if callee is caller:
        return "a service reaches itself without it, at localhost", f"# {name}: remove it"
    if callee.port is None:
        return f"{name} has no port", f"[services.{name}]\nport = 8080"
    instances = callee.launch.instances
    if instances is not None and instances.network_mode != "awsvpc":
        why = f"{name} stands behind its instance's ports, and a name alone leads to no port"
        return why, f'[services.{name}]\nnetwork_mode = "awsvpc"'
    return "", ""
