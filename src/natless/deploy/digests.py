"""The digest of each service's image: of the one that is pushed, of the given one, or of the one that runs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TypeAlias

from natless.deploy.calls import Connect
from natless.deploy.images.image import ImageError
from natless.deploy.images.resolve import resolve
from natless.deploy.progress import Progress, Pushed, Pushing
from natless.design import Design, ImageDigest
from natless.design.images import given_image
from natless.spec.model import Service, Spec

Push: TypeAlias = Callable[[Service, str], str]
"""Builds the image of a service, or copies a public one, into the ECR repository of that name; gives its digest."""

NOT_BUILT = f"sha256:{'0' * 64}"
"""Stands in a change set that is only looked at for the digest of an image that was never built."""


def pushed(design: Design, spec: Spec, connect: Connect, push: Push) -> Generator[Progress, None, dict[str, str]]:
    """Give the digest of each service's image: of the one that is pushed now, or of the given one as ECR has it."""
    digests: dict[str, str] = {}
    for service in spec.services:
        if service.image is not None and given_image(service) is not None:
            digests[service.name] = given(spec, service, service.image, connect)
            continue
        repository = design.repositories[service.name]
        yield Pushing(service.name, repository)
        digests[service.name] = push(service, repository)
        yield Pushed(service.name, repository, digests[service.name])
    return digests


def standing(design: Design, spec: Spec, connect: Connect, parameters: Mapping[str, str]) -> dict[str, str]:
    """Give the digest of each service's image without building: as the stack's `parameters` have it, or as given.

    One that was never built is NOT_BUILT.
    """
    names = {each.lookup.service: each.name for each in design.parameters if isinstance(each.lookup, ImageDigest)}
    return {
        service.name: parameters.get(names[service.name], NOT_BUILT)
        if service.image is None or given_image(service) is None
        else given(spec, service, service.image, connect)
        for service in spec.services
    }


def given(spec: Spec, service: Service, image: str, connect: Connect) -> str:
    """Give the digest of the image that the spec names; where ECR has it not, its line is said."""
    try:
        return resolve(image, connect).rpartition("@")[2]
    except ImageError as error:
        line = spec.lines.get(f"services.{service.name}.image")
        place = spec.source if line is None else f"{spec.source}:{line}"
        raise ImageError(f"{place}: {error.cause}", error.evidence, error.advice) from error
