"""Listeners of every kind on the wire stage; prints what was seen as JSON (read by test_front.py)."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenario_balancer import addresses, build, health, serve
from wire_stage import AWS, REGION, Stage

from natless.lab.endpoints import Authority
from natless.lab.services.certificates import issue_by
from natless.lab.tasks.ports import Patience

SILENT = "52.95.1.5"
"""An address (of SSM, which nothing here asks) that the stage cuts off."""


def ask(
    stage: Stage,
    node: str,
    path: str,
    *,
    port: int = 80,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "shop.example",
) -> list[Any]:
    """Ask from AWS's namespace: status, headers by lower-case name, text."""
    link: Any = stage.wires.socket(AWS)
    link.settimeout(240.0)
    connection = http.client.HTTPConnection(node, port)
    with contextlib.closing(connection):
        link.connect((node, port))
        connection.sock = tls.wrap_socket(link, server_hostname=host) if tls else link
        connection.request(method, path, headers={"Host": host, **(headers or {})})
        answer = connection.getresponse()
        headers = {name.lower(): "; ".join(answer.headers.get_all(name, [])) for name in answer.headers}
        return [answer.status, headers, answer.read().decode()]


def handshake(stage: Stage, node: str, tls: ssl.SSLContext, host: str) -> list[str]:
    """Give the names of the certificate that is presented, with version and protocol; or what went wrong."""
    link: Any = stage.wires.socket(AWS)
    link.settimeout(240.0)
    link.connect((node, 443))
    try:
        with tls.wrap_socket(link, server_hostname=host) as secure:
            known: Any = secure.getpeercert() or {}
            names = [str(pair[1]) for pair in known.get("subjectAltName", ())]
            return [*names, str(secure.version()), str(secure.selected_alpn_protocol())]
    except ssl.SSLError as error:
        return [str(error.reason)]
    finally:
        link.close()


def context(authority: Authority, *alpn: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """Give a client's context that trusts the lab's authority."""
    made = ssl.create_default_context(cafile=authority.ca_file)
    made.maximum_version = version
    made.set_alpn_protocols(list(alpn))
    return made


def fixed(text: str) -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": text}}


CONDITIONS: dict[str, list[dict[str, Any]]] = {
    "host": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.Shop.example", "shop.other"]}}],
    "header": [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Kind", "Values": ["a*z"]}}],
    "method": [{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["PUT"]}}],
    "query": [
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1?"}, {"Value": "*it*"}]}}
    ],
    "source": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24"]}}],
    "both": [
        {"Field": "path-pattern", "Values": ["/Api/*"]},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["169.254.0.0/16"]}},
    ],
}
ASKED: dict[str, dict[str, Any]] = {
    "host": {"path": "/", "host": "www.sHop.example"},
    "host without the dot": {"path": "/", "host": "shop.example"},
    "header": {"path": "/", "headers": {"x-kind": "AbcZ"}},
    "method": {"path": "/", "method": "PUT"},
    "method in lower case": {"path": "/", "method": "put"},
    "query by key": {"path": "/?a=b&V=12"},
    "query by value": {"path": "/?any=wItty"},
    "query of three": {"path": "/?v=123"},
    "both": {"path": "/Api/x"},
    "path in lower case": {"path": "/api/x"},
}


def rules(stage: Stage, listener: str) -> None:
    elbv2 = stage.connect("elbv2")
    for priority, (name, conditions) in enumerate(CONDITIONS.items(), 10):
        elbv2.create_rule(ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=[fixed(name)])


def secure(stage: Stage, built: dict[str, Any], authority: Authority) -> str:
    """Make an HTTPS listener with a certificate of ACM, and one of IAM for another name; give its ARN."""
    acm, iam, elbv2 = stage.connect("acm"), stage.connect("iam"), stage.connect("elbv2")
    own = acm.request_certificate(DomainName="shop.example", SubjectAlternativeNames=["www.shop.example"])
    body, chain, key = authority.issue(("*.more.example",))
    other = iam.upload_server_certificate(
        ServerCertificateName="more", CertificateBody=body, CertificateChain=chain, PrivateKey=key
    )
    listener = elbv2.create_listener(
        LoadBalancerArn=built["balancer"],
        Protocol="HTTPS",
        Port=443,
        SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06",
        Certificates=[{"CertificateArn": own["CertificateArn"]}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": built["groups"]["web"]}],
    )["Listeners"][0]["ListenerArn"]
    more = [{"CertificateArn": other["ServerCertificateMetadata"]["Arn"]}]
    elbv2.add_listener_certificates(ListenerArn=listener, Certificates=more)
    return str(listener)


def network(stage: Stage, built: dict[str, Any], targets: list[dict[str, Any]]) -> dict[str, Any]:
    """Make a network load balancer, TCP, without security groups; give its nodes' addresses and its group."""
    elbv2 = stage.connect("elbv2")
    made = elbv2.create_load_balancer(Name="wire", Type="network", Scheme="internal", Subnets=built["private"])
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    group = elbv2.create_target_group(
        Name="wire",
        Protocol="TCP",
        Port=8080,
        VpcId=built["vpc"],
        TargetType="ip",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=4,
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    for protocol, port in (("TCP", 80), ("UDP", 53)):
        elbv2.create_listener(LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=forward)
    [own] = stage.connect("acm").list_certificates()["CertificateSummaryList"]
    secure = {"Protocol": "TLS", "Port": 443, "Certificates": [{"CertificateArn": own["CertificateArn"]}]}
    elbv2.create_listener(LoadBalancerArn=balancer, DefaultActions=forward, **secure)
    found = stage.connect("ec2").describe_network_interfaces()["NetworkInterfaces"]
    own = [each for each in found if each["Description"].startswith("ELB net/wire/")]
    nodes = {each["AvailabilityZone"]: each["PrivateIpAddress"] for each in own}
    return {"balancer": balancer, "group": group, "nodes": nodes, "groups": [each["Groups"] for each in own]}


def until_answered(stage: Stage, node: str, port: int) -> None:
    def answered() -> bool:
        try:
            return bool(ask(stage, node, "/healthz", port=port)[0] == 200)
        except OSError:
            return False

    stage.until(answered)


class Later(threading.Thread):
    """Asks in the background; `end` gives the answer and how long it took."""

    def __init__(self, stage: Stage, node: str, path: str, host: str) -> None:
        super().__init__(daemon=True)
        self._asked, self._host = (stage, node, path), host
        self._answer: list[Any] = []
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        self._answer = [*ask(*self._asked, host=self._host), time.monotonic() - began]

    def end(self) -> list[Any]:
        self.join()
        return self._answer


def lead(stage: Stage, built: dict[str, Any], priority: int, name: str, target: dict[str, Any]) -> None:
    """Register a target with a group, and lead the host NAME.example there."""
    elbv2, group = stage.connect("elbv2"), built["groups"][name]
    elbv2.register_targets(TargetGroupArn=group, Targets=[target])
    elbv2.create_rule(
        ListenerArn=built["listener"],
        Priority=priority,
        Conditions=[{"Field": "host-header", "Values": [f"{name}.example"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )


def leave(stage: Stage, built: dict[str, Any], node: str, target: dict[str, Any]) -> dict[str, Any]:
    """Take a target away while it works."""
    elbv2, group = stage.connect("elbv2"), built["groups"]["empty"]
    lead(stage, built, 51, "empty", target)
    stage.until(lambda: [each[0] for each in health(stage, group)] == ["healthy"])
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "3000"}
    elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
    leaving = Later(stage, node, "/cgi-bin/long", "empty.example")
    stage.until(lambda: ask(stage, target["Id"], "/begun", port=8080)[0] == 200)
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[target])
    seen: dict[str, Any] = {"draining": health(stage, group)}
    stage.until(lambda: ask(stage, node, "/", host="empty.example")[0] == 503)
    ask(stage, target["Id"], "/cgi-bin/end", port=8080)
    return {**seen, "while draining": leaving.end()}


def stay(stage: Stage, built: dict[str, Any], node: str) -> dict[str, Any]:
    """Split requests between a group and one that is reached by HTTPS, through the load balancer once more."""
    elbv2 = stage.connect("elbv2")
    [group] = elbv2.create_target_group(
        Name="again",
        Protocol="HTTPS",
        Port=443,
        VpcId=built["vpc"],
        TargetType="ip",
        HealthCheckPath="/healthz",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=4,
    )["TargetGroups"]
    again = group["TargetGroupArn"]
    elbv2.register_targets(TargetGroupArn=again, Targets=[{"Id": node}])
    cookie = [{"Key": "stickiness.enabled", "Value": "true"}]
    elbv2.modify_target_group_attributes(TargetGroupArn=built["groups"]["web"], Attributes=cookie)
    split = {
        "TargetGroups": [{"TargetGroupArn": arn, "Weight": 1} for arn in (built["groups"]["web"], again)],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 3600},
    }
    elbv2.create_rule(
        ListenerArn=built["listener"],
        Priority=52,
        Conditions=[{"Field": "host-header", "Values": ["stay.example"]}],
        Actions=[{"Type": "forward", "ForwardConfig": split}],
    )
    stage.until(lambda: health(stage, again)[0][0] == "healthy")

    def way(headers: dict[str, str] | None = None) -> tuple[str, str]:
        """Give how often the request was forwarded, and the cookies that came back."""
        _, found, text = ask(stage, node, "/cgi-bin/env", host="stay.example", headers=headers)
        environment = dict(line.partition("=")[::2] for line in text.splitlines())
        return str(environment["HTTP_X_FORWARDED_FOR"].count(",") + 1), found.get("set-cookie", "")

    ways: dict[str, str] = {}

    def both() -> bool:
        times, cookies = way()
        ways[times] = cookies
        return len(ways) == len(split["TargetGroups"])

    stage.until(both)
    kept = {times: "; ".join(re.findall(r"AWSALB(?:TG)?=[^;]+", cookies)) for times, cookies in ways.items()}
    again_by = {times: sorted({way({"Cookie": cookie})[0] for _ in range(6)}) for times, cookie in kept.items()}
    return {
        "cookies": {times: sorted(re.findall(r"AWSALB\w*", cookie)) for times, cookie in kept.items()},
        "again by": again_by,
    }


def idle(stage: Stage, built: dict[str, Any], node: str) -> list[Any]:
    """Ask a target that takes ten seconds of a load balancer that waits for one."""
    attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": "1"}]
    stage.connect("elbv2").modify_load_balancer_attributes(LoadBalancerArn=built["balancer"], Attributes=attributes)
    stage.until(lambda: ask(stage, node, "/cgi-bin/slow")[0] == 504)
    return ask(stage, node, "/cgi-bin/slow")


def scenario(stage: Stage, authority: Authority) -> dict[str, Any]:
    built = build(stage)
    stage.wires.cut(SILENT)
    stage.until(lambda: len(addresses(stage)) == 2)
    node = addresses(stage)[0]
    secure(stage, built, authority)
    lead(stage, built, 50, "ill", {"Id": SILENT, "Port": 81})
    serve(stage, built)
    until_answered(stage, node, 80)
    elbv2 = stage.connect("elbv2")
    described = elbv2.describe_target_health(TargetGroupArn=built["groups"]["web"])["TargetHealthDescriptions"]
    targets = [each["Target"] for each in described]
    wire = network(stage, built, targets)
    seen: dict[str, Any] = {
        "https": ask(stage, node, "/cgi-bin/env", port=443, tls=context(authority)),
        "certificates": {
            host: handshake(stage, node, context(authority, "h2", "http/1.1"), host)
            for host in ("www.shop.example", "a.more.example")
        },
        "tls 1.2": handshake(stage, node, context(authority, version=ssl.TLSVersion.TLSv1_2), "shop.example"),
        "another name": handshake(stage, node, context(authority), "other.example"),
    }
    rules(stage, built["listener"])
    stage.until(lambda: ask(stage, node, **ASKED["both"])[2] == "both")
    seen["conditions"] = {name: ask(stage, node, **asked)[2] for name, asked in ASKED.items()}
    stage.until(lambda: [each[0] for each in health(stage, wire["group"])] == ["healthy"] * 2)
    stage.until(lambda: [each[0] for each in health(stage, built["groups"]["ill"])] == ["unhealthy"])
    silent = Later(stage, node, "/", "ill.example")
    seen["silent"] = health(stage, built["groups"]["ill"])
    zone, here = min(wire["nodes"].items())
    until_answered(stage, here, 80)
    seen["wire"] = {
        "zone": zone,
        "pages": sorted({ask(stage, here, "/")[2] for _ in range(6)}),
        "environment": ask(stage, here, "/cgi-bin/env")[2].splitlines(),
        "node": here,
        "groups": wire["groups"],
        "tls": ask(stage, here, "/healthz", port=443, tls=context(authority))[2],
        "unmodelled": list(stage.balancer.unmodelled),
    }
    across = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=wire["balancer"], Attributes=across)
    stage.until(lambda: len({ask(stage, here, "/")[2] for _ in range(6)}) == 2)
    seen["stay"] = stay(stage, built, node)
    seen |= leave(stage, built, node, targets[0])
    seen["too slow"] = idle(stage, built, node)
    return {**seen, "no answer to the attempt": silent.end()}


def main() -> None:
    """Run the scenario."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), Patience(settled=0.3, drain=0.3))
        authority = Authority(f"{folder}/authority")
        issue_by(authority.issue)
        try:
            seen = scenario(stage, authority)
        finally:
            stage.close()
    json.dump({**seen, "region": REGION}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
