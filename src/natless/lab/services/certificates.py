"""Repair of moto's ACM: certificates are issued by the lab's authority, at once; and what a listener presents.

On AWS a certificate is pending until its domain is validated by DNS or mail. The lab has neither, so that validation
passes when it is asked for (`docs/coverage.md`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from moto.acm import models
from moto.acm.models import CertBundle, acm_backends
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

Issue: TypeAlias = Callable[[tuple[str, ...]], tuple[str, str, str]]
"""Issues a certificate for host names: gives certificate, chain and key in PEM."""

_ISSUERS: list[Issue] = []
"""Whoever issues in this process: one process holds one account."""


class LabCertificate(CertBundle):
    """A certificate that is issued when it is requested, and whose chain is the one that came with it."""

    def __init__(
        self, account_id: str, certificate: bytes, private_key: bytes, chain: bytes | None = None, **kwargs: Any
    ) -> None:
        """Take moto's arguments; moto ends every chain with a root of Amazon's."""
        super().__init__(account_id, certificate, private_key, chain, **kwargs)
        if self.type == "IMPORTED":
            self.chain = chain or b""

    @classmethod
    def generate_cert(
        cls,
        domain_name: str,
        account_id: str,
        region: str,
        sans: list[str] | None = None,
        cert_authority_arn: str | None = None,
    ) -> CertBundle:
        """Make the certificate of RequestCertificate: the lab's authority issues what it names."""
        if not _ISSUERS:
            made = super().generate_cert(domain_name, account_id, region, sans, cert_authority_arn)
            made.status = "ISSUED"
            return made
        names = tuple(dict.fromkeys([domain_name, *(sans or [])]))
        certificate, chain, key = _ISSUERS[-1](names)
        made = cls(
            account_id,
            certificate.encode(),
            key.encode(),
            region=region,
            cert_type="AMAZON_ISSUED" if cert_authority_arn is None else "PRIVATE",
            cert_authority_arn=cert_authority_arn,
        )
        made.chain = chain.encode()
        made.common_name = domain_name
        return made


def issue_by(issue: Issue) -> None:
    """Have certificates issued by this authority from now on."""
    _ISSUERS[:] = [issue]


def exists(account_id: str, region: str, arn: str) -> bool:
    """Say whether ACM or IAM holds a certificate of this ARN."""
    return _acm(account_id, region, arn) is not None or _iam(account_id, region, arn) is not None


def pem_of(account_id: str, region: str, arn: str) -> str:
    """Give certificate, chain and key of a certificate in PEM; raises ValueError where there is none."""
    found = _acm(account_id, region, arn)
    if found is not None:
        return "\n".join(part.decode().strip() for part in (found.cert, found.chain, found.key) if part) + "\n"
    stored = _iam(account_id, region, arn)
    if stored is None:
        message = f"the certificate {arn} is there no more"
        raise ValueError(message)
    parts = (stored.cert_body, stored.cert_chain, stored.private_key)
    return "\n".join(str(part).strip() for part in parts if part) + "\n"


def _acm(account_id: str, region: str, arn: str) -> Any:
    return acm_backends[account_id][region]._certificates.get(arn)  # noqa: SLF001  # its getter raises


def _iam(account_id: str, region: str, arn: str) -> Any:
    return iam_backends[account_id][get_partition(region)].get_certificate_by_arn(arn)


def repair() -> None:
    """Put the repaired certificates in the place of moto's; before the first use of ACM in this process."""
    models.CertBundle = LabCertificate  # type: ignore[misc, assignment]  # moto looks the class up by this name
