"""The log of a run as it is read: followed, searched, copied, and never more of it asked for than is in sight."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from specrun.ui.module import module_text, style_text

SOURCE = (Path(__file__).parent / "look/logs.js").read_text(encoding="utf-8")
LOAD = """async ([text, style]) => {
  window.parts = await import(URL.createObjectURL(new Blob([text], {type: "text/javascript"})));
  document.head.append(Object.assign(document.createElement("style"), {textContent: style}));
}"""
MANY = 1_200_000
expect.set_options(timeout=60_000)  # a busy machine is no failure


@pytest.fixture
def log(blank: Page) -> Page:
    """The page of a log of many lines that goes on, and has an error near its beginning."""
    blank.evaluate(LOAD, [module_text(), style_text()])
    blank.evaluate(SOURCE, {"total": MANY, "failed": True})
    expect(blank.get_by_role("log")).to_contain_text(f"step {MANY - 1}")
    blank.get_by_role("log").focus()  # in a notebook keys are those of the part that has the focus
    return blank


def lines(page: Page) -> list[str]:
    texts = page.locator(".sr-line:not(.sr-kept) .sr-line-text").all_text_contents()
    return [text for text in texts if text]


def test_what_comes_is_followed_until_somebody_reads(log: Page) -> None:
    follow = log.get_by_role("button", name="Follow", exact=True)
    onward = log.get_by_role("button", name="↓ Follow")
    expect(follow).to_have_attribute("aria-pressed", "true")
    assert lines(log)[-1] == "20%", "a line that is not finished stands below those that are"
    log.evaluate("() => log.grow(1000)")
    expect(log.get_by_role("log")).to_contain_text(f"step {MANY + 999}")

    log.get_by_role("log").hover()
    log.mouse.wheel(0, -1000)
    expect(follow).to_have_attribute("aria-pressed", "false")
    expect(onward).to_be_visible()
    expect(log.get_by_role("log")).to_contain_text(f"step {MANY + 950}")
    before = lines(log)
    log.evaluate("() => log.grow(5000)")
    assert lines(log) == before, "who reads is left in peace"

    onward.click()
    expect(log.get_by_role("log")).to_contain_text(f"step {MANY + 5999}")
    expect(onward).to_be_hidden()
    log.evaluate("() => log.end()")
    expect(follow).to_be_hidden()
    assert lines(log)[-1] == f"step {MANY + 5999}"


def test_only_what_is_in_sight_is_asked_for(log: Page) -> None:
    log.keyboard.press("Home")
    expect(log.get_by_role("log")).to_contain_text("step 0")
    log.get_by_role("log").evaluate("rows => { rows.scrollTop = rows.scrollHeight / 2 }")
    expect(log.get_by_role("log")).to_contain_text(re.compile(r"step 5\d{5}|step 6\d{5}"))
    asked = log.evaluate("() => log.asked.reduce((sum, [, {count}]) => sum + count, 0)")
    assert asked < 3000, "lines, of more than a million"


def test_a_line_looks_as_in_a_terminal(log: Page) -> None:
    log.keyboard.press("Home")
    row = log.locator("[data-row='7'] .sr-line-text")
    expect(row).to_have_text("red <b>bold</b>")
    expect(row.locator("span")).to_have_class("sr-a-1")
    expect(log.locator("[data-row='8'] .sr-line-text")).to_have_text("100%|##|")
    expect(log.locator("[data-row='8'] .sr-line-role")).to_have_text("ps/0")
    expect(log.locator("[data-row='8'] .sr-line-when")).to_be_hidden()
    log.get_by_role("button", name="Times").click()
    expect(log.locator("[data-row='8'] .sr-line-when")).to_have_text(re.compile(r"\d\d:\d\d:\d\d\.000"))


def test_it_is_searched_from_where_one_is_and_around_the_end(log: Page) -> None:
    log.keyboard.press("Home")
    search = log.get_by_role("searchbox", name="Search the log")
    log.keyboard.press("/")
    expect(search).to_be_focused()
    search.fill("step 119999")
    expect(log.get_by_text("11 lines")).to_be_visible()
    expect(log.locator(".sr-marked")).to_have_attribute("data-row", "119999")
    expect(log.locator(".sr-marked mark")).to_have_text("step 119999")
    log.keyboard.press("Enter")
    expect(log.locator(".sr-marked")).to_have_attribute("data-row", "1199990")
    log.keyboard.press("Shift+Enter")
    log.keyboard.press("Shift+Enter")
    expect(log.locator(".sr-marked")).to_have_attribute("data-row", "1199999")
    expect(log.get_by_text("11 lines, from the other end")).to_be_visible()
    search.fill("nowhere")
    expect(log.get_by_text("Not found")).to_be_visible()


def test_the_first_error_is_a_key_away(log: Page) -> None:
    log.keyboard.press("e")
    expect(log.locator(".sr-marked .sr-line-text")).to_have_text("ValueError: bad")
    expect(log.get_by_role("button", name="Follow", exact=True)).to_have_attribute("aria-pressed", "false")


def test_a_role_alone_is_asked_for(log: Page) -> None:
    log.get_by_role("combobox", name="Role").select_option("worker/0")
    log.wait_for_function("() => log.asked.some(([, {role}]) => role === 'worker/0')")
    expect(log.locator(".sr-line-role")).to_have_count(0)


def test_what_was_selected_is_copied_whole(log: Page) -> None:
    log.keyboard.press("Home")
    expect(log.locator("[data-row='9'] .sr-line-text")).to_have_text("step 9")
    copied = log.evaluate("""() => new Promise(done => {
      const text = n => document.querySelector(`[data-row='${n}'] .sr-line-text`);
      getSelection().setBaseAndExtent(text(7), 0, text(9).firstChild, 4);
      document.addEventListener("copy", event => done(event.clipboardData.getData("text/plain")));
      document.execCommand("copy");
    })""")
    assert copied == "red <b>bold</b>\n100%|##|\nstep", "neither numbers nor roles, and what is drawn over is gone"


def test_long_lines_are_broken_on_demand(log: Page) -> None:
    log.keyboard.press("w")
    expect(log.get_by_role("log")).to_have_class(re.compile("sr-wrapped"))
    assert lines(log)[-1] == "20%", "who was at the end still is"
    log.evaluate("() => unmount()")
    assert log.evaluate("() => document.body.textContent.trim()") == ""
