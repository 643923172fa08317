"""The describe JSON of one region of one account, as `load.describe` reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec

from natless.account import balancing, instances, network, tasks
from natless.account.reader import Reader
from natless.account.session import AccountError, Connect, clear_errors

NETWORK = network.SECTIONS
BALANCING = balancing.SECTIONS
TASKS = tasks.SECTIONS
HOSTING = instances.SECTIONS
SECTIONS = NETWORK | BALANCING | TASKS | HOSTING | {"Account", "Repositories"}
"""Every key that a whole snapshot has, but for Region and Denied, which it always has. Those of HOSTING are there only
where a service runs on instances."""

_SERVICE_OF: tuple[tuple[str, frozenset[str]], ...] = (
    ("ec2", NETWORK | instances.BY_EC2),
    ("elbv2", BALANCING),
    ("ecs", TASKS | HOSTING),
    ("autoscaling", instances.BY_AUTOSCALING),
    ("iam", frozenset({"Roles", "Policies", "InstanceProfiles"})),
    ("sts", frozenset({"Account"})),
    ("ecr", frozenset({"Repositories"})),
    ("logs", frozenset({"LogGroups"})),
)


class Narrow(msgspec.Struct, frozen=True):
    """What a snapshot is narrowed to. `cluster` is a name or ARN; without `vpc`, its services' VPCs are taken."""

    vpc: str | None = None
    cluster: str | None = None
    service: str | None = None


def snapshot(connect: Connect, sections: Collection[str] = SECTIONS, narrow: Narrow | None = None) -> dict[str, Any]:
    """Read an account and change nothing.

    Args:
        connect: gives a service's boto3 client.
        sections: the keys to read; fewer are faster. A key that was not asked for is missing from the answer.
        narrow: a VPC, cluster or service to stay with.

    Returns:
        AWS's response keys to their lists (all pages), "Region", "Account", and "Denied": key to AWS's refusal. A
        key may stand both in the answer and in "Denied": then its list is not whole.

    Raises:
        AccountError: no credentials, expired ones, or no way to AWS.
    """
    wanted = frozenset(sections)
    if unknown := wanted - SECTIONS:
        raise ValueError(f"no such sections of a snapshot: {', '.join(sorted(unknown))}")
    with clear_errors(), ThreadPoolExecutor(8) as families, ThreadPoolExecutor(16) as calls:
        services = {name for name, keys in _SERVICE_OF if keys & wanted}
        if narrow is not None and narrow.cluster:
            services |= {"ec2", "ecs"}
        reader = Reader(connect, sorted(services) or ["ec2"], calls)
        _read(reader, wanted, narrow or Narrow(), families)
        return {
            "Region": reader.region(),
            **{key: value for key, value in sorted(reader.found.items()) if key in wanted},
            "Denied": {key: text for key, text in reader.denied.items() if key in wanted},
        }


def _read(reader: Reader, wanted: frozenset[str], narrow: Narrow, families: ThreadPoolExecutor) -> None:
    """Run the families of calls side by side; where only a cluster is named, its VPCs are found first."""
    vpcs: tuple[str, ...] = (narrow.vpc,) if narrow.vpc else ()
    cluster_first = narrow.cluster is not None and not vpcs
    if cluster_first:
        vpcs = tasks.vpcs_of_cluster(reader, narrow.cluster or "", narrow.service, wanted)
        _stands(reader, narrow)
    jobs: list[Callable[[], None]] = [
        *network.jobs(reader, wanted, vpcs),
        partial(balancing.read, reader, wanted, vpcs),
        partial(_account, reader, wanted),
        partial(_repositories, reader, wanted),
    ]
    if not cluster_first:
        jobs.append(partial(tasks.read, reader, wanted, narrow.cluster, narrow.service))
    for done in [families.submit(job) for job in jobs]:
        done.result()


def _stands(reader: Reader, narrow: Narrow) -> None:
    """Say at once that the cluster or service a person named is not there."""
    region = reader.region()
    if "ClusterNotFound" in reader.denied.get("Services", ""):
        raise AccountError(f"no ECS cluster named {narrow.cluster} in {region}: see `aws ecs list-clusters`")
    if narrow.service and not reader.found.get("Services") and "Services" not in reader.denied:
        raise AccountError(
            f"no ECS service named {narrow.service} in cluster {narrow.cluster} in {region}: "
            f"see `aws ecs list-services --cluster {narrow.cluster}`"
        )


def _account(reader: Reader, wanted: frozenset[str]) -> None:
    if "Account" in wanted and (answer := reader.one("Account", "sts", "get_caller_identity")):
        reader.found["Account"] = answer["Account"]


def _repositories(reader: Reader, wanted: frozenset[str]) -> None:
    if "Repositories" in wanted:
        reader.keep("Repositories", reader.pages("Repositories", "ecr", "describe_repositories", "repositories"))
