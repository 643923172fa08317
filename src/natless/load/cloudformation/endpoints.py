"""AWS::EC2::VPCEndpoint.

Defaults: VpcEndpointType Gateway, PrivateDnsEnabled false, no PolicyDocument (full access), CloudFormation template
reference; no SecurityGroupIds: the VPC's default group (CreateVpcEndpoint, EC2 API reference). Read 2026-11.
"""

from __future__ import annotations

import re

from natless.cloud import GatewayEndpoint, InterfaceEndpoint
from natless.cloud.text import is_symbolic
from natless.finding import Gap
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.identity import policy
from natless.load.cloudformation.template import Resource

# com.amazonaws.REGION.SERVICE, in China cn.com.amazonaws.REGION.SERVICE for some; other AWS services have other roots
# (aws.sagemaker.REGION.notebook). The region may be a symbol.
_SERVICE = re.compile(r"(?:cn\.)?com\.amazonaws\.(\$\{[^}]*\}|[a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.(.+)")


def endpoint(draft: Draft, resource: Resource) -> None:
    """Read an endpoint by its type; a Gateway Load Balancer's is a route's target and nothing more."""
    fields = draft.fields(resource)
    kind = fields.text("VpcEndpointType")
    match kind:
        case "Interface":
            _interface(draft, resource, fields)
        case None | "Gateway":
            _gateway(draft, resource, fields)
        case "GatewayLoadBalancer" | "Resource" | "ServiceNetwork":
            pass
        case Gap():
            draft.gaps.append(kind)
            _interface(draft, resource, fields, service=kind)
            _gateway(draft, resource, fields, service=kind)
        case _ if is_symbolic(kind):
            gap = fields.gap("VpcEndpointType", draft.template.why(kind))
            _interface(draft, resource, fields, service=gap)
            _gateway(draft, resource, fields, service=gap)
        case _:
            fields.malformed(
                "VpcEndpointType", f"{resource.id}.VpcEndpointType is {kind!r}: write Interface or Gateway"
            )


def _interface(draft: Draft, resource: Resource, fields: Fields, service: Gap | None = None) -> None:
    vpc = fields.needed_id("VpcId")
    groups = fields.ids("SecurityGroupIds")
    default_group = vpc if isinstance(vpc, Gap) else f"{vpc}.DefaultSecurityGroup"
    draft.interface_endpoints[resource.id] = InterfaceEndpoint(
        resource.id,
        fields.origin,
        vpc,
        service or _service(fields),
        subnets=fields.ids("SubnetIds") or (),
        groups=groups or (default_group,),
        private_dns=_private_dns(fields),
        policy=policy(fields, "PolicyDocument"),
    )


def _private_dns(fields: Fields) -> bool | Gap:
    """Say whether tasks get the endpoint's addresses: with OnlyInboundResolver only callers outside the VPC do."""
    options = fields.inner("DnsOptions")
    if isinstance(options, Fields):
        only = options.plain("PrivateDnsOnlyForInboundResolverEndpoint")
        if only == "OnlyInboundResolver" or isinstance(only, Gap):
            return only if isinstance(only, Gap) else False
    return fields.boolean("PrivateDnsEnabled", default=False)


def _gateway(draft: Draft, resource: Resource, fields: Fields, service: Gap | None = None) -> None:
    draft.gateway_endpoints[resource.id] = GatewayEndpoint(
        resource.id,
        fields.origin,
        fields.needed_id("VpcId"),
        service or _service(fields),
        route_tables=fields.ids("RouteTableIds") or (),
        policy=policy(fields, "PolicyDocument"),
    )


def _service(fields: Fields) -> str | Gap:
    """Give the short service name. Another region's service is not the region's own: it keeps its whole name."""
    name = fields.text("ServiceName")
    if name is None:
        return fields.missing("ServiceName", "com.amazonaws.REGION.SERVICE")
    if isinstance(name, Gap):
        return name
    found = _SERVICE.fullmatch(name)
    if found is None:
        return fields.gap("ServiceName", fields.template.why(name)) if is_symbolic(name) else name
    region, service = found.groups()
    if is_symbolic(service):
        return fields.gap("ServiceName", fields.template.why(service))
    known = fields.template.region
    elsewhere = region != known and not is_symbolic(region) and not is_symbolic(known)
    return name if elsewhere else service
