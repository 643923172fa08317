"""Public addresses, as the lab gives them: one for each AWS service, in a range that is nobody's.

A service with a gateway endpoint has its address in its prefix list, as on AWS, since that is what routes and rules
name. Registries outside of AWS resolve too: on AWS their names do, and it is the connection that fails.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from natless.catalog.services import SERVICES, EndpointService, by_host
from natless.cloud import Cloud
from natless.finding import Gap
from natless.lab.fabric.plan import SERVICES_RANGE, WORLD_RANGE

_OTHER_REGISTRIES = (
    "registry-1.docker.io",
    "auth.docker.io",
    "production.cloudflare.docker.com",
    "public.ecr.aws",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "registry.k8s.io",
    "mcr.microsoft.com",
    "example.com",
)
_FIRST_HOST = 20  # of WORLD_RANGE: those below are the lab's own, a visitor's among them


def public_address(host: str, cloud: Cloud) -> IPv4Address | None:
    """Give the address that `host` has on the internet of the lab; None for names that the lab does not know."""
    host = host.lower().rstrip(".")
    service = by_host(host)
    if service is not None:
        return service_address(service, cloud)
    if host in _OTHER_REGISTRIES:
        return WORLD_RANGE.network_address + _FIRST_HOST + _OTHER_REGISTRIES.index(host)
    return None


def service_address(service: EndpointService, cloud: Cloud) -> IPv4Address:
    """Give the public address of a service: 198.18.N.1, or the first host of its prefix list's lowest CIDR."""
    cidrs = [
        cidr
        for each in cloud.prefix_lists.values()
        if each.service == service.short and not isinstance(each.cidrs, Gap)
        for cidr in each.cidrs
    ]
    if cidrs:
        return min(cidrs).network_address + 1
    return SERVICES_RANGE.network_address + 256 * (SERVICES.index(service) + 1) + 1
