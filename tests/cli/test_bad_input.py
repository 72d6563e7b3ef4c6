"""Whatever the file is, the real command line says what is wrong with it and where: exit 65, no traceback, bounded."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAD = "apiVersion: specrun/v1\nname: bad\n"
JOB = HEAD + "job:\n  command: ls\n"
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "LC_ALL": "C"}


def limited() -> None:
    """A gigabyte and 20 s of processor time: far more than anything needs, so that nothing takes the machine along."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


def specrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "specrun", *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=60,
        preexec_fn=limited,
        check=False,
    )


def refused(file: str) -> list[tuple[str, int, int]]:
    """Code, line and column of everything that is wrong, read from `validate -o json`."""
    done = specrun("validate", "-o", "json", file)
    assert done.returncode == 65, done.stderr
    assert done.stderr == ""
    found: list[dict[str, Any]] = json.loads(done.stdout)["diagnostics"]
    assert all(one["file"] == file and one["summary"] and one["detail"] for one in found)
    return [(one["code"], one["line"], one["column"]) for one in found]


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
TEXTS = {
    "billion laughs": (HEAD + LAUGHS, ("alias-bomb", 8, 10)),
    "deep flow": (HEAD + "job: " + "[" * 100_000, ("too-deep", 3, 105)),
    "deep blocks": (HEAD + "".join(f"{' ' * n}a:\n" for n in range(500)), ("too-deep", 103, 101)),
    "tab": (HEAD + "job:\n\tcommand: ls\n", ("tab-indent", 4, 1)),
    "empty": ("", ("empty-file", 1, 1)),
    "comments alone": ("# nothing\n\n", ("empty-file", 1, 1)),
    "two documents": (JOB + "---\n" + JOB, ("several-documents", 5, 1)),
    "list at the top": ("- apiVersion: specrun/v1\n", ("not-a-mapping", 1, 1)),
    "text at the top": ("specrun\n", ("not-a-mapping", 1, 1)),
    "duplicate key": (JOB + "  command: true\n", ("duplicate-key", 5, 3)),
    "duplicate beside a merge key": (
        HEAD + "vars: &v {a: 1}\njob: {command: ls, environment_variables: {<<: *v, A: '1', A: '2'}}\n",
        ("duplicate-key", 4, 60),
    ),
    "wrong value by a merge key": (
        HEAD + "compute: {name: gpu, tags: &t {team: 5}}\njob:\n  command: ls\n  tags: {<<: *t}\n",
        ("wrong-type", 3, 38),
    ),
    "a merge of a scalar": (HEAD + "job:\n  <<: 5\n  command: ls\n", ("bad-merge", 4, 7)),
    "unknown anchor": (JOB + "  code: *nothing\n", ("unknown-anchor", 5, 9)),
    "an anchor in itself": (JOB + "  tags: &a {b: *a}\n", ("recursive-alias", 5, 16)),
    "NUL in the code's path": (JOB + '  code: "a\\0b"\n', ("invalid-path", 5, 9)),
    "NUL in the file": (JOB + "  code: a\0b\n", ("control-character", 5, 10)),
    "long key": (JOB + f"  ? {'x y ' * 200_000}\n  : 1\n", ("unknown-key", 5, 5)),
    "long blanks in a key": (JOB + f'  ? "a{" " * 800_000}"\n  : \n', ("unknown-key", 5, 5)),
    "long name": (f"apiVersion: specrun/v1\nname: {'x' * 900_000}\njob: {{command: ls}}\n", ("bad-name", 2, 7)),
    "long expression": (HEAD + f"job:\n  command: ls ${{{{ f({'x' * 900_000}) }}}}\n", ("expression-syntax", 4, 15)),
    "long requirement": (JOB + f"  environment: {{pip: ['{'a.' * 400_000}!']}}\n", ("invalid-requirement", 5, 23)),
    "long line without a colon": (HEAD + f"job:\n  a{' ' * 900_000}b\n    c: d\n", ("yaml-syntax", 5, 6)),
    "many entries for one target": (
        HEAD + "data:\n" + "".join(f"  d{n}: {{path: ., target: t}}\n" for n in range(8_000)),
        ("duplicate-target", 5, 25),
    ),
    "many entries": (
        HEAD + "data:\n" + "".join(f"  d{n}: {{path: .}}\n" for n in range(10_000)) + "x: 1\n",
        ("unknown-key", 10_004, 1),
    ),
    "many credentials": (
        HEAD + "datastores:\n" + "".join(f"  d{n}: {{credentials: {{sas_token: x}}}}\n" for n in range(5_000)),
        ("missing-key", 4, 3),
    ),
    "many inputs": (
        JOB + "  inputs:\n" + "".join(f"    i{n}: {{data: d}}\n" for n in range(10_000)),
        ("unused-input", 6, 5),
    ),
    "many variables": (
        HEAD + "job: {command: ls}\nvars:\n" + "".join(f"  v{n}: ${{{{ vars.x }}}}\n" for n in range(10_000)),
        ("expression-misplaced", 5, 7),
    ),
    "many wrong references": (
        HEAD
        + "vars: {"
        + ", ".join(f"v{n}: 1" for n in range(8_000))
        + "}\njob:\n  command: >-\n"
        + "    ls ${{ vars.w }} ${{ inputs.x }}\n" * 2_500,
        ("unknown-variable", 6, 8),
    ),
    "expressions without an end": (
        HEAD + f"job:\n  script: bad.yaml\n  code: .\n  arguments: {'${{ ' * 50_000}\n",
        ("expression-unclosed", 6, 14),
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_bad_text_is_refused_at_its_place(name: str) -> None:
    text, place = TEXTS[name]
    Path("bad.yaml").write_bytes(text.encode())
    assert refused("bad.yaml")[0] == place


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ((JOB + "  code: caf").encode() + b"\xe9\n", ("not-utf8", 5, 12)),
        (JOB.encode("utf-16"), ("not-utf8", 1, 1)),
        (b"\x80\x81\x82" * 100_000, ("not-utf8", 1, 1)),
    ],
)
def test_bytes_that_are_not_utf8_are_refused_at_the_first_of_them(data: bytes, place: tuple[str, int, int]) -> None:
    Path("bad.yaml").write_bytes(data)
    assert refused("bad.yaml") == [place]


def test_50_megabytes_are_refused_unread() -> None:
    with Path("big.yaml").open("wb") as file:
        file.write(JOB.encode())
        file.truncate(50 << 20)
    assert refused("big.yaml") == [("too-large", 1, 1)]


def test_what_is_no_file_is_refused() -> None:
    os.mkfifo("pipe.yaml")  # nobody writes: to wait for it would be for ever
    Path("loop.yaml").symlink_to("loop.yaml")
    Path("folder.yaml").mkdir()
    Path("broken.yaml").symlink_to("nowhere")
    for name in ("pipe.yaml", "loop.yaml", "broken.yaml", "missing.yaml", "/dev/zero"):
        assert refused(name) == [("unreadable", 1, 1)]
    assert refused("folder.yaml") == [("no-specs", 1, 1)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_refused() -> None:
    Path("secret.yaml").write_text(JOB)
    Path("secret.yaml").chmod(0)
    assert refused("secret.yaml") == [("unreadable", 1, 1)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (JOB + "  code: pipe\n", ("not-regular", 5, 9)),
        (HEAD + "job: {code: src, script: pipe}\n", ("not-regular", 3, 26)),
        (HEAD + "data: {d: {path: pipe}}\n", ("not-regular", 3, 18)),
        (JOB + "  environment: {conda_file: pipe}\n", ("not-regular", 5, 29)),
        (HEAD + "data: {d: {path: /dev/zero}}\n", ("not-regular", 3, 18)),
        (HEAD + "data: {d: {path: loop}}\n", ("missing-data", 3, 18)),
        (JOB + "  code: loop\n", ("missing-code", 5, 9)),
    ],
)
def test_a_path_that_cannot_be_read_to_its_end_is_refused_before_anybody_reads(
    text: str, place: tuple[str, int, int]
) -> None:
    os.mkfifo("pipe")
    Path("src").mkdir()
    os.mkfifo("src/pipe")
    Path("loop").symlink_to("loop")
    Path("bad.yaml").write_text(text)
    errors = [one for one in refused("bad.yaml") if one[0] != "unused-input"]
    assert errors == [place]
    assert specrun("plan", "bad.yaml").returncode == 65


def test_a_symlink_to_a_spec_is_followed() -> None:
    Path("job.yaml").write_text(JOB)
    Path("link.yaml").symlink_to("job.yaml")
    assert specrun("validate", "link.yaml").returncode == 0


def test_other_verbs_refuse_the_same_way() -> None:
    Path("bad.yaml").write_text(HEAD + "job:\n\tcommand: ls\n")
    for verb in ("plan", "apply", "graph", "status", "runs"):
        done = specrun(verb, "bad.yaml")
        assert done.returncode == 65, verb
        assert "bad.yaml:4:1: error[tab-indent]" in done.stderr
        assert "Traceback" not in done.stderr


def test_other_yaml_is_passed_over_where_that_is_said(specrun: Any, tmp_path: Path) -> None:
    others = {
        "helm.yaml": "{{ x }}: [\n",
        "two.yaml": "a: 1\n---\nb: 2\n",
        "told.yaml": "t: |\n  apiVersion: specrun/v1\n",
    }
    for name, text in others.items():
        Path(name).write_text(text)
    assert specrun("validate", *others).code == 65
    said = specrun("validate", "--specs-only", *others)
    assert (said.code, said.out) == (0, "nothing to check: none of the files is a spec\n")
    data = json.loads(specrun("validate", "--specs-only", *others, "-o", "json").out)
    assert (data["valid"], data["diagnostics"]) == (True, [])
    assert specrun("validate", "--specs-only", *others, "-q").out == ""
    Path("base.yaml").write_text("apiVersion: specrun/v1\nabstract: true\ncompute: {name: gpu}\n")
    assert specrun("validate", "--specs-only", *others, "base.yaml").out == "no mistakes in 1 file\n"
    Path("wrong.yml").write_text("a: 1\n---\nApiVersion: specrun/v1\n")  # it wants to be a spec
    Path(".specrun.yaml").write_text("spec: [x]\n")
    said = specrun("validate", "--specs-only", *others, "wrong.yml", ".specrun.yaml", "gone.yaml", "-o", "json")
    found = {(one["file"], one["code"]) for one in json.loads(said.out)["diagnostics"]}
    assert found >= {("wrong.yml", "several-documents"), (".specrun.yaml", "unknown-key"), ("gone.yaml", "unreadable")}
    assert not {file for file, _ in found} & set(others)
