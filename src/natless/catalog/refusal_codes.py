"""Codes with which every AWS service refuses for who asks, or how often, and not for what is asked."""

from __future__ import annotations

from natless.catalog.source import Source

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
NOT_KNOWN = frozenset(
    {
        "AuthFailure",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "RequestThrottled"}
)

SOURCE = Source(
    "'Common Errors' of the CloudFormation, ECS, IAM and STS API references; 'Error codes', EC2's", "2026-11"
)
