"""What the benchmarks measure is what they say: valid specs, mistakes at known lines, whole lines. Nothing is timed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__, printer
from benchmarks.hand import read_spec
from benchmarks.jobs import PYTORCH, Job
from benchmarks.measure import LeftOut, Pair, WentWrong, paired, take
from benchmarks.running import STEPS
from benchmarks.specs import ENVIRONMENT, PER_FOLDER, mistaken_spec, valid_spec, write_specs
from benchmarks.table import Row, data, table
from benchmarks.workplace import ROOT, Workplace, peer
from specrun.spec.load import check, load

ROWS = (
    Row("validate", "1000 specs", "s CPU", 0.3, 6.0, "check-jsonschema", 0.05, "1/15", True),
    Row("logs", "3 processes", "lines/s", 1234567.0, 2000000.0, "bash >", 1.5, "1,000,000", False),
    Row("hashing", "a plan", "s CPU", 12.345, 3.0, "md5sum", 4.115),
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SPECRUN_ENGINE", raising=False)


def test_the_specs_are_valid_and_of_about_90_lines(tmp_path: Path) -> None:
    files = write_specs(tmp_path, 60)
    assert check(files) == ()
    lengths = [len(Path(file).read_text().splitlines()) for file in files]
    assert min(lengths) >= 80
    assert max(lengths) <= 100


def test_the_specs_are_all_different_and_the_same_every_time() -> None:
    assert len({valid_spec(number).replace(f"{number:04}", "") for number in range(100)}) == 100
    assert valid_spec(7) == valid_spec(7)
    assert mistaken_spec(7) == mistaken_spec(7)


def test_each_mistake_is_found_on_its_line_and_nothing_else(tmp_path: Path) -> None:
    write_specs(tmp_path, PER_FOLDER)
    file = tmp_path / "team-000" / "wrong.yaml"
    counts = set()
    for number in range(60):
        mistaken = mistaken_spec(number)
        file.write_text(mistaken.text)
        assert tuple(sorted(found.location.line for found in check([str(file)]))) == mistaken.lines, number
        counts.add(len(mistaken.lines))
    assert counts == {1, 2}


def test_every_so_many_specs_have_mistakes(tmp_path: Path) -> None:
    files = write_specs(tmp_path, 20, wrong_every=5)
    assert {found.location.file for found in check(files)} == {files[number] for number in (0, 5, 10, 15)}


@pytest.mark.parametrize(
    "job",
    [
        Job(
            "bash steps.sh ${{ inputs.numbers }} ${{ outputs.model }}", {"steps.sh": STEPS}, data_files=3, data_size=99
        ),
        Job("python printer.py $RANK 1 ${{ inputs.numbers }}", {"printer.py": ""}, distribution=PYTORCH, instances=3),
    ],
)
def test_a_job_is_valid(job: Job, tmp_path: Path) -> None:
    loaded = load([str(job.write(tmp_path))])
    assert loaded.diagnostics == ()
    sizes = [file.stat().st_size for file in (tmp_path / "data").iterdir()]
    assert sizes == [job.data_size] * job.data_files


def test_the_table_has_its_columns_under_each_other() -> None:
    assert table(ROWS).splitlines() == [
        "| benchmark | what                 | specrun   | peer                  | ratio  | target    |        |",
        "| --------- | -------------------- | --------- | --------------------- | ------ | --------- | ------ |",
        "| validate  | 1000 specs, s CPU    | 0.300     | 6.00 check-jsonschema | 1/20.0 | 1/15      | ok     |",
        "| logs      | 3 processes, lines/s | 1,234,567 | 2,000,000 bash >      | 1.50   | 1,000,000 | MISSED |",
        "| hashing   | a plan, s CPU        | 12.3      | 3.00 md5sum           | 4.12   |           |        |",
    ]


def test_the_rows_are_data() -> None:
    first = json.loads(json.dumps(data(ROWS, {"cores": 2})))["rows"][0]
    assert (first["ours"], first["peer"], first["met"]) == (0.3, 6.0, True)


def test_paired_measures_by_turns() -> None:
    calls: list[str] = []

    def measured(name: str, values: list[float]) -> float:
        calls.append(name)
        return values.pop(0)

    ours, theirs = [1.0, 2.0, 9.0], [2.0, 8.0, 10.0]
    pair = paired(lambda: measured("A", ours), lambda: measured("B", theirs), 3)
    assert calls == ["A", "B"] * 3
    assert pair == Pair(2.0, 8.0, 0.5, -1.0)


def test_take_counts_what_a_process_takes_and_what_it_reads(tmp_path: Path) -> None:
    file, output = tmp_path / "read", tmp_path / "output"
    file.write_bytes(bytes(3_000_000))
    script = f"import os; [os.getpid() for _ in range(10**6)]; print(len(open({str(file)!r}, 'rb').read()))"
    taken = take([sys.executable, "-c", script], {}, output=output)
    assert output.read_text() == "3000000\n"
    assert taken.wall > 0
    assert taken.cpu > 0
    assert taken.read is None or taken.read > 3_000_000


def test_a_process_that_fails_is_not_measured() -> None:
    with pytest.raises(WentWrong, match=r"exited with 3, not 0: why"):
        take([sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"], {})


def test_the_printer_prints_its_blocks_and_no_line_twice(tmp_path: Path) -> None:
    output = tmp_path / "output"
    take([sys.executable, printer.__file__, "1", "3", "ignored"], {}, output=output)
    assert output.read_bytes() == b"".join(printer.block("1", number) for number in range(3))
    lines = output.read_bytes().splitlines()
    assert len(lines) == len(set(lines)) == 3 * printer.LINES


def test_an_unknown_benchmark_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "speed"])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 2
    assert "there is no benchmark speed; there are validate" in capsys.readouterr().err


def test_a_missed_target_is_an_exit_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers = {"met": [ROWS[0]], "missed": [ROWS[1]], "free": [ROWS[2]]}
    monkeypatch.setattr(__main__, "BENCHMARKS", {name: lambda _, rows=rows: rows for name, rows in answers.items()})
    monkeypatch.setattr(__main__, "workplace", lambda folder: folder)
    file = tmp_path / "rows.json"
    for names, code in ((["met", "free"], 0), (["met", "missed"], 1), ([], 1)):
        monkeypatch.setattr(sys, "argv", ["benchmarks", *names, "--json", str(file)])
        assert __main__.main() == code
    assert [row["benchmark"] for row in json.loads(file.read_text())["rows"]] == ["validate", "logs", "hashing"]


def _fails() -> Iterator[Row]:
    yield ROWS[0]
    raise WentWrong("`specrun apply` exited\nwith 70")


def _lacks() -> Iterator[Row]:
    yield from ()
    raise LeftOut("azcopy does not start")


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the benchmarks are, and the command line that runs them."""
    monkeypatch.setattr(__main__, "workplace", lambda folder: Workplace(folder, {}))

    def given(benchmarks: dict[str, Callable[[Any], Iterator[Row]]], *words: str) -> None:
        monkeypatch.setattr(__main__, "BENCHMARKS", benchmarks)
        monkeypatch.setattr(sys, "argv", ["benchmarks", *words])

    return given


def test_a_row_that_fails_is_told_in_its_row_and_the_others_still_come(
    arguments: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    benchmarks = {"lacks": lambda _: _lacks(), "fails": lambda _: _fails(), "free": lambda _: iter([ROWS[2]])}
    file = tmp_path / "rows.json"
    arguments(benchmarks, "--json", str(file))
    assert __main__.main() == 1
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    assert [(first, second, last) for first, second, *_, last in cells] == [
        ("lacks", "azcopy does not start", "left out"),
        ("validate", "1000 specs, s CPU", "ok"),
        ("fails", "`specrun apply` exited with 70", "FAILED"),
        ("hashing", "a plan, s CPU", ""),
    ]
    assert [row.get("failed") for row in json.loads(file.read_text())["rows"]] == [False, None, True, None]
    arguments(benchmarks, "lacks", "free")
    assert __main__.main() == 0


def test_what_was_measured_before_a_bug_is_printed(
    arguments: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments({"free": lambda _: iter([ROWS[2]]), "bug": lambda _: iter([1 // 0])})
    with pytest.raises(ZeroDivisionError):
        __main__.main()
    assert "a plan, s CPU" in capsys.readouterr().out


def test_a_short_round_judges_no_target(arguments: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    missed = {"missed": lambda place: iter([ROWS[1]] * place.rounds(7))}
    for words, code, rows in (((), 1, 7), (("--short",), 0, 1)):
        arguments(missed, *words)
        assert __main__.main() == code
        assert capsys.readouterr().out.count("| logs") == rows


def test_the_example_by_hand_needs_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name)
    assert read_spec(ROOT / "specs" / "examples" / "digits-ps" / "job.yaml").name == "digits-ps"


def test_a_peer_that_is_not_installed_leaves_its_row_out() -> None:
    with pytest.raises(LeftOut, match="no-such-peer is not installed"):
        peer("no-such-peer")


def test_the_document_has_every_benchmark() -> None:
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in __main__.BENCHMARKS:
        assert f"**{name}**" in page, name
        assert f"\n| {name} " in page, name
