"""Clusters and datastores that exist, as the sections of a spec that declares them just as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from specrun.convert import credentials
from specrun.convert.document import Document, Key, Value
from specrun.convert.imported import Imported
from specrun.convert.naming import spec_name, unique_slug
from specrun.convert.options import ImportOptions, write_given_workspace
from specrun.convert.report import FieldPath, Ledger, Report
from specrun.convert.section import doubt, has_expression
from specrun.convert.sources import Refused
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Kind
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.expressions import whole
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties
from specrun.spec.secret_places import is_credential

Check = Callable[[str], Iterable[Diagnostic]]
"""Gives what is wrong with the text of a spec, also for the engine that it goes to."""

STORES = {
    "azure_blob": ("account_key", "sas_token"),
    "azure_file": ("account_key", "sas_token"),
    "azure_data_lake_gen2": ("tenant_id", "client_id", "client_secret"),
}
"""The types of datastores that a spec can declare, each with the fields that its credentials may have."""

_NEEDED = ("name", "type", "account_name", "container_name", "file_share_name", "filesystem")
"""What no spec that declares one can leave out."""

_PASSWORD: FieldPath = ("ssh_settings", "admin_password")
_MAKER: FieldPath = ("tags", "specrun")


@dataclass(frozen=True, slots=True)
class Live:
    """A cluster or a datastore as an engine has seen it."""

    kind: Kind
    name: str
    seen: Observed

    @property
    def address(self) -> str:
        """What people call it, as in `compute/gpu`."""
        return f"{self.kind}/{self.name}"

    @property
    def to(self) -> Key:
        """Where in a spec it is declared."""
        return ("compute",) if self.kind == "compute" else ("datastores", self.name)


def import_live(found: Sequence[Live], engine: str, options: ImportOptions, check: Check) -> list[Imported]:
    """One spec for all, where there is at most one cluster; else one for each, and one for the datastores.

    What a spec cannot say, as `check` has it, is left out, and so is what could hold a credential: a field that is left
    out is neither compared nor changed. Raises Refused for what no spec can declare.
    """
    clusters = [one for one in found if one.kind == "compute"]
    stores = [one for one in found if one.kind != "compute"]
    groups = [[*clusters, *stores]] if len(clusters) < 2 else [*([one] for one in clusters), stores]
    made: list[Imported] = []
    for group in filter(None, groups):
        is_of_many = len(group) > 1 and group[0].kind != "compute"
        name = options.name or spec_name("datastores" if is_of_many else group[0].name)
        name = unique_slug(name, [one.name for one in made])
        made.append(_imported(name, group, engine, options, check))
    return made


def _imported(name: str, group: Sequence[Live], engine: str, options: ImportOptions, check: Check) -> Imported:
    unfit: dict[Key, str] = {}
    while True:
        draft, report = _drafted(name, group, engine, options, unfit)
        wrong = [one for one in check(draft.text()) if one.severity is Severity.ERROR]
        if not wrong:
            return Imported(name, draft, report)
        for one in wrong:
            path = tuple(part for part in one.path if isinstance(part, str))
            about = next((live for live in group if path[: len(live.to)] == live.to), group[0])
            if len(path) <= len(about.to) or path in unfit or path[-1] in _NEEDED:
                raise Refused(
                    about.address, f"no spec can declare it as it is, which its bare name does not need. {one.detail}"
                )
            unfit[path] = one.detail


def _drafted(
    name: str, group: Sequence[Live], engine: str, options: ImportOptions, unfit: Mapping[Key, str]
) -> tuple[Document, Report]:
    draft, report = Document(), Report()
    draft.set(("apiVersion",), "specrun/v1")
    draft.set(("name",), name)
    draft.set(("engine",), engine)
    write_given_workspace(draft, options.workspace)
    for one in group:
        report += _Declaration(one, draft, unfit).report()
    return draft, report


class _Declaration:
    """One cluster or datastore as it is written into a draft."""

    def __init__(self, live: Live, draft: Document, unfit: Mapping[Key, str]) -> None:
        self._live, self._draft, self._unfit = live, draft, unfit
        told: Mapping[str, object] = live.seen.credentials
        values = {**live.seen.properties, **({"credentials": dict(told)} if told else {})}
        self._ledger = Ledger(live.address, {name: value for name, value in values.items() if value not in (None, {})})

    def report(self) -> Report:
        """Write it; what became of each of its fields."""
        live, ledger = self._live, self._ledger
        self._draft.comment(live.to, f"{live.address} as it is now")
        assert isinstance(ledger.values, dict)
        self._copy({name: value for name, value in ledger.values.items() if name != "credentials"})
        self._copy_credentials(ledger.values.get("credentials"))
        if "ssh_settings" in ledger.values:
            self._ask_for_password("ssh_key_value" in ledger.values["ssh_settings"])
        if maker := live.seen.maker:
            ledger.drop(_MAKER, f"made by {maker}: specrun's own tags are set when something is made, and by no spec")
        if live.seen.status is Status.FAILED:
            ledger.ask(
                (), ".".join(live.to), f"it is there, and failed: {live.seen.reason or 'Azure does not say why'}"
            )
        return ledger.close("a spec has no such field")

    def _copy(self, values: Properties, path: FieldPath = ()) -> None:
        for name, value in values.items():
            here = (*path, name)
            if isinstance(value, Mapping):
                self._copy(value, here)
            else:
                self._copy_leaf(here, value)

    def _copy_leaf(self, path: FieldPath, value: object) -> None:
        to: Key = (*self._live.to, *map(str, path))
        secret = whole(value) if isinstance(value, str) and is_credential(to) else None
        if secret is not None and secret.namespace == "secrets":  # a record of this machine names it
            self._draft.set_secret(to, secret.name)
            self._ledger.carry(path, ".".join(to), f"a secret: set {secret.name} where specrun runs")
        elif why := self._why_not(path, to, value):
            self._ledger.drop(path, why)
        else:
            self._draft.set(to, _plain(value))
            self._ledger.carry(path, ".".join(to))

    def _why_not(self, path: FieldPath, to: Key, value: object) -> str:
        """Why a field is left out, and stays as it is; "" where nothing is in the way."""
        name = str(path[-1])
        refused = next((detail for one, detail in self._unfit.items() if to[: len(one)] == one), "")
        if refused:
            return f"left out, and stays as it is: {refused}"
        if has_expression(name) or has_expression(value):
            return "left out, and stays as it is: it would be taken for an expression of specrun's"
        is_tag = path[0] == "tags"
        if isinstance(value, str) and (credentials.is_secret(name, value) if is_tag else credentials.reveals(value)):
            return "left out, and stays as it is: it looks like a secret, which is not copied"
        return ""

    def _copy_credentials(self, said: object) -> None:
        if not isinstance(said, Mapping):
            return
        to: Key = (*self._live.to, "credentials")
        known = STORES.get(str(self._live.seen.properties.get("type")), ())
        if not said.keys() <= {*known}:
            what = (
                f"it is opened with {' and '.join(said)}, which a spec does not have for its type: `credentials` is "
                "left out. Apply registers it anew when you change it here, and it would lose that"
            )
            doubt(self._ledger, self._draft, ("credentials",), to, what)
            return
        for name, value in said.items():
            place = (*to, name)
            if value is not None:
                self._copy_leaf(("credentials", name), value)
                continue
            variable = credentials.variable(self._live.name, name)
            self._draft.set_secret(place, variable)
            note = f"a secret is not copied: set {variable} where specrun runs, before you change this datastore"
            self._ledger.rewrite(("credentials", name), ".".join(place), note)

    def _ask_for_password(self, has_key: bool) -> None:
        """Of a password nobody is told, not even whether there is one; a secret is not compared either."""
        to: Key = (*self._live.to, *map(str, _PASSWORD))
        if self._draft.get(to) is not None:
            return
        variable = credentials.variable(self._live.name, "admin_password")
        if has_key:
            what = (
                "whether the account has a password besides its key is told to nobody: if it has, write "
                f"`admin_password: {credentials.secret(variable)}`"
            )
        else:
            self._draft.set_secret(to, variable)
            what = (
                f"how the account signs in is told to nobody: set {variable} to its password where specrun runs, or "
                "write its public key as `ssh_key_value` instead"
            )
        self._ledger.ask((), ".".join(to), what)


def _plain(value: object) -> Value:
    """A value as a draft has it: lists of mappings among them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)
