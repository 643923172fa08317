"""Load balancers on a whole lab, visited from the host while they change groups and move; prints JSON.

Nothing but load balancers and what they stand in: an application one that answers by itself, and a network one in
front of it. Read by test_moving.py.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import sys
from typing import Any

from cryptography import x509
from lab_at_work import REGION, Connect, lab, wait

from natless.lab import control
from natless.lab.services.ledger import Timings
from natless.lab.tasks.ports import Patience

ANSWER = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "here\n"}}
WAIT = 2.0
"""A visit that takes longer is silence: on one machine an answer comes at once or never."""


def visit(url: str) -> str:
    """Give the text of a page, or how the visit failed."""
    place = url.split("/")[2]
    try:
        if url.startswith("https:"):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(place, timeout=WAIT, context=context)
        else:
            connection = http.client.HTTPConnection(place, timeout=WAIT)
        with contextlib.closing(connection):
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
    except TimeoutError:
        return "silence"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def publish(name: str, number: int) -> None:
    """Hand over ports of the host for a load balancer's pages."""
    with contextlib.ExitStack() as opened:
        listeners = [opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        control.ask("publish", sockets=listeners, name=name)


def network(connect: Connect) -> dict[str, Any]:
    """Make a VPC with three public subnets in three zones, and two groups: one open to the world, one to nobody."""
    ec2 = connect("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("abc")
    ]
    groups = {
        name: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("open", "closed")
    }
    world = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=groups["open"], IpPermissions=world)
    return {"vpc": vpc, "subnets": [each["Subnet"]["SubnetId"] for each in made], "groups": groups}


def front(connect: Connect, site: dict[str, Any]) -> dict[str, Any]:
    """Make the application load balancer, HTTP and HTTPS."""
    elbv2 = connect("elbv2")
    certificate = connect("acm").request_certificate(DomainName="shop.example")["CertificateArn"]
    [made] = elbv2.create_load_balancer(
        Name="front", Subnets=site["subnets"][:2], SecurityGroups=[site["groups"]["open"]]
    )["LoadBalancers"]
    arn = {"LoadBalancerArn": made["LoadBalancerArn"], "DefaultActions": [ANSWER]}
    elbv2.create_listener(**arn, Protocol="HTTP", Port=80)
    elbv2.create_listener(**arn, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificate}])
    return dict(made)


def interfaces(connect: Connect, name: str) -> dict[str, str]:
    """Give the private addresses of a load balancer's interfaces by subnet."""
    found = connect("ec2").describe_network_interfaces()["NetworkInterfaces"]
    own = [each for each in found if each["Description"].startswith(f"ELB {name}/")]
    return {each["SubnetId"]: each["PrivateIpAddress"] for each in own}


def wire(connect: Connect, site: dict[str, Any]) -> str:
    """Make a network load balancer without groups in front of the application one; give its name."""
    elbv2 = connect("elbv2")
    subnets = site["subnets"][1:]  # where its targets are: without cross-zone, a node sends to its own zone only
    [made] = elbv2.create_load_balancer(Name="wire", Type="network", Subnets=subnets)["LoadBalancers"]
    asked = {"Protocol": "TCP", "Port": 80, "VpcId": site["vpc"], "TargetType": "ip"}
    check = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 4}
    [group] = elbv2.create_target_group(Name="wire", **asked, **check)["TargetGroups"]
    targets = [{"Id": address} for address in interfaces(connect, "app/front").values()]
    elbv2.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=targets)
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    elbv2.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="TCP", Port=80, DefaultActions=forward)
    return str(made["DNSName"])


def answers(url: str, wanted: str) -> str:
    """Visit until a page is as wanted, and give what it was at last."""
    last = wait(lambda: wanted if visit(url) == wanted else None)
    return str(last or visit(url))


def scenario(connect: Connect) -> dict[str, Any]:
    site, elbv2 = network(connect), connect("elbv2")
    made = front(connect, site)
    arn, name = {"LoadBalancerArn": made["LoadBalancerArn"]}, made["DNSName"]
    wait(lambda: elbv2.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"] == "active" or None)
    publish(name, 2)
    pages = control.ask("status")["pages"]
    page, secure = pages[name], pages[f"{name}:443"]
    seen: dict[str, Any] = {"pages": sorted(pages), "open": answers(page, "here\n"), "https": answers(secure, "here\n")}
    host, _, port = secure.split("/")[2].partition(":")
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port))).encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    seen["names"] = names.get_values_for_type(x509.DNSName)

    elbv2.set_security_groups(**arn, SecurityGroups=[site["groups"]["closed"]])
    seen["closed"] = answers(page, "silence")
    elbv2.set_security_groups(**arn, SecurityGroups=[site["groups"]["open"]])
    seen["open again"] = answers(page, "here\n")

    elbv2.set_subnets(**arn, Subnets=site["subnets"][1:])
    seen["moved to"] = sorted(site["subnets"].index(each) for each in interfaces(connect, "app/front"))
    seen["moved"] = answers(page, "here\n")

    through = wire(connect, site)
    wait(
        lambda: (
            all(one["State"]["Code"] == "active" for one in elbv2.describe_load_balancers()["LoadBalancers"]) or None
        ),
    )
    publish(through, 1)
    seen["by the network one"] = answers(control.ask("status")["pages"][through], "here\n")
    elbv2.set_security_groups(**arn, SecurityGroups=[site["groups"]["closed"]])
    seen["its target closed"] = answers(page, "silence")
    group = elbv2.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]

    def ill() -> list[str] | None:
        found = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        reasons = [one["TargetHealth"].get("Reason", "") for one in found]
        return reasons if all(reason.startswith("Target.") for reason in reasons) else None

    seen["reasons"] = sorted(set(wait(ill) or []))
    return seen


def main() -> None:
    """Run the scenario."""
    with lab(f"moving-{os.getpid()}", Timings(balancer_provisioning=0.1), Patience()) as (connect, _):
        seen = scenario(connect)
    json.dump(seen, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
