"""A wrong command line is answered with the right one, ready to be pasted; nothing of it is run."""

from __future__ import annotations

import json
import shlex
from typing import Any

import click
import pytest

from specrun.cli import elsewhere
from specrun.cli.main import VERBS, specrun
from specrun.cli.meant import verb_for

# fmt: off
LINES = [
    # verbs of others, with all that is behind them
    ("delete job.yaml", "destroy job.yaml"),
    ("rm -y 'my job.yaml'", "destroy -y 'my job.yaml'"),
    ("down", "destroy"),
    ("teardown job.yaml --target prod", "destroy job.yaml --target prod"),
    ("submit job.yaml --var lr=0.1", "apply job.yaml --var lr=0.1"),
    ("create -f job.yaml", "apply job.yaml"),
    ("up -d", "apply --detach"),
    ("run job.yaml", "apply job.yaml"),
    ("start", "apply"),
    ("retry job.yaml", "apply --rerun job.yaml"),
    ("list", "runs"),
    ("ls -n 5", "runs --limit 5"),
    ("history job.yaml", "runs job.yaml"),
    ("lint specs", "validate specs"),
    ("check", "validate"),
    ("test -o json", "validate -o json"),
    ("log -f", "logs -f"),
    ("tail job.yaml", "logs --follow job.yaml"),
    ("stop", "cancel"),
    ("kill --run digits-0123456789", "cancel --run digits-0123456789"),
    ("preview", "plan"),
    ("restore job.yaml", "checkout job.yaml"),
    ("what-if", "plan"),
    ("download job.yaml", "outputs --fetch outputs job.yaml"),
    ("fetch job.yaml results", "outputs --fetch results job.yaml"),
    ("model list", "models"),
    ("registry digits", "models digits"),
    ("az ml model list -n digits", "models digits"),
    ("costs", "plan"),
    ("pricing", "prices"),
    ("dashboard", "ui"),
    ("watch job.yaml", "status --wait job.yaml"),
    ("convert train.py", "import train.py"),
    ("convert batchai job.json", "import batchai job.json"),
    ("force-unlock --force", "unlock --yes"),
    ("whoami", "doctor"),
    ("version", "--version"),
    ("-v", "--version"),
    ("help", "--help"),
    ("help plan", "plan --help"),
    ("help delete", "destroy --help"),
    ("help export azureml", "export azureml --help"),
    # two words
    ("job create --file job.yaml", "apply job.yaml"),
    ("az ml job create -f job.yaml -g rg -w ws --stream", "apply job.yaml"),
    ("job list --max-results 3", "runs --limit 3"),
    ("job stream -n digits-0123456789", "logs --follow --run digits-0123456789"),
    ("get jobs", "runs"),
    ("describe job digits-0123456789", "status digits-0123456789"),
    ("delete job job.yaml", "destroy job.yaml"),
    ("job show -n digits-0123456789", "status --run digits-0123456789"),
    ("job download -n digits-0123456789 -p results", "outputs --run digits-0123456789 --fetch results"),
    ("launch -c mine job.yaml", "apply job.yaml"),
    ("train -c job.yaml", "apply job.yaml"),
    # typing errors, and words in another order
    ("aply job.yaml", "apply job.yaml"),
    ("sumbit job.yaml", "apply job.yaml"),
    ("Plan job.yaml", "plan job.yaml"),
    ("job.yaml", "plan job.yaml"),
    ("-o json plan job.yaml", "plan -o json job.yaml"),
    ("--target prod apply", "apply --target prod"),
    ("plan --traget prod", "plan --target prod"),
    ("plan --var_file=a.yaml", "plan --var-file=a.yaml"),
    ("apply --eng local", "apply --engine local"),
    # options of others
    ("apply --dry-run job.yaml", "plan job.yaml"),
    ("apply -y --dry-run job.yaml", "plan job.yaml"),
    ("delete --dry-run -y job.yaml", "destroy job.yaml"),
    ("plan -f job.yaml", "plan job.yaml"),
    ("apply --file=job.yaml", "apply job.yaml"),
    ("apply --auto-approve", "apply --yes"),
    ("apply -auto-approve", "apply --yes"),
    ("apply --no-input", "apply --yes"),
    ("plan -out=the.plan", "plan --out=the.plan"),
    ("plan -out the.plan", "plan --out the.plan"),
    ("plan -detailed-exitcode", "plan --exit-code"),
    ("plan -var lr=1", "plan --var lr=1"),
    ("plan -input=false", "plan"),
    ("plan --set vars.lr=1", "plan --var lr=1"),
    ("apply --profile prod", "apply --target prod"),
    ("apply --env prod", "apply --target prod"),
    ("plan --json", "plan -o json"),
    ("plan --format json", "plan -o json"),
    ("plan -o md", "plan -o markdown"),
    ("plan -o=json", "plan -o json"),
    ("graph -o graphviz", "graph -o dot"),
    ("apply --wait", "apply"),
    ("apply --watch job.yaml", "apply job.yaml"),
    ("apply --no-wait", "apply --detach"),
    ("apply --force", "apply --rerun"),
    ("destroy --force", "destroy --yes"),
    ("status --watch", "status --wait"),
    ("logs -n 20", "logs --tail 20"),
    ("logs --name digits-0123456789", "logs --run digits-0123456789"),
    ("apply --verbose", "apply"),
    ("apply --nonsense job.yaml", "apply job.yaml"),
    ("rm --nonsense=3 job.yaml", "destroy job.yaml"),
    # values of others
    ("apply --engine azure", "apply --engine azureml"),
    ("apply --engine aml job.yaml", "apply --engine azureml job.yaml"),
    ("apply -yq --engine aml", "apply -yq --engine azureml"),
    ("plan -ojson --engine v2", "plan -ojson --engine azureml"),
    ("plan --engine v1", "plan --engine azureml-v1"),
    ("plan --engine=v2", "plan --engine=azureml"),
    ("validate --engine azure job.yaml", "validate --engine azureml job.yaml"),
    ("plan --backend azure", "plan --engine azureml"),
    ("apply --local", "apply --engine local"),
    # kinds of import and export
    ("export kubeflow job.yaml", "export tfjob job.yaml"),
    ("export --format az job.yaml", "export azureml job.yaml"),
    ("import --nam x job.yml", "import --name x job.yml"),
    ("import bachai job.json", "import batchai job.json"),
    ("import notebook train.ipynb", "import script train.ipynb"),
]
# fmt: on


@pytest.mark.parametrize(("typed", "right"), LINES)
def test_the_right_command_stands_on_a_line_of_its_own(specrun: Any, typed: str, right: str) -> None:
    said = specrun(*shlex.split(typed))
    assert said.code == 64
    assert f"  specrun {right}" in said.err.splitlines()
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "typed",
    [
        "xyzzy",
        "plan --var x",
        "plan -ojson --var x",
        "apply -yq --max-runs=0",
        "explain no-such-code",
        "apply --max-runs 0",
        "--nonsense",
    ],
)
def test_nothing_is_proposed_where_nothing_is_known(specrun: Any, typed: str) -> None:
    said = specrun(*shlex.split(typed))
    assert said.code == 64
    assert "\n  specrun " not in said.err


def test_what_is_left_out_is_said(specrun: Any) -> None:
    said = specrun("apply", "--nonsense", "-g", "rg", "job.yaml")
    assert said.err.splitlines()[-3:] == [
        "  specrun apply job.yaml",
        "  (without --nonsense, which `apply` does not have)",
        "  (without -g: the spec's `workspace` says where)",
    ]


def test_programs_are_told_as_well(specrun: Any) -> None:
    said = specrun("delete", "job.yaml", "-o", "json")
    assert json.loads(said.out)["errors"][0] == "specrun has no verb `delete`. Did you mean `destroy`?"


def test_only_what_exists_is_proposed() -> None:
    """No verb or option of these tables is one that is only planned, and every proposal can be read."""
    for name in elsewhere.names():
        assert name in VERBS or (verb_for(specrun, name) or "").split(" ")[0] in VERBS, name
    context = click.Context(specrun)
    options = {
        option
        for verb in VERBS
        for command in [specrun.get_command(context, verb)]
        for one in (command.commands.values() if isinstance(command, click.Group) else [command] if command else [])
        for parameter in one.params
        for option in parameter.opts
    }
    for _, verbs, typed, _ in elsewhere._OPTIONS:
        assert {word for word in typed.split() if word.startswith("-")} <= {*options, "--quiet", "--strict"}
        assert set(verbs.removeprefix("!").split("|")) - {""} <= {*VERBS, "ps"}


def test_alone_it_says_how_to_begin(specrun: Any) -> None:
    said = specrun()
    assert (said.code, said.out) == (64, "")
    assert "  specrun init " in said.err
    assert "`specrun --help` lists all verbs" in said.err
    assert specrun("export").err.startswith("Usage: specrun export [OPTIONS] KIND")
    assert "\\n" not in specrun("export").err
