"""What the documents list is what there is: commands, exit codes, settings, metrics, links, the manifest."""

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from reconciler.cli.commands import commands
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import OPTIONS
from reconciler.core.acting import Acting
from reconciler.settings import DEFAULTS, Settings
from reconciler.source.rules import Rules
from reconciler.source.yaml_file import load
from tests.metrics.catalogue import GOLDEN as CATALOGUE

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
README = (ROOT / "README.md").read_text()
METRICS = (ROOT / "docs/metrics.md").read_text()
COMMANDS = commands()


def first_column(document: str) -> set[str]:
    """Everything in backquotes that begins a row of a table."""
    return set(re.findall(r"^\| `([^` ]+)[^`]*` \|", document, re.MULTILINE))


def test_the_readme_lists_every_command_and_no_other() -> None:
    rows = set(re.findall(r"^\| `reconciler (\w+)[^`]*` \|", README, re.MULTILINE))
    assert rows == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_each_of_its_options(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert all(option.help for option in options)
    own = {o.opts[-1] for o in options} - {f"--{n.replace('_', '-')}" for n in OPTIONS} - {"--output"}
    if name != "sandbox":
        assert {flag for flag in own if flag not in README} == set()


def test_the_readme_lists_every_exit_code_and_no_other() -> None:
    assert set(re.findall(r"^\| (\d+) \|", README, re.MULTILINE)) == {str(int(code)) for code in ExitCode}


def test_the_readme_counts_the_bad_manifests_that_there_are() -> None:
    there = len([*ROOT.glob("tests/source/bad/*.yaml")])
    assert f"\n| bad manifests | {there}, one reason each" in README


def test_the_settings_are_all_documented_with_their_defaults() -> None:
    text = (ROOT / "docs/settings.md").read_text()
    documented = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    assert documented.keys() == {field.name for field in fields(Settings)}
    for name, shown in documented.items():
        value = getattr(DEFAULTS, name)
        match value:
            case None:
                assert shown == "none"
            case bool():
                assert shown == f"`{str(value).lower()}`"
            case float():
                assert shown == f"`{value:g}`"
            case tuple():
                assert shown == f"`{value[0]}`"
            case _:
                assert shown == f"`{value}`"


def test_every_setting_but_the_paths_is_an_option() -> None:
    assert OPTIONS.keys() == {field.name for field in fields(Settings)} - {"manifests"}


def test_the_metrics_are_all_documented_with_type_and_labels_and_every_value_of_those() -> None:
    there = {tuple(line.split(" | ")[:3]) for line in CATALOGUE.read_text().splitlines()}
    rows = re.findall(r"^\| `(reconciler_\w+)` \| (\w+) \|([^|]*)\|", METRICS, re.MULTILINE)
    assert {(name, kind, labels.replace("`", "").strip()) for name, kind, labels in rows} == there
    assert len(rows) == len(there)


def test_the_readme_s_manifest_is_valid() -> None:
    found = re.search(r"```yaml\n(apiVersion:.*?)```", README, re.DOTALL)
    assert found is not None
    loaded = load(found[1].encode(), "README.md", Rules(acting=Acting()))
    assert loaded.problems == ()
    assert len(loaded.manifests) == 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target
