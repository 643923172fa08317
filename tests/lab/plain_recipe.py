"""The single group as the published recipe has it: one group on load balancer, tasks and endpoints alike.

In 443 from the task subnets' CIDRs, out 443 to anywhere; nothing else (reference architecture, "groups, option 1").
"""

from __future__ import annotations

import copy
from typing import Any

_RULES = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")


def plain(template: dict[str, Any]) -> dict[str, Any]:
    """Give a template of natless's own single group with the recipe's two rules in place of natless's."""
    made = copy.deepcopy(template)
    resources = made["Resources"]
    (group,) = (each for each in resources.values() if each["Type"] == "AWS::EC2::SecurityGroup")
    own = [name for name, each in resources.items() if each["Type"] in _RULES]
    for name in own:
        del resources[name]
    for each in resources.values():
        if "DependsOn" in each:
            each["DependsOn"] = [other for other in each["DependsOn"] if other not in own]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    subnets = [
        each["Properties"]["CidrBlock"]
        for name, each in resources.items()
        if each["Type"] == "AWS::EC2::Subnet" and name.startswith("Private")
    ]
    group["Properties"]["SecurityGroupIngress"] = [{**https, "CidrIp": cidr} for cidr in subnets]
    group["Properties"]["SecurityGroupEgress"] = [{**https, "CidrIp": "0.0.0.0/0"}]
    return made
