"""Passwords of the registry: made by ecr:GetAuthorizationToken, checked at `/v2/`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

TWELVE_HOURS = 12 * 60 * 60
"""How long a token is good for, in seconds (ECR API reference, GetAuthorizationToken)."""


class Tokens:
    """Makes and checks passwords. They hold their own expiry and a signature: nothing is remembered."""

    def __init__(self, secret: bytes) -> None:
        """Take the lab's secret."""
        self._secret = secret

    def issue(self, holder: str, lifetime: float = TWELVE_HOURS) -> tuple[str, float]:
        """Give a password and the Unix time at which it expires.

        `holder` is the access key id of who asked for it, whose permissions count at the registry; `lifetime` in
        seconds.
        """
        expires = int(time.time() + lifetime)
        told = f"{expires}.{holder}"
        return base64.b64encode(f"{told}.{self._sign(told)}".encode()).decode(), float(expires)

    def authorization(self, holder: str) -> tuple[str, float]:
        """Give ECR's `authorizationToken` (base64 of `AWS:password`) and the Unix time at which it expires."""
        password, expires = self.issue(holder)
        return base64.b64encode(f"AWS:{password}".encode()).decode(), expires

    def holder(self, header: str) -> str | None:
        """Give whose password an Authorization header carries; None where it is not ours, or is too old."""
        kind, _, encoded = header.partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
            told, _, signature = base64.b64decode(password, validate=True).decode().rpartition(".")
        except ValueError:
            return None
        expires, _, key = told.partition(".")
        if user != "AWS" or not hmac.compare_digest(signature.encode(), self._sign(told).encode()):
            return None
        return key if int(expires) > time.time() else None

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, b"registry-token." + text.encode(), hashlib.sha256).hexdigest()
