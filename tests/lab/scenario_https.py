"""Hello by HTTPS on a real lab: with a certificate of the lab's ACM, and back to HTTP. Prints what was seen as JSON."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab_at_work import REGION
from person import Person, fetch

from natless.lab import control
from natless.lab.client import connect

HOST = "shop.example"
PLAIN = "[services.web]"
COUNT = "count = { min = 1, max = 3, memory = 70, requests = 1000 }"


def account() -> Any:
    contact = control.find()
    assert contact is not None
    return connect(contact, REGION)


def secure(url: str, chain: str) -> list[Any]:
    """Ask the page by HTTPS as somebody who looks for HOST; give status, text and the names that are shown."""
    port = int(url.rstrip("/").rpartition(":")[2])
    context = ssl.create_default_context(cadata=chain)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        connection = http.client.HTTPSConnection(HOST)
        connection.sock = context.wrap_socket(link, server_hostname=HOST)
        connection.request("GET", "/healthz", headers={"Host": HOST})
        answer = connection.getresponse()
        return [answer.status, answer.read().decode().strip(), connection.sock.version()]


def redirect(url: str) -> list[Any]:
    port = int(url.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/healthz", headers={"Host": HOST})
    answer = connection.getresponse()
    return [answer.status, answer.headers["Location"]]


def main() -> None:
    os.environ["NATLESS_LAB"] = f"https-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="natless-https-") as scratch:
        person = Person(Path(scratch))
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            acm = account()("acm")
            arn = acm.request_certificate(DomainName=HOST)["CertificateArn"]
            chain = acm.get_certificate(CertificateArn=arn)["CertificateChain"]
            options = f'[network]\ncertificate = "{arn}"\n\n{PLAIN}\n{COUNT}'
            seen: dict[str, Any] = {"plain": person.types("deploy", "--to", "lab")[0]}
            person.writes("natless.toml", PLAIN, options)
            code, said = person.types("deploy", "--to", "lab")
            seen["code"] = code
            if code:
                seen["said"] = said
            else:
                url = said.rsplit(maxsplit=1)[-1]
                pages = control.ask("status")["pages"]
                seen["url"] = url.partition("://")[0]
                seen["https"] = secure(url, chain)
                seen["http"] = redirect(next(page for name, page in pages.items() if not name.endswith(":443")))
                code, text = person.types("check", "lab:hello", "--json")
                verdicts = {each["need"]: each["verdict"] for each in json.loads(text)["verdicts"]}
                seen["check"] = [code, verdicts["internet->alb"], verdicts["alb->task"]]
                scaling = account()("application-autoscaling")
                found = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
                seen["policies"] = sorted(each["PolicyName"] for each in found)
            person.writes("natless.toml", options, PLAIN)
            code, said = person.types("deploy", "--to", "lab")
            seen["back"] = [code, fetch(said, "healthz") if code == 0 else said]
            seen["destroyed"] = person.types("destroy", "--to", "lab", "--images", "--logs")[0]
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
