"""How a run shows itself: as text, as HTML as it is now, and live in a notebook that has what draws it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from specrun.api.shown import PLAIN, WIDTH
from specrun.apply.failures import failure_of
from specrun.engines.base import EngineError, LogLine
from specrun.plan.metrics import Logged
from specrun.plan.trials import Trial
from specrun.views import html
from specrun.views.runs import Surroundings, status_text
from specrun.views.sweep_text import sweep_text
from specrun.views.trials import progress_text

if TYPE_CHECKING:
    from specrun.api.run import Run

TAIL = 20
"""Lines that a run shows of itself."""

WIDGET = "specrun.ui.widget"
"""What draws a live run. The page is above this layer: it is looked for by its name, once a notebook shows a run."""


def run_text(run: Run) -> str:
    """A run in full, as `specrun status` prints it."""
    seen, around = run.now(), _surroundings(run)
    told = [status_text(seen, around, PLAIN, WIDTH), sweep_text(seen, around.trials, PLAIN, WIDTH)]
    return "\n".join(text for text in told if text)


def run_html(run: Run) -> str:
    """A run as it is now, with what failed of it, else the end of its log."""
    return _html(run, _without_widget(run))


def run_bundle(run: Run) -> Any:
    """What a notebook shows, by type: a live run, where that can be, before what stands for it in a saved notebook."""
    widget = _widget(run)
    told = {"text/plain": repr(run), "text/html": _html(run, _without_widget(run) if widget is None else "")}
    if widget is None:
        return told
    bundle = widget._repr_mimebundle_()
    data, about = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
    return {**data, **told}, about


def _html(run: Run, note: str) -> str:
    seen, around = run.now(), _surroundings(run)
    failure = failure_of(run.source.engine, seen)
    lines: Sequence[LogLine] = failure.lines
    facts = {"spec": seen.spec, "place": run.source.engine.place.title, "outputs": around.outputs}
    facts |= {"trials": progress_text(seen, around.trials)} if seen.is_sweep else {}
    facts |= {f"{what} cannot be read": why for what, why in around.unread.items()}
    if not lines:
        try:
            lines = run.source.engine.tail(seen.name, None)[-TAIL:]
        except EngineError as error:
            facts["the log cannot be read"] = str(error)
    values = {"Parameters": run.params, "Metrics": {name: one.value for name, one in around.logged.main.items()}}
    told = {name: value for name, value in facts.items() if value}
    return html.run_html(seen, time.time(), told, values, lines, failure.hint, [*around.logged.notes, note])


def _surroundings(run: Run) -> Surroundings:
    """What belongs to it, as far as it can be read."""
    outputs, logged, unread = "", Logged(), dict[str, str]()
    trials: Sequence[Trial] = ()
    try:
        outputs = run.link
    except EngineError as error:
        unread["outputs"] = str(error)
    try:
        logged = run.logged()
    except EngineError as error:
        unread["metrics"] = str(error)
    try:
        trials = run.source.engine.trials(run.name) if run.observed.is_sweep else ()
    except EngineError as error:
        unread["trials"] = str(error)
    return Surroundings(outputs, run.observed.compute, {}, logged, unread, trials=trials)


def _widget(run: Run) -> Any:
    """The live run, in a notebook that can have one; None elsewhere."""
    if not _in_notebook():
        return None
    try:
        return import_module(WIDGET).widget_of([replace(run.source, run=None)], f"/runs/{run.name}")
    except ModuleNotFoundError as error:
        if error.name != "anywidget":
            raise
        return None


def _without_widget(run: Run) -> str:
    """What to do for more than a run as it is now."""
    if run.observed.status.ended or "anywidget" in sys.modules:
        return ""
    from specrun.engines.installation import install_command  # late: as a rule nothing is lacking

    return f"This is the run as it was just now. After `{install_command('notebook')}` it is shown live."


def _in_notebook() -> bool:
    """Whether this is the kernel of a notebook, and no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None
