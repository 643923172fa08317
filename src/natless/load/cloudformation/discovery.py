"""AWS::ServiceDiscovery: private namespaces, and the names in them under which ECS registers tasks."""

from __future__ import annotations

from natless.cloud import PrivateName
from natless.finding import Gap
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.template import Resource


def namespace(draft: Draft, resource: Resource) -> None:
    """AWS::ServiceDiscovery::PrivateDnsNamespace: its domain, and the VPC in which that resolves."""
    fields = draft.fields(resource)
    domain = fields.text("Name") or fields.missing("Name", "its domain")
    draft.namespaces[resource.id] = (domain, fields.maybe or fields.needed_id("Vpc"))


def service(draft: Draft, resource: Resource) -> None:
    """AWS::ServiceDiscovery::Service: a name in a namespace. Namespaces must have been read before."""
    fields = draft.fields(resource)
    inner = fields.inner("DnsConfig")
    where = fields.id_of("NamespaceId") or (inner.id_of("NamespaceId") if isinstance(inner, Fields) else inner)
    if where is None or (isinstance(where, str) and where not in draft.namespaces):
        why = "its namespace is not a private one of this template"
        domain: str | Gap = fields.gap("NamespaceId", why)
        vpc: str | Gap = domain
    elif isinstance(where, Gap):
        domain = vpc = where
    else:
        domain, vpc = draft.namespaces[where]
    label = fields.maybe or fields.text("Name") or fields.gap("Name", "CloudFormation invents it")
    name = next((part for part in (label, domain) if isinstance(part, Gap)), f"{label}.{domain}")
    draft.private_names[resource.id] = PrivateName(resource.id, fields.origin, name, vpc)
