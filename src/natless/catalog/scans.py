"""What ECR's image scan says."""

from __future__ import annotations

from typing import Literal, TypeAlias

from natless.catalog.source import Source

Severity: TypeAlias = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]

SEVERITIES: tuple[Severity, ...] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""From the worst on (FindingSeverity)."""

SCANNED = frozenset({"COMPLETE", "ACTIVE"})
"""Statuses of a scan that has said something: ACTIVE is the enhanced scan's, which goes on (ScanStatus)."""

SCANNING = frozenset({"IN_PROGRESS", "PENDING"})
"""Statuses that are waited for; with any other there will be no scan of this image."""

SOURCE = Source("Amazon ECR API reference, DescribeImageScanFindings, ImageScanStatus and ImageScanFindings", "2026-11")
