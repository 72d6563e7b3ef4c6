"""A program of a user's, as `mypy --strict` has to like it: every name of the documents, with its type."""

from __future__ import annotations

from collections.abc import Iterator

import specrun


def sweep(rates: list[float]) -> specrun.Run:
    for rate in rates:
        specrun.load("job.yaml", vars={"lr": rate, "name": "x"}).apply(yes=True, show=print).check()
    return min(specrun.load("job.yaml").runs(limit=None), key=lambda run: run.metrics()["loss"])


def look(job: specrun.Specs) -> Iterator[str]:
    for found in job.validate():
        yield f"{found.location.file}:{found.location.line} {found.severity is specrun.Severity.ERROR}"
    plan: specrun.Plan = job.plan(rerun=True)
    yield from (change.address for change in plan.changes if plan.pending)
    run = job.run("one-0123456789").wait(timeout=60).cancel()
    status: str = run.status
    yield status
    history: dict[str, list[float]] = run.metrics("loss")
    yield str(history["value"][-1])
    yield from (line.text for line in run.logs(follow=True, role="worker"))
    yield run.logs(tail=10)[0].text
    yield str(run.outputs.path("model/a").stat().st_size + len(run.outputs.open("model/a").read()))
    yield str(run.diff().data())


def models(job: specrun.Specs) -> Iterator[str]:
    newest: specrun.Model = job.model("digits")
    yield f"{newest.name}:{newest.version} {newest.metrics['accuracy']} of {newest.run.name}"
    yield str(newest.lineage[0]["name"])
    yield from (one.path for one in job.models("digits", limit=None) if job.run("one-0123456789").registered)


def ended(job: specrun.Specs) -> int:
    try:
        job.apply()
    except specrun.SpecInvalid as error:
        return len(error.diagnostics)
    except specrun.ApplyFailed as error:
        return len(error.runs) + error.code
    except specrun.Error as error:
        return error.code
    return 0
