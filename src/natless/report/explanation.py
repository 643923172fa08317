"""An explanation as text: what the words say, then the page of the likeliest rule."""

from __future__ import annotations

from natless.prove.explanation import Explanation

_PROOF = "\n## Proof\n"


def explanation_text(explanation: Explanation) -> str:
    """Give the title, the evidence line by line, the rules most likely first, and the first rule's page."""
    lines = [explanation.title, ""]
    lines += [f"  {line}" for line in explanation.evidence]
    if explanation.evidence and explanation.rules:
        lines += ["", "Look at these, most likely first:"]
        lines += [f"  {rule.code} {rule.name}: {rule.title}" for rule in explanation.rules]
        lines.append("")
    if explanation.page:
        # The fragments by which the tests prove a page say nothing to who reads it at night.
        lines.append(explanation.page.partition(_PROOF)[0].rstrip())
    return "\n".join(lines).rstrip()
