"""EFFECT. Reads an account through boto3 and changes nothing; describe JSON out."""

from natless.account.session import AccountError, Connect, clear_errors, connect
from natless.account.snapshot import SECTIONS, Narrow, snapshot

__all__ = ["SECTIONS", "AccountError", "Connect", "Narrow", "clear_errors", "connect", "snapshot"]
