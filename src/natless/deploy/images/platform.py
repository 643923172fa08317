"""What an image is made for, against what the task runs on: asked before anything is deployed."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPSHandler, Request, build_opener

from botocore.exceptions import ClientError

from natless.deploy.calls import Connect, message
from natless.deploy.images.image import ImageError
from natless.deploy.images.registry import MANIFEST_TYPES, trusted
from natless.spec.image import EcrImage
from natless.spec.model import Service

_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
_SECONDS = 30
_LARGEST = 8 << 20


def platform_of(service: Service) -> str:
    """Give the platform of a service's tasks as images name it."""
    return _PLATFORMS[service.architecture]


def require_platform(image: EcrImage, digest: str, connect: Connect, platform: str) -> str:
    """Raise ImageError where an image of private ECR is made for another platform than the task's.

    Gives "", or why it could not be seen: then the first task will tell.
    """
    client = connect("ecr")
    place = {"registryId": image.account, "repositoryName": image.repository}
    try:
        found = client.batch_get_image(
            **place, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=list(MANIFEST_TYPES)
        )["images"]
        if not found:
            return f"the manifest of {image.at(digest)} was not given"
        manifest = json.loads(found[0]["imageManifest"])
        if "manifests" in manifest:
            offered = [_named(each.get("platform") or {}) for each in manifest["manifests"]]
        else:
            config = manifest["config"]["digest"]
            url = client.get_download_url_for_layer(**place, layerDigest=config)["downloadUrl"]
            offered = [_named(json.loads(_read(url)))]
    except ClientError as error:
        return f"what {image.at(digest)} is made for could not be seen: {message(error)}"
    except (URLError, OSError, ValueError, KeyError) as error:
        return f"what {image.at(digest)} is made for could not be seen: {error}"
    known = [each for each in offered if "None" not in each and not each.startswith("unknown")]
    if platform not in known:
        raise ImageError(
            f"{image.at(digest)} is made for {', '.join(known) or 'nothing known'}, and the task runs on {platform}",
            advice="give another image, or set architecture = in the service's table",
        )
    return ""


def _named(about: dict[str, Any]) -> str:
    return f"{about.get('os')}/{about.get('architecture')}"


def _read(url: str) -> bytes:
    """Read a small document that ECR gave a signed URL for; it needs no credentials, and gets none."""
    if not url.startswith("https://"):
        raise ValueError("ECR gave a URL that is not encrypted")
    request = Request(url, headers={"User-Agent": "natless"})  # noqa: S310 - https, as checked above
    with build_opener(HTTPSHandler(context=trusted())).open(request, timeout=_SECONDS) as answer:
        text: bytes = answer.read(_LARGEST)
    return text
