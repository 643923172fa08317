"""Repair of moto's STS: sessions of roles that exist, with keys that open the account, and callers who are themselves.

moto opens a session of any ARN, checks nothing, and gives every caller the same name; its federation tokens are fixed
texts that no account would take.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.sts.exceptions import STSValidationError
from moto.sts.responses import TokenResponse

from natless.lab.services import requests
from natless.lab.services.identities import Identities

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_SHORTEST = 900
_CHAINED = 3600
"""Seconds: the shortest session, and the longest of a role that a role assumes (STS API reference, AssumeRole)."""


def repair(identities: Identities) -> None:
    """Make moto's STS answer from `identities`. Who may assume a role is asked before, at the account's door."""

    def assume_role(self: TokenResponse) -> ActionResult:
        name, role = str(self._get_param("RoleSessionName") or ""), str(self._get_param("RoleArn") or "")
        if not _SESSION_NAME.fullmatch(name):
            message = f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: "
            raise STSValidationError(f"{message}Member must satisfy regular expression pattern: [\\w+=,.@-]*")
        seconds = self._get_int_param("DurationSeconds", 3600)
        caller = identities.holder(_key(self))
        longest = _CHAINED if caller is not None and caller.role else identities.longest(role)
        if not _SHORTEST <= seconds <= longest:
            raise STSValidationError(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                if seconds > longest
                else f"Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must be >= 900",
            )
        opened = identities.open(role, name, seconds, str(self._get_param("Policy") or ""))
        keys: dict[str, Any] = {
            "AccessKeyId": opened.access_key_id,
            "SecretAccessKey": opened.secret_access_key,
            "SessionToken": opened.token,
            "Expiration": datetime.fromtimestamp(opened.expires, UTC),
        }
        user = {"AssumedRoleId": opened.principal.user_id, "Arn": opened.principal.arn}
        return ActionResult({"Credentials": keys, "AssumedRoleUser": user})

    def get_caller_identity(self: TokenResponse) -> ActionResult:
        holder = identities.holder(_key(self))
        if holder is None:
            message = "a request of nobody's passed the account's door"
            raise LookupError(message)
        who = holder.principal
        return ActionResult({"UserId": who.user_id, "Account": who.account, "Arn": who.arn})

    def not_served(_self: TokenResponse) -> ActionResult:
        raise NotImplementedError

    # moto finds the answer to a call by its name on this class, so this is where a repair has to stand.
    answers: dict[str, Any] = {
        "assume_role": assume_role,
        "get_caller_identity": get_caller_identity,
        "assume_role_with_web_identity": not_served,
        "assume_role_with_saml": not_served,
        "get_session_token": not_served,
        "get_federation_token": not_served,
    }
    for name, answer in answers.items():
        setattr(TokenResponse, name, answer)


def _key(response: TokenResponse) -> str:
    return requests.key(str(response.headers.get("Authorization", "")))
