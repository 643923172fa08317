"""The words of `[network]`."""

from __future__ import annotations

from natless.catalog.addresses import BALANCER_ZONES
from natless.spec.words import CIDR_PATTERN, Key, Later, Words

MOST_ZONES = 4
ZONE_PATTERN = r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}[a-z]"
"""An availability zone: Local Zones and Wavelength Zones, whose names are longer, have no endpoints."""
CERTIFICATE_PATTERN = r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]{1,64}"
MOST_CERTIFICATES = 25
"""Certificates of one load balancer beside the default one: ELB's quota."""

NETWORK = Words(
    (
        Key(
            "cidr",
            "text",
            "The VPC's address block, /16 to /25.",
            'cidr = "10.0.0.0/16"',
            default="10.0.0.0/16",
            pattern=CIDR_PATTERN,
        ),
        Key(
            "zones",
            "zones",
            "How many availability zones are used; or which, by their names.",
            "zones = 2",
            default=2,
            pattern=ZONE_PATTERN,
            least=BALANCER_ZONES,
            most=MOST_ZONES,
        ),
        Key(
            "security_groups",
            "text",
            "A group each for load balancer, tasks and endpoints; or a single one for all of them.",
            'security_groups = "separate"',
            default="separate",
            choices=("separate", "single"),
        ),
        Key(
            "egress",
            "text",
            "Whom the tasks' group lets them reach: the endpoints alone, or HTTPS to anywhere (no route leads there).",
            'egress = "endpoints"',
            default="endpoints",
            choices=("endpoints", "https"),
        ),
        Key(
            "ingress",
            "texts",
            "The address blocks that may reach the load balancer. An internal one's are the VPC's own, unless named.",
            'ingress = ["0.0.0.0/0"]',
            default=["0.0.0.0/0"],
        ),
        Key(
            "nat",
            "flag",
            "A NAT gateway in each zone, for tasks that must reach the internet. The endpoints stay.",
            "nat = false",
            default=False,
        ),
        Key(
            "scheme",
            "text",
            "Whether the load balancer faces the internet, or stands in the private subnets for the VPC alone.",
            'scheme = "internal"',
            default="internet-facing",
            choices=("internet-facing", "internal"),
        ),
        Key(
            "certificate",
            "patterns",
            "The ARN of a certificate of ACM: HTTPS on port 443, to which port 80 redirects. Or several, told by host.",
            'certificate = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"',
            pattern=CERTIFICATE_PATTERN,
        ),
        Key("flow_logs", "flag", "VPC flow logs, to a log group of their own.", "flow_logs = true", default=False),
    ),
    (Later("vpc", "a VPC of its own: remove the line"),),
)
