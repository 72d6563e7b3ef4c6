"""Commands as the engines hand them to bash: a reference is one exact word, whatever quotes it stands in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping

import pytest

from emulator.job_data import filled
from specrun.engines.azureml_v1.command import start_of
from specrun.engines.azureml_v2.command import command_of, literals_of
from specrun.engines.commands import bash_line
from specrun.spec.model import CloudPath, Input, Job

SHOW = 'show() { printf "[%s]" "$@"; echo; }; export -f show\n'
TEXTS = (
    "plain",
    "{a,b} {1..3}",
    "two words",
    """it's "$HOME" `id` \\ \\\\ * }!""",
    "",
    "two\nlines",
    "-5",
    "$(id)",
    "a'b",
)
PATH = "/mnt/a b's $folder/`x`"
PATH_ON_V2 = "/mnt/a b's *folder"
"""The service puts a path in letter by letter: between double quotes it has to be one that they take."""

QUOTINGS = {
    "unquoted": "show {}",
    "part of a word": "show --data={}/x",
    "double": 'show "{}"',
    "in a double text": 'show "data: {}/x \\" $UNSET"',
    "single": "show '{}'",
    "between single texts": "show 'a'{}'b'",
    "in a single text": """show '{"data": "{}"}'""",
    "ansi": "show $'a\\t{}\\''",
    "localised": 'show $"{}"',
    "substitution": "show $(show {} >/dev/null; echo done)",
    "quoted substitution": 'show "$(show "{}")"',
    "substitution without quotes inside of some": 'show "a $(show {}) b"',
    "backquotes": "show \"`show '{}'`\"",
    "backquotes, unquoted": 'show "`show {}`"',
    "backquotes, double": 'x=`show "{}"`; show "$x"',
    "default": "show ${UNSET:-{}}",
    "default in quotes": 'show "${UNSET:-{}}"',
    "assignment": 'x={}; show "$x"',
    "another shell, single": "bash -c 'show {}'",
    "another shell, single and double": "bash -c 'show \"{}\" end'",
    "another shell, double": 'bash -c "show {}"',
    "another shell, double and escaped": '/bin/bash -euo pipefail -c "show \\"{}\\""',
    "another shell, double and single": "bash -c \"bash -c 'show {}'\"",
    "eval": "eval 'show {}'",
    "here-document": "cat <<EOF\n'{}' \"{}\"\nEOF",
    "here-document with tabs": "cat <<-END | cat\n\t{}\n\tEND",
    "quoted here-document": "cat <<'EOF'\n'{}' \"{}\" `x`\nEOF",
    "two here-documents": "cat - /dev/fd/3 <<A 3<<'B'\n{}\nA\n{}\nB",
    "here-document for a shell": "bash <<'EOF'\nshow {}\nEOF",
    "here-string": "cat <<< {}",
    "behind a comment": "# it's a comment\nshow {} # and '{}'",
    "a hash in a word": "show a#b'{}'",
    "subshell": "(cd / && show {})",
    "loop": "for x in {} b; do show \"$x\" '{}'; done",
    "case": "case x in y) show 1 ;; x) show {} ;; esac",
    "condition": 'if [[ -n x && "x" == x ]]; then show {}; fi',
    "continued": "show a \\\n  {} \\\n  '{}'",
    "escaped quotes": "show \\' {} \\\" '{}'",
    "array": 'a=(x {}); show "${a[@]}"',
    "process substitution": "cat <(show {})",
    "redirection": "show {} 2>&1 | cat; show a 2>/dev/null >&1",
    "arithmetic before": "show $((1 + 2)) $(( (3) * 2 )) '{}'",
}
NOT_ON_V1 = ("quoted here-document", "two here-documents")
"""What a path cannot stand in there: nothing puts it in."""

BRACES_IN_BRACES = ("default in quotes", "x1")
"""Bash 5.2 expands {a,b} in `"${X:-"{a,b}"}"`, against its own manual."""

NAMES = [f"x{number}" for number in range(len(TEXTS))]
INPUTS = {name: Input(name, text) for name, text in zip(NAMES, TEXTS, strict=True)}
INPUTS["path"] = Input("path", CloudPath("azureml://datastores/training/paths/sets"))
VALUES = {**dict(zip(NAMES, TEXTS, strict=True)), "path": PATH}


def in_bash(command: str, variables: Mapping[str, str]) -> dict[str, str]:
    """What the command prints below each of its headings."""
    environment = {"PATH": "/usr/bin:/bin", **variables}
    done = subprocess.run(["bash", "-c", SHOW + command], env=environment, capture_output=True, text=True)
    assert not done.stderr, done.stderr
    rows = [tuple(row.split(":\n", 1)) for row in done.stdout.split("\n== ")]
    return dict(rows[1:])


def script(stands_for: Callable[[str], str]) -> str:
    """Every quoting with every value, each below a heading."""
    return "echo\n" + "\n".join(
        f"echo; echo '== {quoting} {name}:'\n{command.replace('{}', stands_for(name))}"
        for quoting, command in QUOTINGS.items()
        for name in VALUES
    )


def on_local(job: Job) -> dict[str, str]:
    return in_bash(bash_line(job, lambda _, name: VALUES[name]), {})


def on_v2(job: Job) -> dict[str, str]:
    told = {f"inputs.{name}": str(value) for name, value in literals_of(job).items()}
    return in_bash(filled(command_of(job), {**told, "inputs.path": PATH_ON_V2}), {})


def on_v1(job: Job) -> dict[str, str]:
    return in_bash(start_of(job).command, {"AZUREML_DATAREFERENCE_path": PATH})


@pytest.mark.parametrize("run", [on_local, on_v2, on_v1])
def test_a_value_is_one_exact_word_in_any_quotes(run: Callable[[Job], dict[str, str]]) -> None:
    found = run(Job(command=script(lambda name: f"${{{{ inputs.{name} }}}}"), inputs=INPUTS))
    # Where nothing is at stake: a word that needs no quotes, whatever stands around it.
    meant = in_bash(script(lambda name: f"TOKEN-{name}-"), {})
    assert len(meant) == len(QUOTINGS) * len(VALUES)
    for heading, printed in meant.items():
        quoting, _, name = heading.rpartition(" ")
        if (run is on_v1 and name == "path" and quoting in NOT_ON_V1) or (quoting, name) == BRACES_IN_BRACES:
            continue
        value = PATH_ON_V2 if run is on_v2 and name == "path" else VALUES[name]
        assert found[heading] == printed.replace(f"TOKEN-{name}-", value), heading


def test_carriage_returns_do_not_reach_bash() -> None:
    job = Job(command="echo '== a:'\r\necho b\r\n", inputs={})
    assert bash_line(job, lambda _, name: name) == "echo '== a:'\necho b\n"
