"""The roles of a task: assumed by ECS when it starts, their keys renewed while it runs."""

from __future__ import annotations

import threading
import time
from typing import Literal

from natless.lab.services.identities import TASKS, AssumeError, Identities, Session
from natless.lab.tasks import words
from natless.lab.tasks.plan import TaskPlan

_RENEWED = 900.0
"""Seconds before its end at which a session is replaced (ECS agent: 15 minutes)."""


class RoleKeys:
    """The present session of one role of one task. Call it to get the keys."""

    def __init__(self, identities: Identities, role: str, task: str) -> None:
        """Assume the role; raises words.StartError where it does not trust ECS, or is not there."""
        self._identities = identities
        self._role = role
        self._task = task
        self._lock = threading.Lock()
        try:
            self._session = self._assume()
        except AssumeError as error:
            raise words.role(role) from error

    def __call__(self) -> Session:
        """Give a session that lasts a while yet. A role that lost its trust keeps its last session to its end."""
        with self._lock:
            if self._session.expires - time.time() < _RENEWED:
                try:
                    self._session = self._assume()
                except AssumeError:
                    return self._session
            return self._session

    def _assume(self) -> Session:
        return self._identities.assume(self._role, self._task.rpartition("/")[2], TASKS, self._task)


def role_keys(
    identities: Identities, plan: TaskPlan, which: Literal["executionRoleArn", "taskRoleArn"]
) -> RoleKeys | None:
    """Give the keys of a task's execution or task role; None where it has none. Raises words.StartError."""
    named = plan.overrides.get(which) or plan.definition.get(which)
    if not named:
        return None
    role = str(named)
    if not role.startswith("arn:"):
        role = f"arn:{identities.partition}:iam::{identities.account}:role/{role}"
    return RoleKeys(identities, role, plan.arn)
