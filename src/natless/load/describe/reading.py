"""A snapshot into a Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.cloud import Cloud
from natless.finding import Origin
from natless.finding.rules import SNAPSHOT_MALFORMED
from natless.load.describe import balancing, endpoints, filters, identity, instances, interfaces, network, starts, tasks
from natless.load.describe.item import Reading
from natless.load.describe.sections import Sections
from natless.load.error import LoadError


def read(snapshot: Mapping[str, Any], source: str) -> Cloud:
    """Do what `natless.load.describe.describe` says."""
    # What comes from outside may be anything, whatever the annotation says.
    outside: object = snapshot
    if not isinstance(outside, Mapping):
        message = "expected an object of describe responses: AWS's response keys to their lists"
        raise LoadError((SNAPSHOT_MALFORMED.finding(source, Origin(source), message),))
    reading = Reading(source)
    cloud = _cloud(reading, Sections(reading, snapshot), snapshot)
    if reading.findings:
        raise LoadError(tuple(sorted(set(reading.findings), key=lambda finding: (finding.subject, finding.message))))
    return cloud


def _cloud(reading: Reading, sections: Sections, snapshot: Mapping[str, Any]) -> Cloud:
    place = network.place(sections, snapshot)
    interface_endpoints, gateway_endpoints = endpoints.both(sections, place.region)
    roles = identity.roles(sections)
    subnets = network.subnets(sections)
    groups = filters.security_groups(sections)
    known = tasks.Known({role.arn: role.id for role in roles.values()}, subnets, groups)
    services = tasks.services(sections, known)
    hosting = instances.hosting(sections, services, known)
    return Cloud(
        source=reading.source,
        region=place.region,
        account=place.account,
        partition=place.partition,
        vpcs=network.vpcs(sections),
        subnets=subnets,
        route_tables=network.route_tables(sections, frozenset(gateway_endpoints)),
        internet_gateways=network.internet_gateways(sections),
        nat_gateways=network.nat_gateways(sections),
        network_interfaces=interfaces.network_interfaces(sections),
        security_groups=groups,
        network_acls=filters.network_acls(sections),
        prefix_lists=filters.prefix_lists(sections),
        interface_endpoints=interface_endpoints,
        gateway_endpoints=gateway_endpoints,
        load_balancers=balancing.load_balancers(sections),
        listeners=balancing.listeners(sections),
        listener_rules=balancing.listener_rules(sections),
        target_groups=balancing.target_groups(sections),
        task_definitions=tasks.task_definitions(sections, known),
        services=services,
        failed_starts=starts.failed_starts(sections),
        clusters=tasks.clusters(sections),
        capacity_providers=hosting.providers,
        instance_groups=hosting.groups,
        repositories=tasks.repositories(sections),
        log_groups=tasks.log_groups(sections),
        roles=roles,
        gaps=tuple(sorted(reading.gaps, key=lambda gap: gap.what)),
    )
