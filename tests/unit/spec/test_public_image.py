"""References as docker reads them ("reference", distribution/reference; Docker Hub's names, docker's own CLI)."""

from __future__ import annotations

import pytest

from natless.design import write
from natless.spec.public_image import PublicImage, public_image
from natless.spec.read import read

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx:1.27", PublicImage("registry-1.docker.io", "library/nginx", "1.27", "")),
        ("nginx", PublicImage("registry-1.docker.io", "library/nginx", "", "")),
        ("docker.io/nginx:1", PublicImage("registry-1.docker.io", "library/nginx", "1", "")),
        ("bitnami/redis:7", PublicImage("registry-1.docker.io", "bitnami/redis", "7", "")),
        (f"nginx@{DIGEST}", PublicImage("registry-1.docker.io", "library/nginx", "", DIGEST)),
        (f"nginx:1@{DIGEST}", PublicImage("registry-1.docker.io", "library/nginx", "1", DIGEST)),
        ("public.ecr.aws/nginx/nginx:1", PublicImage("public.ecr.aws", "nginx/nginx", "1", "")),
        ("ghcr.io/a/b-c__d:v1", PublicImage("ghcr.io", "a/b-c__d", "v1", "")),
        ("localhost:5000/app:1", PublicImage("localhost:5000", "app", "1", "")),
        ("registry:5000/app:1", PublicImage("registry:5000", "app", "1", "")),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1", None),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com/app:1", None),
        ("https://nginx:1", None),
        ("Nginx:1", None),
        ("nginx:", None),
        ("", None),
    ],
)
def test_references(text: str, expected: PublicImage | None) -> None:
    assert public_image(text) == expected


def test_a_public_image_gets_a_repository_of_its_own_and_no_region() -> None:
    spec = read('name = "hello"\n[services.web]\nimage = "nginx:1.27"\nport = 80\npublic = true\n', "natless.toml")
    assert spec.region is None
    design = write(spec)
    assert design.repositories == {"web": "hello/web"}
    assert design.images is not None
    [container] = design.main["Resources"]["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert container["Image"]["Fn::Sub"].endswith("/hello/web@${WebImageDigest}")
