"""The code that arrives, and what the job's processes find around them."""

from __future__ import annotations

import hashlib

from tests.conformance.desk import Desk, change

WALK = """
    import json, os
    paths = [os.path.join(parent, name) for parent, _, names in os.walk(".") for name in names]
    print("told", json.dumps(sorted(os.path.relpath(path) for path in paths)))
"""
TREE = {
    "data.csv": True,
    "notes.md": False,
    "keep.md": True,
    "big/blob.bin": False,
    "big/code.py": False,
    "lib/part.py": True,
    "lib/part.log": True,  # the .amlignore there stands in place of the .gitignore, for what it speaks of
    "lib/secret.txt": False,
    "lib/deep/secret.txt": False,
    "lib/deep/special.txt": True,
    "lib/deep/notes.md": False,
    "run.log": False,
    "__pycache__/walk.cpython-311.pyc": False,
    ".git/HEAD": False,
    "venv/pyvenv.cfg": False,
    "venv/lib/module.py": False,
    "other.yaml": False,
    "settings.yaml": True,
    "with blank/ünïcode.txt": True,
}


def test_ignore_files_decide_what_code_arrives(desk: Desk) -> None:
    for path in TREE:
        desk.write(f"src/{path}", f"{path}\n")
    desk.write("src/other.yaml", "apiVersion: specrun/v1\nname: another\njob: {command: ls}\n")
    desk.write("src/walk.py", WALK)
    desk.write("src/.gitignore", "*.md\n!keep.md\nbig/\n*.log\n")
    desk.write("src/lib/.gitignore", "*.py\n")
    desk.write("src/lib/.amlignore", "secret.txt\n!*.log\n")
    desk.write("src/lib/deep/.amlignore", "special.txt\n!special.txt\n")
    desk.spec("job: {code: src, command: python walk.py}\n")
    arrive = {path for path, does in TREE.items() if does} | {"walk.py"}
    arrive |= {".gitignore", "lib/.gitignore", "lib/.amlignore", "lib/deep/.amlignore"}
    planned = {file["path"] for file in change(desk.plan(), "run")["run"]["code"]}
    assert planned == arrive
    # What an engine puts beside the code is its own affair; what was left out must not be there.
    found = set(desk.apply().told())
    assert arrive - found == set()
    assert found & set(TREE) == arrive & set(TREE)


def test_an_executable_file_arrives_as_one(desk: Desk) -> None:
    script = desk.write("src/hello.sh", "#!/bin/sh\necho hello from $0\n")
    script.chmod(0o755)
    desk.spec("job: {code: src, command: bash ./hello.sh && test -r hello.sh}\n")
    assert desk.apply().roles == {"main/0": ["hello from ./hello.sh"]}


def test_a_job_without_code_and_without_anything(desk: Desk) -> None:
    desk.spec("job: {command: 'echo $((6 * 7)) | cat; echo \"a  b\" >&2'}\n")
    assert sorted(desk.apply().roles["main/0"]) == ["42", "a  b"]


VARIABLES = """
    import hashlib, json, os
    secret = os.environ["KEY"]
    print("told", json.dumps([os.environ["WORDS"], os.environ["NUMBER"], os.environ["FLAG"], os.environ["EMPTY"]]))
    print("digest", hashlib.sha256(secret.encode()).hexdigest())
    print("the secret is", secret)
    print("fingerprint", os.environ["SPECRUN_FINGERPRINT"])
    print("caller", os.environ.get("OF_THE_CALLER"))
"""
CANARY = "canary-7351-of-the-conformance-suite"


def test_variables_and_secrets_arrive_and_the_secret_shows_nowhere(desk: Desk) -> None:
    desk.variables = {"CONF_CANARY": CANARY, "OF_THE_CALLER": "stays here"}
    desk.write("src/show.py", VARIABLES)
    desk.spec("""
        job:
          code: src
          command: python show.py
          environment_variables:
            WORDS: "two  words, it's $HOME"
            NUMBER: 7
            FLAG: true
            EMPTY: ""
            KEY: ${{ secrets.CONF_CANARY }}
    """)
    said = [desk.run("validate"), desk.run("plan", "--out", "the.plan"), desk.run("plan", "-o", "json")]
    applied = desk.apply()
    assert applied.told() == ["two  words, it's $HOME", "7", "true", ""]
    lines = applied.roles["main/0"]
    assert f"digest {hashlib.sha256(CANARY.encode()).hexdigest()}" in lines
    assert "the secret is ••••" in lines
    assert "caller None" in lines
    (run,) = desk.runs()
    assert f"fingerprint {run['fingerprint']}" in lines

    said += [applied, desk.run("logs"), desk.run("status", "-o", "json"), desk.run("runs", "-o", "json")]
    for each in said:
        assert CANARY not in each.out + each.err
    everything = [path for path in desk.folder.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    holding = [path for path in everything if CANARY.encode() in path.read_bytes()]
    # The job printed it: on this machine its log is here, and its own affair.
    assert [path for path in holding if path.parent.name != "logs"] == []


def test_another_value_of_a_secret_makes_no_run(desk: Desk) -> None:
    desk.spec("job: {command: echo once, environment_variables: {KEY: '${{ secrets.CONF_CANARY }}'}}\n")
    desk.run("plan")
    assert "CONF_CANARY" in desk.apply(ends=65).err, "unset, it stops apply"
    desk.variables = {"CONF_CANARY": "the first value"}
    desk.apply()
    desk.variables = {"CONF_CANARY": "the second value"}
    assert desk.apply().roles == {}
    assert len(desk.runs()) == 1
