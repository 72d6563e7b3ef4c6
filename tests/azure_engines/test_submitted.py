"""What runs on Azure consisted of: compared, and written out again, on both engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.azure_engines.by_hand import add_cluster
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import Place

SPEC = """
apiVersion: specrun/v1
name: job
workspace: {from_config: config.json}
compute: cpu
vars: {lr: 0.1, who: "${{ env.WHO }}"}
data: {digits: {path: data}}
job:
  code: src
  command: python train.py --lr ${{ vars.lr }} ${{ inputs.digits }}
  inputs: {digits: {data: digits}}
  environment: {conda_file: conda.yml, image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"}
  environment_variables: {WHO: "${{ vars.who }}", KEY: "${{ secrets.KEY }}"}
"""
CONDA = "dependencies: [python=3.11, pip: [torch=={}]]\n"


def write(code: str, torch: str) -> None:
    Path("src/pkg").mkdir(parents=True, exist_ok=True)
    Path("data").mkdir(exist_ok=True)
    Path("data/a.csv").write_text("1,2\n")
    Path("src/pkg/train.py").write_text(code)
    Path("src/train.py").write_text("import pkg.train\n")
    Path("conda.yml").write_text(CONDA.format(torch))
    Path("job.yaml").write_text(SPEC)


@pytest.fixture
def two(place: Place, specrun: Specrun, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two runs, the older one first, of which the machine has only the newer one's files."""
    Path(".git").mkdir()
    add_cluster(place, "cpu")
    monkeypatch.setenv("WHO", "me")
    monkeypatch.setenv("KEY", "a-secret-of-12")
    names = []
    for code, torch in (("lr = 1\n", "2.1"), ("lr = 2\n", "2.2")):
        write(code, torch)
        ended, out, err = specrun("apply", "--yes", "--detach", "job.yaml")
        assert ended == 0, out + err
        names.append(next(name for name in place.plane.runs if name not in names))
    return names[0], names[1]


def test_the_code_of_runs_is_fetched_and_their_specs_are_written_out_or_it_is_said(
    place: Place, specrun: Specrun, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = two
    monkeypatch.delenv("WHO")
    code, out, err = specrun("diff", newer, "-o", "json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["before"]["name"], told["after"]["name"], told["notes"]) == (older, newer, [])
    (file,) = told["code"]["files"]
    assert (file["path"], file["diff"]) == ("pkg/train.py", "@@ -1 +1 @@\n-lr = 1\n+lr = 2")
    (conda,) = told["environment"]["files"]
    assert "+dependencies: [python=3.11, pip: [torch==2.2]]" in conda["diff"]
    assert (file["before"]["size"], told["data"]) == (7, [])

    code, out, err = specrun("checkout", older, "out", "-o", "json")
    told = json.loads(out)
    assert (code, told["same"], told["lacks"], told["not_written"]) == (0, True, [], {}), err
    assert Path("out/src/pkg/train.py").read_text() == "lr = 1\n"
    spec = Path("out/job.yaml").read_text()
    assert "a-secret" not in spec
    assert "--lr ${{ vars.lr }}" in spec
    assert "who: me" in spec
    code, out, err = specrun("plan", "out/job.yaml", "--exit-code")
    assert code == 0, out + err
    assert older in out

    _lose_code(place)
    code, out, err = specrun("diff", older, newer, "-o", "json")
    assert code == 0, err
    (file,) = json.loads(out)["code"]["files"]
    assert (file["diff"], file["change"]) == (None, "changed")
    assert file["note"]
    code, out, err = specrun("checkout", older, "again")
    assert code == 1
    assert "2 files not written" in err


def _lose_code(place: Place) -> None:
    for version in [one for name in place.plane.assets.names("codes") for one in place.plane.assets.of("codes", name)]:
        version.properties["codeUri"] = "https://elsewhere.blob.core.windows.net/gone/src"
    place.plane.snapshots.clear()
