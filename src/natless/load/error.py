"""What `load` raises where the text is not what it should be."""

from __future__ import annotations

from natless.finding import Finding


class LoadError(Exception):
    """The text is no template (or no snapshot). `findings` holds every problem, each with its place."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """Take the problems, in the order of their lines."""
        super().__init__("\n".join(f"{finding.origin}: {finding.message}" for finding in findings))
        self.findings = findings
