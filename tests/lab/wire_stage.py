"""A stage for tasks: the account, a registry, and AWS's names and TLS servers in one namespace, ENIs wired to it.

Runs inside namespaces of its own (see test_tasks.py). The lab's fabric is left out on purpose: what is tried here is
what tasks do with a network, not the network.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import http.client
import io
import json
import socket
import socketserver
import ssl
import subprocess
import tarfile
import threading
import time
import wsgiref.simple_server
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import dnslib
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.test import Client

from natless.cloud import Cloud, NetworkInterface
from natless.finding import Origin
from natless.lab.balancer import Balancer
from natless.lab.kernel import namespaces
from natless.lab.metadata import TaskMetadata
from natless.lab.registry import Registry, repair
from natless.lab.services.account import LabAccount
from natless.lab.tasks.ports import House, Patience
from natless.lab.tasks.scheduler import Scheduler

ACCOUNT, REGION, KEY = "123456789012", "ap-northeast-2", "AKIALABSTAGE234567AB"
ADDRESSES = {
    f"api.ecr.{REGION}.amazonaws.com": "52.95.1.1",
    f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com": "52.95.1.2",
    f"prod-{REGION}-starport-layer-bucket.s3.{REGION}.amazonaws.com": "3.5.140.1",
    f"logs.{REGION}.amazonaws.com": "52.95.1.3",
    f"secretsmanager.{REGION}.amazonaws.com": "52.95.1.4",
    f"ssm.{REGION}.amazonaws.com": "52.95.1.5",
    f"settings.s3.{REGION}.amazonaws.com": "3.5.140.2",
}
AWS = "aws"
_GATEWAY = "169.254.77.1"


class Wires:
    """A network in which every ENI reaches AWS, until an address is cut."""

    def __init__(self, address_of: Callable[[str], str | None]) -> None:
        """Make AWS's namespace; `address_of` gives the address of an ENI of the account."""
        self._address_of = address_of
        self._made: dict[str, str] = {}
        self._lock = threading.Lock()
        namespaces.make(AWS)
        with namespaces.inside(AWS):
            namespaces.write_setting("ipv4/ip_forward", "1")
        lines = [f"addr add {address}/32 dev lo" for address in [*ADDRESSES.values(), "10.0.0.2"]]
        namespaces.run(AWS, ["ip", "-batch", "-"], "\n".join(["link set lo up", *lines]) + "\n")
        rules = "table ip cut { chain input { type filter hook input priority 0; policy accept; }; }"
        namespaces.run(AWS, ["nft", "-f", "-"], rules)

    def namespace(self, where: str) -> str:
        """Give an ENI's namespace; it is made when it is first asked for."""
        return namespaces.path(self._name(where))

    def socket(self, where: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """Give a socket in an ENI's namespace."""
        with namespaces.inside(self._name(where)):
            return socket.socket(socket.AF_INET, kind)

    def cut(self, address: str) -> None:
        """Drop what is sent to an address, in silence."""
        namespaces.run(AWS, ["nft", "-f", "-"], f"add rule ip cut input ip daddr {address} drop")

    def mend(self) -> None:
        """Drop nothing any more."""
        namespaces.run(AWS, ["nft", "-f", "-"], "flush chain ip cut input")

    def _name(self, where: str) -> str:
        if where == AWS:
            return AWS
        with self._lock:
            address = self._address_of(where)
            if where not in self._made:
                if address is None:
                    raise KeyError(where)
                self._made[where] = self._wire(address)
            return self._made[where]

    def _wire(self, address: str) -> str:
        name, link = f"n{len(self._made)}", f"v{len(self._made)}"
        namespaces.make(name)
        namespaces.run(AWS, ["ip", "-batch", "-"], f"link add {link} type veth peer name eth0 netns {name}\n")
        lines = [
            "link set lo up",
            "link set eth0 up",
            f"addr add {address}/32 dev eth0",
            f"route add {_GATEWAY} dev eth0",
            f"route add default via {_GATEWAY}",
        ]
        aws = [f"addr add {_GATEWAY}/32 dev {link}", f"link set {link} up", f"route add {address} dev {link}"]
        namespaces.run(AWS, ["ip", "-batch", "-"], "\n".join(aws) + "\n")
        namespaces.run(name, ["ip", "-batch", "-"], "\n".join(lines) + "\n")
        return name


class Stage:
    """Everything, wired: `account` by boto3 through `connect`, a scheduler that is stepped, and ways to break it."""

    def __init__(self, folder: Path, patience: Patience) -> None:
        """Set the stage in `folder`."""
        self._account = LabAccount(REGION, ACCOUNT, KEY, "http://127.0.0.1")
        self.connect = self._account.connect
        self.registry = Registry(ACCOUNT, REGION, b"secret", str(folder / "registry"), self._account.guard)
        repair(self.registry)
        self.wires = Wires(self._address)
        ca = make_ca(folder)
        self._serve_names()
        self._serve_https(folder)
        self.house = House(
            account=ACCOUNT,
            region=REGION,
            connect=self.connect,
            network=self.wires,
            identities=self._account.identities,
            metadata=TaskMetadata(self.connect),
            scratch=str(folder / "scratch"),
            ca_file=str(ca),
            patience=patience,
        )
        (folder / "scratch").mkdir()
        self._make_execution_role()
        self.scheduler = Scheduler(self.house)
        self.balancer = Balancer(self.house)
        self._going = True
        self._stepping = threading.Thread(target=self._step, daemon=True)
        self._stepping.start()

    def close(self) -> None:
        """End every task."""
        self._going = False
        self._stepping.join()
        self.scheduler.stop()
        self.balancer.stop()

    def until(self, what: Callable[[], Any], seconds: float = 240.0) -> Any:
        """Wait until `what` gives something true, and give it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.05)
        seen = {
            "events": self.events()[:8],
            "log": self.lines()[-12:],
            "proxies": self.balancer.problems,
            **self._ecs(),
        }
        message = f"nothing in {seconds} s; {seen}"
        raise TimeoutError(message)

    def lines(self) -> list[str]:
        """Give every line that a container wrote."""
        logs = self.connect("logs")
        streams = logs.describe_log_streams(logGroupName="/lab/hello")["logStreams"]
        return [
            event["message"]
            for each in streams
            for event in logs.get_log_events(logGroupName="/lab/hello", logStreamName=each["logStreamName"])["events"]
        ]

    def _ecs(self) -> dict[str, Any]:
        """Give what ECS says of services and of every task, briefly."""
        ecs = self.connect("ecs")
        services = ecs.describe_services(cluster="lab", services=["hello"])["services"]
        tasks = [
            each
            for status in ("RUNNING", "STOPPED")
            if (arns := ecs.list_tasks(cluster="lab", desiredStatus=status)["taskArns"])
            for each in ecs.describe_tasks(cluster="lab", tasks=arns)["tasks"]
        ]
        told = ("id", "status", "taskDefinition", "desiredCount", "runningCount", "failedTasks", "rolloutState")
        return {
            "deployments": [[one.get(key) for key in told] for each in services for one in each["deployments"]],
            "tasks": [
                [
                    each["taskArn"][-8:],
                    each["taskDefinitionArn"].rpartition("/")[2],
                    each["lastStatus"],
                    each.get("stoppedReason"),
                ]
                for each in tasks
            ],
        }

    def events(self) -> list[str]:
        """Give the events of the one service, the newest first."""
        found = self.connect("ecs").describe_services(cluster="lab", services=["hello"])["services"]
        return [event["message"] for each in found for event in each["events"]]

    def get(self, address: str, path: str, host: str = "") -> tuple[int, dict[str, str], str]:
        """Ask for a page from AWS's namespace: status, headers by lower-case name, text."""
        link = self.wires.socket(AWS)
        link.settimeout(60.0)
        connection = http.client.HTTPConnection(address, 80)
        with contextlib.closing(connection):
            link.connect((address, 80))
            connection.sock = link
            connection.request("GET", path, headers={"Host": host} if host else {})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, headers, answer.read().decode()

    def _make_execution_role(self) -> None:
        """Make the role `execution` that may do what any task of the stage needs."""
        iam = self.connect("iam")
        allowed = [
            {"Effect": "Allow", "Action": ["ecr:*", "logs:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameters"], "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::settings/open/*"},
        ]
        trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName="execution", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_role_policy(RoleName="execution", PolicyName="start", PolicyDocument=document)

    def _step(self) -> None:
        while self._going:
            self.scheduler.step()
            self.balancer.step(self._cloud())
            time.sleep(0.05)

    def _cloud(self) -> Cloud:
        """Give the account's interfaces, which is all of a Cloud that the balancer reads."""
        found = self.connect("ec2").describe_network_interfaces()["NetworkInterfaces"]
        interfaces = {
            each["NetworkInterfaceId"]: NetworkInterface(
                id=each["NetworkInterfaceId"],
                origin=Origin("stage"),
                subnet=each["SubnetId"],
                groups=(),
                addresses=(IPv4Address(each["PrivateIpAddress"]),),
            )
            for each in found
        }
        return Cloud(source="stage", network_interfaces=interfaces)

    def _address(self, eni: str) -> str | None:
        found = self.connect("ec2").describe_network_interfaces()["NetworkInterfaces"]
        return next((each["PrivateIpAddress"] for each in found if each["NetworkInterfaceId"] == eni), None)

    def _route(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        host = environ["HTTP_HOST"].partition(":")[0]
        if host == self.registry.host:
            return self.registry(environ, start_response)
        if host == self.registry.urls.host:
            return self.registry.bucket(environ, start_response)
        return self._account.wsgi(environ, start_response)

    def _serve_names(self) -> None:
        link = self.wires.socket(AWS, socket.SOCK_DGRAM)
        link.bind(("10.0.0.2", 53))
        record: Any = dnslib.DNSRecord
        zone: Any = dnslib.RR

        def serve() -> None:
            while True:
                data, sender = link.recvfrom(4096)
                question = record.parse(data)
                host = str(question.q.qname).rstrip(".")
                answer = question.reply()
                if host in ADDRESSES:
                    answer.add_answer(*zone.fromZone(f"{host} 5 A {ADDRESSES[host]}"))
                link.sendto(answer.pack(), sender)

        threading.Thread(target=serve, daemon=True).start()

    def _serve_https(self, folder: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        for address in ADDRESSES.values():
            server = _Server((address, 443), _Quiet, bind_and_activate=False)
            server.socket = self.wires.socket(AWS)
            server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.server_bind()
            server.server_activate()
            server.context = context
            server.set_app(self._route)
            threading.Thread(target=server.serve_forever, daemon=True).start()


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Say nothing."""


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        """Give the next connection, under TLS."""
        link, address = self.socket.accept()
        return self.context.wrap_socket(link, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away."""


def make_ca(folder: Path) -> Path:
    """Make a CA and one certificate for every name; give the CA's file."""
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "natless test CA")])

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )

    ca = (
        builder(issuer, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in ADDRESSES])
    server = builder(x509.Name([]), key.public_key()).add_extension(names, critical=True).sign(ca_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + server.public_bytes(pem))
    return folder / "ca.pem"


def busybox_layer(script: str) -> bytes:
    """Give a tar layer with Debian's static busybox, a shell, and `/start`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in (("bin/busybox", Path("/bin/busybox").read_bytes()), ("start", script.encode())):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            archive.addfile(info, io.BytesIO(data))
        for name in ("sh", "sleep", "cat", "id", "echo", "httpd", "nslookup", "ls", "grep", "touch", "hostname", "env"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    return buffer.getvalue()


def push(registry: Registry, name: str, tag: str, layers: list[bytes], configuration: dict[str, Any]) -> str:
    """Push an image from the host and give its digest."""
    client = Client(registry)
    headers = {"Authorization": f"Basic {registry.tokens.authorization(KEY)[0]}"}
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": configuration}).encode()

    def blob(data: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        done = client.post(f"/v2/{name}/blobs/uploads/?digest={digest}", data=data, headers=headers)
        assert done.status_code == 201, done.data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "size": len(data), "digest": digest}

    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(config, "config.v1+json"),
        "layers": [blob(data, "layer.v1.tar+gzip") for data in layers],
    }
    kind = {"Content-Type": document["mediaType"]}
    done = client.put(f"/v2/{name}/manifests/{tag}", data=json.dumps(document), headers={**headers, **kind})
    assert done.status_code == 201, done.data
    return done.headers["Docker-Content-Digest"]


def fetch(namespace: str, url: str) -> str:
    """Fetch a page from a namespace by busybox."""
    command = ["nsenter", f"--net={namespace}", "busybox", "wget", "-q", "-O", "-", url]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
