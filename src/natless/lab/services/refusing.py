"""Refuse as AWS does: moto puts the error into the shape of the service's protocol."""

from __future__ import annotations

from moto.core.exceptions import ServiceException

from natless.catalog.refusals import Refusal


class AccountError(ServiceException):
    """An error of an AWS API: its code and its message.

    A class of its own, since moto looks for a service's errors by the module of the exception's class.
    """


def refuse(refusal: Refusal, **parts: object) -> AccountError:
    """Give the exception to raise for `refusal`, with its varying `parts` filled in."""
    return AccountError(refusal.code, refusal.say(**parts))
