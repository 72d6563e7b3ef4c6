"""The right command line for a wrong one: verbs and options from elsewhere, typing errors, the order of the words.

Nothing of it is run. What is found has been read by the command line's own parser, so that it works when it is pasted.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import click

from specrun.cli.elsewhere import NOUNS, Rule, kind_for, names, rules_for, values_for, verbs_for
from specrun.cli.options import forms_of
from specrun.spec.names import foreign_value
from specrun.spec.nearest import nearest
from specrun.spec.visible import visible
from specrun.spec.wording import command

_SPEC = (".yaml", ".yml")
_NEVER_ASKED = ("-input=false", "-input=true")
"""Terraform's, where --input is something else here."""
_ASKS_FOR_HELP = ("-h", "--help", "-V", "--version")


@dataclass(slots=True)
class _Line:
    """A command line as it is made right: its verb's `path` (`export azureml`), the words behind it, and remarks."""

    path: list[str]
    words: list[str] = field(default_factory=list)
    remarks: dict[str, None] = field(default_factory=dict)


def right_lines(program: click.Group, arguments: Sequence[str]) -> list[str]:
    """Lines for standard error: the command that was probably meant, ready to be pasted, and what was left out of it.

    None where nothing better is known than what was typed.
    """
    found = _meant(program, list(arguments))
    if found is None:
        return []
    words = [*found.path, *found.words]
    if words == list(arguments) or not _parses(program, words):
        return []
    return [f"  {command('specrun', *words)}", *(f"  ({visible(text)})" for text in found.remarks)]


def verb_for(program: click.Group, name: str) -> str | None:
    """The verb, with options that make it what is meant, for a name that is none."""
    verbs = program.list_commands(click.Context(program))
    from_elsewhere = next((typed for typed in verbs_for(name) if typed.split()[0] in verbs), None)
    if from_elsewhere is None and (near := nearest(name, [*verbs, *names()])) is not None:
        return near if near in verbs else next((typed for typed in verbs_for(near) if typed.split()[0] in verbs), None)
    return from_elsewhere


def verb_hint(program: click.Group, arguments: Sequence[str]) -> str:
    """A sentence about the verb that is meant by words that begin with none."""
    found = _meant(program, list(arguments))
    if found is None:
        return f"The verbs are {', '.join(program.list_commands(click.Context(program)))}."
    return f"Did you mean `{found.path[0]}`?" if found.path else "Here that is an option."


def _meant(program: click.Group, arguments: list[str]) -> _Line | None:
    words = _verb_first(program, arguments)
    if words is None:
        return None
    name, *rest = words
    if name == "help":
        return _of_help(program, rest)
    if name in ("version", *_ASKS_FOR_HELP[2:]):
        return _Line([], ["--version"])
    verbs = program.list_commands(click.Context(program))
    if name in NOUNS and rest and (rest[0] in (*verbs, *NOUNS) or next(verbs_for(rest[0]), None)):
        return _meant(program, ["status" if rest[0] == "show" else rest[0], *rest[1:]])
    if name == "model" and rest and rest[0] in ("list", "ls", "show", "get"):
        return _right(program, "models", rest[1:])
    if name in verbs:
        return _right(program, name, rest)
    if _is_file(name):
        return _right(program, "plan", words)
    typed = verb_for(program, name)
    if typed is None:
        return None
    verb, *more = typed.split()
    if rest and rest[0] in (*NOUNS, "runs") and not _is_file(rest[0]):
        rest = rest[1:]  # as in `delete job` and `get runs`
    return _right(program, verb, [*more, *rest])


def _verb_first(program: click.Group, words: list[str]) -> list[str] | None:
    """The same with the verb in front, also where options or a file stood before it; None where there is no verb."""
    if not words:
        return None
    if not words[0].startswith("-"):
        return words
    if words[0] in ("-v", "--Version", "-version"):
        return ["version"]
    if words[0] in ("-help", "--h", "-?"):
        return ["help"]
    verbs = program.list_commands(click.Context(program))
    at = next((number for number, word in enumerate(words) if word in verbs), None)
    if at is None:
        at = next((number for number, word in enumerate(words) if next(verbs_for(word), None)), None)
    if at is None:
        return ["plan", *words] if any(_is_file(word) for word in words) else None
    return [words[at], *words[:at], *words[at + 1 :]]


def _of_help(program: click.Group, rest: list[str]) -> _Line:
    topic = next((word for word in rest if not word.startswith("-")), "")
    verbs = program.list_commands(click.Context(program))
    verb = topic if topic in verbs else (verb_for(program, topic) or "").split(" ")[0] if topic else ""
    kinds = [word for word in rest[1:2] if verb and isinstance(_command(program, [verb]), click.Group)]
    return _Line([verb, *kinds] if verb else [], ["--help"])


def _right(program: click.Group, verb: str, words: list[str], seen: frozenset[str] = frozenset()) -> _Line:
    """The command line of a verb with options that it has."""
    line = _Line([verb])
    command = _command(program, line.path)
    if isinstance(command, click.Group):
        words = _with_kind(command, verb, words, line)
        command = _command(program, line.path)
    options = _options(forms_of(command).get("", command))
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            line.words += [word, *rest]
            break
        if word in _NEVER_ASKED:
            line.remarks[f"without {word}: without a terminal nothing is asked"] = None
            continue
        flags = [options.get(f"-{letter}") for letter in word[1:]]
        if not word.startswith("-") or all(flag is not None and flag.is_flag for flag in flags):  # `-`, and `-yq`
            line.words.append(word)
            continue
        name, value = _split(word, options, verb)
        option = options.get(name)
        if option is not None:
            if not option.is_flag and value is None and rest:
                value = rest.pop(0)
            right = None if option.is_flag or value is None else _value(name, option, value)
            if right is None:
                line.words.append(name if len(name) > 2 or len(word) == 2 else word)
            elif right == value and word == name:
                line.words += [word, value]
            elif right == value and word.startswith(name) and not word.startswith("-", 1) and word[2] != "=":
                line.words.append(word)  # as in -ojson
            else:
                line.words += [f"{name}={right}"] if "=" in word and name.startswith("--") else [name, right]
            continue
        behind = rest[0] if value is None and rest and not rest[0].startswith("-") else None
        rule = _rule(verb, name, behind if value is None else value, options)
        if rule is None and (near := _near_option(name, options)) is not None:
            rest.insert(0, near if value is None else f"{near}={value}")
            continue
        if rule is not None and rule.verb is not None and rule.verb not in seen:
            return _right(program, rule.verb, [*line.words, *rest], seen | {verb})
        typed = rule.typed(value or behind) if rule is not None else []
        # What follows is its value; of an option that is left out, unless it is a file.
        if behind is not None and (rule is None or rule.takes) and (typed or not _is_file(behind)):
            rest.pop(0)
        rest[:0] = typed
        if rule is None:
            line.remarks[f"without {name}, which `{' '.join(line.path)}` does not have"] = None
        elif rule.remark or not typed:
            line.remarks[f"without {name}{': ' * bool(rule.remark)}{rule.remark}"] = None
    _settle(verb, line, words)
    return line


def _rule(verb: str, name: str, value: str | None, options: Mapping[str, click.Option]) -> Rule | None:
    """What stands for an option at a verb that has what is typed for it; `value` is what follows."""

    def fits(rule: Rule) -> bool:
        there = all(word in options for word in rule.words if word.startswith("-"))
        number = "NUMBER" not in rule.words or (value is not None and value.isdecimal())
        spec = "SPEC" not in rule.words or (value is not None and _is_file(value))
        return there and number and spec and ("VALUE" not in rule.words or value is not None)

    return next(filter(fits, rules_for(verb, name)), None)


def _with_kind(command: click.Group, verb: str, words: list[str], line: _Line) -> list[str]:
    """The words behind the kind of `import` and `export`, which goes to the line's path."""
    at = next((number for number, word in enumerate(words) if not word.startswith("-")), None)
    formats = [word for word in words if word.partition("=")[0] in ("--format", "--to", "--from", "--type")]
    if formats and verb in ("import", "export"):
        where = words.index(formats[0])
        _, equals, value = formats[0].partition("=")
        value, behind = (value, where + 1) if equals else (next(iter(words[where + 1 : where + 2]), ""), where + 2)
        if kind := value if value in command.commands else kind_for(verb, value):
            line.path.append(kind)
            return [*words[:where], *words[behind:]]
    if at is None:
        return words
    name = words[at]
    if name in command.commands:
        line.path.append(name)
        return [*words[:at], *words[at + 1 :]]
    if not _is_file(name) and (kind := kind_for(verb, name) or nearest(name, command.commands)):
        line.path.append(kind)
        return [*words[:at], *words[at + 1 :]]
    return words


def _settle(verb: str, line: _Line, typed: Sequence[str]) -> None:
    """What several words say together: where to fetch outputs, and that who wants a look deletes nothing unasked."""
    if verb == "outputs" and line.words[:2] == ["--fetch", "outputs"] and "--fetch" in line.words[2:]:
        del line.words[:2]
    elif verb == "outputs" and line.words[:2] == ["--fetch", "outputs"]:
        others = [word for word in line.words[2:] if not word.startswith("-")]
        if len(others) > 1 and not _is_file(others[-1]):
            line.words.remove(others[-1])
            line.words[1] = others[-1]
    if verb == "destroy" and any(word.startswith(("--dry", "--what-if", "--preview", "-dry")) for word in typed):
        line.words = [word for word in line.words if word not in ("-y", "--yes")]


def _split(word: str, options: Mapping[str, click.Option], verb: str) -> tuple[str, str | None]:
    """Name and value of an option: `--out=x`, Terraform's `-out=x`, `-ojson`."""
    name, equals, value = word.partition("=")
    if not name.startswith("--") and len(name) > 2:
        long = f"-{name}"
        if long in options or next(rules_for(verb, long), None):
            name = long
        elif name[:2] in options and not options[name[:2]].is_flag:
            return name[:2], word[2:]
    return name, value if equals else None


def _value(name: str, option: click.Option, value: str) -> str:
    """The value of an option that is meant by one."""
    long = next((one for one in option.opts if one.startswith("--")), name)
    if long == "--engine":
        return _engine(value)
    if isinstance(option.type, click.Choice) and value not in option.type.choices:
        choices = list(map(str, option.type.choices))
        right = next((one for one in values_for(long, value) if one in choices), None)
        return right or nearest(value, choices) or value
    return value


def _engine(value: str) -> str:
    from specrun.engines.facts import ENGINES

    return value if value in ENGINES else foreign_value("engine", value) or nearest(value, ENGINES) or value


def _near_option(name: str, options: Mapping[str, click.Option]) -> str | None:
    long = [one for one in options if one.startswith("--")]
    if not name.startswith("--"):
        return None
    begun = [one for one in long if one.startswith(name)] if len(name) > 4 else []
    return begun[0] if len(begun) == 1 else nearest(name, long)


def _is_file(word: str) -> bool:
    return not word.startswith("-") and (word.endswith(_SPEC) or os.path.isfile(word))  # noqa: PTH113


def _command(program: click.Group, path: Sequence[str]) -> click.Command:
    command: click.Command = program
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(program), name)
        assert found is not None, path
        command = found
    return command


def _options(command: click.Command) -> dict[str, click.Option]:
    found = {name: one for one in command.params if isinstance(one, click.Option) for name in one.opts}
    asked = click.Option(["-h", "--help"], is_flag=True)
    return {**dict.fromkeys(("-h", "--help"), asked), **found}


def _parses(program: click.Group, words: Sequence[str]) -> bool:
    """Whether the command line's own parser takes the words."""
    if not words:
        return False
    if any(word in _ASKS_FOR_HELP for word in words):
        return True
    context = click.Context(program, info_name="specrun", **program.context_settings)  # click keeps what it makes of -h
    command: click.Command = program
    rest = list(words)
    try:
        while isinstance(command, click.Group):
            if not rest:
                return False
            name = rest[0]
            found = command.get_command(context, name) or forms_of(command).get("")
            if found is None:
                return False
            rest = rest if found is forms_of(command).get("") else rest[1:]
            command = found
            if not isinstance(command, click.Group):
                command.make_context(name, rest, parent=context)
    except click.ClickException:
        return False
    return True


def engine_hint(name: str) -> str:
    """What engine was probably meant, as a sentence; "" where nothing is near."""
    right = _engine(name)
    return f"Did you mean `{right}`?" if right != name else ""
