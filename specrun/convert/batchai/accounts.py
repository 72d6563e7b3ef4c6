"""Storage accounts, and the secrets that open them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from specrun.convert.batchai.secrets import vault_command
from specrun.convert.batchai.section import LooseSection
from specrun.convert.credentials import secret, variable
from specrun.convert.document import TODO, Document, Key
from specrun.convert.naming import unique
from specrun.convert.report import dotted

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_PLACEHOLDER_KEY = "AZURE_BATCHAI_STORAGE_KEY"
"""The variable that Azure's command line read the key from where the file names none."""


@dataclass(slots=True)
class Accounts:
    """A name that a file leaves open is a variable of the spec, one for all places where it stands."""

    draft: Document
    open: dict[str, str] = field(default_factory=dict)

    def name_of(self, item: LooseSection, host: str, to: str) -> str:
        """The account's name, of `accountName` or of the share's address, or the variable that stands for it."""
        text = item.text("accountName")
        written = text.value if text else host.partition(".")[0]
        if _ACCOUNT.fullmatch(written.lower()):
            if text:
                item.ledger.carry(text.path, f"{to}.account_name")
            return written.lower()
        if written not in self.open:
            self._open(item, written)
        reference = f"${{{{ vars.{self.open[written]} }}}}"
        if text:
            item.ledger.rewrite(text.path, f"{to}.account_name", f"`{reference}`")
        return reference

    def _open(self, item: LooseSection, written: str) -> None:
        name = unique("storage_account", set(self.open.values()))
        self.open[written] = name
        self.draft.set(("vars", name), TODO, _comment(written))
        what = f"the file leaves the storage account of {dotted(item.path)} open: write its name"
        item.ledger.ask((), f"vars.{name}", what, f"apply --var {name}=ACCOUNT")


def credentials(item: LooseSection, account: str, draft: Document, place: Key) -> None:
    """The datastore's key, by the name of a secret."""
    section = item.section("credentials", "credentialsInfo")
    literal, reference = section.text("accountKey"), section.section("accountKeySecretReference")
    is_open = account.startswith("$") or (literal is not None and "AZURE_BATCHAI_STORAGE_KEY" in literal.value)
    name = _PLACEHOLDER_KEY if is_open else variable(f"{account}_key")
    to = ".".join((*place, "credentials", "account_key"))
    draft.set((*place, "credentials", "account_key"), secret(name))
    if literal is not None:
        item.ledger.rewrite(literal.path, to, f"a secret is not copied: set the environment variable {name}")
    if reference.values:
        item.ledger.rewrite(reference.path, to, f"set the environment variable {name}{vault_command(reference)}")
    if literal is None and not reference.values:
        draft.comment((*place, "credentials"), f"set {name}; or leave the section out, to use your own identity")


def _comment(written: str) -> str:
    shown = "" if not written or not written.isprintable() else f", where the file has {written[:60]}"
    return f"the storage account{shown}"
