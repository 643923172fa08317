"""What is asked of an account before anything is changed in it, so that a stack does not fail half way.

In: a spec and its design. Out: findings, each of a rule, and notes for what could not be asked. `linked_roles.make`
alone changes something: it makes the roles that services must have before their first resource.
"""

from natless.deploy.preflight.asking import PreflightError, preflight
from natless.deploy.preflight.ground import Ground

__all__ = ["Ground", "PreflightError", "preflight"]
