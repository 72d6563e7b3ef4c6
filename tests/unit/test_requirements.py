"""Lines for pip, in specs, conda files, and the files that those name: what is read of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.plan.hashes import HashCache
from specrun.plan.kinds.environment import EnvironmentContent, read_content
from specrun.spec.load import load
from specrun.spec.requirements import Line, logical_lines, read_line

SPEC = "apiVersion: specrun/v1\nname: job\njob:\n  command: ls\n  environment: "
IN_CONDA = SPEC + "{conda_file: env/conda.yml}\n"
CONDA = "name: train\nchannels: [conda-forge]\ndependencies:\n  - pip\n  - pip:\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "env").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(engine: str = "local", environment: str | None = None) -> list[str]:
    """What is reported: place, code, and the first words of the detail."""
    found = load(["job.yaml"], engine=engine, environment=environment).diagnostics
    return [f"{d.location} {d.code}: {d.detail}" for d in found]


def content() -> EnvironmentContent:
    """The environment of job.yaml, which must be right."""
    loaded = load(["job.yaml"])
    assert loaded.ok
    assert loaded.specs[0].job is not None
    assert loaded.specs[0].job.environment is not None
    return read_content(loaded.specs[0].job.environment, HashCache(Path("unwritten")))


def in_spec(*lines: str) -> None:
    Path("job.yaml").write_text(SPEC + "\n    pip:\n" + "".join(f"      - '{line}'\n" for line in lines))


def in_conda(*lines: str) -> None:
    Path("job.yaml").write_text(IN_CONDA)
    Path("env/conda.yml").write_text(CONDA + "".join(f"      - {line}\n" for line in lines))


def test_lines_are_joined_and_comments_left_out() -> None:
    text = "# a list\nsix==1.16.0 \\\n    --hash=sha256:abc # so\n\n  numpy # as ever\ngit+https://x/y#egg=z\nlast \\"
    assert list(logical_lines(text)) == [
        (2, "six==1.16.0     --hash=sha256:abc"),
        (5, "numpy"),
        (6, "git+https://x/y#egg=z"),
        (7, "last"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("six==1.16.0", Line("six==1.16.0")),
        ("torch-geometric >= 2 ; python_version > '3'", Line("torch-geometric >= 2 ; python_version > '3'")),
        ("-r more.txt", Line("", (("--requirement", "more.txt"),))),
        ("-rmore.txt", Line("", (("--requirement", "more.txt"),))),
        ("--requirement='my file.txt'", Line("", (("--requirement", "my file.txt"),))),
        ("-c limits.txt --pre", Line("", (("--constraint", "limits.txt"), ("--pre", "")))),
        ("-i https://me:${{ secrets.T }}@x", Line("", (("--index-url", "https://me:${{secrets.T}}@x"),))),
        ("six==1 --hash sha256:a", Line("six==1", (("--hash", "sha256:a"),))),
        ("-e git+https://x/y", Line("", (("--editable", "git+https://x/y"),))),
    ],
)
def test_a_line_is_taken_apart_as_pip_does(text: str, line: Line) -> None:
    assert read_line(text) == line


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("--index-ur https://x", "Did you mean `--index-url`?"),
        ("--user", "is no option that a line of requirements can have"),
        ("-r", "`-r` lacks its value."),
        ("--pre=1", "takes no value"),
        ("--hash=sha256:a", "belongs behind a requirement"),
        ("six --hash", "lacks its value"),
        ("six -r more.txt", "give it a line of its own"),
        ("-r 'more.txt", "A quote is not closed."),
    ],
)
def test_what_pip_would_not_take_is_told(text: str, mistake: str) -> None:
    assert mistake in read_line(text).mistake
    in_conda("six", text)
    (found,) = told()
    assert found.startswith("env/conda.yml:7:9 invalid-requirement: ")


def test_files_that_are_named_count_and_travel(folder: Path) -> None:
    in_conda("-r ../base.txt", "six==1.16.0", "--extra-index-url https://index.example.org/simple")
    Path("base.txt").write_text("numpy # 1\n-c env/limits.txt\n--pre\n-r base.txt\n")
    Path("env/limits.txt").write_text("numpy<3 # two\n")
    assert told() == []
    found = content()
    assert found.pip is not None
    lines = ["numpy", "--pre", "six==1.16.0", "--extra-index-url https://index.example.org/simple"]
    assert (list(found.pip.requirements), list(found.pip.constraints)) == (lines, ["numpy<3"])
    assert [file.path for file in found.named] == ["conda.yml", "base.txt", "limits.txt"]
    assert found.conda_text is not None
    assert b"-r" not in found.conda_text
    assert b"  - six==1.16.0\n" in found.conda_text
    Path("base.txt").write_text("numpy # another word\n-c env/limits.txt\n--pre\n")
    assert content().digest == found.digest
    Path("env/limits.txt").write_text("numpy<2\n")
    assert content().digest != found.digest


def test_where_nothing_is_named_the_environment_is_what_it_was() -> None:
    in_conda("--extra-index-url https://index.example.org/simple", "six")
    found = content()
    assert (set(found.identity), found.conda_text) == ({"conda"}, Path("env/conda.yml").read_bytes())
    in_spec("six==1.16.0", "numpy  >= 1")
    assert content().identity == {"pip": ["six==1.16.0", "numpy  >= 1"]}


def test_a_list_in_the_spec_names_files_beside_the_spec() -> None:
    in_spec("-r env/base.txt", "six")
    Path("env/base.txt").write_text("-r more.txt\nnumpy\n")
    Path("env/more.txt").write_text("torch\n")
    assert told() == []
    assert content().identity == {"pip": ["torch", "numpy", "six"]}


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("-r bse.txt", "env/conda.yml:6:9 missing-requirements-file", "Did you mean `base.txt`?"),
        ("-r https://x/base.txt", "env/conda.yml:6:9 invalid-requirement", "fetch it"),
        ("-e .", "env/conda.yml:6:9 invalid-requirement", "put it into the job's code"),
        ("./six.whl", "env/conda.yml:6:9 invalid-requirement", "put it into the job's code"),
        ("--find-links wheels", "env/conda.yml:6:9 invalid-requirement", "name an index by its address"),
        ("-i https://me:${{ secrets.T }}@x", "env/conda.yml:6:9 invalid-requirement", "in the spec, below `pip`"),
        ("-r base.txt", "env/base.txt:2:3 invalid-requirement", "put it into the job's code"),
    ],
)
def test_what_cannot_be_is_refused_at_its_line(line: str, place: str, words: str) -> None:
    in_conda(line)
    Path("env/base.txt").write_text("six\n  -e ../pkg\n")
    (found,) = told()
    assert found.startswith(place)
    assert words in found


@pytest.mark.parametrize(("engine", "code"), [("azureml", "not-with-azureml"), ("azureml-v1", "not-with-sdk-v1")])
def test_what_azure_cannot_is_refused_there(engine: str, code: str) -> None:
    in_conda("-c limits.txt", "-i https://me:${TOKEN}@x/simple", "-r base.txt", "six @ file:///six.whl")
    Path("env/limits.txt").write_text("six<2\n")
    Path("env/base.txt").write_text("six\n")
    assert told() == []
    assert [found.partition(": ")[0] for found in told(engine)] == [
        f"env/conda.yml:6:9 {code}",
        f"env/conda.yml:7:9 {code}",
        "env/conda.yml:8:9 " + "requirements-sent-in-place",
        "env/conda.yml:9:9 invalid-requirement",
    ]


def test_the_note_has_a_code() -> None:
    in_spec("-r base.txt")
    Path("base.txt").write_text("six\n")
    (found,) = load(["job.yaml"], engine="azureml").diagnostics
    assert (found.code, found.severity.value) == ("requirements-sent-in-place", "note")


def test_a_password_in_an_address_is_told_of_and_not_shown() -> None:
    in_conda("--index-url https://me:hush-hush@host/simple", "-r base.txt")
    Path("env/base.txt").write_text("-f https://hush-hush@host/links\n")
    found = load(["job.yaml"]).diagnostics
    assert [(d.code, d.severity.value) for d in found] == [("credential-in-address", "warning")] * 2
    assert "`--index-url https://me:${TOKEN}@host/simple`" in found[1].detail
    assert "`-f https://${TOKEN}@host/links`" in found[0].detail
    assert not any("hush" in d.detail + d.location.text for d in found)
    in_spec("--index-url https://me:hush-hush@host/simple", "six @ https://hush-hush@host/six.whl")
    found = load(["job.yaml"]).diagnostics
    assert [d.code for d in found] == ["credential-in-address"] * 2
    assert "`--index-url https://me:${{ secrets.TOKEN }}@host/simple`" in found[0].detail
    kept = content()
    assert "hush" not in str(kept.shown)
    assert "hush" in str(kept.identity)  # which is what it was


def test_a_secret_in_an_address_counts_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    in_spec("--extra-index-url https://me:${{secrets.TOKEN}}@host/simple", "six")
    monkeypatch.setenv("TOKEN", "one")
    before = content().identity
    monkeypatch.setenv("TOKEN", "two")
    assert (
        content().identity
        == before
        == {"pip": ["--extra-index-url https://me:${{ secrets.TOKEN }}@host/simple", "six"]}
    )
    monkeypatch.delenv("TOKEN")
    assert [found.partition(": ")[0] for found in told()] == ["job.yaml:7:39 unset-secret"]


@pytest.mark.parametrize(
    "line", ["${{ secrets.TOKEN }}", "-i https://host/${{ secrets.TOKEN }}/simple", "six==${{ secrets.T }}"]
)
def test_elsewhere_it_would_show(line: str) -> None:
    in_spec(line)
    assert [found.partition(": ")[0].split()[1] for found in told()] == ["secret-misplaced"]


def test_a_file_of_requirements_given_as_the_environment() -> None:
    Path("job.yaml").write_text(SPEC + "{pip: [torch]}\n")
    Path("env/reqs.txt").write_text("six==1.16.0 \\\n  --hash=sha256:abc\n-r base.txt\n--pre # so\n")
    Path("env/base.txt").write_text("numpy\n")
    loaded = load(["job.yaml"], environment="env/reqs.txt")
    assert (loaded.ok, loaded.specs[0].job is not None) == (True, True)
    environment = loaded.specs[0].job.environment if loaded.specs[0].job else None
    assert environment is not None
    found = read_content(environment, HashCache(Path("unwritten")))
    assert found.identity == {"pip": ["six==1.16.0   --hash=sha256:abc", "numpy", "--pre"]}
    Path("env/base.txt").unlink()
    assert [line.partition(": ")[0] for line in told(environment="env/reqs.txt")] == [
        "env/reqs.txt:3:1 invalid-environment-file"
    ]
