"""moto's ECR calls that belong to the registry: the token it hands out, and the layer URL that it lacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.responses import ECRResponse

from natless.lab.registry.registry import Registry
from natless.lab.services import requests


def repair(registry: Registry) -> None:
    """Make moto answer GetAuthorizationToken and GetDownloadUrlForLayer for this registry.

    moto's token is a fixed text that expired in 2015; ECR's opens the registry for twelve hours.
    """

    def get_authorization_token(self: ECRResponse) -> ActionResult:
        token, expires = registry.tokens.authorization(requests.key(str(self.headers.get("Authorization", ""))))
        datum: dict[str, Any] = {
            "authorizationToken": token,
            "expiresAt": datetime.fromtimestamp(expires, UTC),
            "proxyEndpoint": f"https://{registry.host}",
        }
        return ActionResult({"authorizationData": [datum]})

    def get_download_url_for_layer(self: ECRResponse) -> ActionResult:
        name, digest = self._get_param("repositoryName"), self._get_param("layerDigest")
        if name not in self.ecr_backend.repositories:
            raise RepositoryNotFoundException(name, self.current_account)
        return ActionResult({"downloadUrl": registry.urls.make(name, digest), "layerDigest": digest})

    # moto finds the answer to a call by its name on this class, so this is where a repair has to stand.
    ECRResponse.get_authorization_token = get_authorization_token  # type: ignore[method-assign]  # see above
    ECRResponse.get_download_url_for_layer = get_download_url_for_layer  # type: ignore[method-assign,assignment]  # see above
