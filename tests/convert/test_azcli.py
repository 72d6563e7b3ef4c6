"""Shell scripts that submit with the Azure ML CLI v1 become specs."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specrun.convert import kinds
from specrun.convert.azcli import import_azcli
from specrun.convert.azcli.calls import calls_of
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.recognizing import taken_for
from specrun.convert.report import Verdict
from specrun.convert.sources import NothingIn, Refused, Source, read_script
from specrun.convert.unknown import Mixed, Unknown
from tests.convert.imports import mistakes, read_back

CASES = Path(__file__).parents[1] / "cases" / "import" / "azcli"
SUBMIT = "az ml run submit-script -c train -e digits train.py"
HYPERDRIVE = """
sampling:
  type: GRID
  parameter_space:
    - {name: --lr, expression: choice, values: [0.1, 0.5]}
    - {name: drop-out, expression: quniform, values: [0, 1, 0.5]}
policy: {type: NoTerminationPolicy}
primary_metric_name: accuracy
primary_metric_goal: MAXIMIZE
max_total_runs: 8
max_concurrent_runs: 2
max_duration_minutes: 60
"""


def of(text: str, options: ImportOptions | None = None, file: str = "train.sh") -> list[Imported]:
    return import_azcli(Source(file, text, None), options or ImportOptions())


def spec_of(text: str, file: str = "train.sh") -> dict[str, Any]:
    (found,) = of(text, file=file)
    spec = read_back(found)
    assert isinstance(spec, dict)
    return spec


def project(folder: Path, runconfig: str = "target: cpu\nscript: old.py\narguments: [--old]\n") -> Path:
    for name, text in {".azureml/train.runconfig": runconfig, "train.py": "", "conda.yml": "dependencies: [a]"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"SUFFIX": "a", "RATE": "0.1", "AZURE_SUBSCRIPTION_ID": "1" * 8 + "-1111-1111-1111-" + "1" * 12}
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(CASES)
    (found,) = import_azcli(read_script("project/scripts/train.sh"), ImportOptions())
    assert found.draft.text() == (CASES / "train.spec.yaml").read_text(encoding="utf-8")
    assert mistakes(found, tmp_path) == []
    files = {entry.file for entry in found.report.entries}
    assert files == {"project/scripts/train.sh", "project/.azureml/train.runconfig"}
    assert [(job.name, job.place, job.chosen) for job in found.jobs] == [
        ("prepare", "line 12", False),
        ("train", "line 13", True),
    ]


def test_every_word_of_every_call_is_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    source = read_script("project/scripts/train.sh")
    (found,) = import_azcli(source, ImportOptions())
    values = {call.key: {**call.options, "script": "", "arguments": ""} for call in calls_of(source.file, source.text)}
    told = {entry.path for entry in found.report.entries if entry.file == source.file}
    for key, options in values.items():
        for name in options.keys() - {"script", "arguments"}:
            assert (key, name) in told or (key,) in told, (key, name)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("plain", "plain"),
        ("'a $B'", "a $B"),
        ('"a b"', "a b"),
        ("a\\ b", "a b"),
        ("$SET", "known"),
        ("${SET}-1", "known-1"),
        ('"${SET}/${SET}"', "known/known"),
        ("$FREE", Unknown("$FREE", "line 2", "free", environment="FREE")),
        ("${FREE:-x}", Unknown("${FREE:-x}", "line 2", "free", default="x")),
        ("--a=$FREE", Mixed(("--a=", Unknown("$FREE", "line 2", "free", environment="FREE")))),
        ("$1", Unknown("$1", "line 2", "argument")),
        ("$(ml.workspace)", Unknown("$(ml.workspace)", "line 2", "workspace")),
        ("$(pick $(one) x)", Unknown("$(pick $(one) x)", "line 2")),
        ("`pick`", Unknown("`pick`", "line 2")),
        ("'{\"a\": 1}'", '{"a": 1}'),
        ('"a\\"b"', 'a"b'),
    ],
)
def test_words_as_bash_reads_them(word: str, value: object) -> None:
    (call,) = calls_of("a.sh", f"az account show; SET=known\naz ml run submit-script {word}\n")
    assert (call.words[0], call.place) == (value, "line 2")


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("export A=1", "1"),
        ("A=1 B=2", "1"),
        ("A=1; A=2", "2"),
        ("if true; then A=1; fi", Unknown("$A", "line 1", "A")),
        ("for A in 1 2; do true; done", Unknown("$A", "line 1", "A")),
        ("A=1 run", Unknown("$A", "line 2", "a", environment="A")),
        ("A=1; A+=2", Unknown("$A", "line 1", "A")),
        ("read -r A", Unknown("$A", "line 1", "A")),
        ("# A=1", Unknown("$A", "line 2", "a", environment="A")),
        ("cat <<EOF\nA=1\nEOF", Unknown("$A", "line 4", "a", environment="A")),
    ],
)
def test_what_a_variable_is_set_to(before: str, value: object) -> None:
    (call,) = calls_of("a.sh", f"{before}\naz ml run submit-script $A\n")
    assert call.words[0] == value


def test_what_is_not_known_is_called_as_its_option() -> None:
    (call,) = calls_of("a.sh", f'{SUBMIT} --batch-size $1 --rate $(pick a) $2 --data "$DATA" -n $3\n')
    names = [word.name for word in call.words if isinstance(word, Unknown)]
    assert names == ["batch_size", "rate", "argument", "data", "argument"]


def test_what_stands_behind_the_script_belongs_to_it() -> None:
    (call,) = calls_of("a.sh", "az ml run submit-script --ct cpu a.py -c x --path y -e z\n")
    assert call.options == {"ct": "cpu"}
    assert call.words == ["a.py", "-c", "x", "--path", "y", "-e", "z"]


@pytest.mark.parametrize("spelled", ["target: cpu\nscript: old.py", "Target: cpu\nScript: old.py"])
def test_what_the_call_says_counts_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str
) -> None:
    monkeypatch.chdir(project(tmp_path, f"{spelled}\narguments: [--old]\n"))
    (found,) = of("az ml run submit-script -c train --target gpu -d conda.yml train.py --new 1\n")
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert spec["compute"] == "gpu"
    assert spec["job"]["script"] == "train.py"
    assert spec["job"]["arguments"] == ["--new", "1"]
    assert spec["job"]["environment"]["conda_file"] == "conda.yml"
    dropped = {entry.source.lower() for entry in found.report.entries if entry.verdict is Verdict.DROPPED}
    assert {"target", "script", "arguments"} <= dropped


def test_without_a_script_the_file_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    spec = spec_of("az ml run submit-script -c train.runconfig -e digits\n")
    assert (spec["compute"], spec["job"]["script"], spec["experiment"]) == ("cpu", "old.py", "digits")


@pytest.mark.parametrize(
    ("script", "call"),
    [
        ("scripts/train.sh", "az ml run submit-script -c train train.py"),
        ("ci/azure/train.sh", "az ml run submit-script -c train train.py"),
        ("scripts/train.sh", "cd ml\naz ml run submit-script -c train train.py"),
        ("train.sh", "az ml run submit-script --path ml -c train train.py"),
        ("train.sh", "cd ..\naz ml run submit-script -c train train.py"),
    ],
)
def test_a_script_is_run_where_its_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, call: str
) -> None:
    where = tmp_path / "ml" if "ml\n" in call or "--path" in call else tmp_path
    project(where)
    below = tmp_path / "inner" if "cd .." in call else tmp_path
    below.mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    spec = spec_of(call, file=str((below / script).relative_to(tmp_path)))
    assert spec["compute"] == "cpu"
    assert spec["job"]["code"] == (where.relative_to(tmp_path).as_posix())


def test_a_run_configuration_that_is_not_there_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (found,) = of(SUBMIT)
    assert [(entry.to, entry.place) for entry in found.report.todos] == [
        ("job.environment", "line 1"),
        ("compute", "line 1"),
    ]
    assert "compute: TODO" in found.draft.text()


def test_all_jobs_and_one_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    text = "az ml run submit-script -c train prep.py\naz ml run submit-script -c train train.py\n"
    assert [one.name for one in of(text, ImportOptions(all_jobs=True))] == ["train", "train-2"]
    (found,) = of(text, ImportOptions(job="1"))
    assert "script: prep.py" in found.draft.text()
    with pytest.raises(Refused, match="it has no job `5`"):
        of(text, ImportOptions(job="5"))


def test_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    cells = [
        ["ws = 'ml-ws'  # ours\n", "rate = pick()\n", "!az ml folder attach -g ml-rg -w {ws}"],
        ["print('az ml run submit-script -c none none.py')"],
        ["%%bash\n", "SIZE=STANDARD_D2_V2\n", "az ml computetarget create amlcompute -n cpu -s $SIZE --max-nodes 2\n"],
        ["!az ml run submit-script -c train \\\n", "    train.py --rate $rate\n", "run = 1"],
    ]
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    assert taken_for(Source("a.ipynb", text, None)).kind is kinds.CELLS
    (found,) = of(text, file="a.ipynb")
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert spec["workspace"]["name"] == "ml-ws"
    assert (spec["compute"]["name"], spec["compute"]["size"]) == ("cpu", "STANDARD_D2_V2")
    assert (spec["job"]["script"], spec["vars"]) == ("train.py", {"rate": "TODO"})
    assert [entry.place for entry in found.report.todos] == ["cell 4, line 1"]


def test_a_sweep_has_its_file_and_the_script_its_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    Path(".azureml/hd.yml").write_text(HYPERDRIVE)
    hyper = "az ml run submit-hyperdrive --hyperdrive-configuration-name hd.yml -c train train.py --steps 3\n"
    (found,) = of(f"{SUBMIT}\n{hyper}")
    spec: Any = read_back(found)
    assert [(job.place, job.chosen) for job in found.jobs] == [("line 1", False), ("line 2", True)]
    flags = ["--lr", "${{ search_space.lr }}", "--drop-out", "${{ search_space.drop_out }}"]
    assert spec["job"]["arguments"] == ["--steps", "3", *flags]
    assert spec["sweep"] == {
        "sampling_algorithm": "grid",
        "search_space": {
            "lr": {"type": "choice", "values": [0.1, 0.5]},
            "drop_out": {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.5},
        },
        "objective": {"goal": "maximize", "primary_metric": "accuracy"},
        "limits": {"max_total_trials": 8, "max_concurrent_trials": 2, "timeout": 3600},
    }
    told = {entry.source: entry.verdict for entry in found.report.entries if entry.file == ".azureml/hd.yml"}
    assert (told["policy"], told["max_duration_minutes"]) == (Verdict.DROPPED, Verdict.REWRITTEN)
    assert found.report.todos == ()


def test_a_policy_of_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    policy = "{type: TruncationSelectionPolicy, truncation_percentage: 20, evaluation_interval: 2}"
    Path("hd.yml").write_text(HYPERDRIVE.replace("{type: NoTerminationPolicy}", policy))
    spec = spec_of("az ml run submit-hyperdrive --hyperdrive-configuration-name hd.yml -c train train.py")
    expected = {"type": "truncation_selection", "evaluation_interval": 2, "truncation_percentage": 20}
    assert spec["sweep"]["early_termination"] == expected


def test_a_sweep_whose_file_is_not_there_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    (found,) = of("az ml run submit-hyperdrive --hyperdrive-configuration-name hd.yml -c train train.py")
    asked = [(entry.source, entry.to) for entry in found.report.todos if entry.source]
    assert asked == [("az ml run submit-hyperdrive.hyperdrive-configuration-name", "sweep.sampling_algorithm")]
    assert mistakes(found, tmp_path) == []


def test_a_pipeline_is_named_and_never_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    other = "az ml run submit-pipeline -n a\n"
    with pytest.raises(Refused, match="line 1: az ml run submit-pipeline: a pipeline"):
        of(other)
    (found,) = of(f"{other}{SUBMIT}")
    assert [(job.place, bool(job.why)) for job in found.jobs] == [("line 1", True), ("line 2", False)]


def test_no_credential_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    secret = "s3cretS3cretS3cret"
    (found,) = of(
        f"TOKEN={secret}\n"
        f"az ml datastore attach-blob -n a -a acc -c data -k {secret}\n"
        f"az ml run submit-script --ct $(pick --password {secret}) -e e train.py --password {secret} --token $TOKEN "
        f"--url 'https://a.blob.core.windows.net/c?sv=1&sig={secret}' --x $(get --api-key {secret})\n"
    )
    assert secret not in f"{found.draft.text()}{found.report}{found.files}"
    assert "${{ secrets.TOKEN }}" in found.draft.text()


def test_clusters_and_datastores_without_a_job() -> None:
    text = (
        "az ml computetarget create amlcompute -n cpu-a --vm-size STANDARD_D2_V2 --max_nodes 4 "
        "--assign-identity '[system]' --admin-username me --admin-user-password hush-hush-1\n"
        "az ml computetarget create amlcompute -n cpu-b -s STANDARD_D2_V2 --max-nodes 2\n"
        "az ml datastore attach-file -n files -a mlstore -c share --sas-token 'sv=1&sig=abcdef'\n"
    )
    found = of(text)
    assert [one.name for one in found] == ["cpu-a", "cpu-b"]
    first = read_back(found[0])
    assert isinstance(first, dict)
    assert first["compute"]["max_instances"] == 4
    assert first["compute"]["identity"] == {"type": "system_assigned"}
    assert first["datastores"]["files"]["file_share_name"] == "share"
    for one in found:
        assert "hush-hush-1" not in f"{one.draft.text()}{one.report}"
        assert "abcdef" not in f"{one.draft.text()}{one.report}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "az ml job create -f jobs/train.yml --stream\n",
            "import those \\(line 1: jobs/train.yml, a job of the CLI v2",
        ),
        ("az batchai job create -n a --config-file job.json\n", "line 1: job.json, a job of Batch AI"),
        ("az ml workspace create -w a -g b\n", "it has no `az ml run submit-script`"),
    ],
)
def test_what_stands_in_files_is_imported_from_them(text: str, words: str) -> None:
    with pytest.raises(NothingIn, match=words):
        of(text)


def test_what_is_to_be_filled_in_is_no_redirection() -> None:
    (found,) = of(
        "az ml run submit-script --ct <my cluster> -e <EXPERIMENT> --source-directory src train.py <in >out\n"
    )
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert (spec["compute"], spec["experiment"]) == ("${{ vars.my_cluster }}", "${{ vars.experiment }}")
    assert (spec["job"]["code"], spec["job"]["script"]) == ("src", "train.py")
    assert "arguments" not in spec["job"]
    assert {(entry.to, entry.verdict) for entry in found.report.entries if "<" in entry.note} == {
        ("compute", Verdict.NEEDS_YOU),
        ("experiment", Verdict.NEEDS_YOU),
    }


def test_options_may_be_cut_short_and_others_are_asked_for() -> None:
    said = "--experiment e --workspace ws1 --resource rg --params '--lr 0.1' --ct cpu"
    (found,) = of(f"az ml run submit-script {said} a.py --exp 3\n")
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert (spec["experiment"], spec["compute"], spec["job"]["arguments"]) == ("e", "cpu", ["--exp", "3"])
    assert (spec["workspace"]["name"], spec["workspace"]["resource_group"]) == ("ws1", "rg")
    (asked,) = [entry for entry in found.report.entries if "no such option" in entry.note]
    assert (asked.path, asked.verdict) == (("az ml run submit-script", "params"), Verdict.NEEDS_YOU)


def test_a_run_configuration_may_have_another_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    Path(".azureml/cloud.yaml").write_text("target: gpu\nscript: train.py\n")
    assert spec_of("az ml run submit-script -c cloud.yaml\n")["compute"] == "gpu"
    assert spec_of("az ml run submit-script -c train.runconfig\n")["compute"] == "cpu"


WORDS = st.sampled_from(
    ["az", "ml", "run", "submit-script", "-c", "train", "train.py", "--ct", "$A", "${B:-x}", "$(", ")", "`", "'", '"',
     "\\", "\n", ";", "|", "&&", "if", "then", "fi", "for", "in", "do", "done", "A=1", "<<EOF", "EOF", "{", "}", "cd",
     "..", "computetarget", "create", "amlcompute", "-n", "datastore", "upload", "-p", "attach-blob", "$1", "${", "#"]
)  # fmt: skip


@settings(deadline=None)  # a machine that is busy is no mistake
@given(st.lists(WORDS, max_size=40), st.booleans())
def test_any_words_give_specs_or_a_refusal(words: list[str], all_jobs: bool) -> None:
    text = f"az ml run submit-script {' '.join(words)}\n"
    with suppress(Refused):
        for one in of(text, ImportOptions(all_jobs=all_jobs)):
            one.draft.text().encode()
            assert one.report.entries or not one.draft.text()
