"""Registries for the tests: Debian's docker-registry behind a password, and one that fails as it is told."""

from __future__ import annotations

import base64
import http.client
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = base64.b64encode(b"AWS:lab-password").decode()
# bcrypt of lab-password, as htpasswd -B writes it; docker-registry takes no other kind.
_HTPASSWD = "AWS:$2b$04$HtNh0CfFkavSz85RZSjwH.GVpTYau9NfhpQSlvvb1Jxl14HC.QzsG\n"
_CONFIG = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/store}}}}
http: {{addr: "127.0.0.1:{port}"}}
auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}
"""
NAME = "hello/web"


class Ecr:
    """The one ECR call that a push makes."""

    def __init__(self, url: str, token: str = TOKEN) -> None:
        self.url = url
        self.token = token

    def __call__(self, service: str) -> Ecr:
        assert service == "ecr"
        return self

    def get_authorization_token(self) -> dict[str, Any]:
        return {"authorizationData": [{"authorizationToken": self.token, "proxyEndpoint": self.url}]}


def answer_of(url: str, path: str, *types: str) -> tuple[int, dict[str, str], bytes]:
    """Ask a registry as any other client would, without natless's own."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=240)
    connection.request("GET", path, headers={"Authorization": f"Basic {TOKEN}", "Accept": ", ".join(types)})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, content


@contextmanager
def docker_registry(folder: Path) -> Iterator[str]:
    """Run the independent registry on loopback, and give its URL."""
    program = shutil.which("docker-registry")
    assert program, (
        "these tests push to an independent registry: apt-get install --no-install-recommends docker-registry"
    )
    (folder / "htpasswd").write_text(_HTPASSWD, encoding="ascii")
    process, port = _listening(program, folder)
    with process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _listening(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the registry on a free port; another program may take the port before it, so that is tried again."""
    log, config = folder / "log", folder / "config.yml"
    for _ in range(5):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config.write_text(_CONFIG.format(folder=folder, port=port), encoding="ascii")
        with log.open("wb") as said:
            # It wants no settings from this machine's environment (and AWS_CA_BUNDLE makes it panic).
            environment = {"PATH": os.environ["PATH"]}
            process = subprocess.Popen([program, "serve", str(config)], env=environment, stdout=said, stderr=said)
        if _answers(process, port):
            return process, port
        process.kill()
        process.wait()
    raise AssertionError("docker-registry does not listen: " + log.read_text(encoding="utf-8"))


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until it is it that listens; say whether it does."""
    until = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


class Failing(BaseHTTPRequestHandler):
    """Answers what the script says: `METHOD PATTERN` to a list of answers, used up one by one.

    An answer is (status, headers, body), or None: the connection is cut in the middle of the request.
    """

    protocol_version = "HTTP/1.1"
    script: list[tuple[str, list[tuple[int, dict[str, str], bytes] | None]]]
    asked: list[str]

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        line = f"{self.command} {self.path}"
        self.asked.append(line)
        answers = next((answers for pattern, answers in self.script if re.search(pattern, line) and answers), None)
        assert answers, f"nothing is scripted for {line}"
        answer = answers.pop(0)
        if answer is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        """Say nothing."""


@contextmanager
def failing(
    *script: tuple[str, list[tuple[int, dict[str, str], bytes] | None]],
) -> Iterator[tuple[str, list[str]]]:
    """Serve the script; give the URL, and the requests as they come."""
    asked: list[str] = []
    scripted = type("Scripted", (Failing,), {"script": list(script), "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), scripted) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()
