"""`specrun completion`: what is offered where, by the protocol of the scripts, and in real shells where they are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from docs.generate_options import FILE, table_text
from specrun.cli.completing import complete, split
from specrun.cli.main import VERBS
from specrun.engines.local.run_notes import TRIALS
from tests.engine_double import write_spec

BREAKS = " \t\n\"'><=;|&(:"
"""COMP_WORDBREAKS, as bash has it by itself."""

SPEC = """\
name: digits
extends: base.yaml
vars: {lr: 0.1, steps: 5}
targets: {prod: {engine: azureml}, test: {}}
tags: {team: vision}
job:
  command: ls
  inputs: {examples: {path: src}}
sweep:
  search_space:
    layers: {type: choice, values: [1, 2]}
    momentum: {type: uniform, min_value: 0, max_value: 1}
"""


@pytest.fixture(autouse=True)
def folder(bare: None) -> None:
    write_spec(Path.cwd(), SPEC, src__train_py="")
    write_spec(Path.cwd(), "abstract: true\nvars: {seed: 1}\n", "base.yaml")
    Path("my dir").mkdir()
    Path("my dir/a b.yaml").write_text("name: other\nvars:\n  alpha: 1\n  beta:\njob: [\n", encoding="utf-8")
    Path("the.plan").touch()
    for name in ("digits-0123456789", "other-0123456789"):
        logs = Path(".specrun/runs", name, "logs")
        logs.mkdir(parents=True)
        for role in ("ps-0", "worker-0", "worker-1"):
            (logs / f"{role}.txt").touch()
    for name in ("digits-00000000aa", "digits-00000000bb"):
        Path(".specrun/runs", name).mkdir()
        Path(".specrun", TRIALS.folder).mkdir(exist_ok=True)
        Path(".specrun", TRIALS.folder, name).touch()


def offered(capfd: pytest.CaptureFixture[str], shell: str, *arguments: str) -> list[str]:
    capfd.readouterr()
    complete(shell, arguments, VERBS)
    out, err = capfd.readouterr()
    assert err == ""
    return out.splitlines()


# fmt: off
IN_BASH = [
    ("specrun pl", ["plan "]),
    ("/usr/bin/specrun va", ["validate "]),
    ("specrun export ", ["config ", "azureml ", "tfjob ", "endpoint "]),
    ("specrun export azureml --out", ["--out ", "--out-dir "]),
    ("specrun plan --tar", ["--target "]),
    ("specrun plan --target prod --tar", []),
    ("specrun plan --engine ", ["local ", "azureml ", "azureml-v1 "]),
    ("specrun plan --engine=azureml-", ["azureml-v1 "]),
    ("specrun plan -o ", ["text ", "json ", "markdown ", "github ", "sarif "]),
    ("specrun plan --target ", ["prod ", "test "]),
    ("specrun plan job.yaml --target=t", ["test "]),
    ("specrun plan --var ", ["lr=", "steps=", "seed="]),
    ("specrun plan --var l", ["lr="]),
    ("specrun plan --var lr=", ["0.1 "]),
    ("specrun plan --input ", ["examples="]),
    ("specrun plan --input examples=s", ["src/"]),
    ("specrun plan --input examples=my\\ ", ["my\\ dir/"]),
    ("specrun plan m", ["my\\ dir/"]),
    ("specrun plan my\\ dir/", ["my\\ dir/a\\ b.yaml "]),
    ("specrun plan 'my d", ["my dir/"]),
    ("specrun plan 'my dir/a b.yaml' --var ", ["alpha=", "beta="]),  # which is no YAML yet
    ("specrun plan --environment c", ["current "]),
    ("specrun plan --only k", ["kind:"]),
    ("specrun validate --only k", []),
    ("specrun plan --only kind:com", ["compute "]),
    ("specrun plan --only tag:", ["team=vision "]),
    ("specrun plan --only d", ["digits "]),
    ("specrun show the", ["the.plan "]),
    ("specrun logs dig", ["digits-0123456789 "]),
    ("specrun logs digits-", ["digits-0123456789 "]),
    ("specrun logs digits-00000000b", ["digits-00000000bb "]),
    ("specrun logs --run oth", ["other-0123456789 "]),
    ("specrun logs job.yaml --run ", ["digits-0123456789 "]),
    ("specrun logs --run digits-0123456789 --role ", ["ps ", "worker ", "ps/0 ", "worker/0 ", "worker/1 "]),
    ("specrun apply --logs ", ["digits "]),
    ("specrun runs --columns lr,st", ["lr,steps", "lr,status", "lr,started"]),
    ("specrun runs --sort -l", ["-lr", "-layers"]),
    ("specrun runs --tree --columns mom", ["momentum"]),
    ("specrun runs --filter 'lr=1 see", ["lr=1 seed"]),
    ("specrun explain no-eff", ["no-effect "]),
    ("specrun completion ", ["bash ", "zsh ", "fish "]),
    ("specrun import script src/", ["src/train.py "]),
    ("specrun xyzzy ", []),
    ("specrun plan nowhere/", []),
    ("specrun plan 'unfinished", []),
    ("", []),
]
# fmt: on


@pytest.mark.parametrize(("line", "replies"), IN_BASH)
def test_bash_is_told_what_it_is_to_insert(capfd: pytest.CaptureFixture[str], line: str, replies: list[str]) -> None:
    found = offered(capfd, "bash", line, BREAKS)
    assert found == replies if line else len(found) in (0, len(VERBS))


def test_a_line_is_split_as_bash_does() -> None:
    words, last = split("specrun plan 'a b' c\\ d --var x=\"1 ", BREAKS)
    assert words == ["specrun", "plan", "a b", "c d", "--var"]
    assert (last.text, last.quote, last.kept) == ("x=1 ", '"', 2)
    assert split("a --x=y:z", BREAKS)[1].kept == len("--x=y:")
    assert split("a 'x=y", "=")[1].kept == 0


def test_zsh_and_fish_are_told_what_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert offered(capfd, "zsh", "pl") == [f"plan\t{VERBS['plan'][1]}\t"]
    assert offered(capfd, "zsh", "plan", "--var", "") == ["lr=\t0.1\topen", "steps=\t5\topen", "seed=\t1\topen"]
    assert offered(capfd, "zsh", "plan", "--engine=l") == ["--engine=local\tThis machine.\t"]
    assert offered(capfd, "fish", "plan", "--var", "lr=") == ["lr=0.1\tas the spec says"]
    assert offered(capfd, "fish", "plan", "'my d") == ["my dir/\t"]
    assert offered(capfd, "fish", "plan", "my\\ dir/") == ["my dir/a b.yaml\t"]
    assert offered(capfd, "fish") == offered(capfd, "fish", "")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"{{{", b"", b"- a\n- b\n", b"vars: 3\ntargets: [a]\nextends: [job.yaml]\n"]
)
def test_a_file_that_is_no_spec_offers_nothing_and_says_nothing(
    capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    Path("job.yaml").write_bytes(content)
    for words in (("--var", ""), ("--target", ""), ("--input", "x="), ("--only", "tag:"), ("--role", "")):
        offered(capfd, "fish", "plan", *words)


def test_nothing_is_imported_that_takes_long() -> None:
    """No verb, nothing of engines but what is known of them, nothing that plans."""
    code = (
        "import os, sys; from specrun.cli.main import VERBS; from specrun.cli.completing import complete\n"
        "complete('bash', ['specrun plan job.yaml --var ', ' ='], VERBS)\n"
        "complete('bash', ['specrun logs job.yaml --run ', ' ='], VERBS)\n"
        "print([name for name in sys.modules if name.startswith(('specrun.apply', 'specrun.views', 'specrun.engines', "
        "'specrun.spec.load', 'azure', 'rich', 'specrun.cli.apply', 'specrun.cli.plan'))])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stdout.startswith("lr=\nsteps=\n")


def test_the_table_of_options_is_that_of_the_verbs() -> None:
    assert FILE.read_text(encoding="utf-8") == table_text(), "run: python docs/generate_options.py"


def test_the_verb_prints_the_script(specrun: Any) -> None:
    for shell in ("bash", "zsh", "fish"):
        said = specrun("completion", shell)
        script = files("specrun.cli") / "templates" / "completion" / f"specrun.{shell}"
        assert (said.code, said.out) == (0, script.read_text(encoding="utf-8"))
        assert "_SPECRUN_COMPLETE" in said.out
    assert specrun("completion", "tcsh").code == 64


def program() -> Path:
    """A `specrun` to be found by a shell."""
    own = Path("bin/specrun")
    own.parent.mkdir()
    text = f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
    own.write_text(f"{text}from specrun.cli.main import main\nmain()\n", encoding="utf-8")
    own.chmod(0o755)
    return own


def test_in_a_real_bash() -> None:
    """Its own function is called as readline calls it, with bash's own COMP_LINE, COMP_POINT and COMP_WORDBREAKS."""
    line = "specrun plan --var lr= job.yaml"
    script = (
        f"PATH={program().parent.absolute()}:$PATH; source <(specrun completion bash); complete -p specrun\n"
        f"COMP_LINE='{line}' COMP_POINT=22; _specrun specrun; printf '<%s>' \"${{COMPREPLY[@]}}\"; echo\n"
        'COMP_LINE="specrun plan \'my d" COMP_POINT=18; _specrun specrun; printf \'<%s>\' "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout.splitlines()) == (
        "",
        ["complete -o nospace -F _specrun specrun", "<0.1 >", "<my dir/>"],
    )


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here: by hand, and by the protocol above")
def test_in_a_real_fish() -> None:
    path = program().parent.absolute()
    script = f"set PATH {path} $PATH; specrun completion fish | source; complete -C 'specrun plan --var lr='"
    environment = {**os.environ, "HOME": str(Path.cwd())}
    done = subprocess.run(["fish", "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout, done.stderr) == ("lr=0.1\tas the spec says\n", "")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here: by hand, and by the protocol above")
def test_in_a_real_zsh() -> None:
    """`compadd` is caught: completion itself needs a terminal."""
    path = program().parent.absolute()
    script = (
        f"PATH={path}:$PATH; compdef() {{ }}; source <(specrun completion zsh)\n"
        "compadd() { print -r -- compadd $@; for name in ${@[-1]}; do print -rl -- ${(P)name}; done }\n"
        "words=(specrun plan --var '') CURRENT=4 PREFIX=l; _specrun\n"
        "words=(specrun plan 'my\\ dir/') CURRENT=3 PREFIX='my\\ dir/'; _specrun\n"
    )
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert re.findall("^(?!compadd).+$", done.stdout, re.MULTILINE) == ["lr=", "my dir/a b.yaml"]
