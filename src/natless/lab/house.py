"""The lab, put together: what changes in the account becomes packets, names, servers, tasks and targets.

    API calls ──▶ LabAccount ──generation──▶ snapshot ──load.describe──▶ Cloud ──▶ Fabric, Names, Endpoints
                      ▲                                                    │
                      └──────────── Scheduler, Balancer ◀──────────────────┘

One loop turns it: only what changed is read again, and nothing else polls.
"""

from __future__ import annotations

import contextlib
import gc
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

from natless import load
from natless.catalog.services import by_host
from natless.cloud import Cloud
from natless.lab import breaking
from natless.lab.answers import Answers
from natless.lab.balancer import Balancer
from natless.lab.browser import Gateway, Pages
from natless.lab.endpoints import Authority, Endpoints, Server, WsgiApplication
from natless.lab.fabric import Fabric
from natless.lab.instances.agent import is_session, session
from natless.lab.metadata import TaskMetadata
from natless.lab.names import Names
from natless.lab.registry import Registry, repair
from natless.lab.services.account import LabAccount
from natless.lab.services.certificates import issue_by
from natless.lab.services.discovery import Discovery
from natless.lab.starting import ACCOUNT, Plan
from natless.lab.supervisor import Inside
from natless.lab.tasks.book import Book
from natless.lab.tasks.ports import House
from natless.lab.tasks.scheduler import Scheduler
from natless.lab.tasks.sessions import Sessions
from natless.lab.tracing import Tracer

_TURN_SECONDS = 0.05


class Lab:
    """One running lab. Made inside the lab's own namespaces."""

    def __init__(self, inside: Inside, plan: Plan) -> None:
        """Put the rooms together; nothing moves before the first turn."""
        self._inside = inside
        self._snapshot = plan.snapshot
        self.region = plan.region
        self._began = time.time()
        self.account = LabAccount(plan.region, ACCOUNT, inside.access_key_id, inside.api_url, timings=plan.timings)
        self.fabric = Fabric()
        folder, secret = f"{inside.scratch}/registry", secrets.token_bytes(32)
        self._registry = Registry(ACCOUNT, plan.region, secret, folder, self.account.guard)
        repair(self._registry)
        authority = Authority(f"{inside.scratch}/tls")
        issue_by(authority.issue)
        self._answers = Answers(
            self.fabric, self.account.guard, self.account.identities, authority.ca_file, plan.patience
        )
        self._names = Names(self.fabric, Discovery(ACCOUNT, plan.region).addresses)
        self._endpoints = Endpoints(self.fabric, self._application, authority)
        house = House(
            account=ACCOUNT,
            region=plan.region,
            connect=self.account.connect,
            network=self.fabric,
            identities=self.account.identities,
            metadata=TaskMetadata(self.account.connect),
            scratch=inside.scratch,
            ca_file=authority.ca_file,
            patience=plan.patience,
        )
        self._scheduler = Scheduler(house)
        self._balancer = Balancer(house)
        self._sessions = Sessions(plan.region, Book(ACCOUNT, plan.region), self._scheduler.life)
        self._pages = Pages(Gateway(self.fabric), lambda: self.cloud)
        self._api = Server("api")
        self._read = -1
        self._following = threading.Lock()
        self._trouble = ""
        self._patience = plan.patience
        self._broken: list[breaking.Broken] = []
        self.cloud = Cloud(source="lab")

    def open(self) -> None:
        """Answer API calls on the host's port, and the commands of the control socket."""
        self._api.listen(self._inside.api, lambda _host: self._front)
        self.account.answer_beside("ecs", "ExecuteCommand", self._sessions.execute)
        register = self._inside.control.register
        register("status", self.status)
        register("publish", self.publish)
        register("rules", self.fabric.rules_text)
        register("break", self.break_)
        register("mend", self.mend)
        register("trace", self.trace)
        register("session", self._sessions.attach)
        register("resize", self._sessions.resize)

    def turn(self) -> None:
        """Go once round: read what changed, bring the network to it, then tasks and targets."""
        self._follow()
        self._scheduler.step()
        self._balancer.step(self.cloud)

    def turn_on(self) -> None:
        """Go once round; a fault is said (in the log, and by `lab status`) and does not end what runs."""
        try:
            self.turn()
            self._trouble = ""
        except Exception as fault:  # noqa: BLE001 - whatever one turn trips over, the next one may not
            said = f"{type(fault).__name__}: {fault}"
            if said != self._trouble:
                traceback.print_exc()
            self._trouble = said

    def close(self) -> None:
        """Stop tasks and load balancers in good order; everything else ends with the process."""
        self._scheduler.stop()
        self._balancer.stop()

    def status(self) -> dict[str, Any]:
        """Say what stands: counts of what has packets, and the published pages."""
        cloud = self.cloud
        return {
            "region": self.region,
            "account": ACCOUNT,
            "seconds": round(time.time() - self._began),
            "vpcs": len(cloud.vpcs),
            "network_interfaces": len(cloud.network_interfaces),
            "services": sorted(cloud.services),
            "pages": self._pages.urls,
            "broken": [each.said for each in self._broken],
            "not_modelled": [*self.fabric.unmodelled, *self._balancer.unmodelled, *self._balancer.problems],
            "trouble": self._trouble,
        }

    def publish(self, name: str, sockets: list[socket.socket] | None = None) -> str:
        """Lead ports of the host, handed over in `sockets`, to the load balancer of DNS name `name`; give its URL."""
        self._follow()
        return self._pages.publish(name, sockets or [])

    def break_(self, kind: str) -> str:
        """Break the deployment in the way that `kind` names; say what was done."""
        done = breaking.breaks(kind, self.account.connect)
        self._broken.append(done)
        self._follow()
        return done.said

    def mend(self) -> list[str]:
        """Undo every break, the last first; say what was done."""
        said = []
        while self._broken:
            said.append(breaking.mend(self._broken.pop(), self.account.connect))
        self._follow()
        return said

    def trace(self, subject: str, need: str) -> dict[str, Any]:
        """Send the packets of one need of a service or task, and say which way they went; see `tracing`."""
        self._follow()
        return Tracer(self.fabric, self.account.connect, self.refreshed, self._patience, self._answers).trace(
            subject, need
        )

    def refreshed(self) -> Cloud:
        """Give the account's present as the network has it."""
        self._follow()
        return self.cloud

    def _follow(self) -> None:
        """Bring network, names and servers to the account's present, where that has changed since it was last read."""
        # The loop and the commands of the control socket come here; one of them at a time.
        with self._following:
            present = self.account.generation
            if present == self._read:
                return
            cloud = load.describe(self._snapshot(self.account.connect), "lab")
            self.fabric.apply(cloud)
            self._names.apply(cloud)
            self._endpoints.apply(cloud)
            self.cloud = cloud
            self._read = present

    def _application(self, host: str) -> WsgiApplication | None:
        """Give what answers for a host name of AWS, as the lab's endpoints and public addresses see it."""
        found = self._prompt(host)
        return self._late(found) if found is not None and self._is_slow(host) else found

    def _prompt(self, host: str) -> WsgiApplication | None:
        if host == self._registry.host:
            return self._registry
        if host == self._registry.urls.host:
            return self._registry.bucket
        if is_session(host, self.region):
            return session
        return self.account.wsgi if host.endswith((".amazonaws.com", ".api.aws")) else None

    def _is_slow(self, host: str) -> bool:
        found = by_host(host)
        return found is not None and any(found.short in each.slow for each in self._broken)

    def _late(self, prompt: WsgiApplication) -> WsgiApplication:
        """Answer later than a task waits, or as soon as that break is mended."""

        def late(environ: dict[str, Any], start_response: Any) -> Any:
            until = time.monotonic() + self._patience.answer + 1
            while time.monotonic() < until and any(each.slow for each in self._broken):
                time.sleep(_TURN_SECONDS)
            return prompt(environ, start_response)

        return late

    def _front(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer on the host's port: the registry under /v2/, the account everywhere else."""
        if str(environ.get("PATH_INFO", "")).startswith("/v2/"):
            return self._registry(environ, start_response)
        return self.account.wsgi(environ, start_response)


def keep(inside: Inside, plan: Plan) -> None:
    """Run a lab from its first turn until it shall end."""
    lab = Lab(inside, plan)
    lab.open()
    lab.turn()
    gc.freeze()
    gc.enable()
    inside.ready({"region": plan.region, "account": ACCOUNT})
    threading.Thread(target=lab.account.read_ahead, name="read-ahead", daemon=True).start()
    with _ending(lab):
        while not inside.stopping.wait(_TURN_SECONDS):
            lab.turn_on()


@contextlib.contextmanager
def _ending(lab: Lab) -> Iterator[None]:
    try:
        yield
    finally:
        lab.close()
