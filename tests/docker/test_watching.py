"""Prometheus, its alerts and Grafana's board ask for figures that a process really tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.catalogue import load
from streams.inlet import embedded_inlet
from streams.log.protocol import Outgoing
from streams.settings import PORT, init_project
from tests.beside import Running
from tests.divided import defined
from tests.docker.composed import FOLDER, ONE, document, mounted, services
from tests.living import wait_for

SCRAPED = {"job", "instance"}  # what Prometheus adds
SERIES = {"up": set[str](), "ALERTS": {"alertname", "alertstate"}}  # that Prometheus makes itself
GRAFANAS = {"$__rate_interval": "1m"}
BOARD = json.loads((FOLDER / "grafana" / "dashboards" / "rundum.json").read_text("utf-8"))
PANELS = BOARD["panels"]
ALERTS = [rule for group in document("alerts.yml")["groups"] for rule in group["rules"]]
PROVISIONING = FOLDER / "grafana" / "provisioning"

DESTINATION = """\
kind = "file"
segment = "people"
purpose = "newsletter"
contact = "email"
exclude = []

[file]
folder = "audience"
format = "csv"
"""

Labels = dict[str, set[str]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """Every series that a process tells, with its labels, once something has landed and something not."""
    project = init_project(tmp_path_factory.mktemp("watched") / "shop")
    with embedded_inlet(project.log, load()) as inlet:
        tick = inlet.outgoing(load().events["own/clock/ticked"], {"event_id": "x", "occurred_at": 0})
        people = inlet.outgoing(
            load().events["own/rundum/definition_applied"],
            defined("people", "SELECT customer_id FROM customers").datum,
        )
        inlet.log.append([tick, people, Outgoing("web.tracking", b"no event")])
    (project.root / "destinations" / "tool.toml").write_text(DESTINATION)
    with Running(project.root) as run:
        run.await_health(lambda health: health["landed"] and not health["waiting"])
        wait_for(lambda: 'rundum_destination_rows{destination="tool"}' in run.metrics())
        wait_for(lambda: 'rundum_segment_members{segment="people"}' in run.metrics())
        families = text_string_to_metric_families(run.metrics())
        samples = [sample for family in families for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples} | SERIES


def labels_of(query: Any, told: Labels) -> set[str]:
    """The labels of what a query gives. Each that it names must be there at that place."""
    match query:
        case promql.VectorSelector():
            assert query.name in told, f"nobody tells {query.name}"
            labels = told[query.name] | SCRAPED
            assert {one.name for one in query.matchers.matchers} <= labels, query.prettify()
            return labels
        case promql.MatrixSelector():
            return labels_of(query.vector_selector, told)
        case promql.AggregateExpr():
            kept = set(query.modifier.labels) if query.modifier else set()
            assert kept <= labels_of(query.expr, told), query.prettify()
            return kept
        case promql.Call(func=func, args=args) if func.name == "label_replace":
            labels = labels_of(args[0], told)
            assert args[3].val in labels, query.prettify()
            return labels | {args[1].val}
        case promql.Call():
            return set[str]().union(*(labels_of(one, told) for one in query.args))
        case promql.BinaryExpr():
            return labels_of(query.lhs, told) | labels_of(query.rhs, told)
        case promql.ParenExpr():
            return labels_of(query.expr, told)
        case promql.NumberLiteral() | promql.StringLiteral():
            return set()
    raise AssertionError(f"{type(query)} is not looked into")


def queries() -> Iterator[tuple[str, str, str]]:
    """Where each query stands, the query, and the text that its labels are put into."""
    for rule in ALERTS:
        yield rule["alert"], rule["expr"], " ".join(rule["annotations"].values())
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target.get("legendFormat", "")
    for note in BOARD["annotations"]["list"]:
        yield note["name"], note["expr"], note["titleFormat"]


@pytest.mark.parametrize(("expr", "text"), [one[1:] for one in queries()], ids=[one[0] for one in queries()])
def test_every_query_asks_for_what_is_told(told: Labels, expr: str, text: str) -> None:
    for ours, value in GRAFANAS.items():
        expr = expr.replace(ours, value)
    labels = labels_of(promql.parse(expr), told)
    named = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", text))
    assert named <= labels, f"{named - labels} cannot be shown"


def test_a_query_that_asks_for_nothing_is_found(told: Labels) -> None:
    for expr in ("rundum_lags", "sum by (source) (rundum_events_total)", 'rundum_owner{topic="x"}'):
        with pytest.raises(AssertionError):
            labels_of(promql.parse(expr), told)
    with pytest.raises(ValueError, match=r"\S"):
        promql.parse("sum by (topic (rundum_lag_records)")


def test_every_figure_is_on_the_board_or_alerted(told: Labels) -> None:
    asked = " ".join(expr for _, expr, _ in queries())
    for name in told:
        stem = re.sub(r"_(bucket|sum|count|created)$", "", name)
        assert stem in asked, f"nobody looks at {name}"


def test_alerts_say_what_and_how_bad() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("page", "warn")
        assert rule["annotations"]["summary"].endswith(".")
        if "for" in rule:
            assert promql.parse_duration(rule["for"])


def test_prometheus_asks_the_worker() -> None:
    (job,) = document("prometheus.yml")["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert job["job_name"] == "rundum"
    assert found["names"] == [name for name in services(*ONE) if name == "worker"]
    assert found["port"] == PORT
    assert document("prometheus.yml")["rule_files"] == ["alerts.yml"]
    folders = {Path(mounted(volume)[1]).parent for volume in services(*ONE)["prometheus"]["volumes"][1:]}
    assert len(folders) == 1, "the rules lie beside the settings that name them"


def test_grafana_finds_prometheus_and_the_board() -> None:
    (source,) = document(str(PROVISIONING / "datasources" / "prometheus.yml"))["datasources"]
    (provider,) = document(str(PROVISIONING / "dashboards" / "rundum.yml"))["providers"]
    host, port = source["url"].removeprefix("http://").split(":")
    assert services(*ONE)[host]["ports"] == [f"127.0.0.1:{port}:{port}"]
    grafana = services(*ONE)["grafana"]
    assert provider["options"]["path"] in [mounted(volume)[1] for volume in grafana["volumes"]]
    scraped = document("prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraped
    for part in (*PANELS, *BOARD["annotations"]["list"]):
        assert part["datasource"] == {"type": source["type"], "uid": source["uid"]}


def test_panels_do_not_cover_each_other() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
