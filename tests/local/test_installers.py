"""What pip and uv say: real outputs of theirs, read for the bar and for the lines at fault."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from specrun.engines.base import EngineError
from specrun.engines.local import environments
from specrun.engines.local.installers.progress import words
from specrun.engines.local.installers.refusals import refusal
from specrun.plan.kinds.environment import JobEnvironment
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine

CASES = Path(__file__).parents[1] / "cases" / "builds"

APT = """\
The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv
package using the following command.

    apt install python3.11-venv

You may need to use sudo with that command."""
NEEDED = """\
Collecting tf-models (from -r /home/u/requirements.txt (line 2))
  Downloading tf_models-2.0-py3-none-any.whl (12 kB)
ERROR: Could not find a version that satisfies the requirement tensorflow-text==2.9.* (from tf-models) \
(from versions: 2.12.1, 2.13.0)
ERROR: No matching distribution found for tensorflow-text==2.9.*"""
METADATA = """\
Collecting horovod==0.28 (from -r /home/u/requirements.txt (line 1))
  Downloading horovod-0.28.0.tar.gz (3.5 MB)
  Preparing metadata (setup.py): started
  Preparing metadata (setup.py): finished with status 'error'
  error: subprocess-exited-with-error

  × python setup.py egg_info did not run successfully.
  │ exit code: 1
  ╰─> [4 lines of output]
      Traceback (most recent call last):
        File "<string>", line 2, in <module>
      ModuleNotFoundError: No module named 'packaging'
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
error: metadata-generation-failed

× Encountered error while generating package metadata.
╰─> See above for output."""
SEVERAL = "ERROR: Could not build wheels for pycocotools, which is required to install pyproject.toml-based projects"
WHEEL = "ERROR: torch-2.4.0-cp39-cp39-linux_x86_64.whl is not a supported wheel on this platform."
TORCH = "https://download.pytorch.org/whl/torch-2.4.0-cp39-cp39-linux_x86_64.whl"
CERTIFICATE = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))': /simple/six/
ERROR: Could not find a version that satisfies the requirement six (from versions: none)"""

SAID = {
    "no venv": (APT, ["six"], [], (), "`apt install python3.11-venv`), or install uv"),
    "no venv, and no word": ("/usr/bin/python3: No module named ensurepip", [], [], (), "apt install python3-venv"),
    "full": ("OSError: [Errno 28] No space left on device", ["six"], [], (), "The disk is full. Make room"),
    "needed": (NEEDED, ["numpy", "tf-models>=2"], [], (1,), "`tensorflow-text` 2.9.*, which `tf-models>=2` needs, for"),
    "source": (METADATA, ["horovod==0.28"], [], (0,), "`ModuleNotFoundError: No module named 'packaging'`"),
    "wheels": (SEVERAL, ["torch", "pycocotools"], [], (1,), "pycocotools has no wheel for Python 3.11"),
    "git": (
        "ERROR: Cannot find command 'git' - do you have it?",
        ["a", "x @ git+https://h/x"],
        [],
        (1,),
        "Install it.",
    ),
    "wheel": (WHEEL, [f"torch @ {TORCH}"], [], (0,), "is for another Python or system than Python 3.11"),
    "certificate": (CERTIFICATE, ["six"], [], (), "package index cannot be read: its certificate is not trusted"),
    "constraint": (
        "ERROR: Cannot install six==1.15 because these package versions have conflicting dependencies.\n"
        "    The user requested six==1.15\n    The user requested (constraint) six==1.16\n",
        ["idna", "six==1.15"],
        ["six==1.16"],
        (1, 2),
        "`six==1.15` and `six==1.16` do not go together. Keep one",
    ),
    "unforeseen": ("Collecting six\nERROR: something new\nthe end", ["six"], [], (), "says: `ERROR: something new`."),
    "nothing": ("", ["six"], [], (), "says: `nothing`."),
}


@pytest.mark.parametrize("path", sorted(CASES.iterdir()), ids=lambda path: path.stem)
def test_real_outputs(path: Path) -> None:
    head, _, said = path.read_text("utf-8").partition("\n\n")
    told = [line.partition(": ")[::2] for line in head.splitlines()]
    why, at = (next(text for name, text in told if name == wanted) for wanted in ("why", "at"))
    found = refusal(said.splitlines(), [text for name, text in told if name == "asked"], [], "3.11")
    assert (", ".join(map(str, found.lines)), found.why) == (at, why)


@pytest.mark.parametrize(("said", "asked", "held", "lines", "why"), SAID.values(), ids=SAID)
def test_what_else_is_said(said: str, asked: list[str], held: list[str], lines: tuple[int, ...], why: str) -> None:
    found = refusal(said.splitlines(), asked, held, "3.11")
    assert found.lines == lines
    assert why in found.why


def test_the_version_that_is_written_keeps_what_stands_around_it() -> None:
    said = (
        "ERROR: Could not find a version that satisfies the requirement ray[tune]==9 (from versions: 2.9.0, 2.9.1rc1)"
    )
    asked = "ray[tune]==9 ; python_version > '3.8'"
    assert "Write `ray[tune]==2.9.0; python_version > '3.8'`." in refusal([said], [asked], [], "3.11").why


WORDS = {
    "  Downloading tensorflow_cpu-2.16.1-cp311-cp311-linux_x86_64.whl (212.5 MB)": "tensorflow-cpu 2.16.1 (212.5 MB)",
    "  Downloading https://download.pytorch.org/whl/cu118/torch-2.4.0%2Bcu118-cp311-linux_x86_64.whl (857.6 MB)": (
        "torch 2.4.0+cu118 (857.6 MB)"
    ),
    "  Using cached numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl (18.3 MB)": (
        "numpy 1.26.4 (18.3 MB, from pip's cache)"
    ),
    "  Downloading psutil-5.4.0.tar.gz (406 kB)": "psutil 5.4.0 (406 kB)",
    "  Downloading idna-3.20-py3-none-any.whl.metadata (8.4 kB)": "",
    "Collecting charset-normalizer<4,>=2 (from requests==2.31.0->-r /x/requirements.txt (line 3))": (
        "looking for charset-normalizer"
    ),
    "     ━━━━━━━━━━━━━━━━━━━ 9.8/9.8 MB 27.3 MB/s  0:00:00": "",
    "  Preparing metadata (pyproject.toml): finished with status 'done'": "",
    "Building wheels for collected packages: psutil": "",
    "  Building wheel for psutil (pyproject.toml): started": "compiling psutil",
    "Installing collected packages: urllib3, idna, certifi": "installing 3 packages",
    "Successfully installed idna-3.20": "",
    "Resolved 43 packages in 586ms": "43 packages to install",
    "Downloading numpy (16.1MiB)": "numpy (16.9 MB)",
    " Downloaded numpy": "",
    "   Building psutil==5.4.0": "compiling psutil",
    "Prepared 1 package in 1.64s": "installing 1 package",
    " + numpy==2.4.6": "",
}


@pytest.mark.parametrize("line", WORDS)
def test_what_is_told_of_a_line(line: str) -> None:
    assert words(line) == WORDS[line]


# what becomes of it

CONFLICT = "error: No solution found\n  cause: Because you require six==1.15.0 and six==1.16.0, we can conclude that"


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `uv` that makes no environment, and says what the file beside it holds."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text(f'#!/bin/sh\n[ $1 = venv ] && exit 0\ncat "{tools}/said"; exit 1\n')
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return tools / "said"


def refused(machine: Machine, folder: Path, environment: str, *, given: str | None = None, **files: str) -> EngineError:
    text = f"name: job\njob:\n  command: ls\n  environment: {environment}\n"
    (spec,) = read_specs(write_spec(folder, text, **files), environment=given)
    changes = machine.plan(spec).changes
    with pytest.raises(EngineError) as raised:
        machine.begin(next(change for change in changes if isinstance(change.resource, JobEnvironment)))
    return raised.value


HERE = {
    "in the spec": ("{pip: [idna, six==1.15.0, six==1.16.0]}", None, ["job.yaml:5:29", "job.yaml:5:42"]),
    "in a file": ("{pip: [-r more.txt, six==1.16.0]}", None, ["more.txt:3:1", "job.yaml:5:36"]),
    "in a conda file": ("{conda_file: conda.yaml}", None, ["conda.yaml:3:11", "conda.yaml:4:11"]),
    "in a given file": ("{pip: [idna]}", "more.txt", ["more.txt:3:1", "more.txt:4:1"]),
}


@pytest.mark.parametrize(("environment", "given", "places"), HERE.values(), ids=HERE)
def test_the_lines_at_fault_are_shown(
    tmp_path: Path,
    machine: Machine,
    uv: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    given: str | None,
    places: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    uv.write_text(CONFLICT)
    conda = "dependencies:\n  - pip:\n        - six==1.15.0\n        - six==1.16.0\n"
    more = "# ours\nidna\nsix==1.15.0\n" + "six==1.16.0\n" * bool(given)
    error = refused(machine, tmp_path, environment, given=given, more_txt=more, conda_yaml=conda)
    assert error.diagnostic is not None
    assert error.diagnostic.code == "environment-not-built"
    found = [error.diagnostic.location, *error.diagnostic.others]
    assert [str(place).removeprefix(f"{tmp_path}/") for place in found] == places
    assert error.diagnostic.detail.startswith("`six==1.15.0` and `six==1.16.0` do not go together.")


def test_without_a_line_at_fault_the_environment_is(tmp_path: Path, machine: Machine, uv: Path) -> None:
    uv.write_text("error: Failed to fetch: `https://feed.example/six/`\n  Caused by: dns error: failed to lookup")
    error = refused(machine, tmp_path, "{pip: [six]}")
    assert error.diagnostic is not None
    assert str(error.diagnostic.location) == f"{tmp_path}/job.yaml:5:3"
    assert "feed.example cannot be read: its name is not found" in str(error)


def test_no_line_of_another_file_is_shown(tmp_path: Path, machine: Machine, uv: Path) -> None:
    uv.write_text("error: x\n  cause: Because there is no version of inner==9.9 and you require inner==9.9, we can")
    (tmp_path / "away.env").write_text("inner==9.9\n")
    error = refused(machine, tmp_path / "here", "{pip: [-r ../away.env, six]}")
    assert error.diagnostic is not None
    assert (error.diagnostic.location.line, error.diagnostic.location.text) == (1, "")
    assert "inner" not in str(error)


def test_silence_is_told_to_be_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "SILENCE", 0.001)
    read, write = os.pipe()
    with open(read, "rb") as stream:  # noqa: PTH123 - a descriptor
        lines = environments._lines_of(stream)
        os.write(write, b"one\ntw")
        assert next(lines) == "one"
        assert next(lines) == ""
        os.write(write, b"o")
        os.close(write)
        assert list(filter(None, lines)) == ["two"]
