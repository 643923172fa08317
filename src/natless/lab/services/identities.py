"""Whose keys the account knows: the person's, IAM users', and the sessions of roles.

A role's session has keys of its own (ASIA..., a secret, a token), as STS and ECS give them; what it may do is read
from the role at each request, so that a changed policy works at once.
"""

from __future__ import annotations

import json
import secrets
import string
import time
from typing import Any

import msgspec
from moto.iam.models import iam_backends

from natless.catalog.partitions import partition_of
from natless.lab.access import Policies, Policy, PolicyError, Principal, Request, decide, parse
from natless.lab.access.conditions import Context
from natless.lab.access.words import denied
from natless.lab.services.ledger import LEDGER

TASKS = "ecs-tasks.amazonaws.com"
INSTANCES = "ec2.amazonaws.com"
_LETTERS = string.ascii_uppercase + "234567"
_HOUR = 3600
_EVERYTHING = parse('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
_NOTHING = Policy(())


class AssumeError(Exception):
    """A role may not be assumed; the text is IAM's."""


class Holder(msgspec.Struct, frozen=True):
    """Who holds a key. `secret` is "" where the lab does not check signatures, `token` where the key needs none.

    `expires` is in Unix seconds, None for keys that last; `policy` is the session policy given to AssumeRole.
    """

    principal: Principal
    secret: str = ""
    token: str = ""
    expires: float | None = None
    role: str = ""
    policy: str = ""


class Session(msgspec.Struct, frozen=True):
    """A role's session: its keys, until when (Unix seconds), and who it is. Not to be written into any log."""

    access_key_id: str
    secret_access_key: str
    token: str
    expires: float
    principal: Principal


class Identities:
    """The keys of one account, and the identity-based policies behind them."""

    def __init__(self, account: str, region: str, administrator: str) -> None:
        """Take the account and the access key id of the person whose lab it is."""
        self.account = account
        self.partition = partition_of(region).name
        self._region = region
        arn = f"arn:{self.partition}:iam::{account}:user/administrator"
        person = Principal(arn, arn, account, "AIDANATLESSADMINISTRA", "user", administrator=True)
        self._holders: dict[str, Holder] = {administrator: Holder(person)}
        self._read = -1
        self._policies: dict[str, tuple[tuple[Policy, ...], Policy | None]] = {}

    @property
    def _iam(self) -> Any:
        return iam_backends[self.account][self.partition]

    def holder(self, key: str) -> Holder | None:
        """Give who holds a key; None where the account does not know it."""
        found = self._holders.get(key)
        if found is not None or not key:
            return found
        user = self._iam.get_user_from_access_key_id(key)
        if user is None:
            return None
        (secret,) = (each.secret_access_key for each in user.access_keys if each.access_key_id == key)
        return Holder(Principal(user.arn, user.arn, self.account, user.id, "user"), secret)

    def policies(self, holder: Holder) -> tuple[tuple[Policy, ...], Policy | None, Policy | None]:
        """Give what a holder's identity-based policies, boundary and session policy say."""
        if holder.principal.administrator:
            return (_EVERYTHING,), None, None
        session = _read(holder.policy) if holder.policy else None
        return (*self._of_owner(holder.principal.issuer), session)

    def trust(self, role: str) -> Policy | None:
        """Give a role's trust policy; None where there is no such role."""
        found = self._role(role)
        return _read(found.assume_role_policy_document) if found is not None else None

    def assume(self, role: str, name: str, service: str, source: str = "") -> Session:
        """Open a session of a role for an AWS service (`ecs-tasks.amazonaws.com`); raises AssumeError.

        `source` is the ARN on whose behalf the service asks (aws:SourceArn).
        """
        with LEDGER.lock:
            caller = Principal(service, service, "", service, "service")
            context = Context({**_SERVICE_KEYS, "aws:sourcearn": (source,), "aws:sourceaccount": (self.account,)})
            trust = self.trust(role)
            request = Request(caller, "sts:AssumeRole", role, context)
            policies = Policies(resource=trust or _NOTHING, resource_kind="trust", grants="resource")
            refused = decide(request, policies)
            if refused is not None:
                raise AssumeError(denied(service, "sts:AssumeRole", role, refused))
            return self.open(role, name, 6 * _HOUR)

    def open(self, role: str, name: str, seconds: int, policy: str = "") -> Session:
        """Open a session of a role that exists, named `name`, for `seconds`; who may is asked before."""
        found = self._role(role)
        arn = f"arn:{self.partition}:sts::{self.account}:assumed-role/{found.name}/{name}"
        written = found.tags.values() if isinstance(found.tags, dict) else found.tags or []
        tags = {str(each["Key"]).lower(): str(each["Value"]) for each in written}
        principal = Principal(arn, role, self.account, f"{found.id}:{name}", "role", tags=tags)
        key = "ASIA" + "".join(secrets.choice(_LETTERS) for _ in range(16))
        session = Session(key, secrets.token_urlsafe(30), secrets.token_urlsafe(96), time.time() + seconds, principal)
        self._forget_old()
        self._holders[key] = Holder(
            principal, session.secret_access_key, session.token, session.expires, role=role, policy=policy
        )
        return session

    def longest(self, role: str) -> int:
        """Give how long a session of a role may last, in seconds."""
        found = self._role(role)
        return int(found.max_session_duration or _HOUR) if found is not None else _HOUR

    def _forget_old(self) -> None:
        # Registry passwords outlive the session they were made with by twelve hours at most.
        past = time.time() - 12 * _HOUR
        for key in [key for key, each in self._holders.items() if each.expires is not None and each.expires < past]:
            del self._holders[key]

    def _role(self, arn: str) -> Any:
        return next((each for each in self._iam.get_roles() if each.arn == arn), None)

    def _of_owner(self, arn: str) -> tuple[tuple[Policy, ...], Policy | None]:
        """Give a role's or user's policies and boundary; read again only when the account changed."""
        present = LEDGER.generation
        if present != self._read:
            self._policies.clear()
            self._read = present
        if arn not in self._policies:
            self._policies[arn] = self._fresh(arn)
        return self._policies[arn]

    def _fresh(self, arn: str) -> tuple[tuple[Policy, ...], Policy | None]:
        owner = self._role(arn) or next((each for each in self._iam.users.values() if each.arn == arn), None)
        if owner is None:
            return (), None
        groups = [each for each in self._iam.groups.values() if owner in each.users]
        texts = [text for each in (owner, *groups) for text in each.policies.values()]
        texts += [self._managed(policy) for each in (owner, *groups) for policy in each.managed_policies]
        boundary = getattr(owner, "permissions_boundary_arn", None)
        return tuple(_read(each) for each in texts), _read(self._managed(boundary)) if boundary else None

    def _managed(self, arn: str) -> str:
        found = self._iam.managed_policies.get(arn)
        versions = found.versions if found is not None else []
        return next((str(each.document) for each in versions if each.version_id == found.default_version_id), "")


_SERVICE_KEYS: dict[str, tuple[str, ...]] = {
    "aws:principalisawsservice": ("true",),
    "aws:sourceorgid": (),
    "aws:sourceorgpaths": (),
    "sts:externalid": (),
}


def _read(text: Any) -> Policy:
    """Read a document of moto's; one that is no policy says nothing."""
    try:
        return parse(text if isinstance(text, str) else json.dumps(text))
    except PolicyError:
        return _NOTHING
