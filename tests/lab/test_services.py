"""AWS's names and servers, as a task meets them, and a load balancer, as a browser does.

Expected by hand from the VPC user guide ("DNS attributes for your VPC"), the PrivateLink guide ("Private DNS names")
and RFC 1035; addresses are small_network's, 198.18.0.0/16 is the lab's range for AWS's public addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

ECR = "api.ecr.eu-west-1.amazonaws.com"


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_services.py")
    return found


def test_names_of_an_endpoint_are_private(seen: dict[str, Any]) -> None:
    assert seen["endpoint"] == "NOERROR 10.0.12.5"
    assert seen["endpoint, at the other resolver"] == "NOERROR 10.0.12.5"
    assert seen["endpoint, in capitals"] == "NOERROR 10.0.12.5"
    assert seen["endpoint, IPv6"] == "NOERROR"
    assert seen["by TCP"] == "10.0.12.5"
    assert seen["by both interfaces"] == "NOERROR 10.0.11.9 10.0.12.5"


def test_other_names_are_public_or_none(seen: dict[str, Any]) -> None:
    assert seen["a service without endpoint"].startswith("NOERROR 198.18.")
    assert seen["a bucket"] == "NOERROR 52.216.0.1"
    assert seen["load balancer"] == "NOERROR 54.214.0.5"
    assert seen["no such name"] == "NXDOMAIN"


def test_private_names_need_both_dns_attributes_and_an_endpoint_that_stands(seen: dict[str, Any]) -> None:
    assert seen["without DNS hostnames"].startswith("NOERROR 198.18.")
    assert seen["without DNS support"] == "silence"
    assert seen["endpoint not yet available"].startswith("NOERROR 198.18.")
    assert seen["its interface"] == "refused", "the interface stands, nothing answers there yet"


def test_resolv_conf_names_the_vpcs_server_or_its_dhcp_options(seen: dict[str, Any]) -> None:
    assert seen["resolv.conf"].splitlines()[:2] == ["nameserver 10.0.0.2", "search eu-west-1.compute.internal"]
    assert seen["resolv.conf, own servers"].splitlines()[:2] == ["nameserver 10.0.12.5", "nameserver 10.0.0.2"]


def test_an_endpoint_serves_its_own_service_and_knows_whence_a_request_came(seen: dict[str, Any]) -> None:
    assert seen["by the endpoint"] == f"200 {ECR} /a b 0 10.0.11.5 vpc-1 vpce-ecr"
    assert seen["by a new interface"] == f"200 {ECR} /a b 0 10.0.11.5 vpc-1 vpce-ecr"
    assert seen["another service's name there"] == "503 the lab has no service at logs.eu-west-1.amazonaws.com"
    assert seen["from the internet, a broken one"].startswith("500 ")


def test_bodies_of_any_size_stream_on_a_connection_that_is_kept(seen: dict[str, Any]) -> None:
    assert seen["kept alive, with bodies"].startswith(f"{ECR} / 1000000 ")
    assert seen["in chunks"].startswith(f"{ECR} / 50000 ")
    assert seen["head"] == 0
    assert seen["a layer"] == 300 * 1024 * 1024
    assert seen["the most that was in memory, MiB"] < 150


def test_a_browser_comes_in_by_the_internet_gateway(seen: dict[str, Any]) -> None:
    assert seen["a page"] == "127.0.0.1 /page 500000 203.0.113.10 None None"
    assert seen["a page behind a closed group"] == "security-group-ingress sg-alb 203.0.113.10"
