"""What the account's services share: one lock, one counter of changes, and what becomes true later.

moto keeps an account in module globals and is not made for threads, so one process holds one account, and one
ledger. Everything that reads or changes moto's state does so under `LEDGER.lock`.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """How long things take in the lab, in seconds. On AWS: endpoints 60-113, balancers 90-180 (published logs).

    `endpoint_pending` and `balancer_provisioning` are the phases before a new interface endpoint is *available* and
    a new load balancer *active*; `held_back` is how long the engine keeps a resource back that nothing in the
    template waits for; `poll` is how often the engine looks at what it waits for; `service_steady` is when it
    gives up on a service (CloudFormation: three hours).
    """

    endpoint_pending: float = 0.3
    balancer_provisioning: float = 0.2
    held_back: float = 2.0
    poll: float = 0.05
    service_steady: float = 3 * 3600.0


class Ledger:
    """The account's lock, its generation, and its future."""

    def __init__(self) -> None:
        """Start with nothing changed and nothing to come."""
        self.lock = threading.RLock()
        self.timings = Timings()
        self._generation = 0
        self._order = itertools.count()
        self._future: list[tuple[float, int, Callable[[], None]]] = []

    def changed(self) -> None:
        """Say that the account is no longer what it was."""
        with self.lock:
            self._generation += 1

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do `action` in `seconds`: it happens before the next look at the account after that moment."""
        with self.lock:
            heapq.heappush(self._future, (time.monotonic() + seconds, next(self._order), action))

    def settle(self) -> None:
        """Do everything whose moment has come."""
        with self.lock:
            while self._future and self._future[0][0] <= time.monotonic():
                _, _, action = heapq.heappop(self._future)
                action()
                self._generation += 1

    @property
    def generation(self) -> int:
        """The number of changes so far, those included that time brought."""
        self.settle()
        return self._generation


LEDGER = Ledger()
"""The one ledger of this process."""
