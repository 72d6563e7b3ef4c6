"""Credentials that are written out, in whatever text: which are told as such, and which words are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specrun.spec import secrets
from specrun.spec.load import check
from specrun.spec.masking import mask, mask_properties, masked
from specrun.spec.secrets import forms_of

VALUE = "Zx9canaryQ7"

TOLD = """\
account-key: Zx9canaryQ7
AccountKey=Zx9canaryQ7;EndpointSuffix=x
DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zx9canaryQ7==;EndpointSuffix=core
SharedAccessKeyName=root;SharedAccessKey=Zx9canaryQ7;EntityPath=a
SharedAccessSignature=sv=1&sig=Zx9canaryQ7
account_key: "Zx9canaryQ7"
https://u:Zx9canaryQ7@h/x
https://Zx9canaryQ7@h/x
https:\\/\\/u:Zx9canaryQ7@h
https%3A%2F%2Fu%3AZx9canaryQ7%40h
redis://:Zx9canaryQ7@h
mongodb+srv://u:Zx9canaryQ7@h/d
http://u:Zx9canaryQ7@proxy:80
?sv=1&sig=Zx9canaryQ7%3D&se=1
https://h/?sig=Zx9canaryQ7
\\u0026sig=Zx9canaryQ7
&amp;sig=Zx9canaryQ7
Bearer Zx9canaryQ7
Authorization: Bearer Zx9canaryQ7
Authorization: Basic Zx9canaryQ7==
'Authorization': 'Bearer Zx9canaryQ7'
('Authorization', 'Bearer Zx9canaryQ7')
Proxy-Authorization: Zx9canaryQ7
authorization: SharedKey acct:Zx9canaryQ7=
--password Zx9canaryQ7
--password=Zx9canaryQ7
--password 'Zx9canaryQ7 b'
['--password', 'Zx9canaryQ7']
["--client-secret", "Zx9canaryQ7"]
--account-key Zx9canaryQ7
--sas-token "Zx9canaryQ7"
curl -u me:Zx9canaryQ7 https://h
client_secret=Zx9canaryQ7&x=1
"access_token": "Zx9canaryQ7"
{"access_token":"Zx9canaryQ7","x":1}
{\\"access_token\\":\\"Zx9canaryQ7\\"}
refresh_token=Zx9canaryQ7
?token=Zx9canaryQ7
password='Zx9canaryQ7'
password%3DZx9canaryQ7
PASSWORD=Zx9canaryQ7
MYSQL_PWD=Zx9canaryQ7
MY_DB_PASSWORD: Zx9canaryQ7
export WANDB_API_KEY=Zx9canaryQ7
client secret: Zx9canaryQ7
the password is wrong (password: Zx9canaryQ7)
x-functions-key: Zx9canaryQ7
Ocp-Apim-Subscription-Key: Zx9canaryQ7
-----BEGIN PRIVATE KEY-----\\nZx9canaryQ7\\n-----END
eyJZx9canaryQ7Zx9canaryQ7.Zx9canaryQ7.Zx9canaryQ7
ghp_Zx9canaryQ7Zx9canaryQ7aa
password: hush
password=hush and so on
train --password hush data.py
"""

NOT_TOLD = """\
secret: ${{ secrets.X }}
account_key: ${{ secrets.K }}
--index-url https://me:${{ secrets.TOKEN }}@host/simple
keys: 3
key: value
cache_key: abc
access_keys: 2
monkey: banana
md5: d41d8cd98f00b204e9800998ecf8427e
fingerprint: 6f1ed002ab5595859014ebf0951522d9aa0b3c4d5e6f708192a3b4c5d6e7f809
password: must have eight characters
password = getpass()
secret=$TOKEN
password: $(cat x)
--password-file /x
ssh_key_file: ~/x
public_key: ssh-rsa AAA
the secret: not found
token: invalid
num_tokens: 4096
pad_token: '[PAD]'
tokenizer: bert
Unexpected token: '<'
Basic authentication is off
Bearer tokens expire
the bearer of this
WWW-Authenticate: Bearer realm="x"
VM size Basic_A1
docker run -u 1000:1000
https://host:8080/x
mail a@b
error[secret-misplaced]: A secret stands where it would show.
write `account_key: ${{ secrets.NAME }}`
{"secret": "STORE_KEY"}
export TOK=…
SECRET = "AZURE_CLIENT_SECRET"
open(secrets_required=True)
permissions: {id-token: write}
signed in with AZURE_CLIENT_SECRET: login.microsoftonline.com cannot be reached
"""


@pytest.mark.parametrize("text", TOLD.splitlines())
def test_a_credential_is_told_by_what_stands_around_it(text: str) -> None:
    for shown in (
        mask(text),
        mask(f"PUT failed: {text}\nand more"),
        json.loads(mask(json.dumps({"said": text})))["said"],
    ):
        assert VALUE not in shown
        assert "hush" not in shown
        assert "*" in shown
    assert mask(mask(text)) == mask(text)
    assert len(mask(text)) == len(text)


@pytest.mark.parametrize("text", NOT_TOLD.splitlines())
def test_what_is_none_stays(text: str) -> None:
    assert mask(text) == text
    assert mask(f"PUT failed: {text}") == f"PUT failed: {text}"


def test_a_name_at_the_end_of_a_line_has_its_value_nowhere() -> None:
    assert mask("none of these is a secret:\n  why: it is not") == "none of these is a secret:\n  why: it is not"


def test_a_private_key_is_hidden_over_its_lines() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n  MIIEvQ/+a\n  IBADAN==\n-----END RSA PRIVATE KEY-----\nand more"
    assert (
        mask(key)
        == f"-----BEGIN RSA PRIVATE KEY-----\n  {'*' * 9}\n  {'*' * 8}\n-----END RSA PRIVATE KEY-----\nand more"
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  account_key: ab, cd e", "  account_key: ********"),
        ('  "admin_password": "x y"', '  "admin_password": *****'),
        ("  - sas_token: abc", "  - sas_token: ***"),
        ("  key: ab, cd e", None),
        ("  tags: {key: value}", None),
        ("  account_key: *it", None),
        ("  account_key: |", None),
    ],
)
def test_a_line_of_yaml_has_its_value_to_its_end(line: str, shown: str | None) -> None:
    assert masked(line) == (shown or line)


def test_properties_are_told_by_their_names() -> None:
    kept = mask_properties(
        {
            "environment_variables": {"DB_PASSWORD": "hush", "KEY": {"secret": "STORE"}, "secret": "hush", "A": "1"},
            "command": "train --password hush",
            "pip": ["--index-url https://me:hush@host"],
            "code": {"x.py": ["d41d8cd98f00b204e9800998ecf8427e", False]},
        }
    )
    assert "hush" not in json.dumps(kept)
    assert kept["environment_variables"] == {  # as many stars as it had letters
        "DB_PASSWORD": "****",
        "KEY": {"secret": "STORE"},
        "secret": "****",
        "A": "1",
    }
    assert kept["code"] == {"x.py": ["d41d8cd98f00b204e9800998ecf8427e", False]}


@pytest.mark.parametrize(
    "shape",
    [
        *(
            "a.",
            "https://",
            "a:b",
            "password ",
            "password=\\",
            'secret:\\"',
            "account key ",
            "eyJ-",
            "?sig=",
            "Bearer ",
        ),
        *("-----BEGIN PRIVATE KEY-----", "%2F%2Fa%3Ab", "-u a:", "authorization: ", "token"),
    ],
)
def test_long_words_take_no_longer_than_their_length(shape: str) -> None:
    text = shape * (40_000 // len(shape))
    mask(f"{text}@ %40 password=Bearer sig= -u eyJ authorization -----begin")  # minutes, where it grew as the square
    masked(text)


@pytest.mark.parametrize("spelled", ["a\\x24", "é ü", "it's", "a & b", "x|y|z", "100% of\ttwo", "\udcff\udcfe raw"])
def test_a_secret_is_hidden_as_programs_quote_it(spelled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = f"open {spelled} sesame"
    monkeypatch.setenv("SESAME", secret)
    secrets.note(["SESAME"])
    said = {"error": f"{secret!r} or {secret}", "inner": json.dumps({"it": secret})}
    for text in (repr(said), json.dumps(said), json.dumps(said, ensure_ascii=False), f"'{secret!r}'", str(said)):
        assert "open" not in secrets.hide(text)


def test_forms_of_an_ordinary_secret_are_few() -> None:
    assert len(list(forms_of("0451abcdefXYZ"))) <= 7


BROKEN = """\
apiVersion: specrun/v1
name: job
datastores:
  store:
    type: azure_blob
    account_name: a
    container_name: c
    credentials:
      account_key: KEY
{broken}"""


@pytest.mark.parametrize(
    "key",
    [
        "|\n        Zx9canaryQ7",
        ">-\n        one\n        Zx9canaryQ7",
        '"one\n        Zx9canaryQ7"',
        "'one\n        Zx9canaryQ7'",
        "\n        Zx9canaryQ7",
        "&it Zx9canaryQ7",
        "Zx9canaryQ7",
        '"Zx9\\x63anaryQ7"',
        "[Zx9canaryQ7]",
        "{a: Zx9canaryQ7}",
    ],
)
@pytest.mark.parametrize("broken", ["", "      sas_token: [", "      \tx", "job: {command: *it}", "compute: 3"])
def test_no_line_of_a_literal_key_is_quoted(tmp_path: Path, key: str, broken: str) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(BROKEN.replace("{broken}", broken).replace("KEY", key))
    for found in check([str(file)]):
        assert VALUE not in f"{found.detail}{found.location.text}", found
