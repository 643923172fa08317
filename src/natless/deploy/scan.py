"""ECR's scan of an image that was pushed, awaited; what is too severe stops the deployment before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from natless.catalog.scans import SCANNED, SCANNING, SEVERITIES, Severity
from natless.deploy.calls import Connect, Pace, code
from natless.deploy.error import DeployError
from natless.deploy.progress import Said

_SHOWN = 10


class ScanError(DeployError):
    """The image is not fit to run by what was asked, or nobody can say whether it is."""


def await_scan(connect: Connect, repository: str, digest: str, threshold: Severity, pace: Pace) -> Iterator[Said]:
    """Wait until ECR has scanned an image.

    Raises ScanError where it finds something of `threshold` or worse; also where there is no scan: what could not be
    looked at is not taken for fine.
    """
    yield Said(f"waiting for ECR's scan of {repository}@{digest[:19]}")
    answer = _scanned(connect, repository, digest, pace)
    findings = answer.get("imageScanFindings", {})
    counts = findings.get("findingSeverityCounts", {})
    said = ", ".join(f"{counts[each]} {each.lower()}" for each in SEVERITIES if counts.get(each)) or "nothing"
    severe = set(SEVERITIES[: SEVERITIES.index(threshold) + 1])
    if any(counts.get(each) for each in severe):
        raise ScanError(
            f"ECR's scan of {repository} found {said}: {threshold.lower()} or worse stops the deployment",
            tuple(_lines(findings, severe))[:_SHOWN],
            f"aws ecr describe-image-scan-findings --repository-name {repository} --image-id imageDigest={digest}",
        )
    yield Said(f"ECR's scan of {repository} found {said}")


def _scanned(connect: Connect, repository: str, digest: str, pace: Pace) -> dict[str, Any]:
    client = connect("ecr")
    status = "no scan"
    for elapsed in pace.ticks():
        try:
            answer: dict[str, Any] = client.describe_image_scan_findings(
                repositoryName=repository, imageId={"imageDigest": digest}
            )
        except ClientError as error:
            if code(error) != "ScanNotFoundException":  # it begins some seconds after the push
                raise
        else:
            about = answer.get("imageScanStatus", {})
            status = about.get("status", "")
            if status in SCANNED:
                return answer
            if status not in SCANNING:
                raise ScanError(
                    f"ECR cannot scan the image in {repository} ({status}): {about.get('description', 'no reason')}",
                    advice="an image without a system's packages cannot be scanned: leave --scan-threshold out",
                )
        if elapsed > pace.settling:
            break
    raise ScanError(f"ECR has not scanned the image in {repository} in {pace.settling:.0f} s ({status})")


def _lines(findings: dict[str, Any], severe: set[Severity]) -> Iterator[str]:
    """Give the findings of both kinds of scan, the worst first."""
    basic = [
        (each["severity"], each["name"], each.get("uri", ""))
        for each in findings.get("findings", ())
        if each.get("severity") in severe
    ]
    enhanced = [
        (each["severity"], each.get("title", ""), each.get("packageVulnerabilityDetails", {}).get("sourceUrl", ""))
        for each in findings.get("enhancedFindings", ())
        if each.get("severity") in severe
    ]
    for severity, name, where in sorted((*basic, *enhanced), key=lambda each: SEVERITIES.index(each[0])):
        yield f"{severity.lower()} {name} {where}".rstrip()
