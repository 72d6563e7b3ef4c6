"""Where the script is, and what that means for the job's code."""

from __future__ import annotations

import re

from specrun.convert.batchai.rewriting import Rewriter, script_folder
from specrun.convert.batchai.section import LooseSection, Text
from specrun.convert.report import FieldPath

_SCRIPT = re.compile(r"\$\{?AZ_BATCHAI_\w+\}?/[^\s\"';|&<>()]*\.(?:py|sh|bash|pl|r|R|lua|jl|cntk|prototxt|ipynb)\b")


def find_script(text: str) -> str:
    """The first script below one of Batch AI's folders that a command line names; "" where it names none."""
    match = _SCRIPT.search(text)
    return match[0] if match else ""


def place_script(rewriter: Rewriter, script: str) -> None:
    """Let --code stand for the script's folder."""
    if rewriter.places.code and script:
        location = rewriter.location(script)
        if location is not None:
            rewriter.places.script_folder = script_folder(location)


def script_line(rewriter: Rewriter, settings: LooseSection, script: Text) -> str:
    """`python SCRIPT`, with a word in the report on where the script is."""
    place_script(rewriter, script.value)
    interpreter = settings.text("pythonInterpreterPath")
    words = rewriter.text(script.value, script.path, "scripts")
    tell_about_script(rewriter, script.path, script.value, words)
    if interpreter is None:
        return f"python {words}"
    settings.ledger.carry(interpreter.path, "job.command")
    return f"{rewriter.text(interpreter.value, interpreter.path)} {words}"


def tell_about_script(rewriter: Rewriter, path: FieldPath, script: str, words: str) -> None:
    """The report's entry for a field that names the script."""
    ledger = rewriter.places.ledger
    if rewriter.places.script_folder:
        ledger.rewrite(path, "job.code", f"`{words}`: the script comes from `{rewriter.places.code}`, by --code")
    elif "${{ inputs." in words and find_script(script):
        what = f"`{words}`: the script is read from where it is mounted; or bring its folder along as the job's code"
        ledger.ask(path, "job.command", what, "--code DIR")
    elif words == script:
        ledger.carry(path, "job.command")
    else:
        ledger.rewrite(path, "job.command", f"`{words}`")
