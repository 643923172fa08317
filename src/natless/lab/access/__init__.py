"""Who may do what in the lab's account: AWS's policy evaluation, written from AWS's document alone.

In: one request (who, what, on what, under which circumstances) and the policies that apply. Out: nothing, or the
denial that AWS would word. No import from `prove`: the lab's packets and answers judge the prover, so the two share
neither code nor a reading of the rules.
"""

from natless.lab.access.evaluating import Denial, Policies, Request, decide
from natless.lab.access.policies import Policy, PolicyError, parse
from natless.lab.access.principals import Principal

__all__ = ["Denial", "Policies", "Policy", "PolicyError", "Principal", "Request", "decide", "parse"]
