"""The agent of one instance: it registers the instance through its own interface, and stays connected or tries again.

Words: the ECS agent's log (amazon-ecs-agent issues 605, 882, 1143, 2329). A session with ecs-agent and ecs-telemetry is
a web socket on AWS; here one request over TLS that is answered stands for it. The agent opens the two apart from each
other (amazon-ecs-agent, agent/app/agent.go: startAsyncRoutines, startACSSession; read 2026-11): without ecs-agent it is
registered and disconnected, without ecs-telemetry it runs tasks and says nothing of their health.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from natless.lab.instances.keys import InstanceKeys, NoRoleError
from natless.lab.instances.machines import Machine
from natless.lab.services.ecs_instances import ContainerInstances
from natless.lab.tasks.calls import Caller, CallError
from natless.lab.tasks.plan import name_servers
from natless.lab.tasks.ports import House
from natless.lab.tasks.way import RequestError, Way

SESSION = "/ws"
NO_ROLE = "Unable to register as a container instance with ECS: NoCredentialProviders: no valid providers in chain"


class Agent(threading.Thread):
    """Registers one machine and keeps it connected.

    `said` is the last line of its log, by what it is about; `reports` says whether it is heard by ecs-telemetry.
    """

    def __init__(self, house: House, door: ContainerInstances, machine: Machine) -> None:
        """Take the lab, the door to the account's container instances, and the machine; `start` begins."""
        super().__init__(name=f"agent-{machine.id[-8:]}", daemon=True)
        self.machine = machine
        self.said: dict[str, str] = {}
        self.reports = False
        self._house = house
        self._door = door
        self._keys = InstanceKeys(house.identities, machine)
        self._over = threading.Event()

    def stop(self) -> None:
        """Have the agent end."""
        self._over.set()

    def run(self) -> None:
        """Register, connect; on a failure say it, wait, and begin again. Connected, look from time to time."""
        patience = self._house.patience
        pause = patience.backoff
        while not self._over.is_set():
            try:
                self._connect()
                pause = patience.backoff
                self._over.wait(patience.longest_backoff)
            except _NotConnectedError as error:
                self._say("ERROR", str(error))
                self._over.wait(pause)
                pause = min(pause * 2, patience.longest_backoff)
            except LookupError:
                self._over.wait(patience.pause)  # the network of the instance comes a moment after it
            except Exception as error:  # noqa: BLE001 - an agent that ends would leave its instance without one
                self._say("WARN", f"{type(error).__name__}: {error}")
                self._over.wait(patience.backoff)

    def _connect(self) -> None:
        servers = name_servers(self._house.connect, self.machine.subnet)
        network, patience = self._house.network, self._house.patience
        network.namespace(self.machine.interface)
        way = Way(network, self.machine.interface, servers, self._house.ca_file, patience)
        arn = self._register(Caller(way, self._house.region, self._keys))
        try:
            self._session(way, "ecs-a-1", "ACS")
        except _NotConnectedError:
            self._door.connect(arn, connected=False)
            raise
        else:
            self._door.connect(arn, connected=True)
            self._say("INFO", f"Registered container instance with cluster! {arn}")
        finally:
            self._report(way)

    def _report(self, way: Way) -> None:
        """Open the session that metrics and health go by; tasks run without."""
        try:
            self._session(way, "ecs-t-1", "TCS")
        except _NotConnectedError as error:
            self.reports = False
            self._say("ERROR", str(error), "telemetry")
        else:
            self.reports = True
            self.said.pop("telemetry", None)

    def _register(self, caller: Caller) -> str:
        identity = {"instanceId": self.machine.id, "region": self._house.region, "accountId": self._house.account}
        asked: dict[str, Any] = {
            "cluster": self.machine.cluster or "default",
            "instanceIdentityDocument": json.dumps(identity),
            "instanceIdentityDocumentSignature": "lab",
        }
        try:
            answer = caller.call("ecs", "RegisterContainerInstance", asked)
        except NoRoleError as error:
            raise _NotConnectedError(NO_ROLE) from error
        except CallError as error:
            raise _NotConnectedError(f"Unable to register as a container instance with ECS: {error}") from error
        return str(answer["containerInstance"]["containerInstanceArn"])

    def _session(self, way: Way, label: str, name: str) -> None:
        host = f"{label}.{self._house.region}.amazonaws.com"
        try:
            with way.request("GET", f"https://{host}{SESSION}", {}) as answer:
                answer.read()
        except (RequestError, OSError) as error:
            said = str(error).partition(": ")[2] or str(error)
            message = f"Error connecting to {name}: websocket client: unable to dial {host} response: : {said}"
            raise _NotConnectedError(message) from error

    def _say(self, level: str, text: str, about: str = "registration") -> None:
        """Write to the lab's log, as the agent does to its own; a line that says nothing new is left out."""
        if text != self.said.get(about):
            self.said[about] = text
            sys.stderr.write(f"ecs-agent {self.machine.id} [{level}] {text}\n")
            sys.stderr.flush()


class _NotConnectedError(Exception):
    """The agent is not registered or not connected; the text is its log's."""


def is_session(host: str, region: str) -> bool:
    """Say whether a host is one of those that agents hold their sessions with."""
    first, _, rest = host.partition(".")
    return rest == f"{region}.amazonaws.com" and first.startswith(("ecs-a-", "ecs-t-"))


def session(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer for ecs-agent and ecs-telemetry (WSGI)."""
    text = f"session with {environ.get('HTTP_HOST', '')}\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]
