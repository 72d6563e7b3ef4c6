from __future__ import annotations

import pytest

from specrun.convert.credentials import is_secret, reveals, variable
from specrun.spec.masking import names_secret

KEY = "/" + "a1" * 42 + "b=="


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PWD",
        "apiKey",
        "WANDB_API_KEY",
        "COMET_KEY",
        "accountKey",
        "AWS_ACCESS_KEY_ID",
        "client-secret",
        "HF_TOKEN",
        "accessToken",
        "CONN_STR",
        "connection_string",
        "blobSas",
        "SAS_URL",
        "AZURE_PAT",
        "passphrase",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert names_secret(name)
    assert is_secret(name, "x7f3k9")


@pytest.mark.parametrize(
    "name",
    [
        "keyboard",
        "num_keypoints",
        "max_tokens",
        "pad_token",
        "tokenizer",
        "token_dim",
        "sshPublicKey",
        "secret_name",
        "key_path",
        "keys",
        "epochs",
        "patience",
        "bypass",
    ],
)
def test_names_that_only_look_like_it(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    "value", ["", "true", "None", "512", "0.1", "$KEY", "${KEY}", "$(cat key)", "./key.pem", "~/k"]
)
def test_values_that_are_none(value: str) -> None:
    assert not is_secret("API_KEY", value)


@pytest.mark.parametrize(
    "value",
    [KEY, "https://a.b/c?sv=1&sig=abc", "sig=abc", "AccountKey=abc", "https://me:pw@a.b/c", "-----BEGIN PRIVATE KEY"],
)
def test_texts_with_a_credential(value: str) -> None:
    assert reveals(value)
    assert is_secret("x", value)


def test_a_shells_variable_is_no_credential() -> None:
    assert not reveals("AccountKey=$KEY;x https://me:$PW@a.b ?sig=${SAS}")


def test_the_variable_of_a_secret() -> None:
    assert [variable("my-store", "account_key"), variable("--1"), variable("")] == [
        "MY_STORE_ACCOUNT_KEY",
        "S_1",
        "SECRET",
    ]
