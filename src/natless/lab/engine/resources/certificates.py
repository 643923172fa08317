"""AWS::CertificateManager::Certificate. The lab issues at once what on AWS waits for its domain's validation."""

from __future__ import annotations

from natless.lab.engine.resources.elbv2_listeners import refuse_unserved
from natless.lab.engine.resources.making import Kind, Made, Request


def _certificate(request: Request) -> Made:
    refuse_unserved(request, ("CertificateExport", "KeyAlgorithm"))
    acm = request.connect("acm")
    asked = request.given("DomainName", "SubjectAlternativeNames", "ValidationMethod", "CertificateAuthorityArn")
    arn = acm.request_certificate(**asked)["CertificateArn"]
    tags = request.get("Tags") or []
    if tags:
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=tags)
    return Made(arn, {"CertificateArn": arn})


def _ready(request: Request, physical_id: str) -> bool:
    found = request.connect("acm").describe_certificate(CertificateArn=physical_id)["Certificate"]
    return bool(found["Status"] == "ISSUED")


KINDS = (
    Kind(
        "AWS::CertificateManager::Certificate",
        _certificate,
        lambda request, it: request.connect("acm").delete_certificate(CertificateArn=it),
        ready=_ready,
    ),
)
