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

    def issue(self, lifetime: float = TWELVE_HOURS) -> tuple[str, float]:
        """Give a password and the Unix time at which it expires; `lifetime` in seconds."""
        expires = int(time.time() + lifetime)
        text = f"{expires}.{self._sign(str(expires))}"
        return base64.b64encode(text.encode()).decode(), float(expires)

    def authorization(self) -> tuple[str, float]:
        """Give ECR's `authorizationToken` (base64 of `AWS:password`) and the Unix time at which it expires."""
        password, expires = self.issue()
        return base64.b64encode(f"AWS:{password}".encode()).decode(), expires

    def accepts(self, header: str) -> bool:
        """Say whether an Authorization header carries user AWS and a password that is ours and not expired."""
        kind, _, encoded = header.partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
            expires, _, signature = base64.b64decode(password, validate=True).decode().partition(".")
        except ValueError:
            return False
        if user != "AWS" or not expires.isascii() or not expires.isdigit():
            return False
        return hmac.compare_digest(signature.encode(), self._sign(expires).encode()) and int(expires) > time.time()

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, b"registry-token." + text.encode(), hashlib.sha256).hexdigest()
