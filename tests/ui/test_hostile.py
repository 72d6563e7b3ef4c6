"""What a run prints, names and writes is text to the page, whatever it is: nothing of it is run, loaded or followed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.event_writing import scalar
from tests.ui.conftest import PageOf
from tests.ui.ran import Folder
from tests.ui.served import Served, serving

MARKUP = "<img src=x onerror=\"document.title='taken'\">"
SCRIPT = "<script>document.title='taken'</script>"
CLIMBS = "../../x"
BLANKS = "gute Ausgänge 日本"
"""A name with blanks that is not of ASCII."""

LONG = 5_000_000
HOSTILE = f"""\
    import os, pathlib, sys
    out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
    write = lambda data: os.write(1, data + b"\\n")
    write(b"{SCRIPT}")
    write(rb'''{MARKUP}''')
    write(b"\\x1b[31mred\\x1b[0m \\x1b]8;;javascript:alert(1)\\x07link\\x1b]8;;\\x07")
    write(b"\\x1b]0;title\\x07")
    write(b"\\x1b[2J\\x1b[999Cafter")
    write(b"bad \\xff\\xfe\\x00\\xc3( utf-8")
    write(b"\\xe2\\x80\\xae\\xe2\\x81\\xa6turned round\\xe2\\x80\\xac")
    write(b"10%\\r50%\\r100% done")
    os.write(1, b"x" * {LONG} + b"END\\n")
    write(b"the last line")
    (out / "page.html").write_text("<!doctype html><title>ran</title>{SCRIPT}<h1>markup</h1>")
    (out / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>document.title=1</script></svg>')
    (out / r'''{MARKUP.replace("/", "")}''').write_text("named")
    (out / "plain.txt").write_text("{SCRIPT}")
    (out / "{BLANKS}.txt").write_text("{BLANKS}")
    (out / "events.out.tfevents.1").write_bytes(bytes.fromhex(sys.argv[-1]))
    (out / "away").symlink_to("/etc/passwd")
    (out / "up").symlink_to("../../../../ui-token")
    sys.exit(3)
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A server of a folder whose run does all of it, and the run's name."""
    folder = Folder(tmp_path_factory.mktemp("hostile") / f"team {MARKUP.replace('/', '')}")
    flags = f"--out ${{{{ outputs.model }}}} --note '{MARKUP}' --{SCRIPT[1:7]} '{SCRIPT}'"
    points = b"".join(scalar(tag, step / 8, step) for tag in (MARKUP, CLIMBS) for step in (1, 2)).hex()
    folder.write(HOSTILE, f"python train.py {flags} {points}")
    job, words = folder.path / "job.yaml", json.dumps(MARKUP)
    job.write_text(f"{job.read_text()}  display_name: {words}\n  description: {words}\n  tags: {{note: {words}}}\n")
    name = folder.apply(code=100)
    with serving() as serve:
        yield serve(folder.path), name


def untouched(page: Page) -> None:
    """Nothing that came from the run has become an element, or has run."""
    assert "taken" not in page.title()
    found = page.evaluate(
        "() => document.querySelectorAll('main script, main [onerror], img[src=x], main a[href^=java]').length"
    )
    assert found == 0


def test_a_log_is_text(hostile: tuple[Served, str], page_of: PageOf) -> None:
    served, name = hostile
    page = page_of(served, f"#/runs/{name}/logs").page
    log = page.get_by_role("log")
    log.evaluate("log => { log.scrollTop = 0 }")
    for text in (SCRIPT, MARKUP, "bad", "100% done", "after"):
        expect(log).to_contain_text(text)
    expect(log).not_to_contain_text("50%")
    expect(log).not_to_contain_text("javascript:")
    expect(log).to_contain_text("\ufffd")
    untouched(page)
    log.evaluate("log => { log.scrollTop = log.scrollHeight }")
    expect(log).to_contain_text("the last line")
    expect(log).to_contain_text("5.0 MB")
    assert len(page.content()) < 300_000


def test_names_of_metrics_and_files_are_text(hostile: tuple[Served, str], page_of: PageOf) -> None:
    served, name = hostile
    one = page_of(served, f"#/runs/{name}/metrics")
    main = one.page.get_by_role("main")
    for metric in (MARKUP, CLIMBS):
        expect(main.get_by_text(metric).first).to_be_visible()
    expect(main.locator("canvas")).to_have_count(2)
    one.settle()
    untouched(one.page)
    one.go(f"#/runs/{name}/outputs")
    main.get_by_role("link", name=f"model/{BLANKS}.txt").click()  # its name stands beside it once it is shown
    expect(main.locator(".sr-text")).to_contain_text(BLANKS)
    with one.page.expect_download() as saved:
        main.get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename == f"{BLANKS}.txt"
    untouched(one.page)


def test_lists_and_facts_are_text(hostile: tuple[Served, str], page_of: PageOf) -> None:
    served, name = hostile
    one = page_of(served)
    one.settle()
    untouched(one.page)
    for way in (f"runs/{name}", f"runs/{name}/code", f"runs/{name}/changes", "plan", f"compare?runs={name},{name}"):
        one.go(f"#/{way}")
        expect(one.page.get_by_role("heading", level=1)).to_be_visible()
        one.settle()
        untouched(one.page)
    one.go(f"#/runs/{name}")
    expect(one.page.get_by_text(MARKUP).first).to_be_visible()


def test_addresses_are_text(hostile: tuple[Served, str], page_of: PageOf) -> None:
    served, _ = hostile
    one = page_of(served)
    one.allow("404", "400")
    for route in ("runs/..%2F..%2Fx", "runs/%3Cimg%20src=x%20onerror=1%3E", "runs/", "compare?runs=,%3Cb%3E", "x/y"):
        one.go(f"#/{route}")
        one.page.wait_for_timeout(0)
        one.settle()
        untouched(one.page)


def test_outputs_are_saved_and_never_run(hostile: tuple[Served, str], page_of: PageOf) -> None:
    served, name = hostile
    one = page_of(served, f"#/runs/{name}/outputs")
    page = one.page
    listed = page.get_by_role("navigation", name="Files of the outputs")
    expect(listed).to_contain_text("page.html")
    for file in ("page.html", "plain.txt", "picture.svg"):
        listed.get_by_text(f"model/{file}").click()
        expect(page.locator(".sr-file-head code")).to_have_text(f"model/{file}")
        untouched(page)
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download").click()
        assert saved.value.suggested_filename == file
    for file in ("page.html", "picture.svg"):
        answer = page.request.get(f"{served.root}/api/runs/{name}/file?of=outputs&path=model/{file}")
        headers = answer.headers
        assert answer.status == 200
        assert headers["content-disposition"].startswith("attachment")
        assert "sandbox" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


BESIDE = (
    "../../state.json",
    "model/../../state.json",
    "/etc/passwd",
    "model/away",
    "model/up",
    "..\\..\\state.json",
    "model\0",
    "",
)


def test_nothing_beside_the_outputs_is_given(hostile: tuple[Served, str], page_of: PageOf) -> None:
    served, name = hostile
    page = page_of(served).page
    for path, of in product(BESIDE, ("outputs", "code", "../outputs")):
        answer = page.request.get(f"{served.root}/api/runs/{name}/file?of={quote(of)}&path={quote(path, safe='')}")
        assert 400 <= answer.status < 500, (of, path, answer.text()[:200])


def test_a_page_of_another_site_gets_nothing(hostile: tuple[Served, str], page_of: PageOf) -> None:
    served, name = hostile
    page = page_of(served).page
    bad = {"Host": f"evil.example:{served.port}"}
    assert page.request.get(f"{served.root}/api/runs", headers=bad).status in range(400, 500)
    cross = {"Origin": "http://evil.example", "X-Specrun": "1", "Content-Type": "application/json"}
    answer = page.request.post(f"{served.root}/api/runs/{name}/cancel", headers=cross, data="{}")
    assert answer.status in range(400, 500)
    assert re.search("evil", answer.text())
