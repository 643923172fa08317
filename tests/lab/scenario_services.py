"""Names, endpoints and the browser's way in, on hello's network; prints what was seen as JSON."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import dnslib
import small_network as net
from confined import see
from msgspec.structs import replace
from small_network import cloud, eni, named

from natless.cloud import Cloud
from natless.lab.browser import Gateway
from natless.lab.endpoints import Authority, Endpoints, Server
from natless.lab.fabric import Fabric
from natless.lab.names import Names, resolv_conf

ECR = "api.ecr.eu-west-1.amazonaws.com"
LAYERS = "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com"
_DNS: Any = dnslib


def echo(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with what was asked, and whence."""
    length = 0
    while part := environment["wsgi.input"].read(65536):
        length += len(part)
    words = [environment["SERVER_NAME"], environment["PATH_INFO"], length, environment["REMOTE_ADDR"]]
    words += [environment.get("natless.vpc"), environment.get("natless.endpoint")]
    start("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(map(str, words)).encode()]


def long(_environment: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
    """Answer with more than anybody would keep in memory."""
    start("200 OK", [("Content-Length", str(300 * 1024 * 1024))])
    for _ in range(300):
        yield b"x" * 1024 * 1024


def broken(_environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [])
    raise LookupError("the application's own fault")


APPLICATIONS = {ECR: echo, LAYERS: long, "logs.eu-west-1.amazonaws.com": broken}


class Stage:
    """The network with everything that answers in it."""

    def __init__(self) -> None:
        self.fabric = Fabric()
        self.names = Names(self.fabric)
        self.authority = Authority("/run/natless/tls")
        self.endpoints = Endpoints(self.fabric, APPLICATIONS.get, self.authority)
        self.seen: dict[str, Any] = {}

    def apply(self, whole: Cloud) -> None:
        self.fabric.apply(whole)
        self.names.apply(whole)
        self.endpoints.apply(whole)

    def look_up(
        self, host: str, server: str = "10.0.0.2", where: str = "eni-task", kind: str = "A", seconds: float = 240.0
    ) -> str:
        with self.fabric.socket(where, socket.SOCK_DGRAM) as one:
            one.settimeout(seconds)
            one.connect((server, 53))
            one.send(_DNS.DNSRecord.question(host, kind).pack())
            try:
                answer = _DNS.DNSRecord.parse(one.recv(4096))
            except TimeoutError:
                return "silence"
        return " ".join([_DNS.RCODE[answer.header.rcode], *sorted(str(each.rdata) for each in answer.rr)])

    def connect(self, host: str, address: str, where: str = "eni-task") -> http.client.HTTPConnection:
        trust = ssl.create_default_context(cafile=self.authority.ca_file)
        plain = self.fabric.socket(where)
        plain.settimeout(240)
        plain.connect((address, 443))
        connection = http.client.HTTPConnection(host)
        connection.sock = trust.wrap_socket(plain, server_hostname=host)
        return connection

    def get(self, host: str, address: str, where: str = "eni-task") -> str:
        connection = self.connect(host, address, where)
        connection.request("GET", "/a%20b?c=d")
        answer = connection.getresponse()
        text = f"{answer.status} {answer.read().decode().strip()}"
        connection.close()
        return text


def names(stage: Stage) -> None:
    seen = stage.seen
    stage.apply(cloud())
    seen["endpoint"] = stage.look_up(ECR)
    seen["endpoint, at the other resolver"] = stage.look_up(ECR, "169.254.169.253")
    seen["endpoint, in capitals"] = stage.look_up(ECR.upper())
    seen["endpoint, IPv6"] = stage.look_up(ECR, kind="AAAA")
    seen["a service without endpoint"] = stage.look_up("secretsmanager.eu-west-1.amazonaws.com")
    seen["a bucket"] = stage.look_up(LAYERS)
    seen["load balancer"] = stage.look_up("hello-1.eu-west-1.elb.amazonaws.com")
    seen["no such name"] = stage.look_up("no.such.name")
    seen["resolv.conf"] = resolv_conf(cloud(), "eni-task")
    with stage.fabric.socket("eni-task") as one:
        one.settimeout(240)
        one.connect(("10.0.0.2", 53))
        question = _DNS.DNSRecord.question(ECR).pack()
        one.sendall(len(question).to_bytes(2, "big") + question)
        seen["by TCP"] = str(_DNS.DNSRecord.parse(one.recv(4096)[2:]).rr[0].rdata)
    whole = cloud().vpcs["vpc-1"]
    stage.apply(cloud(vpcs=named(replace(whole, dns_hostnames=False))))
    seen["without DNS hostnames"] = stage.look_up(ECR)
    stage.apply(cloud(vpcs=named(replace(whole, dns_support=False))))
    seen["without DNS support"] = stage.look_up(ECR, seconds=1.0)
    stage.apply(cloud(interface_endpoints=pending()))
    seen["endpoint not yet available"] = stage.look_up(ECR)
    seen["its interface"] = stage.fabric.probe("eni-task", IPv4Address("10.0.12.5"), 443).outcome
    own = replace(whole, dns_servers=("10.0.12.5", "AmazonProvidedDNS"))
    seen["resolv.conf, own servers"] = resolv_conf(cloud(vpcs=named(own)), "eni-task")
    stage.apply(cloud())


def pending() -> dict[str, Any]:
    return named(replace(cloud().interface_endpoints["vpce-ecr"], available=False))


def servers(stage: Stage) -> None:
    seen = stage.seen
    seen["by the endpoint"] = stage.get(ECR, "10.0.12.5")
    seen["another service's name there"] = stage.get("logs.eu-west-1.amazonaws.com", "10.0.12.5")
    seen["from the internet, a broken one"] = stage.get("logs.eu-west-1.amazonaws.com", "198.18.5.1", "internet")
    connection = stage.connect(ECR, "10.0.12.5")
    for _ in range(2):
        connection.request("PUT", "/", b"x" * 1_000_000)
        seen["kept alive, with bodies"] = connection.getresponse().read().decode()
    connection.request(
        "PUT", "/", iter([b"a" * 1000] * 50), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    seen["in chunks"] = connection.getresponse().read().decode()
    connection.request("HEAD", "/")
    seen["head"] = len(connection.getresponse().read())
    connection.close()
    connection = stage.connect(LAYERS, "52.216.0.1")
    connection.request("GET", "/layer")
    answer = connection.getresponse()
    length = 0
    while part := answer.read(1024 * 1024):
        length += len(part)
    seen["a layer"] = length
    seen["the most that was in memory, MiB"] = peak_memory()
    more = net.interfaces() | named(eni("eni-ecr-2", "subnet-a", "10.0.11.9", ("sg-endpoint",), "endpoint", "vpce-ecr"))
    stage.apply(cloud(network_interfaces=more))
    seen["by a new interface"] = stage.get(ECR, "10.0.11.9")
    seen["by both interfaces"] = stage.look_up(ECR)


def peak_memory() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    return int(peak.split()[1]) // 1024


def browser(stage: Stage) -> None:
    seen = stage.seen
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # this scenario's own "host"
    balancer = stage.fabric.socket("eni-alb")
    balancer.bind(("10.0.1.5", 80))
    balancer.listen()
    Server("balancer").listen(balancer, lambda _host: echo)
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        port.listen()
        number = port.getsockname()[1]
        gateway = Gateway(stage.fabric)
        gateway.publish(port, IPv4Address("54.214.0.5"), 80)
        page = http.client.HTTPConnection("127.0.0.1", number, timeout=240)
        page.request("POST", "/page", b"y" * 500_000)
        seen["a page"] = page.getresponse().read().decode()
        closed = net.groups() | named(net.group("sg-alb"))
        stage.apply(cloud(security_groups=closed))
        began = time.time()
        waiting = http.client.HTTPConnection("127.0.0.1", number, timeout=0.5)
        try:
            waiting.request("GET", "/")
            waiting.getresponse()
        except TimeoutError:
            until = time.monotonic() + 240
            while not (drops := stage.fabric.drops(began)) and time.monotonic() < until:
                time.sleep(0.01)
            drop = drops[-1]
            seen["a page behind a closed group"] = f"{drop.gate} {drop.element} {drop.source}"
        gateway.withdraw(port)


def scenario() -> dict[str, Any]:
    stage = Stage()
    for part in (names, servers, browser):
        part(stage)
    return stage.seen


if __name__ == "__main__":
    see(scenario)
