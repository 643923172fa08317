"""Hello's template with one thing taken away at a time, by a name that says what: the input of both sides.

The proof reads these texts; the lab's engine makes stacks of them. Nothing else is common to the two sides but the
loaders' types and the catalog.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

# Not design's own answer: a scenario that runs as an ordinary user may see nothing but the tests and the sources.
GOLDEN = Path(__file__).parents[1] / "golden" / "hello.main.json"
REGION, ACCOUNT = "ap-northeast-2", "123456789012"
PARAMETERS = {"WebImageDigest": "sha256:" + "a" * 64, "S3PrefixListId": "pl-78a54011"}
NOTHING = "nothing"

# Written out, so that what design no longer writes fails here by name, and what it adds fails in `uncovered`.
ENDPOINTS = ("EcrApiEndpoint", "EcrDkrEndpoint", "S3Endpoint", "LogsEndpoint")
RULES = (
    "AlbGroupIngressHttp",
    "AlbGroupEgressWeb",
    "WebTaskGroupIngressAlb",
    "WebTaskGroupEgressEndpoints",
    "EndpointGroupIngressWeb",
    "WebTaskGroupEgressS3",
)
ROUTES = (
    "PublicRoute",
    "InternetGatewayAttachment",
    "PublicSubnet1RouteTableAssociation",
    "PublicSubnet2RouteTableAssociation",
    "PrivateSubnet1RouteTableAssociation",
    "PrivateSubnet2RouteTableAssociation",
)
TABLES_OF_S3 = ("PrivateRouteTable1", "PrivateRouteTable2")
SWITCHES = (
    ("Vpc", "EnableDnsSupport"),
    ("Vpc", "EnableDnsHostnames"),
    ("EcrApiEndpoint", "PrivateDnsEnabled"),
    ("EcrDkrEndpoint", "PrivateDnsEnabled"),
    ("LogsEndpoint", "PrivateDnsEnabled"),
)
_KINDS = {
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::Route",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::SubnetRouteTableAssociation",
}


def whole() -> dict[str, Any]:
    """Give hello's main template, as design writes it (test_golden.py holds the file to that)."""
    template: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return template


def templates() -> dict[str, dict[str, Any]]:
    """Give every template by what it lacks.

    That is a resource, `S3Endpoint.TABLE`, `RESOURCE.ATTRIBUTE` (set to false), or `RESOURCE.ATTRIBUTE left out`.
    """
    made = {NOTHING: whole()}
    made |= {name: without(whole(), name) for name in (*ENDPOINTS, *RULES, *ROUTES)}
    for table in TABLES_OF_S3:
        template = whole()
        template["Resources"]["S3Endpoint"]["Properties"]["RouteTableIds"].remove({"Ref": table})
        made[f"S3Endpoint.{table}"] = template
    for name, attribute in SWITCHES:
        template = whole()
        # It is on in what design writes, so false is a change.
        assert template["Resources"][name]["Properties"][attribute] is True
        template["Resources"][name]["Properties"][attribute] = False
        made[f"{name}.{attribute}"] = template
        template = whole()
        del template["Resources"][name]["Properties"][attribute]
        made[f"{name}.{attribute} left out"] = template
    return made


def without(template: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give the template without these resources, and without the edges and outputs that name them."""
    taken = copy.deepcopy(template)
    for name in names:
        del taken["Resources"][name]
    for resource in taken["Resources"].values():
        if "DependsOn" in resource:
            resource["DependsOn"] = [other for other in resource["DependsOn"] if other not in names]
    outputs = taken["Outputs"].items()
    taken["Outputs"] = {key: each for key, each in outputs if not any(f"'{name}'" in str(each) for name in names)}
    return taken


def uncovered() -> set[str]:
    """Give what of the kinds that are taken away nothing here takes away."""
    kinds = {name for name, each in whole()["Resources"].items() if each["Type"] in _KINDS}
    return kinds - {*ENDPOINTS, *RULES, *ROUTES}
