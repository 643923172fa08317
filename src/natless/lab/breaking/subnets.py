"""Breaks of the subnets in which tasks stand: the route table that they use, and all of them in one zone."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from natless.lab.breaking import network
from natless.lab.breaking.broken import Broken, Call, Connect, make
from natless.lab.control import LabError


def _ec2(operation: str, **arguments: Any) -> Call:
    return Call("ec2", operation, arguments)


def route(connect: Connect, which: str) -> Broken:
    """Have the tasks' subnets use their VPC's main route table; with `visitors`, take the way of visitors away."""
    if which == "visitors":
        return network.visitors(connect)
    if which:
        raise LabError(f"there is no route {which!r} to break: it is route (the tasks'), or route:visitors")
    subnets = _of_tasks(connect)
    tables = connect("ec2").describe_route_tables()["RouteTables"]
    used = [
        (str(each["RouteTableAssociationId"]), str(each["SubnetId"]), str(table["RouteTableId"]))
        for table in tables
        for each in table["Associations"]
        if each.get("SubnetId") in subnets
    ]
    if not used:
        raise LabError("no subnet of the tasks has a route table of its own: deploy first, or `natless lab mend`")
    make(connect, [_ec2("disassociate_route_table", AssociationId=each) for each, _, _ in used])
    calls = tuple(_ec2("associate_route_table", RouteTableId=table, SubnetId=subnet) for _, subnet, table in used)
    named = ", ".join(subnet for _, subnet, _ in used)
    back = ", ".join(f"{subnet} uses {table}" for _, subnet, table in used)
    return Broken(f"broken: {named} uses the VPC's main route table", f"{back} again", calls)


def zone(connect: Connect, which: str) -> Broken:
    """Cut the tasks' and endpoints' subnets of one zone off, by a network ACL that allows nothing.

    So does AWS's Fault Injection Service: a network ACL of its own takes the place of the subnets' for a while (user
    guide, "aws:network:disrupt-connectivity", read 2026-11). What stays in one subnet passes no network ACL.
    """
    subnets = sorted(_of_tasks(connect))
    described = connect("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    zones = {str(each["SubnetId"]): str(each["AvailabilityZone"]) for each in described}
    chosen = which or _emptiest(connect, zones)
    gone = {each for each in subnets if zones[each] == chosen}
    if not gone:
        raise LabError(f"no task has a subnet in {chosen}: there is {', '.join(sorted(set(zones.values())))}")
    undone: list[Call] = []
    try:
        for acl in connect("ec2").describe_network_acls()["NetworkAcls"]:
            _shut(connect, acl, gone, undone)
    except ClientError:
        make(connect, undone)
        raise
    named = ", ".join(sorted(gone))
    said = f"broken: {chosen} is cut off: no packet enters or leaves {named}"
    return Broken(said, f"{named} in {chosen} has its network ACL back", tuple(undone))


def _shut(connect: Connect, acl: dict[str, Any], gone: set[str], undone: list[Call]) -> None:
    """Put an ACL without entries, which denies everything, in the place of `acl` at those of its subnets that go."""
    associations = [str(each["NetworkAclAssociationId"]) for each in acl["Associations"] if each["SubnetId"] in gone]
    if not associations:
        return
    ec2 = connect("ec2")
    made = str(ec2.create_network_acl(VpcId=acl["VpcId"])["NetworkAcl"]["NetworkAclId"])
    undone.append(_ec2("delete_network_acl", NetworkAclId=made))
    for each in associations:
        new = ec2.replace_network_acl_association(AssociationId=each, NetworkAclId=made)["NewAssociationId"]
        back = {"AssociationId": str(new), "NetworkAclId": str(acl["NetworkAclId"])}
        undone.insert(0, _ec2("replace_network_acl_association", **back))


def _emptiest(connect: Connect, zones: dict[str, str]) -> str:
    """Give the zone with the fewest tasks, the first of equals: ECS places the next one there."""
    counts = dict.fromkeys(sorted(set(zones.values())), 0)
    for task in _tasks(connect):
        details = [detail for each in task.get("attachments", ()) for detail in each.get("details", ())]
        for detail in details:
            if detail["name"] == "subnetId" and detail["value"] in zones:
                counts[zones[detail["value"]]] += 1
    return min(counts, key=lambda each: counts[each])


def _tasks(connect: Connect) -> list[dict[str, Any]]:
    ecs = connect("ecs")
    found: list[dict[str, Any]] = []
    for cluster in ecs.list_clusters()["clusterArns"]:
        arns = ecs.list_tasks(cluster=cluster)["taskArns"]
        found += ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    return found


def _of_tasks(connect: Connect) -> set[str]:
    """Give the subnets in which services place tasks, and those of their endpoints' interfaces."""
    ecs = connect("ecs")
    found = {str(subnet) for each in network.endpoints(connect, "Interface") for subnet in each["SubnetIds"]}
    for cluster in ecs.list_clusters()["clusterArns"]:
        arns = ecs.list_services(cluster=cluster)["serviceArns"]
        for each in ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else ():
            placed = (each.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
            found |= set(placed.get("subnets", ()))
    return found
