"""What `deploy` raises where the account says no."""

from __future__ import annotations


class DeployError(Exception):
    """A deployment stopped. The first line of the text is the cause; `evidence` is what was read before it was undone.

    `advice` says what to do now.
    """

    def __init__(self, cause: str, evidence: tuple[str, ...] = (), advice: str = "") -> None:
        """Take the cause in one line, the lines that show it, and what to do."""
        super().__init__("\n".join(line for line in (cause, *evidence, advice) if line))
        self.cause = cause
        self.evidence = evidence
        self.advice = advice
