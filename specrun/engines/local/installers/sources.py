"""Where packages come from: indexes, addresses and repositories that cannot be read, and sources that do not build."""

from __future__ import annotations

import re

from specrun.engines.local.installers.case import Case, Refusal, last_words, normalised, shortened
from specrun.engines.local.installers.versions import CALLED
from specrun.spec.requirements import read_line

_OFFLINE = re.compile(
    r"connection broken by|Max retries exceeded|tcp connect error|dns error|error sending request|Could not connect"
    r"|operation timed out|CERTIFICATE_VERIFY_FAILED|invalid peer certificate"
)
_CAUSES = (
    (r"Name or service not known|name resolution|dns error|nodename nor servname", "its name is not found"),
    (r"Connection refused", "the connection is refused"),
    (r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate", "its certificate is not trusted"),
    (r"Network is unreachable|No route to host", "there is no network"),
    (r"ProxyError|[Tt]unnel", "the proxy does not let it through"),
    (r"timed out|Timeout", "it does not answer"),
)
_COMPILER = re.compile(
    r"unable to execute '?\S*?(?:cc|\+\+|clang)\b|command '\S*?(?:cc|\+\+|clang)\S*' failed: No such"
    r"|No such file or directory: '\S*?(?:cc|\+\+|clang)'|[Nn]o C compiler|Python\.h: No such file"
)
_TOOLS = re.compile(
    r"\b(Rust|Cargo|CMake|cmake|pg_config|mysql_config|nvcc)\b[^.]{0,80}?(?:not found|not installed|must be)"
)
_UNBUILT = re.compile(
    r"Failed (?:to build|building wheel for|to download and build:?|to fetch wheel:) [`']?([^\s`',]+)"
    r"|Could not build wheels for ([^\s,]+)|Running setup\.py install for (\S+):"
    r"|error: (?:metadata-generation|legacy-install)-failed.*?╰─> ([\w.-]+)"
)
_NO_NAMES = ("installable", "wheels", "one")


def network(case: Case) -> Refusal | None:
    """An index that cannot be reached, or has trouble."""
    trouble = re.search(r"HTTP status server error \((\d+)", case.text)
    gave_up = "Could not find a version" not in case.text or "(from versions: none)" in case.text
    if trouble is None and not (gave_up and _OFFLINE.search(case.text)):
        return None
    known = (words for pattern, words in _CAUSES if re.search(pattern, case.text))
    why = f"it has trouble (HTTP {trouble[1]})" if trouble is not None else next(known, "it cannot be reached")
    place = re.search(
        r"Failed to fetch: `?(https?:\S+)|Looking in indexes: (\S+?),?(?: |$)|host='([\w.-]+)'", case.text
    )
    host = _host(next(filter(None, place.groups()), "")) if place is not None else ""
    mend = "Check the network (behind a proxy: HTTPS_PROXY, SSL_CERT_FILE), or name another index with `--index-url`."
    named = enumerate(case.lines) if host else ()
    lines = [index for index, line in named if any(host in one for one in read_line(line).addresses)]
    return Refusal(f"The package index{f' at {host}' * bool(host)} cannot be read: {why}. {mend}", tuple(lines[:1]))


def denied(case: Case) -> Refusal | None:
    """An index that wants to know who asks."""
    found = re.search(r"An index(?: URL)? \((\S+?)\).*?(40[13])", case.text)
    place, code = (found[1], found[2]) if found is not None else ("", "")
    if found is None:
        found = re.search(
            r"(?:HTTP error )?(40[13]) (?:Client Error|Error|while getting).*?(https?://[^\s,]+)", case.text
        )
        if found is None:
            return None
        code, place = found[1], found[2]
    host = _host(place)
    mend = f"Put who you are into its address: `--index-url https://USER:${{{{ secrets.TOKEN }}}}@{host}/…`."
    return Refusal(f"The index at {host} does not let you in (HTTP {code}). {mend}", case.having(host))


def _host(place: str) -> str:
    return re.sub(r"^https?://(?:[^/@]*@)?([^/`]+).*", r"\1", place)


def repository(case: Case) -> Refusal | None:
    """A git repository that cannot be cloned."""
    tried = re.search(r"git (?:clone|fetch)|Git operation failed|command 'git'|Git executable not found", case.text)
    if tried is None:
        return None
    lines = tuple(index for index, line in enumerate(case.lines) if "git+" in line)
    lines = tuple(index for index in lines if _cloned(case.lines[index]) in case.text) or lines
    if "executable not found" in case.text or "command 'git'" in case.text:
        return Refusal("A requirement is a git repository, and there is no git on this machine. Install it.", lines[:1])
    said = re.search(r"(fatal: .*?)(?: error: | ×|$)", case.text)
    mend = "Check its address and its branch, and that git gets at it without asking for a password."
    return Refusal(f"The repository cannot be cloned: `{shortened(said[1] if said else tried[0])}`. {mend}", lines[:1])


def _cloned(line: str) -> str:
    """Host and path of a line's repository."""
    found = re.search(r"git\+\S*?//(?:[^/@]*@)?([^/\s@]+/[^\s@#]+)", line)
    return found[1] if found is not None else line


def nowhere(case: Case) -> Refusal | None:
    """An address with nothing there, or with a file for another machine."""
    if found := re.search(r"(404|410)\b.{0,20}?Not Found.*? for url:? \(?(https?://[^\s)]+)", case.text):
        return Refusal(f"There is nothing at {found[2]} (HTTP {found[1]}). Correct the address.", case.having(found[2]))
    found = re.search(r"(\S+\.whl) is not a supported wheel", case.text)
    if found is None:
        return None
    why = f"`{found[1]}` is for another Python or system than Python {case.python} on this machine."
    return Refusal(f"{why} Name the file that is for this one.", case.having(found[1]))


def unbuilt(case: Case) -> Refusal | None:
    """A package without a wheel for this machine, which could not be built from its source either."""
    found = _UNBUILT.search(case.text)
    if found is None and not re.search(r"subprocess-exited-with-error|Command errored|build backend", case.text):
        return None
    name = next(filter(None, found.groups()), "").strip("`'") if found is not None else ""
    if not name or name in _NO_NAMES:
        in_brackets = re.search(r"based projects \(?([\w.-]+)", case.text)
        collected = re.findall(r"(?:^|\s)Collecting ([\w.-]+)", case.text)
        name = in_brackets[1] if in_brackets is not None else collected[-1] if collected else ""
    return _unbuilt(case, name.partition("==")[0], name.partition("==")[2])


def _unbuilt(case: Case, name: str, version: str) -> Refusal:
    needed_by = re.search(rf"Collecting {re.escape(name)}\b\S* \(from (.+?\(line \d+\))\)", case.text)
    lines = case.named(name) or (case.named(needed_by[1]) if needed_by is not None else ())
    fetched = re.search(
        rf"(?:Downloading|cached) \S*?{re.escape(name)}-(\d\S*?)\.(?:tar|zip)", case.text, re.IGNORECASE
    )
    package = f"{name} {version or (fetched[1] if fetched is not None else '')}".strip() or "A package"
    if called := CALLED.get(normalised(name)):
        return Refusal(
            f"`{name}` is only a name that is kept there: the package is called `{called}`. Write that.", lines
        )
    head = f"{package}{case.wanting(name, lines)} has no wheel for Python {case.python} on this machine, and"
    other = f"take a version of it that has a wheel for Python {case.python}"
    if _COMPILER.search(case.text):
        tools = "Debian, Ubuntu: `apt install build-essential python3-dev`; macOS: `xcode-select --install`"
        need = "building it from its source needs a C compiler and Python's headers"
        return Refusal(f"{head} {need}. Install them ({tools}), or {other}.", lines)
    if tool := _TOOLS.search(case.text):
        return Refusal(f"{head} building it from its source needs {tool[1]}. Install that, or {other}.", lines)
    said = last_words(case.said)
    return Refusal(f"{head} its source does not build: `{said}`. Install what it misses, or {other}.", lines)
