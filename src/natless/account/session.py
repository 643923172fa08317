"""Credentials and region into AWS clients, and AWS's refusals into one clear error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import boto3
import botocore.exceptions as refused
from botocore.config import Config

from natless.catalog.refusal_codes import DENIED, EXPIRED, NOT_KNOWN, THROTTLED
from natless.version import __version__

Connect: TypeAlias = Callable[[str], Any]
"""Gives the boto3 client of a service by its name (`ec2`); AWS's and the lab's are made alike."""

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,  # a snapshot asks many things at once
    user_agent_extra=f"natless/{__version__}",
)


class AccountError(Exception):
    """The account cannot be asked. The text says what is wrong and what to do about it."""


def connect(profile: str | None = None, region: str | None = None) -> Connect:
    """Give the way to AWS's clients for a profile and region; each client is made once.

    Args:
        profile: a profile of ~/.aws/config; None follows boto3's own chain (environment, SSO, role of the machine).
        region: an AWS region; None takes the profile's.

    Raises:
        AccountError: the profile is not there, no credentials were found, or no region is known.
    """
    with clear_errors():
        session = boto3.Session(profile_name=profile, region_name=region)
        if session.region_name is None:
            raise refused.NoRegionError
        if session.get_credentials() is None:
            raise refused.NoCredentialsError
    lock = threading.Lock()  # a Session may not make two clients at once
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        with lock:
            if service not in clients:
                # The service is a name at run time, which boto3's typed overloads cannot know.
                make: Callable[..., Any] = session.client
                clients[service] = make(service, config=_CONFIG)
            return clients[service]

    return client


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn boto3's errors about credentials, region and the way to AWS into AccountError.

    Other errors of AWS (a denied call, a missing stack) pass: they belong to who called.
    """
    try:
        yield
    except (refused.ClientError, refused.BotoCoreError) as error:
        text = advice(error)
        if text is None:
            raise
        raise AccountError(text) from error


_Advice: TypeAlias = tuple[tuple[type[Exception], ...], str]

_ADVICE: tuple[_Advice, ...] = (
    (
        (refused.NoRegionError,),
        "no AWS region is known: write region in natless.toml, give --region, or set AWS_REGION",
    ),
    (
        (refused.ProfileNotFound, refused.ConfigNotFound, refused.ConfigParseError),
        "{error}: see `aws configure list-profiles`, or give another --profile",
    ),
    (
        (refused.NoCredentialsError,),
        "no AWS credentials were found: run `aws configure` or `aws sso login`, or give --profile",
    ),
    ((refused.PartialCredentialsError,), "AWS credentials are incomplete: {error}"),
    ((refused.TokenRetrievalError, refused.SSOError), "the SSO session has ended ({error}): run `aws sso login`"),
    ((refused.CredentialRetrievalError,), "AWS credentials could not be fetched: {error}"),
    (
        (refused.ConnectionError, refused.HTTPClientError),
        "AWS does not answer: {error}. Is the region's name right, and is there a network?",
    ),
)


AWS_ERRORS = (refused.ClientError, refused.BotoCoreError)
"""What boto3 raises where AWS refuses, or cannot be asked."""


def in_words(error: Exception) -> str:
    """Say in words what an error of boto3's is about, with what to do where that is known."""
    said = advice(error)
    if said is not None:
        return said
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, refused.ClientError) else ""
    if code in DENIED:
        return f"{error}\n`natless template --role deploy` (push, read) prints the policy that allows what is needed"
    if code in THROTTLED:
        return f"{error}\nAWS was asked more often than this account may: wait a minute, then run it again"
    return str(error)


def advice(error: Exception) -> str | None:
    """Say what is wrong and what to do, where `error` is about credentials, region or the network; else None."""
    if isinstance(error, refused.ClientError):
        return _advice_on_code(error)
    return next((text.format(error=error) for kinds, text in _ADVICE if isinstance(error, kinds)), None)


def _advice_on_code(error: refused.ClientError) -> str | None:
    code = error.response.get("Error", {}).get("Code", "")
    if code in EXPIRED:
        return f"AWS credentials have expired ({code}): run `aws sso login`, or renew the session token"
    if code in NOT_KNOWN:
        return f"AWS does not know these credentials ({code}): check AWS_ACCESS_KEY_ID or the profile"
    return None
