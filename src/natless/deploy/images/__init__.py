"""Images: a folder with a Dockerfile to an image, an image to its repository, a reference to its digest.

In: a folder, or `image = "..."`. Out: the digest that the main template takes. Touches: a builder (docker, podman or
buildah), the registry over HTTPS, a cache folder that may be deleted at any time.
"""

from natless.deploy.images.build import build
from natless.deploy.images.image import (
    BuildDone,
    BuildOutput,
    BuildStarted,
    BuiltImage,
    ImageError,
    ImageEvent,
    LayerDone,
    LayerProgress,
    Progress,
    PushDone,
)
from natless.deploy.images.push import push
from natless.deploy.images.resolve import resolve

__all__ = [
    "BuildDone",
    "BuildOutput",
    "BuildStarted",
    "BuiltImage",
    "ImageError",
    "ImageEvent",
    "LayerDone",
    "LayerProgress",
    "Progress",
    "PushDone",
    "build",
    "push",
    "resolve",
]
