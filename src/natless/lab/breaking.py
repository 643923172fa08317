"""`lab break` and `lab mend`: one thing of a deployment taken away through AWS's own calls, and put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from natless.lab.control import LabError

Connect: TypeAlias = Callable[[str], Any]

KINDS = {"s3": "take the S3 gateway endpoint off the route tables"}
"""What can be broken, and how."""


class Mend(msgspec.Struct, frozen=True):
    """What was done, in words, and what undoes it: the route tables by gateway endpoint."""

    said: str
    route_tables: dict[str, list[str]]


def breaks(kind: str, connect: Connect) -> Mend:
    """Break what `kind` names, in every VPC of the account. Raises LabError where there is nothing of it to break."""
    match kind:
        case "s3":
            return _take_s3_away(connect("ec2"))
        case _:
            raise LabError(f"{kind!r} cannot be broken: there is {', '.join(KINDS)}")


def mend(broken: Mend, connect: Connect) -> str:
    """Undo one break, and say so."""
    client = connect("ec2")
    for endpoint, tables in broken.route_tables.items():
        client.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=tables)
    back = [f"{each} is back on {', '.join(tables)}" for each, tables in broken.route_tables.items()]
    return f"mended: {'; '.join(back)}"


def _take_s3_away(client: Any) -> Mend:
    answer = client.describe_vpc_endpoints(Filters=[{"Name": "vpc-endpoint-type", "Values": ["Gateway"]}])
    found = {
        each["VpcEndpointId"]: list(each["RouteTableIds"])
        for each in answer["VpcEndpoints"]
        if each["ServiceName"].endswith(".s3") and each["RouteTableIds"]
    }
    if not found:
        raise LabError("no S3 gateway endpoint is on a route table: deploy first, or `natless lab mend`")
    for endpoint, tables in found.items():
        client.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=tables)
    gone = ", ".join(table for each in found.values() for table in each)
    return Mend(f"broken: {', '.join(found)} (S3) is no longer on {gone}", found)
