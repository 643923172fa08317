"""Bugs put in on purpose, by room: mistakes that somebody could have made, and that packets must bring to light.

`among` are the numbers of the networks in one of which a bug must be found: the first fifteen, or, for what few
networks have, ten in a row of which one has it. `packets` says that the packets' side plants it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import msgspec

from natless.catalog import needs, prefix_lists, services
from natless.cloud import Cloud, Ports
from natless.lab.fabric import filtering, plan
from natless.lab.fabric import groups as fabric_groups
from natless.lab.names import view
from natless.load.cloudformation import filtering as template_filtering
from natless.load.cloudformation import instances as template_instances
from natless.load.cloudformation import network as template_network
from natless.load.describe import endpoints as described_endpoints
from natless.load.describe import filters
from natless.prove import demands, gates, groups, names, reach, target_ports, tasks
from natless.prove.addresses import INTERNET
from natless.prove.answers import Yes
from natless.prove.world import World

FABRIC = "fabric"
ROOMS = ("prove", "load", "catalog", FABRIC)


class Bug(msgspec.Struct, frozen=True):
    """One bug: what goes wrong, in which room, and how it is planted."""

    name: str
    room: str
    plant: Callable[[contextlib.ExitStack], None]
    packets: bool = False
    among: range = range(15)


@contextlib.contextmanager
def seeded(name: str) -> Iterator[None]:
    """Have a bug for the length of the block; "" is none."""
    with contextlib.ExitStack() as planted:
        if name:
            BUGS[name].plant(planted)
        yield


def _swap(owner: Any, attribute: str, change: Callable[[Any], Any]) -> Callable[[contextlib.ExitStack], None]:
    """Replace a function by what `change` makes of it."""

    def plant(planted: contextlib.ExitStack) -> None:
        planted.enter_context(mock.patch.object(owner, attribute, change(getattr(owner, attribute))))

    return plant


def _answer(owner: Any, attribute: str, value: Any) -> Callable[[contextlib.ExitStack], None]:
    return _swap(owner, attribute, lambda _: lambda *_, **__: value)


def _value(owner: Any, attribute: str, change: Callable[[Any], Any]) -> Callable[[contextlib.ExitStack], None]:
    return _swap(owner, attribute, change)


# --- prover ---


def _unordered(real: Any) -> Any:
    def let_through(acl: Any, *arguments: Any, **options: Any) -> Any:
        flipped = tuple(msgspec.structs.replace(entry, number=-entry.number) for entry in acl.entries)
        return real(msgspec.structs.replace(acl, entries=flipped), *arguments, **options)

    return let_through


def _one_way(real: Any) -> Any:
    def acl(*arguments: Any, back: bool = False, **options: Any) -> None:
        if not back:
            real(*arguments, back=back, **options)

    return acl


def _everyone_is_a_member(_real: Any) -> Any:
    return lambda remote, _group: bool(remote.groups)


def _s3_visits(real: Any) -> Any:
    return lambda world: msgspec.structs.replace(real(world), ranges=INTERNET)


def _its_server_is_amazons(_real: Any) -> Any:
    return lambda _world, _source, vpc, _servers: names._amazon_dns(vpc)


# --- loaders ---


def _always_up(real: Any) -> Any:
    return lambda item, region, **_: real(item, region, available=True)


def _profile_only(real: Any) -> Any:
    """Take an instance for one in its VPC's default group."""

    def add(draft: Any, fields: Any, found: Any, *places_: Any, **count: Any) -> None:
        real(draft, fields, msgspec.structs.replace(found, groups=()), *places_, **count)

    return add


def _last_is_first(real: Any) -> Any:
    def ranged(*arguments: Any) -> Any:
        found = real(*arguments)
        return Ports(found.first, found.first) if isinstance(found, Ports) else found

    return ranged


def _allows_all(real: Any) -> Any:
    def entries(item: Any) -> Any:
        return (msgspec.structs.replace(entry, allow=True) for entry in real(item))

    return entries


def _one_peer_lost(real: Any) -> Any:
    def peer(fields: Any, side: str) -> Any:
        return None if fields.has(f"{side}PrefixListId") else real(fields, side)

    return peer


# --- catalog ---


def _without(short: str) -> Callable[[Any], Any]:
    return lambda known: tuple(need for need in known if need.endpoint != short)


def _as_interface(known: Any) -> Any:
    return {**known, "s3": msgspec.structs.replace(known["s3"], kind="interface")}


def _other_host(known: Any) -> Any:
    return {**known, "ecr.dkr": msgspec.structs.replace(known["ecr.dkr"], hosts=("dkr.ecr.{region}.{suffix}",))}


def _other_list(known: Any) -> Any:
    return tuple(msgspec.structs.replace(each, id=f"pl-0{number}") for number, each in enumerate(known))


def _no_such_list(known: Any) -> Any:
    return frozenset(f"{each}0" for each in known)


# --- fabric ---


def _any_state(real: Any) -> Any:
    """Have the name of an endpoint stand for its interfaces before it has come up."""

    def private(cloud: Cloud, vpc: Any, host: str) -> Any:
        endpoints = {
            name: msgspec.structs.replace(each, available=True) for name, each in cloud.interface_endpoints.items()
        }
        return real(msgspec.structs.replace(cloud, interface_endpoints=endpoints), vpc, host)

    return private


def _any_gateway(real: Any) -> Any:
    """Send everything for NAT gateways to the first."""
    return lambda cloud, _gateway, attachments: real(cloud, "Nat", attachments)


def _of_changed(change: Callable[[Cloud], Cloud]) -> Callable[[Any], Any]:
    """Have the rules compiled from a Cloud that was changed on the way."""
    return lambda real: lambda cloud, vpc: real(change(cloud), vpc)


def _off_by_one(cloud: Cloud) -> Cloud:
    def shifted(rule: Any) -> Any:
        if rule.ports.first != rule.ports.last:
            return rule
        return msgspec.structs.replace(rule, ports=Ports(rule.ports.first + 1, rule.ports.last + 1))

    def moved(group: Any) -> Any:
        ingress, egress = (tuple(map(shifted, side)) for side in (group.ingress, group.egress))
        return msgspec.structs.replace(group, ingress=ingress, egress=egress)

    groups_ = {name: moved(group) for name, group in cloud.security_groups.items()}
    return msgspec.structs.replace(cloud, security_groups=groups_)


def _reversed_entries(cloud: Cloud) -> Cloud:
    def turned(acl: Any) -> Any:
        entries = tuple(msgspec.structs.replace(each, number=-each.number) for each in acl.entries)
        return msgspec.structs.replace(acl, entries=entries)

    return msgspec.structs.replace(cloud, network_acls={k: turned(acl) for k, acl in cloud.network_acls.items()})


def _first_group_only(real: Any) -> Any:
    return lambda cloud, ledger, listed, *, egress: real(cloud, ledger, listed[:1], egress=egress)


def _main_first(real: Any) -> Any:
    del real
    return lambda cloud, _subnet, vpc: next(t.id for t in cloud.route_tables.values() if t.main and t.vpc == vpc.id)


def _no_replies(text: str) -> str:
    return text.replace("    meta mark vmap @acl-out\n", "    ct state new meta mark vmap @acl-out\n")


_LIST = (
    Bug("groups of the source are not asked", "prove", _answer(gates, "egress", None)),
    Bug("network ACLs see no answers", "prove", _swap(gates, "acl", _one_way)),
    Bug("entries of an ACL in reverse order", "prove", _swap(gates, "let_through", _unordered)),
    Bug("private DNS is taken for granted", "prove", _swap(names, "captured", lambda _: lambda *_: True)),
    Bug("a group reference means everybody with a group", "prove", _swap(groups, "_member", _everyone_is_a_member)),
    Bug("ports of rules are not asked", "prove", _answer(groups, "_port_fits", True)),  # noqa: FBT003 - an answer
    Bug("the task pulls on instances too", "prove", _answer(tasks, "hosts", ()), among=range(136, 146)),
    Bug("endpoint policies are not asked", "prove", _answer(reach, "endpoint_policy", Yes())),
    Bug("visitors come from S3's addresses", "prove", _swap(World, "internet_end", _s3_visits)),
    Bug("any DNS server is AWS's own", "prove", _swap(names, "_custom_dns", _its_server_is_amazons)),
    Bug("template: a range of ports is its first", "load", _swap(template_filtering, "_range", _last_is_first)),
    Bug("template: a rule to a prefix list is lost", "load", _swap(template_filtering, "_peer", _one_peer_lost)),
    Bug("template: ACL entries are for all ports", "load", _answer(template_filtering, "_entry_ports", Ports())),
    Bug("describe: every ACL entry allows", "load", _swap(filters, "_entries", _allows_all)),
    Bug("describe: a range of ports is its first", "load", _swap(filters, "_range", _last_is_first)),
    Bug("template: DHCP options are lost", "load", _answer(template_network, "_dns_servers", ())),
    Bug("template: instances lose their groups", "load", _swap(template_instances, "_add", _profile_only)),
    Bug(
        "describe: every endpoint is up",
        "load",
        _swap(described_endpoints, "_interface", _always_up),
        among=range(20, 30),
    ),
    Bug("describe: endpoints have no policy", "load", _answer(described_endpoints, "_policy", None)),
    Bug("the log driver needs no endpoint", "catalog", _value(demands, "NEEDS", _without("logs"))),
    Bug("S3's list has another id", "catalog", _value(prefix_lists, "S3_PREFIX_LISTS", _other_list)),
    Bug("S3 is an interface service", "catalog", _value(services, "_BY_SHORT", _as_interface)),
    Bug("ECR's registry has another name", "catalog", _value(services, "_BY_SHORT", _other_host), packets=True),
    Bug("instances need no telemetry", "catalog", _value(needs, "NEEDS", _without("ecs-telemetry"))),
    Bug(
        "Docker draws above 49151",
        "catalog",
        _value(target_ports, "DYNAMIC_PORTS", lambda _: (49152, 65535)),
    ),
    Bug(
        "CloudFront's list is unknown",
        "catalog",
        _value(prefix_lists, "_CLOUDFRONT_IDS", _no_such_list),
        among=range(76, 86),
    ),
    Bug(
        "names of endpoints that are not up",
        FABRIC,
        _swap(view, "_private", _any_state),
        packets=True,
        among=range(20, 30),
    ),
    Bug(
        "there is one NAT gateway",
        FABRIC,
        _swap(plan, "_nat_interface", _any_gateway),
        packets=True,
        among=range(40, 50),
    ),
    Bug("ports of single rules are one off", FABRIC, _swap(filtering, "rules", _of_changed(_off_by_one)), packets=True),
    Bug("only the first group counts", FABRIC, _swap(fabric_groups, "_reach", _first_group_only), packets=True),
    Bug(
        "entries of an ACL in reverse", FABRIC, _swap(filtering, "rules", _of_changed(_reversed_entries)), packets=True
    ),
    Bug("every subnet has the main route table", FABRIC, _swap(plan, "_table_of", _main_first), packets=True),
    Bug("answers pass no network ACL out", FABRIC, _swap(filtering, "_HOOKS", _no_replies), packets=True),
)
BUGS = {each.name: each for each in _LIST}
