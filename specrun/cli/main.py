"""The command line: finds the verb, and turns every way in which it can end into an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from keyword import iskeyword

import click
from click.exceptions import NoArgsIsHelpError, NoSuchOption

from specrun import __version__
from specrun.cli import exit_codes
from specrun.cli.answers import answering, note_error
from specrun.cli.exit_codes import Exit
from specrun.cli.streams import spelled, visible_streams
from specrun.cli.telling import quiet_option
from specrun.spec.errors import Error, UsageError
from specrun.spec.visible import visible

VERBS: Mapping[str, tuple[str, str]] = {
    "init": ("specrun.cli.init", "Write a starter spec and the script it runs."),
    "validate": ("specrun.cli.validate", "Report every mistake of the specs, each at its place."),
    "explain": ("specrun.cli.explain", "Say why a code is reported, and what to write instead."),
    "show": (
        "specrun.cli.show",
        "The specs with all layers in place, and where each value comes from; or a saved plan.",
    ),
    "plan": ("specrun.cli.plan", "Show what apply would do, and why."),
    "apply": ("specrun.cli.apply", "Make it so, and follow the run to its end."),
    "status": ("specrun.cli.status", "Where the newest run of a spec is."),
    "ps": ("specrun.cli.ps", "The runs that go on."),
    "logs": ("specrun.cli.logs", "What the roles of a run wrote."),
    "outputs": ("specrun.cli.outputs", "List a run's files, or fetch them."),
    "cancel": ("specrun.cli.cancel", "End a run that is queued or running."),
    "runs": ("specrun.cli.runs", "Past runs of a spec, and what changed between them."),
    "models": ("specrun.cli.models", "Registered models, and the run and the data that each version came from."),
    "diff": ("specrun.cli.diff", "What differs between two runs, and what became of them."),
    "checkout": ("specrun.cli.checkout", "Write the spec and the code of a run into a folder."),
    "ui": ("specrun.cli.ui", "Runs, logs, metrics and plans in a browser."),
    "destroy": ("specrun.cli.destroy", "Delete what a spec made, and nothing else."),
    "unlock": ("specrun.cli.unlock", "Free the locks on what a spec declares."),
    "drift": ("specrun.cli.drift", "Show what was changed by hand, or is gone."),
    "prune": ("specrun.cli.prune", "Delete what was made for specs that are gone."),
    "import": ("specrun.cli.importing", "Turn what others wrote into a spec, with a report of every field."),
    "export": ("specrun.cli.export", "Write what other programs read: az ml, Kubeflow, SDK v1."),
    "prices": ("specrun.cli.prices", "Write a file of prices from Azure's public list."),
    "schema": ("specrun.cli.schema", "Print the JSON Schema of specs."),
    "graph": ("specrun.cli.graph", "The resources and their edges, as Mermaid or DOT."),
    "doctor": ("specrun.cli.doctor", "Check what specrun finds on this machine."),
    "completion": ("specrun.cli.completion", "Print what completes verbs, options and values in a shell."),
}

FIRST = ("init", "validate", "plan", "apply", "logs", "destroy")
"""The verbs that who knows none is told."""


class Verbs(click.Group):
    """Imports a verb's module when that verb is used: `validate` must not wait for what `apply` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are used."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command."""
        if cmd_name not in VERBS:
            return None
        attribute = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        from specrun.cli.options import forms_of  # completion has no time for it

        command = getattr(import_module(VERBS[cmd_name][0]), attribute)
        assert isinstance(command, click.Command)
        for one in forms_of(command).values():
            if not any("--quiet" in option.opts for option in one.params):
                one.params.append(quiet_option())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from specrun.cli.meant import verb_hint

            raise click.UsageError(f"specrun has no verb `{args[0]}`. {verb_hint(self, args)}")
        name, command, rest = super().resolve_command(ctx, args)
        if name and command and any(word.startswith("-") and "h" in word for word in rest):
            _add_examples(name, command)
        return name, command, rest

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, which nobody needs who has not asked for help."""
        from specrun.cli.examples import examples_text

        self.epilog = examples_text("")
        super().format_epilog(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with a line each, without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


def _add_examples(path: str, command: click.Command) -> None:
    """Help ends with them. That somebody asks for help is likely, and no harm done where it is not so."""
    from specrun.cli.examples import examples_text

    command.epilog = examples_text(path)
    for name, one in command.commands.items() if isinstance(command, click.Group) else ():
        _add_examples(f"{path} {name}", one)


@click.command(
    cls=Verbs,
    subcommand_metavar="VERB [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="specrun %(version)s")
def specrun() -> None:
    """One YAML file, a distributed training job: checked, planned, applied and followed."""


def main() -> None:
    """The program `specrun`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=spelled())  # a terminal that is not UTF-8 stops nobody
    # jsonschema, which checks a saved plan, would import it to know IRIs, of which there are none: a second, where
    # Jupyter has brought it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    if (shell := os.environ.get("_SPECRUN_COMPLETE")) is not None:
        from specrun.cli.completing import complete

        complete(shell, sys.argv[1:], VERBS)
        sys.stdout.flush()
        os._exit(0)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _unwritten(error)
    # No tidying up by the interpreter: it would take as long as the check of a file, and nothing is left to tidy. A
    # call that hangs in an abandoned thread has no say in the end either.
    sys.stderr.flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run a command line; its exit status."""
    with visible_streams(), answering(arguments) as answer:
        code = _run(arguments)
        try:
            if answer is not None:
                answer.finish(code)
        except OSError as error:
            return _unwritten(error)
        return code


def _run(arguments: list[str]) -> int:
    try:
        specrun(arguments, prog_name="specrun", standalone_mode=False)
    except (Exit, UsageError) as end:
        if end.message:
            _say(end.message)
        if end.code == exit_codes.WRONG_USAGE:
            _say_all(_right(arguments))
        return end.code
    except NoArgsIsHelpError as error:
        _say(error.message if arguments else _short_help())
        return exit_codes.WRONG_USAGE
    except click.UsageError as error:
        _show(error, arguments)
        return exit_codes.WRONG_USAGE
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        return _broken_pipe()
    except click.ClickException as error:
        _show(error)
        return exit_codes.FAILED
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes an exit status
        return _bug(error)
    return exit_codes.DONE


def _say(text: str, mark: str = "") -> None:
    note_error(text)
    print(f"{mark}{text}", file=sys.stderr)


def _show(error: click.ClickException, arguments: Sequence[str] = ()) -> None:
    vars(error).update(message=visible(error.message))  # it may quote what was typed
    right = _right(arguments)
    if right and isinstance(error, NoSuchOption):
        vars(error).update(possibilities=None)  # names that look alike, where it is known what is meant
    note_error(error.format_message())
    error.show(sys.stderr)
    _say_all(right)


def _say_all(lines: Sequence[str]) -> None:
    for line in lines:
        note_error(line.strip())
        print(line, file=sys.stderr)


def _right(arguments: Sequence[str]) -> Sequence[str]:
    """The command line that was probably meant, see `meant`."""
    if not arguments:
        return ()
    from specrun.cli.meant import right_lines

    return right_lines(specrun, arguments)


def _short_help() -> str:
    width = max(map(len, FIRST))
    return "\n".join(
        [
            f"{specrun.help}\n",
            *(f"  specrun {name:<{width}}  {VERBS[name][1]}" for name in FIRST),
            "\n`specrun --help` lists all verbs, `specrun VERB --help` the options of one.",
        ]
    )


def _unwritten(error: OSError) -> int:
    return _broken_pipe() if isinstance(error, BrokenPipeError) else _bug(error)


def _broken_pipe() -> int:
    # The reader has gone: what is still buffered has nowhere to go, and Python must not try when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_codes.FAILED


def _bug(error: Exception) -> int:
    from specrun.views.text import indented

    if isinstance(error, Error):
        note_error(str(error))
        print(indented(f"error: {error}"), file=sys.stderr)
        return error.code
    if isinstance(error, OSError):
        said = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _say(visible(said), "error: ")
        return exit_codes.FAILED
    import traceback

    print("".join(traceback.format_exception(error)), file=sys.stderr)
    _say("This is a bug in specrun: please report it with the lines above.")
    return exit_codes.BUG
