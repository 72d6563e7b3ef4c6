"""`specrun prices`: from answers of the Retail Prices API, of a stub on loopback or downloaded, to a file to review."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from specrun.engines import calls
from specrun.engines.azure import retail
from tests.cli.conftest import Command
from tests.engine_double import write_spec
from tests.loopback import LoopbackServer

SPEC = """\
name: digits
vars: {size: Standard_D4s_v3}
targets:
  dev: {}
  prod: {compute: {size: STANDARD_NC6S_V3}}
compute: {name: cluster, size: "${{ vars.size }}", max_instances: 2}
job: {command: ls}
"""
D4S = "STANDARD_D4S_V3: {dedicated: 0.2, low_priority: 0.05}"


def meter(size: str = "D4s v3", price: float = 0.2, **more: Any) -> dict[str, Any]:
    """An item of an answer, as it is documented."""
    return {
        "currencyCode": "EUR",
        "tierMinimumUnits": 0.0,
        "retailPrice": price,
        "unitPrice": price,
        "armRegionName": "westeurope",
        "effectiveStartDate": "2021-01-01T00:00:00Z",
        "meterId": f"{size} {price} {len(more)}",
        "meterName": size,
        "productName": "Virtual Machines DSv3 Series",
        "skuName": size,
        "serviceName": "Virtual Machines",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": f"Standard_{size.removesuffix(' Spot').removesuffix(' Low Priority').replace(' ', '_')}",
        **more,
    }


def page(*items: dict[str, Any], following: str | None = None) -> str:
    return json.dumps({"BillingCurrency": "EUR", "Items": items, "NextPageLink": following, "Count": len(items)})


USUAL = (meter(), meter("D4s v3 Spot", 0.05), meter("NC6s v3", 3))


def downloaded(*texts: str) -> list[str]:
    options = []
    for number, text in enumerate(texts):
        Path(f"page{number}.json").write_text(text)
        options += ["--from", f"page{number}.json"]
    return options


def test_a_downloaded_answer_becomes_a_file_that_counts(specrun: Command) -> None:
    write_spec(Path.cwd(), SPEC)
    said = specrun(
        "prices", "--region", "West Europe", *downloaded(page(*USUAL, meter("D8s v3", 9))), "--out", "prices.yaml"
    )
    assert said.code == 0, said.err
    lines = Path("prices.yaml").read_text().splitlines()
    day = lines[5].removeprefix("updated: ")
    assert [line for line in lines if not line.startswith("#")] == [
        "currency: EUR", f"updated: {day}", "region: westeurope", D4S, "STANDARD_NC6S_V3: {dedicated: 3}",
    ]  # fmt: skip
    assert "prices.azure.com" in "".join(lines[:4])
    assert "1 of other sizes" in said.err
    assert "`prices: prices.yaml`" in said.err
    Path(".specrun.yaml").write_text("prices: prices.yaml\n")
    assert specrun("validate").code == 0
    assert "to have it count" not in specrun("prices", "--out", "prices.yaml", *downloaded(page(*USUAL))).err


def test_the_file_may_be_named_before_it_is_there(specrun: Command) -> None:
    for name in ("jobs", ".git"):
        Path(name).mkdir()
    write_spec(Path("jobs"), SPEC)
    Path(".specrun.yaml").write_text("prices: prices.yaml\nspecs: [jobs]\n")
    assert specrun("validate").code == 65
    Path("empty.yaml").write_text("# to come\n")
    for out in ("prices.yaml", "empty.yaml"):
        said = specrun("prices", "--region", "westeurope", *downloaded(page(*USUAL)), "--out", out)
        assert (said.code, D4S in Path(out).read_text()) == (0, True), said.err
    assert specrun("validate").code == 0


def test_the_file_is_dated_as_the_answer_is(specrun: Command) -> None:
    options = downloaded(page(*USUAL))
    os.utime("page0.json", (1_780_000_000, 1_780_000_000))
    assert "updated: 2026-05-2" in specrun("prices", "--region", "westeurope", "--all", *options).out


def test_what_changed_is_told_and_nothing_else_is_changed(specrun: Command) -> None:
    first = (*USUAL, meter("D8s v3", 0.4), meter("E2s v3", 1))
    specrun("prices", "--region", "westeurope", "--all", "--out", "p.yaml", *downloaded(page(*first)))
    Path("p.yaml").write_text(Path("p.yaml").read_text().replace("region:", "max_age: 30d\nregion:"))
    before = Path("p.yaml").read_text().splitlines()
    second = page(meter(price=0.22), *USUAL[1:], meter("D8s v3", 0.4), meter("D16s v3", 0.8))
    said = specrun("prices", "--out", "p.yaml", "--size", "d16s_v3", *downloaded(second))
    assert said.code == 0, said.err
    told = [
        "changed STANDARD_D4S_V3, dedicated: 0.2 → 0.22",
        "gone STANDARD_E2S_V3",
        "new STANDARD_D16S_V3: dedicated: 0.8",
    ]
    assert all(line in said.err for line in told)
    assert "no price of STANDARD_E2S_V3 was found" in said.err
    after = Path("p.yaml").read_text().splitlines()
    assert set(after) - set(before) == {
        "STANDARD_D16S_V3: {dedicated: 0.8}", "STANDARD_D4S_V3: {dedicated: 0.22, low_priority: 0.05}",
    }  # fmt: skip
    assert "max_age: 30d" in after
    quiet = specrun("prices", "-q", "--out", "p.yaml", "--size", "m1", *downloaded(second))
    assert quiet.err == "warning: no price of STANDARD_M1 was found in westeurope\n"
    same = specrun("prices", "--out", "p.yaml", *downloaded(second))
    assert "none changed" in same.err
    assert Path("p.yaml").read_text().splitlines() == after


@pytest.mark.parametrize(
    ("items", "line", "told"),
    [
        ([meter(), meter(price=0.3, productName="Virtual Machines DSv3 Series Windows")], "0.2", "1 for Windows"),
        ([meter(), meter(price=1, type="DevTestConsumption")], "0.2", "1 reservations and dev/test"),
        ([meter(), meter(price=1000, type="Reservation")], "0.2", "1 reservations and dev/test"),
        ([meter(), meter(price=9, unitOfMeasure="1/Month")], "0.2", "1 not of an instance by the hour"),
        ([meter(), meter(price=9, productName="Dedicated Host")], "0.2", "1 not of an instance by the hour"),
        ([meter(), meter(price=9, productName="Cloud Services")], "0.2", "1 not of an instance by the hour"),
        ([meter(), meter(price=9, meterName="D4s v3 Expired")], "0.2", "1 not of an instance by the hour"),
        ([meter(), meter(price=9, serviceName="Virtual Machines Licenses")], "0.2", "1 no virtual machines"),
        ([meter(), meter(price=9, armRegionName="eastus")], "0.2", "1 of other regions"),
        ([meter(), meter(price=0.1, tierMinimumUnits=100)], "0.2", "1 for large amounts only"),
        ([meter(), meter(price=0.0)], "0.2", "1 without a price"),
        ([meter(), meter(price=0.1, effectiveStartDate="2999-01-01T00:00:00Z")], "0.2", "1 not valid today"),
        ([meter(), meter(price=0.1, effectiveEndDate="2021-02-01T00:00:00Z")], "0.2", "1 not valid today"),
        ([meter(meterId="m"), meter(price=1, meterId="m", effectiveStartDate="2024-01-01")], "1", "1 replaced"),
        ([meter(), meter(price=9, isPrimaryMeterRegion=False)], "0.2", "1 replaced by"),
        ([meter(), meter(price=0.25)], "0.25", "D4S_V3, dedicated: 0.2, 0.25; the highest"),
        ([meter(), meter(price=0.2, productName="DSv3 Series Linux")], "0.2", ""),
    ],
)  # fmt: skip
def test_of_many_meters_one_is_the_price_and_the_others_are_counted(
    specrun: Command, items: list[dict[str, Any]], line: str, told: str
) -> None:
    for order in (items, items[::-1]):
        said = specrun("prices", "--region", "westeurope", "--all", *downloaded(page(*order)))
        assert said.out.splitlines()[-1] == f"STANDARD_D4S_V3: {{dedicated: {line}}}"
        assert told in said.err


@pytest.mark.parametrize("order", [1, -1])
def test_low_priority_is_spot_where_there_is_such_a_price(specrun: Command, order: int) -> None:
    items = [meter(), meter("D4s v3 Low Priority", 0.04), meter("D4s v3 Spot", 0.05)][::order]
    said = specrun("prices", "--region", "westeurope", "--all", *downloaded(page(*items)))
    assert D4S in said.out
    assert "1 Low Priority, where there is Spot" in said.err
    said = specrun("prices", "--region", "westeurope", "--all", *downloaded(page(meter("D4s v3 Low Priority", 0.04))))
    assert "STANDARD_D4S_V3: {low_priority: 0.04}" in said.out


def test_money_is_written_as_it_was_answered(specrun: Command) -> None:
    text = page(meter(price=0.123)).replace("0.123", "0.10000000000000000001")
    assert "0.10000000000000000001}" in specrun("prices", "--region", "westeurope", "--all", *downloaded(text)).out


@pytest.mark.parametrize(
    "texts",
    [
        (page(USUAL[0], following="https://prices.azure.com/2"), page(*USUAL[1:])),
        (page(USUAL[0], following="https://prices.azure.com/2") + "\n" + page(*USUAL[1:]),),
        (f"[{page(USUAL[0], following='https://prices.azure.com/2')}, {page(*USUAL[1:])}]",),
        ("\ufeff" + json.dumps(USUAL),),
    ],
)
def test_pages_are_several_files_one_behind_the_other_or_a_list(specrun: Command, texts: tuple[str, ...]) -> None:
    said = specrun("prices", "--region", "westeurope", "--all", *downloaded(*texts))
    assert said.out.splitlines()[-2:] == [D4S, "STANDARD_NC6S_V3: {dedicated: 3}"]
    assert "warning" not in said.err


@pytest.mark.parametrize(
    ("options", "text", "code", "told"),
    [
        (["--region", "westeurope", "--all"], "{", 1, "it is no JSON"),
        (["--region", "westeurope", "--all"], '{"error": {}}', 1, "it has no `Items`"),
        (["--region", "westeurope", "--all"], '{"Items": [3]}', 1, "are no prices"),
        (["--region", "westeurope", "--all"], "[" * 100_000, 1, "page0.json cannot be used"),
        (["--region", "westeurope", "--all"], page(meter(currencyCode="USD"), meter()), 1, "EUR and USD"),
        (["--region", "westeurope", "--all", "--currency", "usd"], page(*USUAL), 1, "in EUR, and USD is asked for"),
        (["--region", "narnia", "--all"], page(*USUAL), 1, "short name, as in westeurope"),
        (["--region", "westeurope", "--size", "D4SV3"], page(*USUAL), 1, "did you mean STANDARD_D4S_V3?"),
        (["--region", "westeurope"], page(*USUAL), 64, "nothing says which sizes"),
        (["--all"], page(*USUAL), 64, "--region westeurope"),
        (["--region", "west'europe", "--all"], page(*USUAL), 64, "short name"),
        (["--region", "westeurope", "--all", "--currency", "euros"], page(*USUAL), 64, "three letters"),
        (["--region", "westeurope", "--all", "--out", "job.yaml"], page(*USUAL), 1, "is no list of prices"),
        (["--region", "eastus", "--all", "--out", "west.yaml"], page(*USUAL), 64, "a file of their own"),
        (["--region", "westeurope", "absent.yaml"], page(*USUAL), 65, "absent.yaml"),
        (["--region", "westeurope", "--size", "D4s_v3"], page(*USUAL, following="https://x/2"), 0, "a page is missing"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    specrun: Command, options: list[str], text: str, code: int, told: str
) -> None:
    Path("west.yaml").write_text("currency: EUR\nupdated: 2026-01-01\nregion: westeurope\n")
    if "--out" in options:
        write_spec(Path.cwd(), SPEC)
    before = {file: file.read_text() for file in Path.cwd().glob("*.yaml")}
    said = specrun("prices", *options, *downloaded(text))
    assert (said.code, told in said.err, "Traceback" in said.err) == (code, True, False), said.err
    assert {file: file.read_text() for file in Path.cwd().glob("*.yaml")} == before


class Site:
    """A list of prices on loopback: what it answers, in turn, and what it was asked for."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str, dict[str, str]]] = []
        self.asked: list[str] = []


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            status, text, headers = found.answers.pop(0)
            body = text.encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = LoopbackServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(retail, "SITE", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.001)
    yield found
    server.shutdown()
    server.server_close()


ASK = ("prices", "--region", "westeurope", "--currency", "EUR", "--all")


def test_every_page_is_asked_for_and_what_is_busy_is_asked_again(specrun: Command, site: Site) -> None:
    site.answers = [
        (429, "", {"Retry-After": "0"}),
        (200, page(USUAL[0], following=f"{retail.SITE}{retail.PATH}?$skip=100&a=b c"), {}),
        (503, "", {}),
        (200, page(USUAL[1])[:-5], {"Content-Length": "9999"}),
        (200, page(*USUAL[1:]), {}),
    ]
    said = specrun(*ASK)
    assert said.code == 0, said.err
    assert said.out.splitlines()[-2:] == [D4S, "STANDARD_NC6S_V3: {dedicated: 3}"]
    assert "api-version=2023-01-01-preview&currencyCode=%27EUR%27&$filter=serviceName%20eq%20" in site.asked[0]
    assert "armRegionName%20eq%20%27westeurope%27" in site.asked[0]
    assert site.asked[2:] == [f"{retail.PATH}?$skip=100&a=b%20c"] * 3
    assert [line for line in said.err.splitlines() if "asked again in" in line] == [
        f"{retail.SITE[7:]} answers 429 (Too Many Requests): asked again in 0.001 s",
        f"{retail.SITE[7:]} answers 503 (Service Unavailable): asked again in 0.001 s",
        f"{retail.SITE[7:]} broke off its answer: asked again in 0.002 s",
    ]


AWAY = "http://169.254.169.254/latest/meta-data"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([(500, "", {})] * 5, "answers 500"),
        ([(429, "", {"Retry-After": "9000"})], "asks to wait for 9000 s"),
        ([(400, "", {})], "answers 400 (Bad Request)"),
        ([(200, page(*USUAL, following=AWAY), {})], "that is not followed"),
        ([(302, "", {"Location": AWAY})], "that is not followed"),
        ([(200, '{"Items": [', {})], "what is no page of prices"),
        ([(200, "<html>Sign in</html>", {})], "what is no page of prices"),
        ([(200, "[]", {})], "what is no page of prices"),
    ],
)
def test_an_answer_that_is_none_ends_it_and_says_what_to_do(
    specrun: Command, site: Site, answers: list[tuple[int, str, dict[str, str]]], told: str
) -> None:
    site.answers = list(answers)
    said = specrun(*ASK, "--out", "prices.yaml")
    assert (said.code, told in said.err) == (1, True), said.err
    assert "--from" in said.err
    assert f"curl -o page1.json '{retail.SITE}{retail.PATH}?" in said.err
    assert not site.answers
    assert not Path("prices.yaml").exists()


def test_links_that_come_to_no_end_are_not_followed_for_ever(specrun: Command, site: Site) -> None:
    link = f"{retail.SITE}{retail.PATH}?$skip=100"
    site.answers = [(200, page(*USUAL, following=link), {})] * 2
    assert "comes to no end" in specrun(*ASK).err


def test_where_nobody_is_reached_the_proxy_between_is_named(
    specrun: Command, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://somebody:canary@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    said = specrun(*ASK)
    assert (said.code, "canary" in said.err) == (1, False)
    assert "cannot be reached through the proxy 127.0.0.1:9" in said.err


@pytest.mark.parametrize(
    ("link", "here"),
    [
        ("https://prices.azure.com:443/api/retail/prices?$skip=100", True),
        ("https://prices.azure.com/api", True),
        ("http://prices.azure.com/api", False),
        ("https://prices.azure.com.example.org/api", False),
        ("https://prices.azure.com:8443/api", False),
        ("https://prices.azure.com:x/api", False),
        ("https://x@prices.azure.com@y/api", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_link_is_followed_to_the_same_host_alone(link: str, *, here: bool) -> None:
    assert retail._is_here(link) == here
