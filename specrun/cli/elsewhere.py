"""What other programs call the verbs and options of this one: `az ml`, Terraform, kubectl, Docker, dstack, SkyPilot.

None of it is an alias: it says what to type instead. Read when a command line is wrong, and never before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

# fmt: off

# what is typed here, and names for it; of several rows with one name the first counts whose verb there is
_VERBS: tuple[tuple[str, str], ...] = (
    ("init", "new scaffold quickstart bootstrap setup starter"),
    ("validate", "lint check test verify fmt format precommit pre-commit"),
    ("explain", "why code error errors what man doc docs"),
    ("show", "inspect render view cat print dump compile synth resolve config merge"),
    ("plan", "preview dryrun dry-run what-if whatif simulate compare estimate cost costs"),
    ("apply", "submit create deploy up run start launch execute exec train sync push update go make build invoke"),
    ("apply --rerun", "rerun re-run retry resubmit restart resume"),
    ("status", "state describe info stat metrics open portal console url st"),
    ("status --wait", "wait watch monitor"),
    ("logs", "log stdout output"),
    ("logs --follow", "tail follow stream attach"),
    ("outputs", "artifacts artifact files results"),
    ("outputs --fetch outputs", "download fetch pull cp copy"),
    ("cancel", "stop kill abort terminate end interrupt halt"),
    ("runs", "list ls history get queue jobs experiments job experiment"),
    ("ps", "top active running"),
    ("runs", "ps top active running"),
    ("models", "model registry model-registry lineage registered"),
    ("diff", "difference differences delta compare-runs rundiff"),
    ("checkout", "restore reproduce snapshot source"),
    ("ui", "dashboard studio tensorboard board gui web browser page server"),
    ("destroy", "delete del rm remove down teardown tear-down drop uninstall undeploy"),
    ("unlock", "force-unlock release free"),
    ("drift", "refresh changed detect-drift detect"),
    ("prune", "purge clean cleanup clean-up gc"),
    ("import", "convert migrate translate from load"),
    ("export", "to emit generate write package"),
    ("schema", "json-schema jsonschema"),
    ("graph", "dag draw plot visualize visualise dot mermaid"),
    ("prices", "price pricing pricelist price-list retail rates"),
    ("doctor", "diagnose debug health login auth whoami env self-check"),
    ("completion", "completions autocomplete autocompletion complete"),
)

# kinds of which there is one here: `specrun job list` is `specrun runs`
NOUNS = ("az", "ml", "job", "jobs", "run", "experiment", "experiments", "spec", "task", "service", "workflow")

_KINDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "import": (
        ("batchai", "batch-ai batch"),
        ("runconfig", "v1 run-config runconfigs"),
        ("azureml", "az aml azure-ml ml cli v2 azure"),
        ("azcli", "shell bash sh az-cli cli-v1 submit-script"),
        ("script", "python notebook notebooks sdk py scripts"),
        ("live", "existing remote cluster compute datastore"),
    ),
    "export": (
        ("azureml", "az aml azure-ml ml cli v2 azure yaml"),
        ("tfjob", "tf-job kubeflow k8s kubernetes"),
        ("config", "config.json workspace"),
        ("endpoint", "online-endpoint deployment online-deployment serve serving deploy"),
    ),
}

# options there; verbs here ("" all, "apply|plan" these, "!apply" all but); what is typed here, with VALUE for its own
# (NUMBER or SPEC, where that has to be one) and `verb:X` for another verb; and a remark. The first that fits counts.
_OPTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("--dry-run --dryrun --what-if --preview --simulate --check-only", "apply", "verb:plan", ""),
    ("--dry-run --dryrun --what-if --preview", "destroy", "", "destroy shows what it would delete, and asks"),
    ("--dry-run --dryrun", "plan|validate|drift", "", "nothing is changed in any case"),
    ("-n", "apply", "verb:plan", ""),
    ("-n --lines --last", "logs", "--tail NUMBER", ""),
    ("-n --max-results --max-items --last --top", "runs|ps", "--limit NUMBER", ""),
    ("--name --job-name --run-name --run-id --job --id -n", "status|logs|outputs|cancel", "--run VALUE", ""),
    ("--name -n --model", "models", "VALUE", ""),
    ("-p --path", "outputs", "--fetch VALUE", ""),
    ("-f --file --filename --config --spec --yaml --job-file --path --chdir", "", "VALUE", ""),
    ("-c -p -j", "", "SPEC", ""),
    ("--set --param --parameter --override --variable --vars -e", "", "--var VALUE", ""),
    ("--values --vars-file --params --env-file", "", "--var-file VALUE", ""),
    ("--profile --env --stage -t --workspace-env --context --project", "", "--target VALUE", ""),
    ("--backend --provider --cloud --runner --on", "", "--engine VALUE", ""),
    ("--local", "", "--engine local", ""),
    ("--azure --azureml --aml", "", "--engine azureml", ""),
    ("--json", "", "-o json", ""),
    ("--markdown --md", "", "-o markdown", ""),
    ("--format --output-format --out-format --fmt", "!export", "-o VALUE", ""),
    ("--auto-approve --assume-yes --approve --no-input --noinput --non-interactive --no-prompt", "", "--yes", ""),
    ("--force", "apply", "--rerun", ""),
    ("--force", "destroy|unlock|prune", "--yes", ""),
    ("--yes -y", "", "", "nothing is asked"),
    ("--no-input --auto-approve --non-interactive --force", "", "", "nothing is asked"),
    ("--detailed-exitcode --detailed-exit-code", "plan", "--exit-code", ""),
    ("--wait --watch --follow --stream --attach -i", "apply", "", "apply follows its runs, unless --detach is said"),
    ("--no-wait --background --no-follow --async -d --no-stream", "apply", "--detach", ""),
    ("--watch --follow -w -f --stream", "status", "--wait", ""),
    ("--stream --watch", "logs", "--follow", ""),
    ("--wait --force", "cancel", "", "cancel waits until the run has ended"),
    ("--tail -n", "apply|status", "", ""),
    ("--container --component --worker --rank --task", "logs", "--role VALUE", ""),
    ("--download --download-path --destination --dest", "outputs", "--fetch VALUE", ""),
    ("--target-dir --dir --directory", "outputs", "--fetch VALUE", ""),
    ("--out-file --output-file --save --to", "plan|import|export", "--out VALUE", ""),
    ("--output-dir --outdir --folder", "import|export", "--out-dir VALUE", ""),
    ("--replace", "apply|plan", "--allow-replace", ""),
    ("--refresh-only", "apply|plan", "verb:drift", ""),
    ("--destroy --delete", "apply|plan", "verb:destroy", ""),
    ("--retry --re-run --restart", "apply|plan", "--rerun", ""),
    ("--all-specs --recursive -r -R -A", "destroy|cancel|unlock", "--all", ""),
    ("--select --filter --include", "", "--only VALUE", ""),
    ("--skip --ignore --except", "!drift", "--exclude VALUE", ""),
    ("--silent", "", "--quiet", ""),
    ("--warnings-as-errors --werror --fail-on-warnings --error-on-warning", "", "--strict", ""),
    ("--no-colour --nocolor --no-ansi --plain", "", "--no-color", ""),
    ("--changed --since --diff", "", "--changed-since VALUE", ""),
    ("--verbose --debug -v -vv", "", "", "there is no more to be told"),
    ("--resource-group --workspace-name --subscription -g -w", "", "drop:VALUE", "the spec's `workspace` says where"),
    ("--lock --parallelism --refresh", "apply|plan|destroy", "", ""),
)

# options whose values are called otherwise elsewhere
_VALUES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "--output": (
        ("json", "jsonl ndjson jsonc yaml yml"),
        ("markdown", "md github"),
        ("text", "table plain human tsv default wide pretty"),
        ("dot", "graphviz gv"),
        ("mermaid", "text mmd"),
    ),
}

# fmt: on


class Rule(NamedTuple):
    """What stands for an option: words, where VALUE is its own value, and `verb:X` another verb; with a `remark`."""

    words: tuple[str, ...]
    remark: str

    @property
    def takes(self) -> bool:
        """Whether the option has a value."""
        return any(word in ("VALUE", "NUMBER", "SPEC", "drop:VALUE") for word in self.words)

    @property
    def verb(self) -> str | None:
        """The other verb that is meant."""
        return next((word.removeprefix("verb:") for word in self.words if word.startswith("verb:")), None)

    def typed(self, value: str | None) -> list[str]:
        """What is typed here, with the option's value."""
        own = value or ""
        if "--var" in self.words:
            own = own.removeprefix("vars.")
        return [own if word in ("VALUE", "NUMBER", "SPEC") else word for word in self.words if ":" not in word]


def names() -> list[str]:
    """The names for verbs elsewhere."""
    return [name for _, names in _VERBS for name in names.split()]


def verbs_for(name: str) -> Iterator[str]:
    """What is typed here for a verb from elsewhere, the best first."""
    wanted = name.lower().replace("_", "-")
    return (typed for typed, names in _VERBS if wanted in names.split())


def kind_for(verb: str, name: str) -> str | None:
    """The kind of `import` or `export` that is meant by a name from elsewhere."""
    wanted = name.lower().replace("_", "-")
    return next((kind for kind, names in _KINDS.get(verb, ()) if wanted in names.split()), None)


def rules_for(verb: str, option: str) -> Iterator[Rule]:
    """What may stand for an option from elsewhere at a verb of this program, the best first."""
    for names, verbs, typed, remark in _OPTIONS:
        fits = verb not in verbs[1:].split("|") if verbs.startswith("!") else not verbs or verb in verbs.split("|")
        if fits and option in names.split():
            yield Rule(tuple(typed.split()), remark)


def values_for(option: str, value: str) -> Iterator[str]:
    """The values that may be meant by one from elsewhere."""
    return (right for right, names in _VALUES.get(option, ()) if value.lower() in names.split())
