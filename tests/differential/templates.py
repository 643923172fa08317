"""Templates for both sides: those of the tests, and mutations of them by number.

The proof reads these texts; the lab's engine makes stacks of them, from whose describe calls the packets' fabric is
built.
"""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))

from fragments import base, fragments, merged, without_dangling
from hello_without import REGION, whole, without

MUTATIONS = 40
_PARAMETERS = {"S3PrefixList": "pl-78a54011", "WebImageDigest": "sha256:" + "a" * 64, "S3PrefixListId": "pl-78a54011"}
_SPARE = (
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
)
_PORTS = (80, 443, 8080, 53)

Template = dict[str, Any]
__all__ = ["MUTATIONS", "REGION", "corpus", "given", "mutation"]


def given(template: Template) -> dict[str, str]:
    """Give the values of a template's parameters."""
    return {key: _PARAMETERS[key] for key in template.get("Parameters", {})}


def listed(template: Template) -> Template:
    """Give a template whose every DependsOn is a list."""
    for resource in template["Resources"].values():
        if isinstance(resource.get("DependsOn"), str):
            resource["DependsOn"] = [resource["DependsOn"]]
    return {"Outputs": {}, **template}


def corpus(pages: Path) -> dict[str, Template]:
    """Give every template by its name: the base, what each rule's page makes of it, hello's, and the mutations."""
    made = {"base": base(), "hello": whole()}
    for page in sorted(pages.glob("NL[1-4]*.md")):
        found = fragments(page.read_text(encoding="utf-8")).get("bad")
        if found is not None and not found.unavailable:
            made[page.stem] = without_dangling(merged(base(), found.patch))
    return made | {f"mutation {number}": mutation(number) for number in range(MUTATIONS)}


def mutation(number: int) -> Template:
    """Give base or hello with one or two things changed as somebody might."""
    dice = random.Random(f"mutation {number}")
    template = copy.deepcopy(base() if dice.random() < 0.5 else whole())
    template = listed(template)
    for _ in range(dice.choice((1, 2))):
        template = dice.choice(_CHANGES)(dice, template)
    return template


def _of_kind(template: Template, *kinds: str) -> list[str]:
    return [name for name, each in template["Resources"].items() if each["Type"] in kinds]


def _taken(dice: random.Random, template: Template) -> Template:
    return without(template, dice.choice(_of_kind(template, *_SPARE)))


def _other_port(dice: random.Random, template: Template) -> Template:
    kinds = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
    rule = template["Resources"][dice.choice(_of_kind(template, *kinds))]["Properties"]
    rule["FromPort"] = rule["ToPort"] = dice.choice(_PORTS)
    return template


def _other_peer(dice: random.Random, template: Template) -> Template:
    name = dice.choice(_of_kind(template, "AWS::EC2::SecurityGroupEgress"))
    rule = template["Resources"][name]["Properties"]
    for key in ("DestinationSecurityGroupId", "DestinationPrefixListId", "CidrIp"):
        rule.pop(key, None)
    rule["CidrIp"] = dice.choice(("0.0.0.0/0", "10.0.0.0/16", "10.99.0.0/16"))
    return template


def _dns_off(dice: random.Random, template: Template) -> Template:
    names = _of_kind(template, "AWS::EC2::VPCEndpoint")
    interfaces = [name for name in names if "PrivateDnsEnabled" in template["Resources"][name]["Properties"]]
    template["Resources"][dice.choice(interfaces)]["Properties"]["PrivateDnsEnabled"] = False
    return template


def _one_subnet(dice: random.Random, template: Template) -> Template:
    for name in _of_kind(template, "AWS::EC2::VPCEndpoint"):
        properties = template["Resources"][name]["Properties"]
        if "SubnetIds" in properties and dice.random() < 0.5:
            properties["SubnetIds"] = properties["SubnetIds"][:1]
    return template


def _acl(dice: random.Random, template: Template) -> Template:
    """Put a network ACL before the first private subnet, with entries of which one is likely to be in the way."""
    resources = template["Resources"]
    subnet = next(name for name in _of_kind(template, "AWS::EC2::Subnet") if name.startswith("Private"))
    resources["Acl"] = {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": {"Ref": "Vpc"}}}
    both = {"SubnetId": {"Ref": subnet}, "NetworkAclId": {"Ref": "Acl"}}
    resources["AclSubnet"] = {"Type": "AWS::EC2::SubnetNetworkAclAssociation", "Properties": both}
    for egress in (False, True):
        for number in (90, 100):
            properties: dict[str, Any] = {"NetworkAclId": {"Ref": "Acl"}, "RuleNumber": number, "Egress": egress}
            ports = dice.choice(((443, 443), (1024, 65535), (8080, 8080)))
            action = "allow" if number == 100 or dice.random() < 0.5 else "deny"
            properties |= {"Protocol": 6, "RuleAction": action, "CidrBlock": "0.0.0.0/0"}
            properties["PortRange"] = {
                "From": 0 if number == 100 else ports[0],
                "To": 65535 if number == 100 else ports[1],
            }
            resources[f"Acl{number}{egress}"] = {"Type": "AWS::EC2::NetworkAclEntry", "Properties": properties}
    return template


_CHANGES: tuple[Callable[[random.Random, Template], Template], ...] = (
    _taken,
    _taken,
    _other_port,
    _other_peer,
    _dns_off,
    _one_subnet,
    _acl,
)
