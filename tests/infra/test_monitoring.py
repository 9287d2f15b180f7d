"""Alerts, recording rules, dashboards and CloudWatch alarms ask for metrics that exist, fire when they should, and lead to a page that says what to do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.tools import fetch_package

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "infra" / "monitoring"
PROMETHEUS = MONITORING / "prometheus"
BOARDS = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))
KNOWN = yaml.safe_load((MONITORING / "metrics.yaml").read_text(encoding="utf-8"))
TYPES = {one["name"]: one["type"] for one in KNOWN["prometheus"]}
SERIES = {name for name, kind in TYPES.items() if kind != "histogram"} | {
    f"{name}_{part}" for name, kind in TYPES.items() if kind == "histogram" for part in ("bucket", "sum", "count")
}
OURS = re.compile(r"\b(?:trending[:_]|process_)[a-z0-9_:]+")


def read_rules(name: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load((PROMETHEUS / name).read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


RECORDED = {rule["record"] for rule in read_rules("recording.yaml")}
ALERTS = {rule["alert"]: rule for rule in read_rules("alerts.yaml")}


def list_queries() -> dict[str, str]:
    queries = {rule.get("record") or rule["alert"]: rule["expr"] for name in ("recording.yaml", "alerts.yaml") for rule in read_rules(name)}
    for board in BOARDS:
        for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]:
            queries |= {f"{board.stem}: {panel['title']} {target['refId']}": target["expr"] for target in panel.get("targets", [])}
    return queries


@pytest.mark.parametrize("where", list_queries())
def test_every_query_asks_for_series_that_are_exported_or_recorded(where: str) -> None:
    asked = set(OURS.findall(list_queries()[where])) | set(re.findall(r"\bup\b", list_queries()[where]))
    assert asked
    assert asked <= SERIES | RECORDED | {"up"}


@pytest.mark.parametrize("where", list_queries())
def test_every_query_selects_by_labels_the_metric_has(where: str) -> None:
    labels = {one["name"]: {*one["labels"], "le"} for one in KNOWN["prometheus"]}
    for name, selector in re.findall(r"\b(trending_\w+)\{([^}]*)\}", list_queries()[where]):
        of = labels[re.sub(r"_(bucket|sum|count)$", "", name) if name not in labels else name]
        assert set(re.findall(r"(\w+)\s*(?:=|!|=~)", re.sub(r'"[^"]*"', '""', selector))) <= of


def test_every_recorded_figure_is_used() -> None:
    used = {name for where, query in list_queries().items() for name in OURS.findall(query) if name != where}
    assert used >= RECORDED


def test_every_alert_leads_to_a_section_that_says_what_to_do() -> None:
    sections = re.findall(r"^### (\w+)$", (ROOT / "docs" / "observability.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sections == list(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/observability.md#{name.lower()}"


def test_every_alert_has_a_case_in_which_it_fires() -> None:
    text = (PROMETHEUS / "rules_test.yaml").read_text(encoding="utf-8")
    assert not [name for name in ALERTS if f'alertname="{name}"' not in text and not re.search(rf"alertname: {name}\n(?s:.){{0,200}}exp_labels", text)]


@pytest.mark.parametrize(
    "arguments", [("check", "config", "prometheus.yaml"), ("check", "rules", "recording.yaml", "alerts.yaml"), ("test", "rules", "rules_test.yaml")]
)
def test_promtool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed here (Debian: apt-get install prometheus)")
    done = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_are_what_their_script_writes(tmp_path: Path) -> None:
    requirement = re.search(r'grafana-foundation-sdk==[^"]+', (MONITORING / "grafana" / "build_dashboards.py").read_text(encoding="utf-8"))
    assert requirement is not None
    (tmp_path / "boards").mkdir()
    environment = os.environ | {"PYTHONPATH": str(fetch_package(requirement[0], tmp_path / "sdk"))}
    command = [sys.executable, str(MONITORING / "grafana" / "build_dashboards.py"), str(tmp_path / "boards")]
    subprocess.run(command, env=environment, check=True, timeout=60)
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "boards").iterdir()} == {path.name: path.read_text("utf-8") for path in BOARDS}


def test_grafana_finds_its_dashboards_and_their_source() -> None:
    provisioning = MONITORING / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))["datasources"]
    known = {source["uid"] for source in sources}
    for board in BOARDS:
        content = json.loads(board.read_text(encoding="utf-8"))
        panels = [panel for panel in content["panels"] if panel["type"] != "row"]
        assert len({panel["id"] for panel in content["panels"]}) == len(content["panels"])
        assert all(panel["datasource"]["uid"] in known and panel["description"] and panel["targets"] for panel in panels)


def test_what_is_not_exported_as_emf_alarms_nobody_in_cloudwatch() -> None:
    module = ROOT / "infra" / "terraform" / "modules" / "monitoring"
    if not module.is_dir():
        pytest.skip("infra/terraform/modules/monitoring isn't there")
    named = dict(re.findall(r'^    (\w+)\s+= "([A-Z]\w+)"$', (module / "metrics.tf").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(named.values()) <= {one["name"] for one in KNOWN["emf"]["metrics"]}
    used = set(re.findall(r"local\.metrics\.(\w+)", "".join(path.read_text(encoding="utf-8") for path in module.glob("*.tf"))))
    assert used
    assert used <= set(named)


def test_both_kinds_of_alarm_have_the_same_limits() -> None:
    variables = ROOT / "infra" / "terraform" / "modules" / "monitoring" / "variables.tf"
    if not variables.is_file():
        pytest.skip("infra/terraform/modules/monitoring isn't there")
    limits = {name: float(value) for name, value in re.findall(r"(\w+)\s+= optional\(number, ([\d.]+)\)", variables.read_text(encoding="utf-8"))}
    scale = {"FailingRequests": ("error_percent", 0.01), "FailingTools": ("error_percent", 0.01), "FailingModel": ("llm_error_percent", 0.01)}
    scale |= {
        "SlowRequests": ("p99_seconds", 1),
        "CostlyModel": ("llm_usd_per_hour", 1),
        "StaleRelease": ("release_days", 86400),
        "StaleData": ("data_days", 86400),
    }
    for alert, (limit, unit) in scale.items():
        factors = [float(number) for number in ALERTS[alert]["expr"].rpartition(">")[2].split("*")]
        threshold = factors[0] * (factors[1] if len(factors) > 1 else 1)
        assert threshold == pytest.approx(limits[limit] * unit), alert
