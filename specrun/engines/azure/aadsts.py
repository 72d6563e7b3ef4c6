"""Entra ID's error codes (AADSTS…) for a sign-in that fails, in words that a user acts on.

They stand in https://learn.microsoft.com/entra/identity-platform/reference-error-codes. In the words, {client} and
{tenant} are ids, {login} is how a person logs in, {presented} the issuer and subject of a token, {rule}
Entra ID's own words.
"""

from __future__ import annotations

from collections.abc import Mapping

from specrun.engines.azure.azure_identity import AUDIENCE

UNKNOWN_TENANT = (
    "there is no tenant {tenant}. Correct AZURE_TENANT_ID: `az account show --query tenantId` prints that of your login"
)
_UNFIT_TOKEN = (
    "no federated credential of the application {client} fits the token that was presented{presented}. Add one with "
    "exactly this issuer and subject, and the audience " + AUDIENCE + ": in the portal, the application's "
    "Certificates & secrets, Federated credentials, or `az ad app federated-credential create --id {client}`"
)
_LOGIN_ENDED = "the login has expired or was revoked. Run `{login}` again"
_LOGIN_RULE = (
    "the organisation's rules (conditional access) do not let this sign-in through. {rule} Ask the tenant's "
    "administrator"
)
_MORE_PROOF = (
    "the tenant asks for a second factor (MFA), which cannot be given here. Run `{login}` in a terminal and confirm "
    "it, or sign in with a service principal or a managed identity"
)

_ROWS: Mapping[tuple[int, ...], str] = {
    (7000215, 7000218): "the client secret is wrong. Set AZURE_CLIENT_SECRET to the secret's value, not to its id",
    (7000222,): (
        "the client secret has expired. Make a new one, `az ad app credential reset --id {client} --append`, and set "
        "AZURE_CLIENT_SECRET to it"
    ),
    (90002, 900023, 900021, 50059): UNKNOWN_TENANT,
    (700016, 7000229): (
        "there is no application {client} in the tenant {tenant}. Set AZURE_CLIENT_ID to the application's (client) "
        "id, not to its object id, and AZURE_TENANT_ID to the tenant that it is in"
    ),
    (7000112, 7000113, 50057): "the account or application {client} is disabled. Ask the tenant's administrator",
    (70021, 700211, 700212, 700213, 700214, 700238): _UNFIT_TOKEN,
    (700024,): "the presented token is outside of its time. Is this machine's clock right?",
    (700027,): (
        "the certificate is not one of the application {client}. Upload it there (Certificates & secrets), or correct "
        "AZURE_CLIENT_CERTIFICATE_PATH"
    ),
    (53000, 53001, 53002, 53003, 530032, 530034, 530036, 50097, 50105, 50131, 53011): _LOGIN_RULE,
    (50072, 50074, 50076, 50078, 50079, 50158): _MORE_PROOF,
    (70008, 70043, 70044, 700082, 700084, 50173, 50132, 50089, 54005): _LOGIN_ENDED,
    (500011, 650057): (
        "the tenant {tenant} knows nothing of Azure's service that the token is for. Is it the tenant of the "
        "subscription?"
    ),
    (50020, 90072): "this account does not belong to the tenant {tenant}. Run `{login}` with another account",
    (70016, 70020): "nobody entered the code in time. Try again",
    (70018, 70019): "the code was wrong or has expired. Try again",
}
WORDS: Mapping[int, str] = {code: words for codes, words in _ROWS.items() for code in codes}

BUSY = frozenset({90006, 90024, 90033, 90055})
"""Codes with which Entra ID says that it has trouble of its own."""
