"""How long the lab waits for what tasks ask."""

from __future__ import annotations

import msgspec

from natless.catalog import containers


class Patience(msgspec.Struct, frozen=True):
    """How long things are waited for, in seconds; `retries` counts, as ECS words it, the tries after the first.

    AWS waits 30 s for a connection and retries with growing pauses. A network that is on this machine answers at once
    or never, so the lab waits less and counts the same. `settled` is how long a task must have run to count as running
    when a deployment is judged. `stop` is what a container gets that names no stop timeout, `last_stop` what each gets
    when the lab goes down. Containers' health checks' intervals and start periods, services' grace periods, and the
    time after which a container is started again, are multiplied by `check_pace`.
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
    settled: float = 0.3
    backoff: float = 1.0
    longest_backoff: float = 30.0
