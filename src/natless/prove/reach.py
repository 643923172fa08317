"""From a task to an AWS service: by a gateway endpoint, by an interface endpoint, or by public addresses."""

from __future__ import annotations

import msgspec

from natless.catalog.services import service as catalog_service
from natless.cloud import GatewayEndpoint, InterfaceEndpoint, RouteTable, Subnet
from natless.finding import Finding, Gap, Gate, Hop, Path
from natless.finding.rules import (
    ENDPOINT_DEGRADED,
    ENDPOINT_MISSING,
    ENDPOINT_NOT_AVAILABLE,
    ENDPOINT_WITHOUT_SUBNET,
    GATEWAY_NOT_ROUTED,
    PRIVATE_DNS_OFF,
    S3_INTERFACE_ONLY,
)
from natless.prove import endpoint_mends, flows, mends, names
from natless.prove.absence import Thing, absence
from natless.prove.addresses import one
from natless.prove.answers import Answer, Mend, No, Yes, either, independent, sequence
from natless.prove.calls import Call, endpoint_policy
from natless.prove.elsewhere import elsewhere
from natless.prove.ends import End
from natless.prove.fixes import fix
from natless.prove.routes import legs
from natless.prove.truth import Maybe, Truth
from natless.prove.world import Who, World


class Goal(msgspec.Struct, frozen=True):
    """What a task asks of one service: its short name, and the calls its endpoint's policy must allow.

    `layers` marks ECR's image layers, for which an S3 interface endpoint does not serve. `region` is set where the
    service is asked in another region, where this VPC's endpoints do not stand.
    """

    service: str
    calls: tuple[Call, ...] = ()
    layers: bool = False
    region: str = ""


def reach(world: World, source: End, goal: Goal) -> Answer:
    """Say whether a task reaches a service of its region."""
    subnet = source.subnet
    if subnet is None or isinstance(subnet.vpc, Gap):
        gap = subnet.vpc if subnet is not None and isinstance(subnet.vpc, Gap) else None
        return Maybe((gap,) if gap is not None else ())
    named = names.answered(world, source)
    if goal.region:
        return sequence(named, _public_way(world, source, subnet, goal, []))
    known = catalog_service(goal.service)
    gateway = known is not None and known.kind == "gateway"
    way = _gateway_way(world, source, subnet, goal) if gateway else _interface_way(world, source, subnet, goal)
    if isinstance(named, Maybe) and isinstance(way, No):
        # Who answers is not known, so neither is the address: that the public one is cut off decides nothing, and that
        # an endpoint's is decides only where the public one is as well.
        public = flows.outward(world, source, world.service_end(goal.service))
        if way.public or not (gateway or isinstance(public, No)):
            return named
    return sequence(named, way)


def _gateway_way(world: World, source: End, subnet: Subnet, goal: Goal) -> Answer:
    """Take the gateway endpoint where it is on the subnet's route table, else what an interface service would take."""
    vpc = str(subnet.vpc)
    table = world.table(subnet)
    if isinstance(table, Gap):
        return Maybe((table,))
    endpoints, hidden = world.gateway_endpoints(vpc, goal.service, table.id)
    otherwise: Answer | None = None
    gaps: list[Gap] = list(hidden)
    for endpoint in endpoints:
        on = _on_table(endpoint, table)
        if on is True:
            return _through_gateway(world, source, endpoint, goal)
        if isinstance(on, Maybe):
            gaps.extend(on.gaps)
            otherwise = _through_gateway(world, source, endpoint, goal)
    without = _interface_way(world, source, subnet, goal)
    if isinstance(without, No) and endpoints and without.rule in {ENDPOINT_MISSING, S3_INTERFACE_ONLY}:
        without = _not_routed(world, source, endpoints[0], table, without)
    if otherwise is not None:
        return either(without, otherwise, tuple(gaps))
    return Maybe(tuple(gaps)) if gaps and isinstance(without, No) else without


def _on_table(endpoint: GatewayEndpoint, table: RouteTable) -> Truth:
    if table.id in endpoint.route_tables:
        return True
    open_ = tuple(other for other in endpoint.route_tables if isinstance(other, Gap))
    return Maybe(open_) if open_ else False


def _not_routed(world: World, source: End, endpoint: GatewayEndpoint, table: RouteTable, no: No) -> No:
    """Blame the endpoint, or the main table where that has no name by which an endpoint could be put on it."""
    reason = f"{endpoint.id} is not on {table.id}, so the route table has no route to {endpoint.service}"
    blamed: GatewayEndpoint | RouteTable = endpoint
    mend = endpoint_mends.put_on_tables(world, endpoint, table, source)
    subnet = source.subnet
    if mends.is_nameless(table) and subnet is not None:
        reason = f"{subnet.id} has the main route table of {table.vpc}, and {endpoint.id} is not on that"
        blamed = table
        on = next((known for known in endpoint.route_tables if isinstance(known, str)), None)
        mend = mends.associate(subnet, on, f"has a route to {endpoint.id}")
    gate = Gate("route", blamed.id, blamed.origin, no.gate.stopped_at, no.gate.stopped_kind)
    return No(no.path, gate, GATEWAY_NOT_ROUTED, reason, mend, public=True)


def _through_gateway(world: World, source: End, endpoint: GatewayEndpoint, goal: Goal) -> Answer:
    if not endpoint.available:
        return _not_available(world, source, endpoint, goal)
    way = flows.by_gateway(world, source, world.service_end(goal.service), endpoint.id)
    return independent(way, endpoint_policy(world, endpoint, goal.calls, source))


def _not_available(world: World, source: End, endpoint: GatewayEndpoint | InterfaceEndpoint, goal: Goal) -> Answer:
    """Refuse an endpoint that has not come up, unless public addresses are reached.

    Whether its name or its route holds already, and keeps tasks from taking that way, AWS's documents do not say.
    """
    reason = f"{endpoint.id} is not in the state available"
    public = flows.outward(world, source, world.service_end(goal.service))
    if not isinstance(public, No):
        why = f"{reason}, and whether {goal.service} is asked at its public addresses meanwhile is not documented"
        gaps = public.gaps if isinstance(public, Maybe) else ()
        return Maybe((Gap(f"state of {endpoint.id}", endpoint.origin, why), *gaps))
    gate = Gate("name", endpoint.id, endpoint.origin, public.gate.stopped_at, public.gate.stopped_kind)
    hop = Hop("name", endpoint.id, reason, endpoint.origin)
    return No(
        Path((hop, *public.path.forward)), gate, ENDPOINT_NOT_AVAILABLE, f"{reason}: {public.reason}", public=True
    )


def _interface_way(world: World, source: End, subnet: Subnet, goal: Goal) -> Answer:
    """Take the endpoint whose private DNS captures the name, else the public addresses."""
    endpoints, hidden = world.interface_endpoints(str(subnet.vpc), goal.service)
    gaps: list[Gap] = list(hidden)
    open_: Answer | None = None
    for endpoint in endpoints:
        capture = names.captured(world, subnet, endpoint)
        if capture is True:
            return _through_interface(world, source, endpoint, goal)
        if isinstance(capture, Maybe):
            gaps.extend(capture.gaps)
            open_ = _through_interface(world, source, endpoint, goal)
    public = _public_way(world, source, subnet, goal, endpoints)
    if open_ is not None:
        return either(public, open_, tuple(gaps))
    if isinstance(public, No) and public.public and not goal.layers:
        gaps.extend(elsewhere(world, source, subnet, goal.service))
    # An endpoint that could not be read may be the one that is missing here, or may capture the name and break it.
    return Maybe(tuple(gaps)) if gaps else public


def _through_interface(world: World, source: End, endpoint: InterfaceEndpoint, goal: Goal) -> Answer:
    if goal.layers:
        return _s3_interface(world, source, endpoint)
    if not endpoint.available:
        return _not_available(world, source, endpoint, goal)
    if not endpoint.subnets:
        reason = f"{endpoint.id} names no subnet, so it has no address"
        gate = Gate("name", endpoint.id, endpoint.origin)
        mend = _stand_in(endpoint, source)
        return No(
            Path((Hop("name", endpoint.id, reason, endpoint.origin),)), gate, ENDPOINT_WITHOUT_SUBNET, reason, mend
        )
    answers = [
        (end.label, flows.inside(world, source, end)) if isinstance(end, End) else ("", Maybe((end,)))
        for end in _ends(world, endpoint)
    ]
    hop = Hop("name", endpoint.id, "private DNS", endpoint.origin)
    policy = endpoint_policy(world, endpoint, goal.calls, source)
    return independent(Yes(Path((hop,))), _any_of(endpoint, source, answers), policy)


def _s3_interface(world: World, source: End, endpoint: InterfaceEndpoint, no: No | None = None) -> No:
    """Refuse layers at an S3 interface endpoint; `no` is where the public address ends, which its name stays."""
    reason = f"{endpoint.id} is an interface endpoint: image layers come through a gateway endpoint only"
    path = no.path if no is not None else Path((Hop("name", endpoint.id, reason, endpoint.origin),))
    stopped = (no.gate.stopped_at, no.gate.stopped_kind) if no is not None else ("", None)
    gate = Gate("name", endpoint.id, endpoint.origin, *stopped)
    mend = endpoint_mends.add_endpoint(world, "s3", source)
    return No(path, gate, S3_INTERFACE_ONLY, reason, mend, public=no is not None)


def _stand_in(endpoint: InterfaceEndpoint, source: End) -> Mend:
    subnet = mends.subnet_name(source.subnet)
    properties = {"SubnetIds": [mends.reference(subnet)]}
    command = f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint.id} --add-subnet-ids {subnet}"
    return Mend({endpoint.id: {"Type": "AWS::EC2::VPCEndpoint", "Properties": properties}}, (command,))


def _ends(world: World, endpoint: InterfaceEndpoint) -> list[End | Gap]:
    """Give the endpoint's interfaces: those that stand, else one a subnet."""
    standing = [eni for eni in world.cloud.network_interfaces.values() if eni.owner == endpoint.id]
    ends: list[End | Gap] = []
    for eni in standing:
        address = one(eni.addresses[0]) if eni.addresses else ()
        who = Who("endpoint", endpoint.id, f"{endpoint.id} in {eni.subnet}", endpoint.origin, address=address)
        ends.append(world.end(who, eni.subnet, eni.groups, "one"))
    for subnet in () if standing else endpoint.subnets:
        who = Who(
            "endpoint", endpoint.id, f"{endpoint.id} in {subnet if isinstance(subnet, str) else '?'}", endpoint.origin
        )
        ends.append(world.end(who, subnet, endpoint.groups, "one"))
    return ends


def _any_of(endpoint: InterfaceEndpoint, source: End, answers: list[tuple[str, Answer]]) -> Answer:
    """Give all, some or none: each interface is a possible answer to the name, whatever its zone."""
    good = [answer for _, answer in answers if isinstance(answer, Yes)]
    bad = [(label, answer) for label, answer in answers if isinstance(answer, No)]
    open_ = [answer for _, answer in answers if isinstance(answer, Maybe)]
    if good and bad:
        degraded = "; ".join(f"{label}: {no.reason}" for label, no in bad)
        return msgspec.structs.replace(
            good[0], remarks=(*good[0].remarks, _degraded(endpoint, source, bad)), degraded=degraded
        )
    if good:
        return good[0]
    if open_:
        return Maybe(tuple(gap for answer in open_ for gap in answer.gaps))
    return bad[0][1]


def _degraded(endpoint: InterfaceEndpoint, source: End, bad: list[tuple[str, No]]) -> Finding:
    label, no = bad[0]
    message = f"{source.label} reaches only some interfaces of {endpoint.id}: not {label}, as {no.reason}"
    symptom = "Some requests answer at once, others only after a time-out."
    mend = fix(no.mend, no.gate.origin)
    return ENDPOINT_DEGRADED.finding(no.gate.element, no.gate.origin, message, symptom, mend)


def _public_way(world: World, source: End, subnet: Subnet, goal: Goal, endpoints: list[InterfaceEndpoint]) -> Answer:
    """Walk to the service's public addresses; where that fails, blame what should have kept the name private."""
    answer = flows.outward(world, source, world.service_end(goal.service))
    if not isinstance(answer, No):
        return answer
    blamed = _uncaptured(world, source, goal, endpoints[0], answer) if endpoints else None
    if blamed is not None:
        return blamed
    if goal.region:
        reason = f"{goal.service} is asked in {goal.region}, which no endpoint here serves: {answer.reason}"
        return msgspec.structs.replace(answer, reason=reason)
    if _leads_out(world, subnet):
        # A route to somewhere public was meant to be taken.
        return answer
    return _missing(world, source, subnet, goal, answer)


def _uncaptured(world: World, source: End, goal: Goal, cause: InterfaceEndpoint, no: No) -> No | None:
    """Blame what keeps an endpoint's name from being answered with its addresses; None where nothing does."""
    if goal.layers:
        # Private DNS would not help it: layers come through a gateway endpoint only.
        return _s3_interface(world, source, cause, no)
    if cause.private_dns is False:
        reason = f"private DNS of {cause.id} is off, so the name resolves to a public address: {no.reason}"
        gate = Gate("name", cause.id, cause.origin, no.gate.stopped_at, no.gate.stopped_kind)
        return No(no.path, gate, PRIVATE_DNS_OFF, reason, mends.set_private_dns(cause.id), public=True)
    subnet = source.subnet
    if subnet is not None and names.hostnames_off(world, subnet):
        return names.blame_hostnames(world, subnet, no)
    return None


def _leads_out(world: World, subnet: Subnet) -> bool:
    """Say whether the subnet's table has a route to public addresses: then someone meant tasks to go that way."""
    table = world.table(subnet)
    if isinstance(table, Gap):
        return False
    return any(leg.route is not None for leg in legs(table, world.service_end("").ranges))


def _missing(world: World, source: End, subnet: Subnet, goal: Goal, no: No) -> Answer:
    table = world.table(subnet)
    if isinstance(table, Gap):
        return Maybe((table,))
    hidden = absence(world.cloud, Thing.ENDPOINT)
    if hidden:
        return Maybe(hidden)
    if (gateway := _of_wrong_type(world, subnet, goal.service)) is not None:
        reason = (
            f"{gateway.id} is of type Gateway, as one without VpcEndpointType is,"
            f" but {goal.service} is served by interface endpoints only"
        )
        gate = Gate("name", gateway.id, gateway.origin, no.gate.stopped_at, no.gate.stopped_kind)
        mend = endpoint_mends.add_endpoint(world, goal.service, source, gateway.id)
        return No(no.path, gate, ENDPOINT_MISSING, reason, mend, public=True)
    reason = f"{subnet.vpc} has no endpoint for {goal.service}, and {table.id} has no route to its public addresses"
    reason += _of_another_region(world, subnet, goal.service)
    gate = Gate("route", table.id, table.origin, no.gate.stopped_at, no.gate.stopped_kind)
    mend = endpoint_mends.add_endpoint(world, goal.service, source)
    return No(no.path, gate, ENDPOINT_MISSING, reason, mend, public=True)


def _of_another_region(world: World, subnet: Subnet, service: str) -> str:
    """Say which endpoints are another region's: what was written for one region has been read for another."""
    cloud = world.cloud
    endpoints: dict[str, InterfaceEndpoint | GatewayEndpoint] = {**cloud.interface_endpoints, **cloud.gateway_endpoints}
    found = [
        f"{each.id} is for {each.service}"
        for each in endpoints.values()
        if each.vpc == subnet.vpc and isinstance(each.service, str) and each.service.endswith(f".{service}")
    ]
    return f" ({', '.join(found)}, and this was read for {cloud.region})" if found else ""


def _of_wrong_type(world: World, subnet: Subnet, service: str) -> GatewayEndpoint | None:
    """Give the gateway endpoint that names a service which none serves: its type was forgotten."""
    known = catalog_service(service)
    if known is None or known.kind == "gateway":
        return None
    endpoints = world.cloud.gateway_endpoints.values()
    return next((found for found in endpoints if found.vpc == subnet.vpc and found.service == service), None)
