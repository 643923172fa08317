"""What no packet meets, and what a bill names all the same: flow logs, and private namespaces."""

from __future__ import annotations

from collections.abc import Iterator

from natless.cloud import Billed
from natless.finding import Gap
from natless.load.cloudformation.draft import Draft


def billed(draft: Draft) -> Iterator[Billed]:
    """Give them. A flow log to S3 or Firehose is billed otherwise, and left out."""
    for resource in draft.template.resources.values():
        if resource.kind == "AWS::ServiceDiscovery::PrivateDnsNamespace":
            fields = draft.fields(resource)
            yield Billed(resource.id, fields.origin, "private namespace", fields.maybe)
        elif resource.kind == "AWS::EC2::FlowLog":
            fields = draft.fields(resource)
            to = fields.plain("LogDestinationType")
            if to in {None, "cloud-watch-logs"} or isinstance(to, Gap):
                yield Billed(resource.id, fields.origin, "flow log", to if isinstance(to, Gap) else None)
