"""The lab's account: one WSGI app that answers as AWS's services do."""

from __future__ import annotations

import functools
import io
import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from natless.lab.services import circumstances, faults, requests, ssmmessages, surroundings
from natless.lab.services.ledger import LEDGER, Timings
from natless.lab.services.refusing import AccountError

Connect: TypeAlias = Callable[[str], Any]
CLOUDFORMATION = "cloudformation"
_FIRST_QUESTIONS = {
    "ecr": "describe_repositories",
    "iam": "list_roles",
    "logs": "describe_log_groups",
    "ecs": "list_clusters",
    "elbv2": "describe_load_balancers",
    "ec2": "describe_vpcs",
}


Beside: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Answers a call from its parameters; raises AccountError."""


class LabAccount:
    """An AWS account in one region, in this process.

    `wsgi` answers every service's API at any host name: CloudFormation by natless's engine, the rest by moto with its
    repairs. `generation` grows with every change of the account, by a call or by time.
    """

    def __init__(
        self,
        region: str,
        account_id: str,
        access_key_id: str,
        api_url: str,
        *,
        timings: Timings | None = None,
        seed: int | None = None,
    ) -> None:
        """Make the account empty. `api_url` is where people reach it; `seed` fixes the engine's random order."""
        surroundings.clear(account_id, region)
        LEDGER.timings = timings or Timings()
        self.region = region
        self.account_id = account_id
        self.access_key_id = access_key_id
        self.api_url = api_url
        self._beside: dict[tuple[str, str], Beside] = {}
        self._moto = _moto()
        from natless.lab.services import sts  # noqa: PLC0415  # moto reads the surroundings when it is imported
        from natless.lab.services.guard import Guard  # noqa: PLC0415  # as above
        from natless.lab.services.identities import Identities  # noqa: PLC0415  # as above

        self.identities = Identities(account_id, region, access_key_id)
        self.guard = Guard(self.identities, account_id, region)
        sts.repair(self.identities)
        # Imported late: botocore reads the surroundings when it is imported.
        from natless.lab.engine.api import CloudFormation  # noqa: PLC0415  # see above
        from natless.lab.services.loopback import Loopback  # noqa: PLC0415  # see above

        self.connect = Loopback(self.wsgi, region, access_key_id)
        self._cloudformation = CloudFormation(
            self.connect, region, account_id, LEDGER.timings, seed, connect_as=self._on_behalf
        )

    def _on_behalf(self, key: str) -> Connect:
        """Give the clients by which CloudFormation makes what the holder of a key asked for: with their permissions."""
        holder = self.identities.holder(key)
        if holder is None or holder.principal.administrator:
            return self.connect
        from natless.lab.services.loopback import Loopback  # noqa: PLC0415  # botocore reads the surroundings

        marks = {circumstances.CALLED_VIA: "cloudformation.amazonaws.com"}
        return Loopback(self.wsgi, self.region, key, secret=holder.secret, token=holder.token, marks=marks)

    def answer_beside(self, service: str, call: str, answer: Beside) -> None:
        """Have one call of a JSON service answered by `answer`, outside of the account's lock: it may take its time."""
        self._beside[service, call] = answer

    @property
    def generation(self) -> int:
        """The number of changes so far."""
        return LEDGER.generation

    def read_ahead(self) -> None:
        """Have each service that a deployment asks answer once: models are read with the first call."""
        for service, question in _FIRST_QUESTIONS.items():
            getattr(self.connect(service), question)()
        from natless.lab.engine import schemas  # noqa: PLC0415  # as above
        from natless.lab.engine.resources.kinds import KINDS  # noqa: PLC0415  # as above

        for kind in KINDS:
            schemas.schema(self.region, kind)

    def wsgi(self, environ: dict[str, Any], start_response: faults.StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        asked = requests.read(environ)
        LEDGER.settle()
        refused = self.guard.refusal(asked, environ)
        if refused is not None:
            return faults.send(refused, start_response)
        if asked.service == CLOUDFORMATION:
            # No change by itself: what it makes of the account, it makes by calls of its own.
            text = str(environ.get("QUERY_STRING", ""))
            answer = self._cloudformation.answer(requests.body(environ), text, asked.key)
            return faults.send(answer, start_response)
        if asked.service == ssmmessages.SERVICE and asked.call:
            return faults.send(ssmmessages.answer(asked.call), start_response)
        beside = self._beside.get((asked.service, asked.call))
        if beside is not None:
            return faults.send(_ask(beside, asked, requests.body(environ)), start_response)
        with LEDGER.lock:
            answer = self._ask_moto(environ, asked)
            if asked.changes and answer[0] < 400:  # noqa: PLR2004  # HTTP's first error status
                LEDGER.changed()
        return faults.send(answer, start_response)

    def _ask_moto(self, environ: dict[str, Any], asked: requests.Asked) -> tuple[int, list[tuple[str, str]], bytes]:
        """Let moto answer; what it lacks or trips over becomes an error of AWS's shape."""
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Any:
            started[:] = [int(status.split(" ", 1)[0]), headers]
            return lambda _piece: None

        environ.setdefault("wsgi.errors", io.StringIO())
        try:
            text = b"".join(self._moto(environ, start))
        except NotImplementedError:
            return faults.fault(*faults.not_served(asked), asked.protocol)
        except Exception as error:  # noqa: BLE001  # whatever moto trips over must not end the lab
            where = traceback.extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__}: {error} ({where.filename.rsplit('/', 2)[-1]}:{where.lineno})"
            return faults.fault(
                500, "InternalFailure", f"The lab's account tripped over {asked.call}: {said}", asked.protocol
            )
        status, headers = int(started[0]), [one for one in started[1] if one[0].lower() != "content-length"]
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        if status >= 400 and kind.startswith("text/html") and asked.service != "s3":  # noqa: PLR2004  # as above
            return faults.fault(*faults.not_served(asked), asked.protocol)
        return status, headers, text


def _ask(answer: Beside, asked: requests.Asked, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    try:
        found = answer(json.loads(body or b"{}"))
    except AccountError as error:
        return faults.fault(400, str(error.code), str(error.message), asked.protocol)
    return 200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(found).encode()


def _moto() -> Any:
    """Give moto's app, with the repairs in place."""
    # Imported late: moto reads the surroundings when it is imported.
    import moto.core.loaders  # noqa: PLC0415  # see above
    import moto.core.utils  # noqa: PLC0415  # see above
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  # see above
        DomainDispatcherApplication,
        create_backend_app,
    )

    from natless.lab.services import certificates, ec2, ecs, elbv2, iam, logs, sqs  # noqa: PLC0415  # see above

    # One reader of service models for all services: a new one lists hundreds of folders again.
    moto.core.utils.create_loader = functools.cache(moto.core.loaders.create_loader)  # type: ignore[attr-defined]
    ec2.repair()
    certificates.repair()
    elbv2.repair()
    ecs.repair()
    iam.repair()
    logs.repair()
    sqs.repair()
    return DomainDispatcherApplication(create_backend_app)
