"""EC2: what a VPC is made of. Each job is independent of the others, so that they run side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from natless.account.reader import Reader

# key: (operation, the name of its filter argument, the filter that narrows to VPCs)
_BY_VPC: Mapping[str, tuple[str, str, str]] = {
    "Subnets": ("describe_subnets", "Filters", "vpc-id"),
    "InternetGateways": ("describe_internet_gateways", "Filters", "attachment.vpc-id"),
    "NatGateways": ("describe_nat_gateways", "Filter", "vpc-id"),
    "NetworkAcls": ("describe_network_acls", "Filters", "vpc-id"),
    "VpcEndpoints": ("describe_vpc_endpoints", "Filters", "vpc-id"),
    "NetworkInterfaces": ("describe_network_interfaces", "Filters", "vpc-id"),
}

SECTIONS = frozenset(
    {
        *_BY_VPC,
        "Vpcs",
        "VpcAttributes",
        "DhcpOptions",
        "RouteTables",
        "SecurityGroups",
        "SecurityGroupRules",
        "PrefixLists",
    }
)

_ATTRIBUTES = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}


def jobs(reader: Reader, wanted: frozenset[str], vpcs: tuple[str, ...]) -> list[Callable[[], None]]:
    """Give the reading of each wanted section as a job. `vpcs` narrows; () reads the region."""
    found: list[Callable[[], None]] = [partial(_by_vpc, reader, key, vpcs) for key in _BY_VPC if key in wanted]
    if wanted & {"Vpcs", "VpcAttributes"}:
        found.append(partial(_vpcs, reader, wanted, vpcs))
    if "DhcpOptions" in wanted:
        found.append(partial(_dhcp_options, reader))
    if wanted & {"RouteTables", "SecurityGroups", "SecurityGroupRules", "PrefixLists"}:
        found.append(partial(_rules_and_lists, reader, wanted, vpcs))
    return found


def _filters(name: str, vpcs: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(vpcs)}] if vpcs else []


def _by_vpc(reader: Reader, key: str, vpcs: tuple[str, ...]) -> None:
    operation, argument, name = _BY_VPC[key]
    filters = _filters(name, vpcs)
    reader.keep(key, reader.pages(key, "ec2", operation, key, **({argument: filters} if filters else {})))


def _vpcs(reader: Reader, wanted: frozenset[str], vpcs: tuple[str, ...]) -> None:
    found = reader.keep("Vpcs", reader.pages("Vpcs", "ec2", "describe_vpcs", "Vpcs", Filters=_filters("vpc-id", vpcs)))
    if "VpcAttributes" not in wanted:
        return
    asked = [(vpc["VpcId"], attribute) for vpc in found for attribute in _ATTRIBUTES]
    # DescribeVpcAttribute answers one attribute of one VPC a call.
    answers = reader.each(partial(_attribute, reader), asked)
    by_vpc: dict[str, dict[str, Any]] = {}
    for (vpc, attribute), answer in zip(asked, answers, strict=True):
        if answer is not None:
            by_vpc.setdefault(vpc, {"VpcId": vpc})[_ATTRIBUTES[attribute]] = answer
    reader.keep("VpcAttributes", list(by_vpc.values()))


def _attribute(reader: Reader, asked: tuple[str, str]) -> bool | None:
    vpc, attribute = asked
    answer = reader.one("VpcAttributes", "ec2", "describe_vpc_attribute", VpcId=vpc, Attribute=attribute)
    if answer is None:
        return None
    return bool(answer[_ATTRIBUTES[attribute]]["Value"])


def _dhcp_options(reader: Reader) -> None:
    reader.keep("DhcpOptions", reader.pages("DhcpOptions", "ec2", "describe_dhcp_options", "DhcpOptions"))


def _rules_and_lists(reader: Reader, wanted: frozenset[str], vpcs: tuple[str, ...]) -> None:
    """Read groups, their rules and route tables side by side, then the prefix lists that these name."""
    filters = _filters("vpc-id", vpcs)
    asked = [
        (key, operation, arguments)
        for key, operation, arguments in (
            ("RouteTables", "describe_route_tables", {"Filters": filters}),
            ("SecurityGroups", "describe_security_groups", {"Filters": filters}),
            ("SecurityGroupRules", "describe_security_group_rules", {}),  # knows no filter by VPC
            ("PrefixLists", "describe_prefix_lists", {}),
        )
        if key in wanted
    ]
    answers = reader.each(lambda ask: reader.pages(ask[0], "ec2", ask[1], ask[0], **ask[2]), asked)
    lists = {ask[0]: answer for ask, answer in zip(asked, answers, strict=True)}
    if vpcs and "SecurityGroups" in lists:
        groups = {group["GroupId"] for group in lists["SecurityGroups"]}
        lists["SecurityGroupRules"] = [
            rule for rule in lists.get("SecurityGroupRules", ()) if rule.get("GroupId") in groups
        ]
    if "PrefixLists" in wanted:
        lists["PrefixLists"] += _customer_lists(reader, lists)
    for key, items in lists.items():
        reader.keep(key, items)


def _customer_lists(reader: Reader, lists: Mapping[str, list[Any]]) -> list[Any]:
    """Read the prefix lists that rules or routes name and DescribePrefixLists (AWS's own) does not give."""
    named = _named_lists(lists) - {item["PrefixListId"] for item in lists["PrefixLists"]}
    if not named:
        return []
    about = reader.pages(
        "PrefixLists", "ec2", "describe_managed_prefix_lists", "PrefixLists", PrefixListIds=sorted(named)
    )
    return reader.each(partial(_with_entries, reader), about)


def _with_entries(reader: Reader, about: Mapping[str, Any]) -> dict[str, Any]:
    identifier = about["PrefixListId"]
    item = {"PrefixListId": identifier, "PrefixListName": about.get("PrefixListName", "")}
    entries = reader.whole("PrefixLists", "ec2", "get_managed_prefix_list_entries", "Entries", PrefixListId=identifier)
    if entries is not None:
        item["Cidrs"] = [entry["Cidr"] for entry in entries]
    return item


def _named_lists(lists: Mapping[str, list[Any]]) -> set[str]:
    named = {rule["PrefixListId"] for rule in lists.get("SecurityGroupRules", ()) if "PrefixListId" in rule}
    named |= {
        route["DestinationPrefixListId"]
        for table in lists.get("RouteTables", ())
        for route in table.get("Routes", ())
        if "DestinationPrefixListId" in route
    }
    return named | {
        item["PrefixListId"]
        for group in lists.get("SecurityGroups", ())
        for permission in (*group.get("IpPermissions", ()), *group.get("IpPermissionsEgress", ()))
        for item in permission.get("PrefixListIds", ())
    }
