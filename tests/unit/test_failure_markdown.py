from __future__ import annotations

import pytest

from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.views.failure_markdown import failure_markdown


def mistake(line: int = 3, severity: Severity = Severity.ERROR, detail: str = "Write `max_instances`.") -> Diagnostic:
    at = Location("job.yaml", line, 5, 3, "    max: 3")
    return Diagnostic(severity, "unknown-key", "There is no such key.", detail, ("compute", "max"), at)


def test_an_invalid_spec_is_told_at_its_line() -> None:
    text = failure_markdown("plan", [mistake(9, Severity.WARNING), mistake()], [], 65, "prod/eu")
    assert (
        text
        == """\
<!-- specrun plan prod/eu -->
### ⛔ specrun plan: 1 mistake, nothing was planned

⛔ **There is no such key.** `job.yaml:3:5`

```text
    3 |     max: 3
      |     ^^^
```

Write `max_instances`.

⚠️ **There is no such key.** `job.yaml:9:5`

```text
    9 |     max: 3
      |     ^^^
```

Write `max_instances`."""
    )


@pytest.mark.parametrize(
    ("code", "title"),
    [
        (64, "### ⛔ specrun drift: the command line is not right, nothing was compared"),
        (1, "### ⛔ specrun drift: it could not be done, nothing was compared"),
        (70, "### ⛔ specrun drift: this is a bug in specrun, nothing was compared"),
    ],
)
def test_other_ends_are_told_as_well(code: int, title: str) -> None:
    text = failure_markdown("drift", [], ["nobody is let in: @admin\nERROR <b>`x`"], code)
    assert text.splitlines()[:4] == ["<!-- specrun drift -->", title, "", "⛔ nobody is let in: `@admin`"]
    assert "\n```text\nnobody is let in: @admin\n  ERROR <b>`x`\n```\n" in text


def test_many_mistakes_are_counted() -> None:
    found = [mistake(n, detail="x " * 300) for n in range(1, 401)]
    text = failure_markdown("plan", [*found, mistake(500, Severity.NOTE)], ["line\n" * 20_000] * 40, 65)
    assert "### ⛔ specrun plan: 400 mistakes, nothing was planned\n" in text
    assert "\n… and 370 more errors, 1 more note\n" in text
    assert "\n… and 10 more" in text
    assert len(text.encode()) < 64_000
    assert "`specrun plan` shows all of it" in text
