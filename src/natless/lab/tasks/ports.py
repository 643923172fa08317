"""What tasks need of their neighbours in the lab: sockets in an ENI's namespace, and clients of the account."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import msgspec

from natless.lab.metadata import TaskMetadata
from natless.lab.services.identities import Identities
from natless.lab.tasks.patience import Patience

__all__ = ["Connect", "House", "Network", "Patience"]

Connect: TypeAlias = Callable[[str], Any]
"""Gives a boto3 client of the lab's account for a service name."""


class Network(Protocol):
    """The fabric, as far as tasks and balancers use it."""

    def socket(self, where: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """Give a socket made in the namespace of an ENI (`where` is its id)."""

    def namespace(self, where: str) -> str:
        """Give the path of an ENI's namespace; raises KeyError while the fabric has no such ENI."""


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
