"""Health checks, as a load balancer node makes them: from its own interface, each target by itself.

Words: ELBv2 API reference, TargetHealth; user guide, "Health checks for Application Load Balancer target groups": a
new target needs one success, a known one as many in a row as the threshold says. A TCP check only connects (network
load balancer guide, "Health checks"). Read 2026-11.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable

import msgspec

from natless.lab.balancer.facts import Check, Target

Dial = Callable[[], socket.socket]
"""Gives a socket in the node's namespace."""


class Verdict(msgspec.Struct, frozen=True):
    """What DescribeTargetHealth says of a target."""

    state: str
    reason: str | None = None
    description: str | None = None


HEALTHY = Verdict("healthy")
CHECKING = Verdict("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")


def matches(codes: str, status: int) -> bool:
    """Say whether a status is among a matcher's codes (`200`, `200,202`, `200-299`)."""
    for part in codes.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and int(first) <= status <= int(last or first):
            return True
    return False


class Tally:
    """One node's opinion of one target."""

    def __init__(self, check: Check) -> None:
        """Begin with no opinion."""
        self._check = check
        self._successes = 0
        self._failures = 0
        self.verdict = CHECKING

    def count(self, failure: Verdict | None) -> Verdict:
        """Count one check (None is a success) and give the opinion."""
        if failure is None:
            self._successes, self._failures = self._successes + 1, 0
            if self.verdict.state != "unhealthy" or self._successes >= self._check.rise:
                self.verdict = HEALTHY
        else:
            self._successes, self._failures = 0, self._failures + 1
            if self._failures >= self._check.fall or self.verdict.state == "unhealthy":
                self.verdict = msgspec.structs.replace(failure, state="unhealthy")
        return self.verdict


def ask(dial: Dial, check: Check, target: Target) -> Verdict | None:
    """Make one check; give what is wrong, or None."""
    port = check.port or target.port
    link = dial()
    link.settimeout(check.timeout)
    connection = http.client.HTTPConnection(target.address, port)
    try:
        link.connect((target.address, port))
        if check.protocol == "TCP":
            return None
        connection.sock = _unverified().wrap_socket(link) if check.protocol == "HTTPS" else link
        headers = {"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"}
        connection.request("GET", check.path, headers=headers)
        status = connection.getresponse().status
    except TimeoutError:
        return Verdict("unhealthy", "Target.Timeout", "Request timed out")
    except (OSError, http.client.HTTPException):
        return Verdict("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
    finally:
        link.close()
        connection.close()
    if matches(check.codes, status):
        return None
    said = f"Health checks failed with these codes: [{status}]"
    return Verdict("unhealthy", "Target.ResponseCodeMismatch", said)


def _unverified() -> ssl.SSLContext:
    """Give a context that takes any certificate, as ALB does with its targets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Checker(threading.Thread):
    """Checks one target from one node until it is closed; `verdict` is what it thinks now."""

    def __init__(self, dial: Dial, check: Check, target: Target) -> None:
        """Start checking."""
        super().__init__(name=f"check-{target.address}", daemon=True)
        self.check = check
        self._dial = dial
        self._target = target
        self._tally = Tally(check)
        self._closed = threading.Event()
        self.start()

    @property
    def verdict(self) -> Verdict:
        """What this node thinks of the target."""
        return self._tally.verdict

    def close(self) -> None:
        """Check no more."""
        self._closed.set()

    def run(self) -> None:
        """Check, at once and then every interval."""
        while not self._closed.is_set():
            try:
                failure = ask(self._dial, self.check, self._target)
            except KeyError:
                return  # the node's interface is gone
            self._tally.count(failure)
            self._closed.wait(self.check.interval)


def together(verdicts: list[Verdict]) -> Verdict:
    """Give what the load balancer says where its nodes differ: the worst."""
    for state in ("unhealthy", "initial"):
        found = next((verdict for verdict in verdicts if verdict.state == state), None)
        if found is not None:
            return found
    return verdicts[0] if verdicts else CHECKING
