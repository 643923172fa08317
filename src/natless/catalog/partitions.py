"""The partitions of AWS: which a region lies in, and what its names end in."""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source

SOURCE = Source("botocore 1.43, data/partitions.json", "2026-11")


class Partition(msgspec.Struct, frozen=True):
    """A partition: its name in ARNs, and the ending of its service host names.

    `endpoints_known` says whether endpoint services are named `com.amazonaws.REGION.SERVICE` throughout. In China some
    are, others (ECR) are `cn.com.amazonaws...`, and sources disagree on which; the isolated and sovereign partitions
    have prefixes of their own (aws-cdk, VPC_ENDPOINT_SERVICE_EXCEPTIONS; GovCloud is named as the commercial one).
    """

    name: str
    suffix: str
    endpoints_known: bool = True


_COMMERCIAL = Partition("aws", "amazonaws.com")

_BY_PREFIX = {
    "cn-": Partition("aws-cn", "amazonaws.com.cn", endpoints_known=False),
    "us-gov-": Partition("aws-us-gov", "amazonaws.com"),
    "us-iso-": Partition("aws-iso", "c2s.ic.gov", endpoints_known=False),
    "us-isob-": Partition("aws-iso-b", "sc2s.sgov.gov", endpoints_known=False),
    "eu-isoe-": Partition("aws-iso-e", "cloud.adc-e.uk", endpoints_known=False),
    "us-isof-": Partition("aws-iso-f", "csp.hci.ic.gov", endpoints_known=False),
    "eusc-": Partition("aws-eusc", "amazonaws.eu", endpoints_known=False),
}


def partition_of(region: str) -> Partition:
    """Give the partition of a region's name; a symbolic or unknown name is read as the commercial partition."""
    return next((found for prefix, found in _BY_PREFIX.items() if region.startswith(prefix)), _COMMERCIAL)
