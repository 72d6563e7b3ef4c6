"""Shell scripts that call the CLI v1 as specs: the job that they submit, with its run configuration and its cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from specrun.convert import locations, naming
from specrun.convert.azcli import calls as az
from specrun.convert.azcli.calls import Call, calls_of
from specrun.convert.azcli.lowering import Shell, base_of, cluster_of, project_of, put_stores, run_of
from specrun.convert.choosing import chosen
from specrun.convert.imported import Found, Imported
from specrun.convert.options import ImportOptions
from specrun.convert.recognizing import check
from specrun.convert.runconfig import lowered
from specrun.convert.section import Fields, Section
from specrun.convert.sources import NothingIn, Source
from specrun.convert.writers import Reading, write_cluster, write_job, write_workspace
from specrun.convert.writers.stores import write_stores

_UNKNOWN = "no part of the job that was imported"
_OF_PROGRAM = "it is about what is printed"
_DROPPED = {
    "async": "`specrun apply --detach` returns at once, too",
    "output-metadata-file": "`specrun apply -o json` says the run's name",
    "path": "the project's folder, in which run configurations lie",
    "no-wait": "a plan waits for what it makes",
    "overwrite": "files are compared by content, and those that differ are sent",
    "location": "a cluster is made in the workspace's region",
    **dict.fromkeys(("v", "verbose", "debug", "o", "output", "query", "only-show-errors"), _OF_PROGRAM),
    **dict.fromkeys(
        ("workspace-name", "resource-group", "subscription-id", "subscription"), "the spec's workspace is meant"
    ),
}
_WORKSPACE = {
    "name": ("workspace-name",),
    "resource_group": ("resource-group",),
    "subscription_id": ("subscription-id", "subscription"),
}


def import_azcli(source: Source, options: ImportOptions) -> list[Imported]:
    """The job that a shell script submits, or each with `options.all_jobs`; of one without, its clusters.

    A script is taken to be run in the first folder, from its own upwards, that has what it names. Raises Refused.
    """
    check(source, "azcli", "no shell script that calls the CLI v1")
    calls = calls_of(source.file, source.text)
    jobs = [call for call in calls if call.command in (*az.SUBMITS, *az.OTHER_JOBS)]
    found = chosen(source.file, [_found(number, call) for number, call in enumerate(jobs, 1)], options)
    picked: list[Call | None] = [call for call, job in zip(jobs, found, strict=True) if job.chosen]
    clusters = [call for call in calls if call.command == az.CLUSTER]
    if not picked and not clusters and not any(call.command in (*az.STORES, az.UPLOAD) for call in calls):
        raise NothingIn(source.file, _instead(calls))
    made: list[Imported] = []
    for call in picked or clusters or [None]:
        name = naming.unique_slug(options.name or _name(source.file, call), [one.name for one in made])
        one = _imported(source, calls, call, replace(options, name=name))
        listed = tuple(replace(job, chosen=jobs[job.number - 1] is call) for job in found) if len(found) > 1 else ()
        made.append(replace(one, jobs=listed))
    return made


def _found(number: int, call: Call) -> Found:
    program = call.words[0] if call.words and isinstance(call.words[0], str) else ""
    local = "local" in (call.get("ct"), call.get("run-configuration-name"))
    last = call.command.rsplit("submit-", 1)[-1]
    name = naming.spec_name(program.rpartition("/")[2].removesuffix(".py"), call.get("run-configuration-name"), last)
    why = az.OTHER_JOBS.get(call.command, "")
    sweep = call.command == az.HYPERDRIVE
    return Found(number, name, call.place, call.command, program, local=local, sweep=sweep, why=why)


def _name(file: str, call: Call | None) -> str:
    said = [call.get("experiment-name"), call.get("name")] if call is not None else []
    return naming.spec_name(*said, locations.stem(file))


def _instead(calls: Sequence[Call]) -> str:
    """What to import instead of a script that has nothing itself."""
    told = [f"{call.place}: {_file_of(call)}, {_what(call)}" for call in calls if call.command in az.FILES]
    if told:
        return f"what it makes stands in files: import those ({'; '.join(dict.fromkeys(told))})"
    return f"it has no `{az.SUBMIT}`, and makes no cluster"


def _what(call: Call) -> str:
    kind = call.command.split()[2]
    return f"{'an' if kind == 'environment' else 'a'} {kind} of {az.FILES[call.command]}"


def _file_of(call: Call) -> str:
    named = call.get("file")
    return named if isinstance(named, str) and named else "a file"


def _imported(source: Source, calls: Sequence[Call], made: Call | None, options: ImportOptions) -> Imported:
    """The spec of a job, or of a cluster, with all that the script makes besides."""
    reading = Reading(options.name or "", options)
    shell = Shell(source, calls, reading.draft)
    reading.begin(f"Imported from {locations.base_name(source.file)}, which calls the Azure ML CLI v1.")
    write_workspace(reading, _workspace(shell))
    if made is not None and made.command in az.SUBMITS:
        reading.root = project_of(source.file, made)
        run, sweep = run_of(shell, made, reading.root)
        job = lowered(shell.section(run), reading.root)
        if sweep is not None:
            job.put("sweep", sweep)
        write_job(reading, reading.over(shell.ledger, job))
    else:
        reading.root = base_of(source.file, made) if made is not None else locations.folder_of(source.file)
        if made is not None:
            write_cluster(reading, reading.over(shell.ledger, cluster_of(made)))
        beside = Fields()
        put_stores(beside, shell, reading.root, "data")
        write_stores(reading, reading.over(shell.ledger, beside))
    _say_the_rest(shell, made)
    done = reading.imported(_UNKNOWN)
    return replace(done, report=shell.by_file(done.report))


def _workspace(shell: Shell) -> Section | None:
    """The workspace that the calls name: each part of it as the first says it."""
    place = Fields()
    for name, options in _WORKSPACE.items():
        said = [(call, option) for call in shell.calls for option in options if option in call.options]
        for call, option in said[:1]:
            place.put(name, call.options[option], (call.key, option))
    return shell.section(place) if "name" in place else None


def _say_the_rest(shell: Shell, made: Call | None) -> None:
    """What the other calls do, and options that are about the program and not about the job."""
    for call in shell.calls:
        if call.command in az.FILES:
            shell.ledger.drop((call.key,), f"{_what(call)}: import {_file_of(call)}")
        elif call is not made and call.command in (*az.SUBMITS, *az.OTHER_JOBS):
            shell.ledger.drop((call.key,), az.OTHER_JOBS.get(call.command) or "another job: --job chooses it")
        for name in call.options:
            if (call.key, name) not in [*shell.ledger.rest()]:
                continue
            if name in _DROPPED:
                shell.ledger.drop((call.key, name), _DROPPED[name])
            elif call is made and call.command in az.SUBMITS:
                shell.ledger.ask((call.key, name), "job", f"`{call.command}` has no such option: write what it means")
