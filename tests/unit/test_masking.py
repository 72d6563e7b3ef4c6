"""What is hidden: secrets wherever their values turn up, and the passwords of addresses."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from specrun.engines.local.output import Masking
from specrun.spec.masking import mask_addresses, masked
from specrun.spec.secrets import MASK, forms_of, longest_first

SECRET = 'open "sesame"/42'
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n"


def hidden(text: str, *secrets: str, cut: int) -> str:
    """The text after it came in pieces of `cut` bytes."""
    masking = Masking(longest_first(secrets))
    data = text.encode()
    pieces = [masking.put(data[at : at + cut]) for at in range(0, len(data), cut)]
    return b"".join([*pieces, masking.end()]).decode()


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"me:{SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_hidden_however_it_is_cut_and_spelled(shown: str, cut: int) -> None:
    said = hidden(f"token: {shown}\nand so on", SECRET, cut=cut)
    assert MASK in said
    assert said.startswith("token: ")
    assert said.endswith("\nand so on")
    assert shown[3:-5] not in said


@pytest.mark.parametrize("cut", [1, 5, 1000])
def test_each_line_of_a_secret_is_hidden(cut: int) -> None:
    assert hidden(f"> {KEY}>", KEY, cut=cut).strip() == f"> {MASK}\n>"
    assert hidden("a\r\n  kqhkiG9w0BAQ\r\n", KEY, cut=cut) == f"a\r\n  {MASK}\r\n"


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 6, 7, 8])
def test_the_longer_of_two_secrets_is_hidden_whole(cut: int) -> None:
    assert hidden("abcdefgh abcd abcdef", "abcd", "abcdefgh", cut=cut) == f"{MASK} {MASK} {MASK}ef"


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_what_only_begins_like_a_secret_stays(cut: int) -> None:
    assert hidden("open sesam\nopen", "open sesame", cut=cut) == "open sesam\nopen"


def test_what_may_go_on_is_held_back_and_nothing_else() -> None:
    masking = Masking(longest_first(["sesame"]))
    assert [masking.put(piece) for piece in (b"50% ses", b"s 60%", b" sesame.")] == [
        b"50% ",
        b"sess 60%",
        b" \xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2.",
    ]


@pytest.mark.parametrize("short", ["", "1", "yes", "\n\n", "a\nb"])
def test_what_is_too_short_to_be_a_secret_has_no_form(short: str) -> None:
    assert list(forms_of(short)) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--index-url https://me:hush@host/simple", "--index-url https://me:****@host/simple"),
        ("-i https://hush@host/simple", "-i https://****@host/simple"),
        ("git+https://hush:x-oauth@github.com/a/b", "git+https://hush:*******@github.com/a/b"),
        ("git+ssh://git@github.com/a/b", None),
        ("abfss://container@account.dfs.core.windows.net/a", None),
        ("https://me:${TOKEN}@host", None),
        ("https://${{ secrets.TOKEN }}@host", None),
        ("https://me:${{ secrets.TOKEN }}@host", None),
        ("https://host/a@b", None),
        ("mail me@host, see https://host:8080/x", None),
        ("https://me:hush@host and https://host/x:y@z", "https://me:****@host and https://host/x:y@z"),
    ],
)
def test_the_password_of_an_address_is_hidden(text: str, shown: str | None) -> None:
    assert mask_addresses(text) == masked(text) == (shown or text)
