"""Names: does the task get an answer, and is it an endpoint's address or a public one?"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

import msgspec

from natless.cloud import InterfaceEndpoint, Subnet, Vpc
from natless.finding import Gap, Gate, Hop, Path
from natless.finding.rules import CUSTOM_DNS_UNREACHABLE, DNS_HOSTNAMES_OFF, DNS_SUPPORT_OFF
from natless.prove import flows, mends
from natless.prove.addresses import one
from natless.prove.answers import Answer, Mend, No, Yes
from natless.prove.ends import End
from natless.prove.truth import Maybe, Truth, every
from natless.prove.world import Who, World

AMAZON_DNS = frozenset({"AmazonProvidedDNS", "169.254.169.253"})


def answered(world: World, source: End) -> Answer:
    """Say whether the VPC's name server answers a task: without it no name resolves, public or private."""
    subnet = source.subnet
    vpc = world.vpc(subnet.vpc) if subnet is not None else None
    if isinstance(vpc, Gap):
        return Maybe((vpc,))
    if vpc is None:
        return Yes()
    if isinstance(vpc.dns_servers, Gap):
        return Maybe((vpc.dns_servers,))
    custom = tuple(server for server in vpc.dns_servers if server not in AMAZON_DNS and not _is_own(vpc, server))
    if len(custom) < len(vpc.dns_servers) or not vpc.dns_servers:
        return _amazon_dns(vpc)
    return _custom_dns(world, source, vpc, custom)


def _is_own(vpc: Vpc, server: str) -> bool:
    """Say whether a DNS server is the VPC's own: its CIDR's base plus two (Amazon VPC user guide, 'Amazon DNS server').

    Of several CIDRs it is the primary one's, and which that is the facts do not say.
    """
    if isinstance(vpc.cidrs, Gap) or len(vpc.cidrs) != 1:
        return False
    return server == str(vpc.cidrs[0].network_address + 2)


def _amazon_dns(vpc: Vpc) -> Answer:
    if isinstance(vpc.dns_support, Gap):
        return Maybe((vpc.dns_support,))
    if vpc.dns_support:
        return Yes(Path((Hop("name", vpc.id, "AmazonProvidedDNS", vpc.origin),)))
    reason = f"EnableDnsSupport is off in {vpc.id}: no name resolves"
    hop = Hop("name", vpc.id, reason, vpc.origin)
    gate = Gate("name", vpc.id, vpc.origin)
    return No(Path((hop,)), gate, DNS_SUPPORT_OFF, reason, mends.set_vpc_dns(vpc))


def _custom_dns(world: World, source: End, vpc: Vpc, servers: tuple[str, ...]) -> Answer:
    """Ask a server of the DHCP options: it is filtered as any address, and what it answers is not known."""
    reached: list[Answer] = []
    for server in servers:
        address = one_address(server)
        if address is None:
            reached.append(Maybe((Gap(f"DNS server {server}", vpc.origin, "it is no IPv4 address"),)))
            continue
        if not world.inside_vpc(vpc.id, address):
            target = End(server, vpc.id, vpc.origin, address, "all", "service")
            reached.append(flows.outward(world, source, target, "udp", 53))
            continue
        holder = world.holder(vpc.id, Who("other", vpc.id, server, vpc.origin, address=address))
        reached.append(Maybe((holder,)) if isinstance(holder, Gap) else flows.inside(world, source, holder, "udp", 53))
    if all(isinstance(answer, No) for answer in reached):
        first = next(answer for answer in reached if isinstance(answer, No))
        reason = f"DNS server {servers[0]} of the DHCP options cannot be asked: {first.reason}"
        # A way to the internet for the sake of a name server would be worse than the fault.
        words = f"Name AmazonProvidedDNS in the DHCP options of {vpc.id}, or a DNS server that its tasks reach."
        mend = first.mend if first.gate.kind.startswith("security-group") else Mend(words=words)
        return msgspec.structs.replace(first, rule=CUSTOM_DNS_UNREACHABLE, reason=reason, mend=mend)
    why = f"whether {', '.join(servers)} passes names of AWS on to the VPC's own server is not known"
    return Maybe((Gap(f"{vpc.id} DHCP options", vpc.origin, why),))


def one_address(text: str) -> tuple[tuple[int, int]] | None:
    """Give the range of one IPv4 address, or None where the text is none."""
    try:
        found = one(IPv4Address(text))
    except AddressValueError:
        return None
    return (found[0],)


def captured(world: World, subnet: Subnet, endpoint: InterfaceEndpoint) -> Truth:
    """Say whether an endpoint's private DNS answers for its service's name in the subnet's VPC."""
    vpc = world.vpc(subnet.vpc)
    if isinstance(vpc, Gap):
        return Maybe((vpc,))
    return every(_truth(value) for value in (endpoint.private_dns, vpc.dns_hostnames, vpc.dns_support))


def _truth(value: bool | Gap) -> Truth:  # noqa: FBT001 - a field, not a switch
    return Maybe((value,)) if isinstance(value, Gap) else value


def hostnames_off(world: World, subnet: Subnet) -> bool:
    """Say whether EnableDnsHostnames is off for sure."""
    vpc = world.vpc(subnet.vpc)
    return not isinstance(vpc, Gap) and vpc.dns_hostnames is False


def blame_hostnames(world: World, subnet: Subnet, no: No) -> No:
    """Give the refusal of a public path with its cause: the VPC's attribute."""
    vpc = world.vpc(subnet.vpc)
    if isinstance(vpc, Gap):
        return no
    reason = f"EnableDnsHostnames is off in {vpc.id}, so the name resolves to a public address: {no.reason}"
    gate = Gate("name", vpc.id, vpc.origin, no.gate.stopped_at, no.gate.stopped_kind)
    return No(no.path, gate, DNS_HOSTNAMES_OFF, reason, mends.set_vpc_dns(vpc), public=True)
