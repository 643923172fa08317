"""starter: what `natless init` writes can be read, and says what the Dockerfile says."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from natless.spec import Service
from natless.spec.dockerfile import Dockerfile, read_dockerfile
from natless.spec.read import SpecError, read
from natless.spec.starter import starter


def service(text: str | None) -> Service:
    [found] = read(starter("hello", text, None), "natless.toml").services
    return found


def test_without_a_dockerfile() -> None:
    found = service(None)
    assert (found.build, found.port, found.health, found.cpu, found.memory) == (".", 8080, "/", 256, 512)


def test_with_a_region() -> None:
    assert read(starter("hello", None, "eu-west-1"), "x").region == "eu-west-1"


def test_from_a_dockerfile() -> None:
    text = """FROM golang:1.24 AS build
EXPOSE 1111
FROM scratch
ARG LISTEN=9000
# EXPOSE 2222
EXPOSE $LISTEN/tcp 53/udp 9090
HEALTHCHECK --interval=5s \\
  CMD ["curl", "-f", "http://localhost:${LISTEN}/healthz"]
"""
    assert read_dockerfile(text) == Dockerfile((9000, 9090), "/healthz")
    found = service(text)
    assert (found.port, found.health) == (9000, "/healthz")
    assert "exposes 9090 too" in starter("hello", text, None)


@pytest.mark.parametrize(
    ("text", "ports", "health"),
    [
        ("FROM x\n", (), None),
        ("FROM x\nEXPOSE 0 70000 x 80-90\n", (), None),
        ("from x\nexpose 3000\n", (3000,), None),
        ("FROM x\nENV PORT 5000\nEXPOSE ${PORT}\n", (5000,), None),
        ("FROM x\nEXPOSE ${PORT:-7000}\n", (7000,), None),
        ("FROM x\nHEALTHCHECK NONE\n", (), None),
        ("FROM x\nHEALTHCHECK CMD wget -qO- http://127.0.0.1/ || exit 1\n", (80,), "/"),
        ("FROM x\nHEALTHCHECK CMD wget -q http://127.0.0.1:81/live;true\n", (81,), "/live"),
        ("FROM x\nEXPOSE 80\nFROM y\n", (), None),
    ],
)
def test_what_a_dockerfile_says(text: str, ports: tuple[int, ...], health: str | None) -> None:
    assert read_dockerfile(text) == Dockerfile(ports, health)


def test_a_bad_name_or_region_is_refused() -> None:
    with pytest.raises(SpecError):
        starter("Hello_World", None, None)
    with pytest.raises(SpecError):
        starter("hello", None, "mars")


words = st.sampled_from(
    ["FROM x", "EXPOSE ", "ENV P=", "$P", "${P:-", "}", "8080", "HEALTHCHECK ", "http://a:1/\"'\\", "\\\n"]
)


@given(st.text() | st.lists(words).map("".join) | st.lists(words).map("\n".join))
@example("ENV")
@example('FROM x\nHEALTHCHECK CMD curl http://a/"b\\')
def test_whatever_the_dockerfile_the_text_can_be_read(text: str) -> None:
    assert service(text).build == "."
