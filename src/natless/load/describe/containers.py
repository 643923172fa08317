"""Container definitions from ECS's describe JSON."""

from __future__ import annotations

from collections.abc import Iterator

from natless.cloud import Container, ContainerSecret
from natless.finding import Gap
from natless.load.describe.item import Item

_MOST_PORTS = 100
"""ECS opens at most this many ports of a containerPortRange (ECS API reference, PortMapping)."""


def containers(definition: Item) -> tuple[Container, ...]:
    """Read the containers of a task definition, in their order, which names them in findings."""
    return tuple(_container(item) for item in definition.parts("containerDefinitions"))


def _container(item: Item) -> Container:
    log = item.part("logConfiguration")
    return Container(
        name=item.maybe_text("name") or item.what,
        origin=item.origin,
        image=item.text("image"),
        ports=tuple(_ports(item)),
        log_driver=log.maybe_text("logDriver"),
        log_options=_options(log.part("options")),
        # A log driver's secrets are fetched when the task starts, as the container's own are.
        secrets=tuple(_secret(each) for each in (*item.parts("secrets"), *log.parts("secretOptions"))),
        repository_credentials=item.part("repositoryCredentials").maybe_text("credentialsParameter"),
        environment_files=tuple(each.text("value") for each in item.parts("environmentFiles")),
        environment={
            name: each.text("value") for each in item.parts("environment") if (name := each.maybe_text("name"))
        },
        host_ports=_host_ports(item),
    )


def _host_ports(item: Item) -> dict[int, int | Gap]:
    """Give the host ports that are set; 0 leaves the choice to Docker, as none does."""
    pairs = ((each.maybe_number("containerPort"), each.maybe_number("hostPort")) for each in item.parts("portMappings"))
    return {port: host for port, host in pairs if port is not None and host}


def _ports(item: Item) -> Iterator[int | Gap]:
    for each in item.parts("portMappings"):
        first, _, last = (each.maybe_text("containerPortRange") or "").partition("-")
        if first.isdecimal() and last.isdecimal() and 0 <= int(last) - int(first) < _MOST_PORTS:
            yield from range(int(first), int(last) + 1)
        else:
            yield each.number("containerPort")


def _options(options: Item) -> dict[str, str | Gap]:
    return {name: options.text(name) for name in sorted(options.data(), key=str)}


def _secret(item: Item) -> ContainerSecret | Gap:
    name = item.maybe_text("name")
    if name is None:
        return item.gap("name")
    return ContainerSecret(name, item.text("valueFrom"), item.origin)
