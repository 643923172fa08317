"""What tasks need of their neighbours in the lab: sockets in an ENI's namespace, and clients of the account."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import msgspec

from natless.catalog import containers
from natless.lab.metadata import TaskMetadata
from natless.lab.services.identities import Identities

Connect: TypeAlias = Callable[[str], Any]
"""Gives a boto3 client of the lab's account for a service name."""


class Network(Protocol):
    """The fabric, as far as tasks and balancers use it."""

    def socket(self, where: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """Give a socket made in the namespace of an ENI (`where` is its id)."""

    def namespace(self, where: str) -> str:
        """Give the path of an ENI's namespace; raises KeyError while the fabric has no such ENI."""


class Patience(msgspec.Struct, frozen=True):
    """How long things are waited for, in seconds; `retries` counts, as ECS words it, the tries after the first.

    AWS waits 30 s for a connection and retries with growing pauses. A network that is on this machine answers at once
    or never, so the lab waits less and counts the same. `settled` is how long a task must have run to count as running
    when a deployment is judged. `stop` is what a container gets that names no stop timeout, `last_stop` what each gets
    when the lab goes down. Health checks' intervals and start periods, and the time after which a container is started
    again, are multiplied by `check_pace`.
    """

    connect: float = 1.0
    answer: float = 10.0
    name: float = 1.0
    retries: int = 5
    pause: float = 0.1
    interface: float = 10.0
    drain: float = 1.0
    stop: float = containers.STOP_TIMEOUT.value
    last_stop: float = 5.0
    check_pace: float = 1.0
    settled: float = 0.5
    backoff: float = 1.0
    longest_backoff: float = 30.0


class House(msgspec.Struct, frozen=True):
    """What every task of one lab shares.

    `identities` opens sessions of roles, and `metadata` tells tasks about themselves.
    `scratch` is the folder for images and containers, `ca_file` the lab's CA (PEM) that endpoints are trusted by.
    """

    account: str
    region: str
    connect: Connect
    network: Network
    identities: Identities
    metadata: TaskMetadata
    scratch: str
    ca_file: str
    patience: Patience = Patience()
