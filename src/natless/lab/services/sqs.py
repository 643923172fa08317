"""Repair of moto's SQS: who waits for a message does not keep the account from everybody else."""

from __future__ import annotations

import threading
from typing import Any

from moto.sqs.models import Queue

from natless.lab.services.ledger import LEDGER


def _begin(original: Any) -> Any:
    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        # Waiting on it lets go of the account, however often the waiting call holds it.
        self._messages_lock = threading.Condition(LEDGER.lock)

    begin.__module__ = __name__
    return begin


def repair() -> None:
    """Put the repaired queues in the place of moto's; once."""
    given: Any = Queue
    if given.__init__.__module__ != __name__:
        given.__init__ = _begin(given.__init__)
