"""The keys of an instance: a session of its profile's role, as the instance's metadata hands it out."""

from __future__ import annotations

import threading
import time

from natless.lab.instances.machines import Machine
from natless.lab.services.identities import INSTANCES, AssumeError, Identities, Session

_RENEWED = 900.0
"""Seconds before its end at which a session is replaced."""


class NoRoleError(Exception):
    """The instance has no profile, none with a role, or one whose role EC2 may not assume."""


class InstanceKeys:
    """The present session of an instance's role. Call it to get the keys; it raises NoRoleError."""

    def __init__(self, identities: Identities, machine: Machine) -> None:
        """Take the instance; its role is assumed with the first call."""
        self._identities = identities
        self._machine = machine
        self._lock = threading.Lock()
        self._session: Session | None = None

    def __call__(self) -> Session:
        """Give a session that lasts a while yet."""
        with self._lock:
            if self._session is None or self._session.expires - time.time() < _RENEWED:
                self._session = self._assume()
            return self._session

    def _assume(self) -> Session:
        if not self._machine.role:
            raise NoRoleError
        try:
            return self._identities.assume(self._machine.role, self._machine.id, INSTANCES)
        except AssumeError as error:
            raise NoRoleError from error
