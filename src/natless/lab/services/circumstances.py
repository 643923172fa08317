"""Under which circumstances a request is made: IAM's global condition keys, as far as the lab knows them.

Source: IAM user guide, "AWS global condition context keys". Read 2026-11. () says that the request has no such key; a
key that is not here is one the lab does not know.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from natless.lab.access.principals import Principal

CALLED_VIA = "natless.called_via"
"""In WSGI's environ: the service that makes a request on behalf of whose key it has."""

_NEVER: dict[str, tuple[str, ...]] = dict.fromkeys(
    (
        # The lab's account is in no organization, and of services only CloudFormation calls on behalf of somebody.
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:federatedprovider",
        "aws:sourceidentity",
        "aws:multifactorauthage",
        "kms:viaservice",
        "sts:externalid",
    ),
    (),
)
_TYPES = {"role": "AssumedRole", "user": "User", "service": "Service"}


def keys(
    environ: Mapping[str, Any], principal: Principal, account: str, region: str, *, by_gateway: bool
) -> dict[str, tuple[str, ...]]:
    """Give the global condition keys of a request by their names in lower case.

    `by_gateway` says that it came by a gateway endpoint: the lab then does not see whose address it came from.
    """
    now = dt.datetime.now(dt.UTC)
    person = principal.kind == "user"
    found: dict[str, tuple[str, ...]] = {
        **_NEVER,
        "aws:principalarn": (principal.issuer,),
        "aws:principalaccount": (principal.account,),
        "aws:principaltype": (_TYPES[principal.kind],),
        "aws:principalisawsservice": ("false",),
        "aws:userid": (principal.user_id,),
        "aws:username": (principal.issuer.rpartition("/")[2],) if person else (),
        "aws:multifactorauthpresent": () if person else ("false",),
        "aws:requestedregion": (region,),
        "aws:resourceaccount": (account,),
        "aws:securetransport": (str(environ.get("wsgi.url_scheme") == "https").lower(),),
        "aws:viaawsservice": ("false",),
        "aws:currenttime": (now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:useragent": _given(environ, "HTTP_USER_AGENT"),
        "aws:referer": _given(environ, "HTTP_REFERER"),
        **{f"aws:principaltag/{key}": (value,) for key, value in principal.tags.items()},
    }
    by = environ.get(CALLED_VIA)
    if by:
        chain = dict.fromkeys(("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"), (str(by),))
        found |= {**chain, "aws:viaawsservice": ("true",)}
    return found | _whence(environ, by_gateway=by_gateway)


def _whence(environ: Mapping[str, Any], *, by_gateway: bool) -> dict[str, tuple[str, ...]]:
    """Give the keys of the request's way: by an endpoint, or from a public address."""
    address = _given(environ, "REMOTE_ADDR")
    if not environ.get("natless.endpoint"):
        nowhere = dict.fromkeys(("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"), ())
        return {"aws:sourceip": address, **nowhere}
    way: dict[str, tuple[str, ...]] = {
        "aws:sourceip": (),
        "aws:sourcevpc": (str(environ["natless.vpc"]),),
        "aws:sourcevpce": (str(environ["natless.endpoint"]),),
    }
    return way if by_gateway else {**way, "aws:vpcsourceip": address}


def _given(environ: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = environ.get(name)
    return (str(value),) if value else ()
