"""`region` and `[network]`."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from natless.catalog.addresses import BALANCER_ZONES, LARGEST_VPC_PREFIX, SMALLEST_VPC_PREFIX, zone_slots
from natless.catalog.partitions import partition_of
from natless.finding.rules import CIDR_INVALID, CIDR_TOO_SMALL, NOT_SUPPORTED_YET, REGION_INVALID, VALUE_INVALID
from natless.spec.model import Network
from natless.spec.network_words import CERTIFICATE_PATTERN, MOST_CERTIFICATES, MOST_ZONES, NETWORK, ZONE_PATTERN
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted
from natless.spec.table import take
from natless.spec.words import CIDR_PATTERN, REGION_PATTERN

_CIDR, _ZONES, _GROUPS, _EGRESS, _INGRESS, _NAT, _SCHEME, _CERTIFICATE, _FLOW_LOGS = NETWORK.keys
_PATH = ("network",)
_CIDR_PATH = (*_PATH, _CIDR.name)


def read_region(problems: Problems, text: str | None) -> str | None:
    """Check the form of a region's name. Which regions exist is the account's to say: AWS opens new ones."""
    if text is not None and not re.fullmatch(REGION_PATTERN, text):
        plain = text.strip().lower().replace("_", "-").replace(" ", "-")
        zone = re.fullmatch(rf"({REGION_PATTERN})[a-z]", plain)
        dashed = re.sub(r"(?<=[a-z])(?=[0-9]+$)", "-", plain)
        near = zone[1] if zone else next((form for form in (plain, dashed) if re.fullmatch(REGION_PATTERN, form)), "")
        why = "that is a zone's name" if zone else "a region's name has the form us-east-1"
        problems.add(
            REGION_INVALID, ("region",), f"region = {quoted(text)}: {why}", f"region = {quoted(near or 'us-east-1')}"
        )
        return None
    if text is not None:
        check_partition(problems, ("region",), text)
    return text


def check_partition(problems: Problems, path: KeyPath, region: str) -> None:
    """Refuse a region whose endpoint services are named in ways that the catalog does not hold."""
    partition = partition_of(region)
    if partition.endpoints_known:
        return
    message = (
        f"region {region} lies in the partition {partition.name}, where endpoint services have other names: not "
        "supported yet in this version; supported: commercial and GovCloud regions"
    )
    problems.add(NOT_SUPPORTED_YET, path, message, 'region = "us-east-1"')


def read_network(problems: Problems, given: dict[str, Any], region: str | None) -> Network:
    """Read `[network]`; what is wrong is recorded, and the default stands in for it."""
    table = take(problems, _PATH, given, NETWORK)
    cidr = _read_cidr(problems, table.get(_CIDR))
    zones, zone_names = _read_zones(problems, table.get(_ZONES), region)
    block = _CIDR.default if cidr is None else str(cidr)
    inside = table.get(_SCHEME) == "internal" and _INGRESS.name not in table.named
    whole = Network(
        block,
        zones,
        table.get(_GROUPS),
        table.get(_EGRESS),
        (block,) if inside else _read_ingress(problems, table.get(_INGRESS)),
        table.get(_NAT),
        table.get(_SCHEME),
        table.get(_FLOW_LOGS),
        _read_certificates(problems, table.values.get(_CERTIFICATE.name, ()), region),
        zone_names,
    )
    if cidr is None:
        return whole
    slots = zone_slots(cidr.prefixlen)
    if slots < zones:
        # Two subnets a zone, so the place is the CIDR's even where only zones is written.
        path = _CIDR_PATH if _CIDR.name in given else (*_PATH, _ZONES.name)
        wanted = next(prefix for prefix in range(cidr.prefixlen, 0, -1) if zone_slots(prefix) >= zones)
        message = (
            f"cidr = {quoted(str(cidr))} has room for {slots} zones with a public and a private subnet each, "
            f"of /27 at the least as a load balancer wants it; zones = {zones}"
        )
        problems.add(CIDR_TOO_SMALL, path, message, f"cidr = {quoted(str(cidr.supernet(new_prefix=wanted)))}")
    return whole


def _read_zones(problems: Problems, given: int | list[str], region: str | None) -> tuple[int, tuple[str, ...]]:
    """Read how many zones are used, and their names where these are given."""
    if not isinstance(given, list):
        return given, ()
    path = (*_PATH, _ZONES.name)
    least, most = BALANCER_ZONES, MOST_ZONES
    usual = [f"{region or 'us-east-1'}{letter}" for letter in "abcd"]
    sample = f"zones = [{quoted(usual[0])}, {quoted(usual[1])}]"
    for index, name in enumerate(given):
        whose = re.fullmatch(ZONE_PATTERN, name)
        if whose is None:
            message = f"zones has {quoted(name[:60])}, which is no availability zone's name"
        elif region is not None and name[:-1] != region:
            message = f"zones has {quoted(name)}, which is no zone of {region}"
        else:
            continue
        problems.add(VALUE_INVALID, (*path, str(index)), message, sample)
    if len(set(given)) < len(given):
        problems.add(VALUE_INVALID, path, "zones has the same zone twice", sample)
    if not least <= len(given) <= most:
        problems.add(VALUE_INVALID, path, f"zones has {len(given)} names: it takes {least} to {most}", sample)
    return max(least, min(len(given), most)), tuple(given[:most])


def _read_certificates(problems: Problems, given: str | list[str], region: str | None) -> tuple[str, ...]:
    """Read the certificates: ACM's, of the region, as a load balancer takes no other region's ("SSL certificates")."""
    found = (given,) if isinstance(given, str) else tuple(given)
    path = (*_PATH, _CERTIFICATE.name)
    sample = _CERTIFICATE.sample.replace("us-east-1", region or "us-east-1")
    for index, text in enumerate(found):
        at = path if isinstance(given, str) else (*path, str(index))
        if not re.fullmatch(CERTIFICATE_PATTERN, text):
            message = f"certificate has {quoted(text[:60])}, which is no ARN of a certificate in ACM"
            problems.add(VALUE_INVALID, at, message, sample)
            continue
        _, partition, _, where, _ = text.split(":", 4)
        if region is not None and (where, partition) != (region, partition_of(region).name):
            message = f"certificate has one of {where}, and a load balancer in {region} takes those of its region alone"
            problems.add(VALUE_INVALID, at, message, sample)
    if isinstance(given, list) and not given:
        problems.add(VALUE_INVALID, path, "certificate is empty: for HTTP on port 80 leave the line out", sample)
    if len(set(found)) < len(found):
        problems.add(VALUE_INVALID, path, "certificate has the same ARN twice", sample)
    if len(found) > MOST_CERTIFICATES + 1:
        message = f"{len(found)} certificates: a load balancer takes {MOST_CERTIFICATES} beside the first"
        problems.add(VALUE_INVALID, path, message, sample)
    return found


def _read_ingress(problems: Problems, given: list[str]) -> tuple[str, ...]:
    """Read the blocks that may reach the load balancer: any IPv4 block, without host bits, each once."""
    path = (*_PATH, _INGRESS.name)
    if not given:
        problems.add(CIDR_INVALID, path, "ingress is empty: nobody could reach the load balancer", _INGRESS.sample)
    for index, text in enumerate(given):
        try:
            found = ipaddress.IPv4Network(text, strict=False) if "/" in text else None
        except ValueError:
            found = None
        if found is None:
            message = f"ingress has {quoted(text)}, which is no IPv4 block: an address, a slash and a length"
            problems.add(CIDR_INVALID, (*path, str(index)), message, _INGRESS.sample)
        elif str(found) != text:
            message = f"ingress has {quoted(text)}, with bits set below its length: the block is {found}"
            problems.add(CIDR_INVALID, (*path, str(index)), message, quoted(str(found)))
    if len(set(given)) < len(given):
        problems.add(CIDR_INVALID, path, "ingress has the same block twice", _INGRESS.sample)
    return tuple(given)


def _read_cidr(problems: Problems, text: str) -> ipaddress.IPv4Network | None:
    wrong, instead = f"cidr = {quoted(text)} is no IPv4 block", _CIDR.sample
    try:
        if not re.fullmatch(CIDR_PATTERN, text):
            raise ipaddress.AddressValueError
        found = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        problems.add(CIDR_INVALID, _CIDR_PATH, f"{wrong}: an address, a slash and a length", instead)
        return None
    if not LARGEST_VPC_PREFIX <= found.prefixlen <= SMALLEST_VPC_PREFIX:
        bounded = min(max(found.prefixlen, LARGEST_VPC_PREFIX), zone_prefix())
        near = ipaddress.IPv4Network((found.network_address, bounded), strict=False)
        wrong = f"cidr = {quoted(text)}: a VPC is /{LARGEST_VPC_PREFIX} to /{SMALLEST_VPC_PREFIX}"
        problems.add(CIDR_INVALID, _CIDR_PATH, wrong, f"cidr = {quoted(str(near))}")
        return None
    if found.network_address.packed[0] in (0, 127) or found.is_link_local or found.is_multicast or found.is_reserved:
        problems.add(CIDR_INVALID, _CIDR_PATH, f"cidr = {quoted(text)} is an address block no host may have", instead)
        return None
    if str(found) != text:
        wrong = f"cidr = {quoted(text)} has bits set below its length: the block is {found}"
        problems.add(CIDR_INVALID, _CIDR_PATH, wrong, f"cidr = {quoted(str(found))}")
        return None
    return found


def zone_prefix() -> int:
    """Give the longest prefix that still has room for the least zones."""
    return next(prefix for prefix in range(SMALLEST_VPC_PREFIX, 0, -1) if zone_slots(prefix) >= _ZONES.default)
