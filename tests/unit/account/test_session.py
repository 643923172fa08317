"""Refusals of credentials, region and network, as botocore raises them."""

from pathlib import Path
from typing import Any

import botocore.exceptions as refused
import pytest

from natless.account import AccountError, clear_errors, connect


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_no_region() -> None:
    with pytest.raises(AccountError, match=r"no AWS region is known: write region in natless\.toml"):
        connect()


def test_no_credentials() -> None:
    with pytest.raises(AccountError, match="no AWS credentials were found: run `aws configure`"):
        connect(region="eu-west-1")


def test_no_such_profile() -> None:
    with pytest.raises(AccountError, match=r"profile \(absent\) could not be found: see `aws configure list-"):
        connect(profile="absent")


def test_clients_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    way = connect(region="eu-west-1")
    client: Any = way("sts")
    assert way("sts") is client
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 5}


def client_error(code: str) -> refused.ClientError:
    return refused.ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeVpcs")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (client_error("ExpiredToken"), "have expired (ExpiredToken): run `aws sso login`"),
        (client_error("RequestExpired"), "have expired"),
        (client_error("InvalidClientTokenId"), "does not know these credentials"),
        (client_error("AuthFailure"), "does not know these credentials"),
        (refused.UnauthorizedSSOTokenError(), "the SSO session has ended"),
        (refused.PartialCredentialsError(provider="env", cred_var="secret"), "are incomplete"),
        (refused.EndpointConnectionError(endpoint_url="https://x"), "AWS does not answer"),
        (refused.ConnectTimeoutError(endpoint_url="https://x"), "AWS does not answer"),
    ],
)
def test_refusals_say_what_to_do(error: Exception, text: str) -> None:
    with pytest.raises(AccountError) as caught, clear_errors():
        raise error
    assert text in str(caught.value)


def test_other_errors_pass() -> None:
    with pytest.raises(refused.ClientError), clear_errors():
        raise client_error("AccessDenied")
