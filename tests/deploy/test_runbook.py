"""The runbook: a section for each alert, with commands that there are and links that lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from reconciler.cli.commands import commands
from reconciler.settings import NAMES
from tests.deploy.listening import promtool
from tests.deploy.rules import ROOT, alerts

RUNBOOK = ROOT / "docs/runbook.md"
README = ROOT / "deploy/README.md"
SECTIONS = {
    title: text
    for title, _, text in (
        section.partition("\n") for section in re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]
    )
}


def test_every_alert_has_its_section_and_no_other_has() -> None:
    assert list(SECTIONS) == list(alerts())


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_tells_what_it_means_what_to_look_at_and_what_to_do(name: str) -> None:
    headings = re.findall(r"^\*\*([\w ]+)\.\*\* ", SECTIONS[name], re.MULTILINE)
    assert headings == ["It means", "Look at", "Do"]
    look = SECTIONS[name].split("**Look at.**")[1].split("**Do.**")[0]
    assert re.search(r"^reconciler |^cat ", look, re.MULTILINE), "no command to type"
    severity = re.match(r"\n\*(\w+)\*", SECTIONS[name])
    assert severity is not None
    assert severity[1] == alerts()[name]["labels"]["severity"]


def typed(text: str) -> list[str]:
    """Give the commands of ours in a text: lines of code blocks, and whatever is in backquotes."""
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    return re.findall(r"^(reconciler .*)$", blocks, re.MULTILINE) + re.findall(r"`(reconciler [^`]+)`", text)


def test_its_commands_are_there() -> None:
    there = commands()
    found = [shlex.split(line, comments=True) for line in typed(RUNBOOK.read_text())]
    assert len(found) > len(SECTIONS)
    for _, name, *arguments in found:
        known = {option for each in there[name].params for option in each.opts}
        if subcommands := getattr(there[name], "commands", {}):
            assert arguments[0] in subcommands
        assert {flag for flag in arguments if flag.startswith("-")} <= known


def test_what_alerts_tell_people_to_type_is_there() -> None:
    notes = " ".join(rule["annotations"]["description"] for rule in alerts().values())
    assert {shlex.split(line)[1] for line in typed(notes)} <= commands().keys()


@pytest.mark.parametrize("document", [RUNBOOK, README], ids=lambda path: path.name)
def test_its_links_lead_to_sections_that_are_there(document: Path) -> None:
    for target, section in re.findall(r"\]\(([^)#:]*)#?([^)]*)\)", document.read_text()):
        path = document.parent / target if target else document
        assert path.exists(), target
        if section:
            titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            assert section in {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in titles}


def test_the_settings_it_names_are_there() -> None:
    named = set(
        re.findall(
            r"`(rate|rescan|listen|timeout|concurrency|watch|api_url|proxy|ca_file)`", RUNBOOK.read_text()
        )
    )
    assert named <= NAMES
    assert len(named) > 5


def test_the_way_to_scrape_pods_is_understood_by_prometheus(tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    (scraping,) = (yaml.safe_load(block) for block in blocks if "scrape_configs" in block)
    (job,) = scraping["scrape_configs"]
    assert job["job_name"] == "reconciler", "an alert goes by it"
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]  # Debian's Prometheus knows no Kubernetes
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(scraping))
    promtool("check", "config", "prometheus.yml", cwd=tmp_path)
