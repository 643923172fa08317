"""The lab's process keeps clear of the machine's AWS settings."""

from __future__ import annotations

import os

PREFIXES = ("AWS_", "BOTO_", "MOTO_")
NAMES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def clear(account_id: str, region: str) -> None:
    """Drop every setting that would reach the account from outside, and set what moto needs.

    Must run before botocore or moto is imported: they read some of it at import.
    """
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name in NAMES:
            del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.devnull
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_DEFAULT_REGION"] = region
    os.environ["MOTO_ACCOUNT_ID"] = account_id
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ["MOTO_ENABLE_ISO_REGIONS"] = "false"
