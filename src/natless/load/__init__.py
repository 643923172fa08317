"""VERB. Templates and describe JSON in; Cloud and its gaps out. No I/O."""

from natless.load.cloudformation.read import cloudformation
from natless.load.describe import describe
from natless.load.error import LoadError

__all__ = ["LoadError", "cloudformation", "describe"]
