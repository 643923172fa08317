"""The account's door: every request's signature, and every policy that speaks of it, before a service answers.

A request by an endpoint meets the endpoint's policy, whoever asks; all others meet what stands on who asks and on
what is asked for. The person whose lab it is may do everything, as an administrator, but no endpoint lets them past
its policy.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

from moto.ec2.models import ec2_backends

from natless.catalog.authorization import LAYER_OWNER, LAYER_READER
from natless.catalog.partitions import partition_of
from natless.lab.access import Denial, Policies, Policy, PolicyError, Principal, Request, decide, parse, signing
from natless.lab.access.conditions import Context
from natless.lab.access.words import denied
from natless.lab.services import circumstances, faults, requests
from natless.lab.services.asking import TABLES, Ask, Asking, UnknownCallError
from natless.lab.services.identities import Holder, Identities
from natless.lab.services.ledger import LEDGER
from natless.lab.services.requests import Asked
from natless.lab.services.stores import Stores

Answer: TypeAlias = tuple[int, list[tuple[str, str]], bytes]

_EVERYTHING = parse('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
_NOTHING = Policy(())


class Guard:
    """Refuses what may not be, in AWS's words; call it under the account's lock or without."""

    def __init__(self, identities: Identities, account: str, region: str) -> None:
        """Take who is known, and the account and region that is guarded."""
        self._identities = identities
        self._account = account
        self._region = region
        self._stores = Stores(account, region)
        self._asking = Asking(account, region, self._stores)
        owner = {"partition": partition_of(region).name, "region": region, "owner": LAYER_OWNER}
        reader = LAYER_READER.format_map(owner)
        self._layer_reader = Principal(reader, reader, LAYER_OWNER, "AROA:layers", "role")

    def refusal(self, asked: Asked, environ: dict[str, Any]) -> Answer | None:
        """Give what refuses an API call, or None where a service may answer it."""
        with LEDGER.lock:
            holder = self._identities.holder(asked.key)
            if holder is None:
                return _fault(asked, *faults.unknown_key(asked))
            wrong = _unsigned(asked, holder, environ)
            if wrong is not None:
                return _fault(asked, *wrong)
            endpoint = self._endpoint(environ)
            free = holder.principal.administrator and (endpoint is None or endpoint[0].unlimited)
            if free and asked.call != "AssumeRole":  # a role trusts whom it names, administrators included
                return None
            try:
                asks = self._asking.asks(asked, environ)
            except UnknownCallError as call:
                return self._unknown(asked, holder.principal, str(call))
            for ask in asks:
                found = self._denial(ask, holder, environ, endpoint)
                if found is not None:
                    return self._refused(asked, ask, holder.principal, found)
        return None

    def registry(self, environ: Mapping[str, Any], key: str, action: str, repository: str) -> str | None:
        """Give the words that refuse the holder of a registry password `action` on a repository, or None."""
        with LEDGER.lock:
            holder = self._identities.holder(key)
            if holder is None:
                return "Your authorization token has expired. Reauthenticate and try again."
            arn = f"arn:{self._identities.partition}:ecr:{self._region}:{self._account}:repository/{repository}"
            ask = Ask("ecr", f"ecr:{action}", arn)
            found = self._denial(ask, holder, environ, self._endpoint(environ))
            return None if found is None else denied(holder.principal.arn, ask.action, ask.resource, found)

    def denial(self, environ: Mapping[str, Any], key: str, ask: Ask) -> Denial | None:
        """Give what would deny the holder of a key what is asked, or None; nothing is done."""
        with LEDGER.lock:
            holder = self._identities.holder(key)
            return (
                Denial("identity", explicit=False)
                if holder is None
                else self._denial(ask, holder, environ, self._endpoint(environ))
            )

    def layer(self, environ: Mapping[str, Any], bucket: str, key: str) -> str | None:
        """Give the words that refuse a layer request, which ECR signs as itself, at an S3 endpoint, or None."""
        with LEDGER.lock:
            arn = f"arn:{self._identities.partition}:s3:::{bucket}/{key.lstrip('/')}"
            ask = Ask("s3", "s3:GetObject", arn, {"aws:resourceaccount": (LAYER_OWNER,)})
            reader = self._layer_reader
            endpoint = self._endpoint(environ)
            policies = Policies((_EVERYTHING,), endpoint=_first(endpoint), bare_endpoint=_second(endpoint))
            found = decide(self._request(ask, reader, environ, endpoint), policies)
            return None if found is None else denied(reader.arn, ask.action, f'"{arn}"', found)

    def _denial(
        self, ask: Ask, holder: Holder, environ: Mapping[str, Any], endpoint: tuple[Policy, bool] | None
    ) -> Denial | None:
        identity, boundary, session = self._identities.policies(holder)
        assumes = ask.action == "sts:AssumeRole"
        text = "" if assumes else self._stores.policy(ask.service, ask.resource)
        resource = self._identities.trust(ask.resource) or _NOTHING if assumes else _policy(text) if text else None
        policies = Policies(
            identity=(_EVERYTHING,) if ask.free else identity,
            boundary=None if ask.free else boundary,
            session=None if ask.free else session,
            resource=resource,
            resource_kind="trust" if assumes else "resource",
            grants="resource" if assumes or ask.service == "kms" else "either",
            endpoint=_first(endpoint),
            bare_endpoint=_second(endpoint),
        )
        return decide(self._request(ask, holder.principal, environ, endpoint), policies)

    def _request(
        self, ask: Ask, principal: Principal, environ: Mapping[str, Any], endpoint: tuple[Policy, bool] | None
    ) -> Request:
        by_gateway = endpoint is not None and endpoint[1]
        keys = circumstances.keys(environ, principal, self._account, self._region, by_gateway=by_gateway)
        return Request(principal, ask.action, ask.resource, Context({**keys, **ask.keys}))

    def _endpoint(self, environ: Mapping[str, Any]) -> tuple[Policy, bool] | None:
        """Give the policy of the endpoint that a request came by, and whether it is a gateway endpoint."""
        endpoint = environ.get("natless.endpoint")
        if not endpoint:
            return None
        found = ec2_backends[self._account][self._region].vpc_end_points.get(endpoint)
        if found is None:
            return _NOTHING, False
        return _policy(str(found.policy_document)), found.vpc_endpoint_type == "Gateway"

    def _refused(self, asked: Asked, ask: Ask, principal: Principal, denial: Denial) -> Answer:
        table = TABLES.get(asked.service)
        prefix, _, name = ask.action.partition(":")
        shown = f"{(table.shown if table else '') or prefix}:{name.lower() if table and table.lower else name}"
        if asked.service == "s3":
            resource = "" if ask.resource == "*" else f'"{ask.resource}"'
            return _fault(asked, 403, "AccessDenied", denied(principal.arn, shown, resource, denial))
        said = denied(principal.arn, shown, ask.resource, denial)
        if asked.service == "ec2":
            said = f"You are not authorized to perform this operation. {said}"
        return _fault(asked, table.status if table else 400, table.code if table else "AccessDeniedException", said)

    def _unknown(self, asked: Asked, principal: Principal, call: str) -> Answer:
        """Refuse a call whose action and resource no table of the lab derives: never silently allowed."""
        table = TABLES.get(asked.service)
        said = (
            f"User: {principal.arn} is not authorized to perform: {call} because the lab cannot tell which resources "
            "it needs (docs/coverage.md lists the calls that it can)"
        )
        if asked.service == "s3":
            return _fault(asked, 403, "AccessDenied", said)
        return _fault(asked, table.status if table else 400, table.code if table else "AccessDeniedException", said)


def _unsigned(asked: Asked, holder: Holder, environ: dict[str, Any]) -> tuple[int, str, str] | None:
    """Give what AWS says to a signature that its holder did not make, or to a session that is over."""
    if not holder.secret:
        return None
    signature = signing.read(environ)
    if signature is None or signature.token != holder.token:
        return faults.unknown_key(asked)
    if holder.expires is not None and holder.expires < time.time():
        return faults.expired(asked)
    # Bodies of S3 may be large, and their hash is the sender's word; all others are small, and read anyway.
    body = b"" if asked.service == "s3" else requests.body(environ)
    timely = signing.timely(signature, dt.datetime.now(dt.UTC))
    if timely and signing.genuine(signature, holder.secret, environ, body):
        return None
    return faults.wrong_signature(asked)


def _policy(text: str) -> Policy:
    try:
        return parse(text)
    except PolicyError:
        return _NOTHING


def _first(endpoint: tuple[Policy, bool] | None) -> Policy | None:
    return None if endpoint is None else endpoint[0]


def _second(endpoint: tuple[Policy, bool] | None) -> bool:
    return endpoint is not None and endpoint[1]


def _fault(asked: Asked, status: int, code: str, message: str) -> Answer:
    answer = faults.fault(status, code, message, asked.protocol)
    if asked.service == "sqs":
        # botocore reads the code that SQS had before it spoke JSON from this header.
        answer[1].append(("x-amzn-query-error", f"{code};Sender"))
    return answer
