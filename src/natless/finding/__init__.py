"""NOUN. What natless says: findings, verdicts, paths, gates, gaps, fixes.

Everything here is frozen data. Rooms above fill it in, `report` shows it.
"""

from natless.finding.finding import Finding, Fix, Severity, worst_exit_code
from natless.finding.origin import Gap, Origin
from natless.finding.verdict import Blocked, Gate, Hop, Outcome, Path, Reachable, Unknown, Verdict

__all__ = [
    "Blocked",
    "Finding",
    "Fix",
    "Gap",
    "Gate",
    "Hop",
    "Origin",
    "Outcome",
    "Path",
    "Reachable",
    "Severity",
    "Unknown",
    "Verdict",
    "worst_exit_code",
]
