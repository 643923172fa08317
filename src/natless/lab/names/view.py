"""What a name means inside a VPC. Pure: the same Cloud, VPC and name give the same addresses.

Sources: VPC user guide, "DNS attributes for your VPC"; PrivateLink guide, "Private DNS names".
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address

from natless.catalog import services
from natless.cloud import Cloud, InterfaceEndpoint, LoadBalancer, Vpc
from natless.finding import Gap
from natless.lab.names.public import public_address

_PROVIDED = "AmazonProvidedDNS"
_OWN_NAME = re.compile(r"ip-(\d+)-(\d+)-(\d+)-(\d+)\.(?:ec2|[a-z0-9-]+\.compute)\.internal")


def resolve(cloud: Cloud, vpc: str | None, host: str) -> tuple[IPv4Address, ...] | None:
    """Give the addresses of `host` as the VPC's DNS server answers (None: as the internet does).

    None means that there is no such name. Whether the VPC has a DNS server at all is `answers`.
    """
    host = host.lower().rstrip(".")
    place = cloud.vpcs.get(vpc) if vpc is not None else None
    found = _balancer(cloud, host)
    if found:
        return found
    private = _private(cloud, place, host)
    if private is not None:
        return private
    found = _endpoint_name(cloud, host)
    if found:
        return found
    public = public_address(host, cloud)
    if public is not None:
        return (public,)
    return _own_name(place, host)


def answers(vpc: Vpc) -> bool:
    """Say whether the VPC's DNS server answers: without enableDnsSupport it does not."""
    return vpc.dns_support is True


def endpoint_serves(cloud: Cloud, endpoint: InterfaceEndpoint, host: str) -> bool:
    """Say whether `host` is a name of the service behind an interface endpoint, or the endpoint's own name."""
    host = host.lower().rstrip(".")
    if host.startswith(f"{endpoint.id}-") and host.endswith(".vpce.amazonaws.com"):
        return True
    if isinstance(endpoint.service, Gap):
        return False
    service = services.service(endpoint.service)
    if service is None:
        return host == f"{endpoint.service}.{cloud.region}.{services.suffix(cloud.region)}"
    return services.matches(service, host, cloud.region)


def name_servers(cloud: Cloud, eni: str) -> tuple[str, ...]:
    """Give the DNS servers that the DHCP options of an ENI's VPC name; raises KeyError for an unknown ENI."""
    vpc = _vpc_of(cloud, eni)
    provided = () if isinstance(vpc.cidrs, Gap) else (str(vpc.cidrs[0].network_address + 2),)
    if isinstance(vpc.dns_servers, Gap) or not vpc.dns_servers:
        return provided
    return tuple(server for each in vpc.dns_servers for server in (provided if each == _PROVIDED else (each,)))


def resolv_conf(cloud: Cloud, eni: str) -> str:
    """Give the /etc/resolv.conf of what runs behind an ENI; raises KeyError for an unknown ENI."""
    domain = "ec2.internal" if cloud.region == "us-east-1" else f"{cloud.region}.compute.internal"
    lines = [f"nameserver {server}" for server in name_servers(cloud, eni)]
    return "\n".join([*lines, f"search {domain}", "options timeout:2 attempts:2", ""])


def _vpc_of(cloud: Cloud, eni: str) -> Vpc:
    subnet = cloud.subnets[cloud.network_interfaces[eni].subnet]
    return cloud.vpcs[subnet.vpc if isinstance(subnet.vpc, str) else ""]


def _balancer(cloud: Cloud, host: str) -> tuple[IPv4Address, ...]:
    found = [each for each in cloud.load_balancers.values() if each.dns_name.lower() == host.removeprefix("dualstack.")]
    return tuple(sorted(address for each in found for address in _balancer_addresses(cloud, each)))


def _balancer_addresses(cloud: Cloud, balancer: LoadBalancer) -> list[IPv4Address]:
    """An internet-facing one has its public addresses everywhere, in its own VPC too."""
    own = [each for each in cloud.network_interfaces.values() if each.owner == balancer.id]
    if balancer.internet_facing is True:
        return [each.public_address for each in own if each.public_address is not None]
    return [each.addresses[0] for each in own if each.addresses]


def _private(cloud: Cloud, vpc: Vpc | None, host: str) -> tuple[IPv4Address, ...] | None:
    """Private DNS needs both of the VPC's attributes, and an endpoint that has come up; None where there is none.

    An endpoint without subnets captures its service's name all the same and has nothing to say of it, so the name
    stands for nothing (measured on AWS: dev.classmethod.jp,
    "be-sure-to-specify-a-subnet-for-interface-type-vpc-endpoints", 2022-08).
    """
    if vpc is None or vpc.dns_support is not True or vpc.dns_hostnames is not True:
        return None
    for endpoint in cloud.interface_endpoints.values():
        ready = endpoint.vpc == vpc.id and endpoint.available and endpoint.private_dns is True
        if ready and endpoint_serves(cloud, endpoint, host):
            return _endpoint_addresses(cloud, endpoint)
    return None


def _endpoint_name(cloud: Cloud, host: str) -> tuple[IPv4Address, ...]:
    """An endpoint's own names are public, their addresses are not."""
    if not host.endswith(".vpce.amazonaws.com"):
        return ()
    found = [each for each in cloud.interface_endpoints.values() if host.startswith(f"{each.id}-")]
    return tuple(address for each in found for address in _endpoint_addresses(cloud, each))


def _endpoint_addresses(cloud: Cloud, endpoint: InterfaceEndpoint) -> tuple[IPv4Address, ...]:
    own = [each for each in cloud.network_interfaces.values() if each.owner == endpoint.id]
    return tuple(sorted(each.addresses[0] for each in own if each.addresses))


def _own_name(vpc: Vpc | None, host: str) -> tuple[IPv4Address, ...] | None:
    match = _OWN_NAME.fullmatch(host)
    if match is None or vpc is None or isinstance(vpc.cidrs, Gap):
        return None
    try:
        address = IPv4Address(".".join(match.groups()))
    except AddressValueError:
        return None
    return (address,) if any(address in cidr for cidr in vpc.cidrs) else None
