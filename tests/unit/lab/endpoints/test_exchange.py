"""HTTP/1.1 as the lab's servers speak it. Expected by hand from RFC 9112 and PEP 3333."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from natless.lab.endpoints.exchange import Exchange

Start = Callable[..., Any]
LONGEST = 240.0


def echo(environment: dict[str, Any], start: Start) -> Iterable[bytes]:
    body = environment["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain")])
    return [f"{environment['REQUEST_METHOD']} {environment['PATH_INFO']} ".encode(), body]


def lazy(_environment: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer without reading the body."""
    start("403 Forbidden", [("Content-Length", "2")])
    return [b"no"]


def torn(_environment: dict[str, Any], start: Start) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "100")])
    yield b"half"
    raise ValueError("torn")


def talk(application: Any, request: bytes) -> bytes:
    """Give all that comes back for what is sent on one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    facts = {"natless.vpc": "vpc-1"}

    def serve() -> None:
        with server:
            Exchange(server, ("10.0.0.5", 1), lambda _host: application, facts)

    def send() -> None:
        # The server may end the connection before it has all of it.
        with contextlib.suppress(OSError):
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)

    threads = [threading.Thread(target=each) for each in (serve, send)]
    for each in threads:
        each.start()
    answer = bytearray()
    with client:
        client.settimeout(LONGEST)
        while part := client.recv(65536):
            answer += part
    for each in threads:
        each.join(LONGEST)
    return bytes(answer)


def bodies(answer: bytes) -> list[bytes]:
    return [part.split(b"\r\n\r\n", 1)[1] for part in answer.split(b"HTTP/1.1 ")[1:]]


def test_requests_follow_each_other_on_one_connection() -> None:
    one = b"PUT /a%2Fb HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    two = b"PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    answer = talk(echo, one + two)
    first, second = bodies(answer)
    assert first == b"9\r\nPUT /a/b \r\n3\r\nabc\r\n0\r\n\r\n"
    assert second == b"7\r\nPUT /c \r\n5\r\nabcde\r\n0\r\n\r\n"
    assert b"Connection: close" not in answer


def test_an_old_client_gets_a_body_that_ends_with_the_connection() -> None:
    answer = talk(echo, b"GET / HTTP/1.0\r\n\r\n")
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\nGET / ")


def test_a_body_that_nobody_read_does_not_become_the_next_request() -> None:
    one = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /"
    two = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert bodies(talk(lazy, one + two)) == [b"no", b"no"]


def test_a_long_body_that_nobody_read_ends_the_connection() -> None:
    length = 4 * 1024 * 1024
    one = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length
    request = one + b"x" * (length // 2)
    assert bodies(talk(lazy, request)) == [b"no"]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_head_has_no_body(method: str) -> None:
    request = f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    (body,) = bodies(talk(lazy, request))
    assert body == (b"" if method == "HEAD" else b"no")


def test_an_answer_that_breaks_off_ends_the_connection(capfd: pytest.CaptureFixture[str]) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert bodies(talk(torn, request + request)) == [b"half"]
    assert "ValueError: torn" in capfd.readouterr().err


def test_what_is_no_http_is_refused() -> None:
    assert b"400" in talk(echo, b"nonsense\r\n\r\n")
    assert b" 431 " in talk(echo, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n")


def test_a_client_that_waits_with_its_body_is_told_to_go_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    serving = threading.Thread(target=lambda: Exchange(server, ("10.0.0.5", 1), lambda _host: echo, {}))
    with client, server:
        serving.start()
        client.settimeout(LONGEST)
        asked = b"PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
        client.sendall(asked)
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n", "before any of the body is sent"
        client.sendall(b"body")
        serving.join(LONGEST)
        server.close()
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.endswith(b"\r\nbody\r\n0\r\n\r\n")


def test_a_status_has_the_words_of_the_rfc() -> None:
    def shouting(_environment: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("403 FORBIDDEN", [("Content-Length", "0")])
        return []

    answer = talk(shouting, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
