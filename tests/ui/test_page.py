"""The page as a whole, on this machine: found, followed, compared, ended, and read by whoever comes to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.past_runs import Past, add_past_runs
from tests.ui.conftest import PageOf
from tests.ui.ran import Folder
from tests.ui.served import Served, serving

RUNS = 300
GOES_ON = """\
    import pathlib, sys, time
    out = pathlib.Path(sys.argv[1])
    print("it begins", flush=True)
    while not (out / "go").exists():
        time.sleep(0.01)
    for step in range(500):
        print(f"step {step}")
    print("it is over")
"""


def past(number: int) -> Past:
    """Each run has a learning rate; every seventh has failed."""
    failed = number % 7 == 3
    status, reason = ("failed", "main/0 exited with status 1") if failed else ("succeeded", "")
    return Past(status=status, reason=reason, command=f"python train.py --lr {number / 1000:g}")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, list[str]]]:
    """A server of a folder with many runs, and their names, the newest first."""
    folder = Folder(tmp_path_factory.mktemp("many") / "team").write("print('hello')", "python train.py --lr 1")
    name = folder.apply()
    names = [name, *add_past_runs(folder.run(name), RUNS, past)]
    with serving() as serve:
        yield serve(folder.path), names


def shown(page: Page) -> list[str]:
    """The names of the runs in sight, from above."""
    page.locator(".sr-row").first.wait_for()
    return [str(name) for name in page.locator(".sr-row").evaluate_all("rows => rows.map(row => row.dataset.name)")]


def has_rows(page: Page, count: int) -> None:
    """Wait until the table has so many rows."""
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", str(count + 1))


def test_the_address_lets_in_and_leaves_no_token_behind(many: tuple[Served, list[str]], page_of: PageOf) -> None:
    served, _ = many
    one = page_of(served)
    assert one.served.token not in one.page.url
    assert one.served.token not in one.page.content()
    assert one.page.title().startswith("Runs")
    has_rows(one.page, RUNS + 1)


def test_who_has_no_token_is_asked_for_it(many: tuple[Served, list[str]], page_of: PageOf) -> None:
    served, _ = many
    one = page_of(served)
    one.page.context.clear_cookies()
    one.allow("401", "403")
    one.page.goto(served.root)
    token = one.page.get_by_label("Token")
    token.fill("not this one")
    token.press("Enter")
    expect(one.page.get_by_text("not the token")).to_be_visible()
    one.page.get_by_label("Token").fill(served.token)
    one.page.get_by_label("Token").press("Enter")
    has_rows(one.page, RUNS + 1)


def test_runs_are_filtered_sorted_and_found_again(many: tuple[Served, list[str]], page_of: PageOf) -> None:
    served, names = many
    page = page_of(served).page
    assert shown(page)[:3] == names[:3]
    page.get_by_label("Filter", exact=True).fill("status=failed")
    failed = [name for number, name in enumerate(names[1:]) if number % 7 == 3]
    has_rows(page, len(failed))
    assert shown(page)[:3] == failed[:3]
    page.get_by_label("Filter", exact=True).fill("lr<0.01 status=succeeded")
    has_rows(page, 9)
    page.get_by_role("columnheader", name="lr").get_by_role("button").click()
    expect(page.locator(".sr-row").first).to_have_attribute("data-name", names[10])
    address = page.url
    page.reload()
    has_rows(page, 9)
    assert (page.url, shown(page)[0]) == (address, names[10])
    page.get_by_label("Filter", exact=True).fill("lr<")
    expect(page.get_by_label("Filter", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Filter", exact=True).fill("nothing-is-called-so")
    expect(page.get_by_text("No run is like that")).to_be_visible()
    page.get_by_role("button", name="All runs").click()
    has_rows(page, RUNS + 1)


def test_thousands_are_scrolled_and_few_rows_drawn(many: tuple[Served, list[str]], page_of: PageOf) -> None:
    served, names = many
    one = page_of(served)
    has_rows(one.page, RUNS + 1)
    table = one.page.get_by_role("table")
    table.evaluate("table => { table.scrollTop = table.scrollHeight }")
    expect(one.page.locator(f"[data-name='{names[-1]}']")).to_be_visible()
    assert len(shown(one.page)) < 60
    assert one.shift() < 0.01, one.shifts()


def test_runs_are_compared(many: tuple[Served, list[str]], page_of: PageOf) -> None:
    served, names = many
    page = page_of(served).page
    for name in (names[5], names[9]):
        page.get_by_label(f"Compare {name}").check()
    page.get_by_role("button", name="Compare 2").click()
    for text in (names[5], names[9], "0.004", "0.008"):
        expect(page.get_by_role("main").get_by_text(text, exact=True).first).to_be_visible()


def test_what_changed_since_the_run_before(many: tuple[Served, list[str]], page_of: PageOf) -> None:
    served, names = many
    page = page_of(served, f"#/runs/{names[5]}/changes").page
    expect(page.get_by_role("main").get_by_text("0.005").first).to_be_visible()
    expect(page.get_by_role("main").get_by_text("0.004").first).to_be_visible()


def test_the_keyboard_alone_is_enough(many: tuple[Served, list[str]], page_of: PageOf) -> None:
    served, names = many
    page = page_of(served).page
    has_rows(page, RUNS + 1)
    press = page.keyboard.press
    press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    press("/")
    page.keyboard.type("status=failed")
    page.wait_for_url(re.compile("status"))
    has_rows(page, 43)
    press("Escape")
    press("Escape")
    has_rows(page, RUNS + 1)
    press("j")
    press("j")
    expect(page.locator(f"[data-name='{names[1]}'] a")).to_be_focused()
    press("x")
    press("j")
    press("x")
    expect(page.get_by_role("button", name="Compare 2")).to_be_enabled()
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(names[2])
    press("2")
    expect(page.get_by_role("log")).to_contain_text("hello")
    press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Shortcuts")
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press("Escape")
    has_rows(page, RUNS + 1)


@pytest.mark.parametrize("width", [1280, 400])
def test_a_run_that_has_failed_opens_without_a_jump(
    many: tuple[Served, list[str]], page_of: PageOf, width: int
) -> None:
    served, names = many
    for tab in ("", "/logs"):
        one = page_of(served, f"#/runs/{names[4]}{tab}", width=width)
        expect(one.page.get_by_text("exited with status 1").first).to_be_visible()
        one.settle()
        assert one.shift() < 0.03, one.shifts()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (400, False), (400, True)])
def test_every_page_can_be_read(many: tuple[Served, list[str]], page_of: PageOf, width: int, dark: bool) -> None:
    served, names = many
    failed = names[4]
    one = page_of(served, width=width, dark=dark)
    wrong: dict[str, object] = {}
    ways = ["runs", f"runs/{failed}", *(f"runs/{failed}/{tab}" for tab in ("logs", "changes", "code", "outputs"))]
    for way in [*ways, f"compare?runs={names[5]},{names[9]}", "plan"]:
        one.go(f"#/{way}")
        expect(one.page.get_by_role("heading", level=1)).to_be_visible()
        one.settle()
        if found := [*one.hard_to_read(), *one.sticks_out()]:
            wrong[way] = found
    assert wrong == {}


def test_a_run_is_followed_to_its_end(tmp_path: Path, page_of: PageOf) -> None:
    folder = Folder(tmp_path / "team").write(GOES_ON, "python train.py ${{ outputs.model }}")
    name = folder.begin()
    one = page_of(folder.path, f"#/runs/{name}/logs")
    page = one.page
    expect(page.get_by_role("log")).to_contain_text("it begins")
    expect(page.locator(".sr-run-head").get_by_role("status")).to_contain_text("unning")
    (folder.run(name) / "outputs" / "model" / "go").touch()
    expect(page.locator(".sr-run-head").get_by_role("status")).to_contain_text("ucceeded")
    expect(page.get_by_role("log")).to_contain_text("it is over")
    assert "step 0\n" not in page.get_by_role("log").inner_text()  # only what is seen is there
    assert one.shift() < 0.02, one.shifts()
    page.get_by_label("Search the log").fill("step 77")
    expect(page.locator("mark").first).to_have_text("step 77")
    page.get_by_label("Search the log").fill("nowhere to be found")
    expect(page.get_by_text("Not found")).to_be_visible()


def test_a_sweep_and_its_trials_have_pages(tmp_path: Path, page_of: PageOf) -> None:
    sweep = """
    sweep:
      sampling_algorithm: grid
      search_space: {x: {type: choice, values: [1, 2]}}
      objective: {goal: maximize, primary_metric: accuracy}
    """
    logs = """
    import os, pathlib, sys
    run = pathlib.Path(os.environ["MLFLOW_TRACKING_URI"].removeprefix("file://"), "0", "a")
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").write_text("start_time: 1\\n")
    (run / "metrics" / "accuracy").write_text(f"1000 {sys.argv[1]} 1\\n")
    """
    folder = Folder(tmp_path / "team").write(logs, "python train.py ${{ search_space.x }}", more=sweep)
    name = folder.apply()
    page = page_of(folder.path, f"#/runs/{name}").page
    expect(page.locator(".sr-trials-best")).to_contain_text("Best: accuracy 2")
    page.get_by_role("link", name="Trials", exact=True).first.click()
    expect(page.locator(".sr-trials-summary")).to_have_text("2 of 2 trials: 2 succeeded")
    page.locator(".sr-row .sr-cell-name a").first.click()
    expect(page.get_by_text("x", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Trials", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator(".sr-row .sr-cell-name")).to_have_text([name])


def test_a_run_is_cancelled_and_begun_again(tmp_path: Path, page_of: PageOf) -> None:
    folder = Folder(tmp_path / "team").write(GOES_ON, "python train.py ${{ outputs.model }}")
    name = folder.begin()
    page = page_of(folder.path, f"#/runs/{name}").page
    status = page.locator(".sr-run-head").get_by_role("status")
    expect(status).to_contain_text("unning")
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Leave it").click()
    assert folder.status(name) == "running"
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(status).to_contain_text("ancelled")
    assert folder.status(name) == "cancelled"
    page.get_by_role("button", name="Run again…").click()
    page.get_by_role("button", name="Run it again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name}-2")
    (folder.run(f"{name}-2") / "outputs" / "model" / "go").touch()
    expect(status).to_contain_text("ucceeded")


def test_the_page_comes_back_with_its_server(tmp_path: Path, page_of: PageOf, serve: Callable[..., Served]) -> None:
    folder = Folder(tmp_path / "team").write(GOES_ON, "python train.py ${{ outputs.model }}")
    name = folder.begin()
    served = serve(folder.path)
    one = page_of(served, f"#/runs/{name}/logs")
    expect(one.page.get_by_role("log")).to_contain_text("it begins")
    one.allow("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
    served.kill()
    expect(one.page.get_by_text("No answer from specrun ui")).to_be_visible()
    (folder.run(name) / "outputs" / "model" / "go").touch()
    served.start()
    expect(one.page.get_by_text("No answer from specrun ui")).to_be_hidden()
    expect(one.page.get_by_role("log")).to_contain_text("it is over")
    expect(one.page.locator(".sr-run-head").get_by_role("status")).to_contain_text("ucceeded")
