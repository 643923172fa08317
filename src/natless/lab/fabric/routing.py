"""Plan → the text that `ip -batch` reads.

Lines that may come and go are of the form `OBJECT add ...`; the same line with `del` takes them away, so a change is
the difference of two sets of lines. Every link has permanent neighbours: nothing is asked by ARP, and the kernel's
neighbour limits, which an ordinary user cannot raise, are not met.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from natless.lab.fabric.plan import INTERNET, VISITOR, Attachment, Plan, VpcPlan

_MTU = 9001  # a VPC's; the same on every link, since AWS's routers send no "fragmentation needed" here
_NEAR = "02:00:00:00:00:01"
_FAR = "02:00:00:00:00:02"

_VOID = (
    f"link add void mtu {_MTU} type veth peer name void-end",
    "link set lo up",
    "link set void up",
    "link set void-end up",
)


def hardware(address: IPv4Address) -> str:
    """Give the MAC of the ENI with this primary address."""
    return ":".join(f"{byte:02x}" for byte in (2, 0, *address.packed))


def first_lines(vpc: VpcPlan) -> list[str]:
    """Give the lines that make a new router: its links to the internet namespace and to nowhere, its resolver."""
    number = vpc.links.number
    lines = list(_VOID)
    for inner, outer in (("igw", f"i{number}"), ("gwe", f"g{number}")):
        far = f"peer name {outer} mtu {_MTU} address {_FAR} netns {INTERNET}"
        lines.append(f"link add {inner} mtu {_MTU} address {_NEAR} type veth {far}")
        lines.append(f"link set {inner} up")
        lines.append(f"neighbour add {vpc.links.outside} lladdr {_FAR} dev {inner} nud permanent")
    # What has no table of its own, or an address of the VPC that no ENI has, goes nowhere.
    lines.append("route add default dev void metric 4096")
    return lines


def router_lines(vpc: VpcPlan) -> list[str]:
    """Give the lines of a router that follow the cloud: addresses, the ENIs' routes, the rules and tables."""
    lines = [f"address add {address}/32 dev lo" for address in vpc.resolvers]
    # The local route comes first, whatever a table says (VPC user guide, "Route priority").
    lines += [f"rule add pref 1000 to {cidr} lookup main" for cidr in vpc.cidrs]
    numbers = {table.id: table.number for table in vpc.tables}
    for segment in vpc.segments:
        lines.append(f"rule add pref 2000 fwmark {segment.mark:#x} lookup {numbers[segment.table]}")
    for table in vpc.tables:
        lines.append(f"route add default dev void metric 4096 table {table.number}")
        for way in table.ways:
            via = f" via {way.via}" if way.via is not None else ""
            onlink = " onlink" if way.via is not None else ""
            lines.append(f"route add {way.destination}{via} dev {way.link} table {table.number}{onlink}")
    for each in vpc.attachments:
        for address in each.addresses:
            mac = hardware(each.addresses[0])
            lines.append(f"neighbour add {address} lladdr {mac} dev {each.link} nud permanent")
            lines.append(f"route add {address} dev {each.link} scope link")
    return lines


def link_lines(each: Attachment) -> list[str]:
    """Give the lines that join a new ENI's namespace to the router (a veth's peer cannot be created up)."""
    far = f"peer name eth0 mtu {_MTU} address {hardware(each.addresses[0])} netns {each.eni}"
    return [f"link add {each.link} mtu {_MTU} address {_NEAR} type veth {far}", f"link set {each.link} up"]


def interface_lines(each: Attachment) -> list[str]:
    """Give the lines inside a new ENI's namespace: its addresses, and everything by the subnet's router."""
    length = each.segment.cidr.prefixlen
    first = each.addresses[0]
    return [
        "link set lo up",
        "link set eth0 up",
        *(f"address add {address}/{length} dev eth0 noprefixroute" for address in each.addresses),
        f"neighbour add {each.gateway} lladdr {_NEAR} dev eth0 nud permanent",
        f"route add {each.gateway} dev eth0 scope link src {first}",
        f"route add default via {each.gateway} dev eth0 src {first}",
    ]


def internet_first_lines() -> list[str]:
    """Give the lines that make the internet namespace, where what is nobody's is answered by silence."""
    return [
        *_VOID,
        # Load balancers' addresses are looked up before the local ones, among which whole ranges stand.
        "rule add pref 50 lookup 50",
        "rule add pref 100 lookup local",
        "rule del pref 0",
        f"address add {VISITOR}/32 dev lo",
        f"route add default dev void src {VISITOR} metric 4096",
    ]


def internet_lines(plan: Plan) -> list[str]:
    """Give the internet namespace's lines that follow the cloud: what it answers for, and the way to each VPC."""
    lines = [f"route add local {cidr} dev lo" for cidr in plan.ranges]
    for vpc in plan.vpcs.values():
        lines += _ways_back(vpc)
    return lines


def outer_link_lines(vpc: VpcPlan) -> list[str]:
    """Give the internet namespace's lines for the links of a VPC that is new."""
    number = vpc.links.number
    return [
        f"link set i{number} up",
        f"link set g{number} up",
        f"neighbour add {vpc.links.router} lladdr {_NEAR} dev i{number} nud permanent",
        f"neighbour add {vpc.links.endpoints} lladdr {_NEAR} dev g{number} nud permanent",
        f"route add {vpc.links.endpoints} dev g{number} scope link",
    ]


def _ways_back(vpc: VpcPlan) -> list[str]:
    if not vpc.gateway:
        return []
    public = [each.public for each in vpc.attachments if each.public is not None]
    out = f"via {vpc.links.router} dev i{vpc.links.number} onlink src {VISITOR} table 50"
    return [f"route add {address} {out}" for address in public]


def change(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Give the lines that take away what is only in `old`, and those that add what is only in `new`."""
    before, after = set(old), set(new)
    taken = [line.replace(" add ", " del ", 1) for line in old if line not in after]
    return taken, [line for line in new if line not in before]
