"""When may something be called absent? Only where the list that would hold it was read.

Template loaders put a Gap into every noun that something unread was handed; a describe call that was denied leaves only
a gap named for its list, which is what is asked for here.
"""

from __future__ import annotations

import enum

from natless.cloud import Cloud
from natless.finding import Gap


class Thing(enum.Enum):
    """What a verdict may find absent, with the lists that could hold it (by the start of a gap's `what`)."""

    ENDPOINT = ("VpcEndpoints",)
    GROUP_RULE = ("SecurityGroupRules", "SecurityGroups")
    ROUTE = ("RouteTables",)
    LISTENER = ("Listeners", "ListenerRules", "LoadBalancers", "TargetGroups")
    ATTACHMENT = ("InternetGateways",)
    LOG_GROUP = ("LogGroups",)
    CONTAINER_INSTANCE = ("ContainerInstances", "AutoScalingGroups", "Instances", "Clusters")


def absence(cloud: Cloud, thing: Thing) -> tuple[Gap, ...]:
    """Give the unread lists that may hold a `thing`; () where its absence is certain."""
    return tuple(gap for gap in cloud.gaps if gap.what.startswith(thing.value))
