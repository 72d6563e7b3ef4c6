"""Names and texts from elsewhere, in everything that specrun shows: nothing in them acts, and nothing is lost."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from specrun.apply import events
from specrun.apply.trials import run_of
from specrun.cli.streams import Visible, spelled
from specrun.convert.report import Entry, Report, Verdict
from specrun.engines.base import LogLine, OpenLine, Progress
from specrun.plan.changes import Action, FieldChange, Plan, ResourceChange
from specrun.plan.files import SourceFile
from specrun.plan.graph import Graph
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.makers import Maker
from specrun.plan.metrics import Last, Logged
from specrun.plan.observed import Observed, RoleStatus, Run, RunStatus, Status, StoredFile
from specrun.plan.provenance import Provenance
from specrun.plan.resources import Key, Place
from specrun.plan.run_facts import Column, Facts
from specrun.plan.transfer import Transfer
from specrun.plan.trials import Trial
from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.spec.model import LocalPath, Origin
from specrun.spec.sweep import Objective
from specrun.spec.visible import json_text, visible, visible_log
from specrun.views.data import event_data, plan_data
from specrun.views.diagnostics import diagnostic_data, diagnostic_text
from specrun.views.graph import graph_dot, graph_mermaid
from specrun.views.markdown import plan_markdown
from specrun.views.markdown_text import prose
from specrun.views.narration import Narration
from specrun.views.plan_text import plan_text
from specrun.views.report import Account, Told, report_data, report_markdown, report_text
from specrun.views.run_table import Row, going_text, runs_text, trial_lines
from specrun.views.runs import Surroundings, status_text
from specrun.views.sweep_text import sweep_text, trial_text
from specrun.views.text import Paint
from tests.engine_double import read_specs

HOSTILE = (
    "a\n\n## No changes - safe to merge",
    "a\r\n::error file=x::pwned",
    "::add-mask::a",
    "  ::set-output name=a::b",
    "##vso[task.setvariable variable=a]b",
    "a ##[command]b",
    "##teamcity[buildStatus status='SUCCESS']",
    "\x1b[2J\x1b[1;1H\x1b[8m\x1b]0;title\x07\x1b]8;;http://a\x1b\\b",
    "\x9b2J\x9d0;title\x9c\x7f\x08\x00",
    "a\u202eb\u2066c\u200ed\u061ce",
    "a\u200bb\u200dc\ufeffd\u2060e",
    "a\u2028## b\u2029c\x85d\x0be\x0cf",
    "a\udcffb\ud800",
    "a | b || `c` ``d`` \\| e",
    "<img src=x onerror=y> <!-- </details> <script>",
    "![a](http://b) [c](d) <http://e> http://f www.g.h @user #1 GH-2 :x: $x$ a/b#3 *d* _e_ ~~f~~ !4",
    "```\n~~~\n</details>\n# b",
    '"]; n0 --> n1; %%{init: {}}%% end click n0 "javascript:a" #quot; $$b$$ `c`',
    '"; evil -> "b" [label=<c>] \\',
    "- a\n- b",
    "1. a",
    "x" * 3000,
    "`" * 300 + "a",
)
ACTS = re.compile(
    "(?!\n)[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
    r"|##\w*\[|^\s*::",
    re.MULTILINE,
)
COLOURS = re.compile("\x1b\\[[0-9;]*m")
PLAIN, COLOURED = Paint(False), Paint(True)
ORDINARY = "a"


def place(word: str) -> Place:
    return Place("double", word, word)


def a_plan(word: str) -> Plan:
    """A plan with a word wherever a plan has one that is not ours."""
    there, others = place(word), place(f"other {word}")
    cluster = Cluster(
        place=there,
        name=word,
        maker=Maker(word),
        origin=ORIGIN,
        properties={"name": word, "tags": {word: word}, "subnet": [word, 1]},
    )
    target = DataTarget(
        place=others,
        name=word,
        maker=Maker(word),
        origin=ORIGIN,
        datastore=word,
        target=word,
        source=LocalPath(Path("data")),
        prune=True,
    )
    fields = (FieldChange(word, word, [word], word, forces_replace=True), FieldChange(f"tags.{word}", None, word))
    file = SourceFile(word, Path("data/x"), 3, False, "0" * 32)
    transfer = Transfer((file,), (file,), (), {word: StoredFile(3, ""), f"{word}2": StoredFile(3, "")}, (word,))
    found = Diagnostic(Severity.ERROR, "in-use", "An unfinished run uses it.", f"Of `{word}` and {word}.", (word,), AT)
    return Plan(
        (there, others),
        (
            ResourceChange(cluster, Action.REPLACE, word, Observed(Status.READY, {word: word}), fields),
            ResourceChange(replace(cluster, name=f"new {word}"), Action.CREATE, f"why {word}", MISSING, ()),
            Upload(target, Action.UPDATE, word, Observed(Status.READY), transfer),
        ),
        {word: "0"},
        refusals=(replace(found, location=Location(word, 1, 1, 1, word)),),
        problems=(found,),
        unplanned=(Key(there, f"run/{word}"),),
    )


def a_run(word: str, status: RunStatus = RunStatus.FAILED) -> Run:
    roles = (RoleStatus(word, word, 1), RoleStatus("worker/0", "failed", None, 9))
    origin = Provenance(word, True, word, word, word, word, word)
    more = (word, None, word, word, (word,), origin)
    return Run(word, word, word, 2, status, word, 0.0, 1.0, 2.0, roles, word, (word,), *more)


def a_sweep(word: str, status: RunStatus = RunStatus.FAILED) -> Run:
    return replace(a_run(word, status), objective=Objective("maximize", word), most_trials=4)


def trials(word: str) -> tuple[Trial, ...]:
    of = ((RunStatus.SUCCEEDED, 0.5), (RunStatus.SUCCEEDED, None), (RunStatus.FAILED, None), (RunStatus.RUNNING, 0.1))
    return tuple(Trial(at, {word: word}, word, status, value, word) for at, (status, value) in enumerate(of))


def a_followed_sweep(word: str) -> list[events.Event]:
    going, ended = a_sweep(word, RunStatus.RUNNING), a_sweep(word)
    seen = events.TrialsSeen(going, trials(word))
    return [
        events.StatusChanged(going),
        events.TrialsSeen(going, ()),
        *(
            event
            for trial in trials(word)
            for event in (events.TrialEnded(word, trial), events.BestChanged(word, trial))
        ),
        seen,
        events.Looked(going),
        events.Finished(ended, word, (LogLine("main/0", "a line"),), trial=word, trials=trials(word)),
        events.Finished(ended, "", trials=trials(word)[1:]),
    ]


def a_tree(word: str) -> str:
    facts = [Facts(run_of(one, a_sweep(word)), params=one.parameters, metrics={word: 1.0}) for one in trials(word)]
    rows = [Row(one.run, facts=one) for one in facts]
    return "\n".join(trial_lines(rows, [Column(word, "metrics"), Column(word, "params")], PLAIN, 400))


def told(*happened: events.Event, terminal: bool = False) -> str:
    """What a narration writes, what it draws left out."""
    both = Terminal() if terminal else io.StringIO()
    narration = Narration(both, both, 100)
    for event in happened:
        narration(event)
    narration.close()
    return both.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def an_apply(word: str) -> list[events.Event]:
    key = Key(place(word), f"data/{word}")
    line, opened = LogLine(f"{word}/0", "a line"), OpenLine(f"{word}/0", "10%")
    return [
        events.PlanReady(a_plan(word)),
        events.OperationStarted(key, Action.CREATE),
        events.OperationProgressed(key, Progress(0, 0, word)),
        events.OperationSettled(key, Action.CREATE, 1.0),
        events.OperationSettled(key, Action.CREATE, 1.0, skipped=word),
        events.StatusChanged(a_run(word, RunStatus.RUNNING)),
        events.Looked(a_run(word, RunStatus.RUNNING)),
        events.LogLines(word, (line,)),
        events.LogLines(f"other {word}", (line,)),
        events.OpenLines(word, (opened,)),
        events.Finished(a_run(word), word, (line,)),
    ]


def a_graph(word: str) -> Graph:
    resources = [change.resource for change in a_plan(word).changes]
    first = resources[0].key
    return Graph({one.key: replace(one, needs=(first,)) if one.key != first else one for one in resources}, {})


def a_report(word: str) -> Report:
    return Report(tuple(Entry(word, (word, 0), verdict, word, f"of {word}", word) for verdict in Verdict))


def a_diagnostic(word: str) -> Diagnostic:
    return Diagnostic(Severity.ERROR, "in-use", "It is used.", f"`{word}`", (word,), Location(word, 3, 2, 3, word))


TEXTS: Mapping[str, Callable[[str], str]] = {
    "plan": lambda word: plan_text(a_plan(word), PLAIN),
    "plan in colours": lambda word: COLOURS.sub("", plan_text(a_plan(word), COLOURED)),
    "narration": lambda word: told(*an_apply(word)),
    "status": lambda word: status_text(
        a_run(word),
        Surroundings(word, word, {word: 1}, Logged({word: Last(1.0)}, {word: word}, (word,)), {"a": word}),
        PLAIN,
    ),
    "runs": lambda word: runs_text([Row(a_run(word), word, word, [word]), Row(a_run("zz"), "s", "p")], 9.0, PLAIN, 100),
    "status of a sweep": lambda word: sweep_text(a_sweep(word), trials(word), PLAIN, None, raised={word: word}),
    "status of a trial": lambda word: trial_text(replace(a_run(word), parent=word), trials(word)[0], None),
    "a sweep that is followed": lambda word: told(*a_followed_sweep(word)),
    "trials": a_tree,
    "sweeps that go on": lambda word: going_text([Row(a_run(word), word, word, sweep=word)], 9.0, PLAIN, 100),
    "ps": lambda word: going_text([Row(a_run(word), word, word)], 9.0, PLAIN, 100),
    "mermaid": lambda word: graph_mermaid(a_graph(word)),
    "dot": lambda word: graph_dot(a_graph(word)),
}
"""What has as many lines, whatever it is about."""

WRAPPED: Mapping[str, Callable[[str], str]] = {
    "diagnostic": lambda word: diagnostic_text(a_diagnostic(word), PLAIN),
    "report": lambda word: report_text(Account([Told("a", a_report(word))]), PLAIN, 100),
    "an error": lambda word: told(events.OperationSettled(Key(place(word), word), Action.CREATE, 1.0, error=word)),
}
MARKDOWN: Mapping[str, Callable[[str], str]] = {
    "plan": lambda word: plan_markdown(a_plan(word)),
    "report": lambda word: report_markdown(Account([Told("a", a_report(word))])),
}
DATA: Mapping[str, Callable[[str], object]] = {
    "plan": lambda word: plan_data(a_plan(word)),
    "events": lambda word: [event_data(event) for event in (*an_apply(word), *a_followed_sweep(word))],
    "diagnostic": lambda word: diagnostic_data(a_diagnostic(word)),
    "report": lambda word: report_data(Account([Told("a", a_report(word))])),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_name_cannot_make_lines(name: str) -> None:
    lines = TEXTS[name](ORDINARY).count("\n")
    for word in HOSTILE:
        text = TEXTS[name](word)
        assert not ACTS.search(text), repr(word)
        if len(word) < 100:  # what does not fit into a line gets one of its own
            assert abs(text.count("\n") - lines) <= 8, text
            assert not re.search(r"^\s*(## |# b|\|\| b|b$|- b$)", text, re.MULTILINE), text


def test_no_name_ends_its_label() -> None:
    for word in HOSTILE:
        nodes = [line for line in graph_mermaid(a_graph(word)).splitlines() if "[" in line]
        assert len(nodes) == 3
        assert all(re.fullmatch(r'  n[0-2]\["[^]"`%\\$<>\[{}|&*_]*"\]', line.replace("_", "")) for line in nodes), nodes
        labels = re.findall(r'"((?:[^"\\]|\\["\\])*)"', graph_dot(a_graph(word)))
        assert re.sub(r'"(?:[^"\\]|\\["\\])*"', "", graph_dot(a_graph(word))).count("->") == 2
        assert len(labels) == 3 + 2 * 2


@pytest.mark.parametrize("name", WRAPPED)
def test_nothing_acts_in_what_is_wrapped(name: str) -> None:
    for word in HOSTILE:
        text = WRAPPED[name](word)
        assert not ACTS.search(text), text


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown_has_the_same_structure(name: str) -> None:
    for word in HOSTILE:
        text = MARKDOWN[name](word)
        assert not ACTS.search(text), text
        assert structure(text) == structure(MARKDOWN[name](ORDINARY)), word
        assert not re.search(r"(?:^|\s)@user|\s#1\b|\sGH-2|\s:x:|\swww\.|!4", outside_code(text)), text


def structure(markdown: str) -> Mapping[str, int]:
    """How many of each kind of thing there are, inline code left out."""
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    return Counter(token.type for token in (*tokens, *inline) if token.type not in ("code_inline", "text"))


def outside_code(markdown: str) -> str:
    """The text in which GitHub looks for mentions, references and emoji."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    return "\n".join(child.content for token in tokens for child in token.children or () if child.type == "text")


@pytest.mark.parametrize("name", DATA)
def test_json_gives_back_each_text_exactly(name: str) -> None:
    for word in HOSTILE:
        data = DATA[name](word)
        text = json_text(data, 2)
        assert not ACTS.search(text), text
        assert json.loads(text) == json.loads(json.dumps(data))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m\tand \x1b[1;38;5;2mmore", "\x1b[31mred\x1b[0m\tand \x1b[1;38;5;2mmore\x1b[0m"),
        ("\x1b[2J\x1b[3;4Ha\x1b[?25l\x1b[2K\x1b[1Ab\x1bcc\x1b(Bd\x1b7e", "abcde"),
        ("\x1b]0;title\x07a\x1b]8;;http://b\x1b\\c\x1b]8;;\x1b\\d\x1bP1$x\x1b\\e", "acde"),
        ("\x9b2Ja\x9d0;title\x9cb", "ab"),
        ("50%\x08\x08\x08\x08", "50%"),
        ("\x07a\x00b\x1b", r"\x07a\x00b"),
        ("it is 👩\u200d💻 می\u200cخواهم", "it is 👩\u200d💻 می\u200cخواهم"),
        ("##vso[task.complete]", r"\x23#vso[task.complete]"),
        ("std::vector a::b", "std::vector a::b"),
        ("a\u202eb\u2028c", r"a\u202eb\u2028c"),
        ("\x1b]0;a title without an end", "0;a title without an end"),
    ],
)
def test_a_jobs_colours_stay_and_its_cursor_goes(line: str, shown: str) -> None:
    assert visible_log(line) == shown
    assert told(events.LogLines("r", (LogLine("worker/0", line),))) == f"worker/0 | {shown}\n"


def test_a_line_that_is_drawn_over_has_no_cursor_of_its_own() -> None:
    drawn = told(events.OpenLines("r", (OpenLine("main", "\x1b[32m50%\x1b[1A\x1b[2K\x1b]0;x\x07"),)), terminal=True)
    assert drawn == "\r\x1b[36mmain |\x1b[0m \x1b[32m50%\x1b[0m\x1b[J\r\x1b[J"


@pytest.mark.parametrize(
    "piece", ["\x1b]", "\x9d", "\x1bP", "\x90", "\x1b[", "\x9b1;", "\x1b[1;", "\x1b", " :", "`", "\u200d", "##vso"]
)
def test_a_long_line_of_anything_takes_no_time(piece: str) -> None:
    """A pattern that takes the square of a line's length would take minutes here."""
    line = piece * 50_000
    assert not ACTS.search(COLOURS.sub("", visible_log(line)))
    assert visible(line)
    assert prose(line)


@pytest.mark.parametrize("word", HOSTILE)
def test_what_is_visible_stays_so(word: str) -> None:
    once = visible(word)
    assert visible(once) == once
    assert "\n" not in once
    once.encode()


@pytest.mark.parametrize(
    ("pieces", "written"),
    [
        (["::error::a\n"], "\\x3a:error::a\n"),
        (["  ", "::a"], "  \\x3a:a"),
        ([" :", ":a"], " :\\x3aa"),
        (["a ", "::b\n", "::c"], "a ::b\n\\x3a:c"),
        (["a\n \t::b"], "a\n \t\\x3a:b"),
        (["x ##vso[a]\n"], "x \\x23#vso[a]\n"),
        (["\x1b[31ma\x1b[0m\x1b[2J\u202e\udc80"], "\x1b[31ma\x1b[0m\\x1b[2J\\u202e\\udc80"),
        (["plain\n", "größer 名前\n"], "plain\ngrößer 名前\n"),
    ],
)
def test_a_stream_shows_what_nobody_has_made_visible(pieces: list[str], written: str) -> None:
    stream = io.StringIO()
    visible_stream = Visible(stream)
    assert [visible_stream.write(piece) for piece in pieces] == list(map(len, pieces))
    assert stream.getvalue() == written


def test_json_stays_json_where_a_terminal_lacks_a_character() -> None:
    bytes_written = io.BytesIO()
    stream = io.TextIOWrapper(bytes_written, "ascii", errors=spelled())
    Visible(stream).write(json_text(["größer 名前 😀"]))
    stream.flush()
    assert json.loads(bytes_written.getvalue()) == ["größer 名前 😀"]


def test_what_a_view_draws_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    guarded = Visible(terminal)
    narration = Narration(guarded, guarded, 100)  # type: ignore[arg-type]
    for event in an_apply("a")[1:]:
        narration(event)
    narration.close()
    assert "a a/0 |\x1b[0m 10%\x1b[J" in terminal.getvalue()
    assert "\\x1b" not in terminal.getvalue()


def _origin() -> Origin:
    (spec,) = read_specs(Path(__file__).parents[2] / "specs/examples/digits-single/job.yaml")
    return spec.at()


ORIGIN = _origin()
AT = Location("job.yaml", 3, 1)
MISSING = Observed(Status.MISSING)
