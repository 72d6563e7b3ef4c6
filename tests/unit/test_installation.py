"""How an extra is added to the specrun that runs: never from an index that has none, and with the installer in use."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any

import pytest

from specrun.engines import installation
from specrun.engines.installation import install_command
from tests.engine_double import write_spec

ROOT = Path(__file__).parents[2]
METADATA = """\
Metadata-Version: 2.1
Name: specrun
Version: 0.1.0
Requires-Dist: click<9,>=8.1
Requires-Dist: azure-ai-ml<2,>=1.35; extra == 'azureml'
Requires-Dist: azureml-core<2,>=1.60; extra == "azureml-v1"
Requires-Dist: standard-imghdr; (python_version >= '3.13') and extra == 'azureml-v1'
Requires-Dist: azure-identity<2,>=1.17 ; extra == 'azureml'
"""
REQUIRED = "'azure-ai-ml<2,>=1.35' 'azure-identity<2,>=1.17'"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prefix of a Python without pip or uv on the PATH, which has pip as a module."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr(sys, "executable", "/py/bin/python")
    monkeypatch.setattr(installation, "which", lambda name: None)
    (tmp_path / "prefix").mkdir()
    (tmp_path / "my clone").mkdir()
    (tmp_path / "prefix" / "specrun-0.1.0.whl").touch()
    return tmp_path


def installed(monkeypatch: pytest.MonkeyPatch, folder: Path, record: object = None, made_by: str = "pip") -> None:
    info = folder / "specrun-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA, encoding="utf-8")
    (info / "INSTALLER").write_text(made_by, encoding="utf-8")
    if record is not None:
        (info / "direct_url.json").write_text(record if isinstance(record, str) else json.dumps(record), "utf-8")
    found: Distribution = PathDistribution(info)
    monkeypatch.setattr(installation, "distribution", lambda name: found)


GIT = {"url": "https://git.example.com/a/b.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}
RECORDS: dict[str, tuple[object, str]] = {
    "editable": (
        {"url": "file://FOLDER/my%20clone", "dir_info": {"editable": True}},
        "--editable 'FOLDER/my clone[azureml]'",
    ),
    "a folder": ({"url": "file://FOLDER/my%20clone", "dir_info": {}}, "'FOLDER/my clone[azureml]'"),
    "a folder that is gone": ({"url": "file://FOLDER/gone", "dir_info": {}}, REQUIRED),
    "a wheel": (
        {"url": "file://FOLDER/prefix/specrun-0.1.0.whl", "archive_info": {}},
        "'FOLDER/prefix/specrun-0.1.0.whl[azureml]'",
    ),
    "a commit": (GIT, "'specrun[azureml] @ git+https://git.example.com/a/b.git@c0ffee'"),
    "a part of a repository": (
        {**GIT, "subdirectory": "tools/run"},
        "'specrun[azureml] @ git+https://git.example.com/a/b.git@c0ffee#subdirectory=tools/run'",
    ),
    "over ssh": (
        {**GIT, "url": "ssh://git@git.example.com/a/b.git"},
        "'specrun[azureml] @ git+ssh://git@git.example.com/a/b.git@c0ffee'",
    ),
    "an address with a token": ({**GIT, "url": "https://hush@git.example.com/a/b.git"}, REQUIRED),
    "an address with a signature": (
        {"url": "https://s.example.com/specrun.whl?sig=hush", "archive_info": {}},
        REQUIRED,
    ),
    "an index": (None, REQUIRED),
    "damaged": ("[1", REQUIRED),
    "not a record": ({"url": 3}, REQUIRED),
    "not an object": ({"url": "file://FOLDER/my%20clone", "dir_info": "x"}, REQUIRED),
}


@pytest.mark.parametrize("case", RECORDS)
def test_an_extra_comes_from_what_specrun_came_from(case: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, expected = RECORDS[case]
    text = json.dumps(record).replace("FOLDER", str(place)) if record and not isinstance(record, str) else record
    installed(monkeypatch, place, text)
    assert install_command("azureml") == "/py/bin/python -m pip install " + expected.replace("FOLDER", str(place))


def test_a_requirement_for_some_pythons_keeps_its_condition(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, place)
    line = """'azureml-core<2,>=1.60' 'standard-imghdr; python_version >= '"'"'3.13'"'"''"""
    assert install_command("azureml-v1") == f"/py/bin/python -m pip install {line}"


def test_it_is_published_by_one_constant(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, place)
    monkeypatch.setattr(installation, "ON_INDEX", "specrun")
    assert install_command("azureml") == "/py/bin/python -m pip install 'specrun[azureml]==0.1.0'"


@pytest.mark.parametrize(
    ("files", "found", "made_by", "expected"),
    [
        ((), {"pip": "/py/bin/pip"}, "pip", "pip install '{clone}'"),
        ((), {"pip": "/usr/bin/pip"}, "pip", "/py/bin/python -m pip install '{clone}'"),
        ((), {"uv": "/usr/bin/uv"}, "uv", "uv pip install --python /py/bin/python '{clone}'"),
        ((), {"uv": "/usr/bin/uv"}, "pip", "/py/bin/python -m pip install '{clone}'"),
        ((), {}, "uv", "/py/bin/python -m pip install '{clone}'"),
        (("pipx_metadata.json",), {}, "pip", f"pipx inject prefix {REQUIRED}"),
        (("uv-receipt.toml",), {"uv": "/usr/bin/uv"}, "uv", "uv tool install '{clone}'"),
    ],
)
def test_the_installer_is_the_one_in_use(
    files: tuple[str, ...],
    found: dict[str, str],
    made_by: str,
    expected: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in files:
        (place / "prefix" / name).touch()
    installed(monkeypatch, place, {"url": f"file://{place}/my%20clone", "dir_info": {}}, made_by)
    monkeypatch.setattr(installation, "which", found.get)
    assert install_command("azureml") == expected.replace("{clone}", f"{place}/my clone[azureml]")


def test_without_pip_it_is_uv(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, place)
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    assert install_command("azureml") == f"uv pip install --python /py/bin/python {REQUIRED}"


def test_a_folder_on_the_path_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise installation.PackageNotFoundError(name)

    monkeypatch.setattr(installation, "distribution", missing)
    assert install_command("azureml") == f"/py/bin/python -m pip install '{ROOT}[azureml]'"


def test_on_windows_its_shells_can_read_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, place)
    monkeypatch.setattr(sys, "platform", "win32")
    assert install_command("azureml").endswith("""-m pip install "azure-ai-ml<2,>=1.35" "azure-identity<2,>=1.17\"""")


WITHOUT_SDK = """\
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("azure", "azureml"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from specrun.cli.main import run
for engine in ("azureml", "azureml-v1"):
    for verb in ("plan", "drift", "runs", "status", "apply --yes", "destroy --yes"):
        print("exit", run([*verb.split(), "--engine", engine, "job.yaml"]))
"""


def test_every_verb_says_which_packages_an_engine_needs(tmp_path: Path) -> None:
    space = f"{{name: ml-ws, resource_group: ml-rg, subscription_id: {'4' * 8}-4444-4444-4444-{'4' * 12}}}"
    job = "{name: cpu-cluster, size: STANDARD_D4DS_V5, max_instances: 1}\njob: {command: ls}\n"
    write_spec(tmp_path, f"name: digits\nworkspace: {space}\ncompute: {job}")
    sign_in = {f"AZURE_{name}": "x" for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **sign_in}
    command = [sys.executable, "-c", WITHOUT_SDK]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert re.findall(r"^exit (\d+)$", done.stdout, re.MULTILINE) == ["1"] * 12, done.stderr
    assert "Traceback" not in done.stderr
    for engine in ("azureml", "azureml-v1"):
        told = f"the engine {engine} needs packages that are not installed (azure"
        assert done.stderr.count(told) == 6
        assert f"`{install_command(engine)}`" in done.stderr


FROM_AN_INDEX = re.compile(
    r"""(?:pip|uv|tool|pipx)[ ](?:install|add|inject|run)\b[^\n`]*[ '"]specrun(?!/|-|[^ '"]*\.whl|\[[\w-]+\][ ]@[ ])"""
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pip install specrun", True),
        ("pip install 'specrun[azureml]'", True),
        ("uv tool install --quiet specrun==0.1.0", True),
        ("pip install .", False),
        ("pip install '.[azureml]'", False),
        ("pip install '/my/specrun[azureml]'", False),
        ("pip install 'specrun[azureml] @ git+https://git.example.com/a'", False),
        ("pip install dist/specrun-0.1.0-py3-none-any.whl", False),
    ],
)
def test_what_would_come_from_an_index(text: str, found: bool) -> None:
    assert bool(FROM_AN_INDEX.search(text)) == found


def test_nobody_is_told_to_install_specrun_from_an_index() -> None:
    texts = [
        *(ROOT / "specrun").rglob("*.*"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "specs").rglob("*.md"),
        *ROOT.glob("*.md"),
    ]
    for file in texts:
        if file.suffix in (".py", ".md", ".yaml", ".json"):
            text = file.read_text(encoding="utf-8")
            found = [match[0] for match in FROM_AN_INDEX.finditer(text)]
            assert not found, f"{file.relative_to(ROOT)}: {found}"
