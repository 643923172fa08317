"""What is proved of a deployment as it stands: the account is read, then proved as `check aws:NAME` does it."""

from __future__ import annotations

from natless.cli.world import World
from natless.finding import Verdict
from natless.load import LoadError, describe
from natless.prove import Promises, Proof, prove


def proof_of_what_stands(where: World, name: str) -> Proof | None:
    """Prove the deployment `name` as the account has it; None where it has no such cluster, or cannot be read."""
    from natless.account.session import AWS_ERRORS, AccountError  # noqa: PLC0415 - boto3 costs a fifth of a second
    from natless.account.snapshot import Narrow, snapshot  # noqa: PLC0415 - as above

    try:
        found = snapshot(where.connect, narrow=Narrow(cluster=name))
        return prove(describe(found, name), Promises(private=True))
    except (AccountError, LoadError, *AWS_ERRORS):
        return None


def verdicts_of_what_stands(where: World, name: str) -> tuple[Verdict, ...]:
    """Give the verdicts of that proof, none where nothing stands."""
    proof = proof_of_what_stands(where, name)
    return proof.verdicts if proof is not None else ()
