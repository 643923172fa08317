"""The way out of a VPC: what the routes towards public addresses lead to, and whether it goes on from there."""

from __future__ import annotations

import msgspec

from natless.cloud import NatGateway, Route, RouteTable, Subnet
from natless.finding import Gap, Hop
from natless.finding.rules import (
    BALANCER_NOT_PUBLIC,
    NAT_WITHOUT_INTERNET,
    PUBLIC_ADDRESS_MISSING,
    ROUTE_BLACKHOLE,
    ROUTE_MISSING,
)
from natless.prove import gates, mends
from natless.prove.absence import Thing, absence
from natless.prove.addresses import NOWHERE, union
from natless.prove.answers import Mend, No, Yes
from natless.prove.ends import Coverage, End
from natless.prove.routes import Leg, legs
from natless.prove.truth import Maybe
from natless.prove.walk import Denial, Side, Walk
from natless.prove.ways_out import add_way_out, to_public_subnets
from natless.prove.world import World

Way = Yes | Maybe | Denial


class Exit:
    """The exits that one interface has towards one public end."""

    def __init__(self, world: World, who: End, remote: End, flow: Walk, *, inbound: bool = False) -> None:
        """Look from `who`, an end in a subnet, towards `remote`, for the protocol and port of `flow`.

        `inbound`: the remote end came in, and `who` answers.
        """
        self.world = world
        self.who = who
        self.remote = remote
        self.flow = flow
        self.inbound = inbound

    def cross(self, walk: Walk, side: Side, *, back: bool = False) -> None:
        """Pass the route of the subnet, and what it leads to. It restricts the public end, which is `side`."""
        subnet = self.who.subnet
        if walk.over() or subnet is None:
            return
        table = self.world.table(subnet)
        if isinstance(table, Gap):
            walk.leave_open(table)
            return
        sure, possible = NOWHERE, NOWHERE
        gaps: list[Gap] = []
        refusals: list[Denial] = []
        details: list[str] = []
        for leg in legs(table, walk.left(side)):
            match self.way(leg, table, subnet):
                case Yes():
                    sure = union(sure, leg.ranges)
                    details.append(_detail(leg))
                case Maybe(more):
                    possible = union(possible, leg.ranges)
                    gaps.extend(more)
                case Denial() as refusal:
                    refusals.append(refusal)
        coverage = Coverage(sure, union(sure, possible), tuple(gaps))
        hop = Hop("route", table.id, ", ".join(details), table.origin)
        walk.gate(side, coverage, hop, lambda: refusals[0] if refusals else self._no_route(table, subnet), back=back)

    def way(self, leg: Leg, table: RouteTable, subnet: Subnet) -> Way:
        """Say where one route leads."""
        route = leg.route
        if isinstance(route, Gap):
            return Maybe((route,))
        if route is None:
            hidden = absence(self.world.cloud, Thing.ROUTE)
            return Maybe(hidden) if hidden else self._no_route(table, subnet)
        match route.target:
            case "internet-gateway":
                return self._internet_gateway(route, table, subnet)
            case "nat-gateway":
                return self._nat(leg, route, table, subnet)
            case "blackhole" | "local":
                reason = f"{table.id} sends {route.destination} nowhere: {route.target_id} does not stand"
                return Denial("route", table.id, route.origin, ROUTE_BLACKHOLE, reason)
            case "other":
                why = f"it leads to {route.target_id}, which is not followed"
                return Maybe((Gap(f"route {route.id}", route.origin, why),))

    def _no_route(self, table: RouteTable, subnet: Subnet) -> Denial:
        rule = BALANCER_NOT_PUBLIC if self.who.role == "balancer" else ROUTE_MISSING
        reason = f"{table.id}, the route table of {subnet.id}, has no route to {self.remote.label}"
        return Denial("route", table.id, table.origin, rule, reason, add_way_out(self.world, self.who, table, subnet))

    def _internet_gateway(self, route: Route, table: RouteTable, subnet: Subnet) -> Way:
        gateway = self.world.internet_gateway(route.target_id)
        if isinstance(gateway, Gap):
            return Maybe((gateway,))
        if isinstance(gateway.vpc, Gap):
            return Maybe((gateway.vpc,))
        if gateway.vpc != subnet.vpc:
            hidden = absence(self.world.cloud, Thing.ATTACHMENT)
            reason = f"{table.id} leads to {gateway.id}, which is not attached to the VPC"
            mend = _attach(gateway.id, str(subnet.vpc))
            return Maybe(hidden) if hidden else Denial("route", table.id, route.origin, ROUTE_BLACKHOLE, reason, mend)
        return self._public_address(gateway.id, table)

    def _public_address(self, gateway: str, table: RouteTable) -> Way:
        if isinstance(self.who.public_ip, Gap):
            return Maybe((self.who.public_ip,))
        if self.who.public_ip:
            return Yes()
        reason = f"{table.id} leads to {gateway}, but {self.who.label} has no public address to be answered at"
        return Denial("route", self.who.owner, self.who.origin, PUBLIC_ADDRESS_MISSING, reason, stopped_at=table.id)

    def _nat(self, leg: Leg, route: Route, table: RouteTable, subnet: Subnet) -> Way:
        if self.inbound:
            rule = BALANCER_NOT_PUBLIC if self.who.role == "balancer" else ROUTE_MISSING
            reason = f"{table.id} leads to a NAT gateway, through which nobody comes in"
            mend = to_public_subnets(self.world, self.who, subnet) if self.who.role == "balancer" else Mend()
            return Denial("route", table.id, route.origin, rule, reason, mend)
        nats = self.world.cloud.nat_gateways
        nat = nats.get(route.target_id) if isinstance(route.target_id, str) else None
        if nat is None:
            return Maybe((self.world.outside(route.target_id, "NAT gateway"),))
        home = self.world.subnet(nat.subnet)
        unread = [field for field in (nat.public, nat.subnet, home) if isinstance(field, Gap)]
        if unread or isinstance(home, Gap):
            return Maybe(tuple(unread))
        return self._beyond(nat, home, subnet, leg)

    def _circle(self, home: Subnet, leg: Leg) -> RouteTable | None:
        """Give the table by which a NAT gateway's own subnet sends its traffic to a NAT gateway, or None."""
        table = self.world.table(home)
        if isinstance(table, Gap):
            return None
        on = (each.route for each in legs(table, leg.ranges))
        return table if any(isinstance(route, Route) and route.target == "nat-gateway" for route in on) else None

    def _beyond(self, nat: NatGateway, home: Subnet, subnet: Subnet, leg: Leg) -> Way:
        """Walk on from a NAT gateway: its subnet's ACLs and route, and the way back to the task."""
        replace = msgspec.structs.replace
        end = replace(self.who, label=nat.id, owner=nat.id, role="other", subnet=home, groups=None, public_ip=True)
        part = replace(self.remote, ranges=leg.ranges)
        walk = Walk(end, part, self.flow.protocol, self.flow.port)
        same = home.id == subnet.id
        if not same:
            gates.acl(self.world, walk, home, "source", egress=False)
        circle = self._circle(home, leg)
        if circle is not None:
            reason = f"{nat.id} stands in {home.id}, whose own route leads to a NAT gateway"
            walk.refuse(_useless(nat, circle, reason))
        gates.acl(self.world, walk, home, "target", egress=True)
        if not nat.public:
            reason = f"{nat.id} is a private NAT gateway, which reaches no internet"
            walk.refuse(_useless(nat, self.world.table(home), reason))
        Exit(self.world, end, part, walk).cross(walk, "target")
        gates.acl(self.world, walk, home, "target", egress=False, back=True)
        if not same:
            gates.acl(self.world, walk, home, "source", egress=True, back=True)
        match walk.answer():
            case No(_, gate, rule, reason, mend):
                if gate.kind == "route" and rule is ROUTE_MISSING:
                    rule, reason = NAT_WITHOUT_INTERNET, f"{nat.id} has no way to the internet itself: {reason}"
                return Denial(gate.kind, gate.element, gate.origin, rule, reason, mend, gate.stopped_at)
            case Maybe() as open_:
                return open_
            case Yes():
                return Yes()


def _detail(leg: Leg) -> str:
    return f"{leg.route.destination} to {leg.route.target_id}" if isinstance(leg.route, Route) else ""


def _useless(nat: NatGateway, table: RouteTable | Gap, reason: str) -> Denial:
    at = "" if isinstance(table, Gap) else table.id
    return Denial("route", nat.id, nat.origin, NAT_WITHOUT_INTERNET, reason, stopped_at=at)


def _attach(gateway: str, vpc: str) -> Mend:
    properties = {"VpcId": mends.reference(vpc), "InternetGatewayId": mends.reference(gateway)}
    name = f"{mends.word(gateway)}Attachment"
    command = f"aws ec2 attach-internet-gateway --internet-gateway-id {gateway} --vpc-id {vpc}"
    return Mend({name: {"Type": "AWS::EC2::VPCGatewayAttachment", "Properties": properties}}, (command,))
