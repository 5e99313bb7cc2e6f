"""The rules of this repository that a machine can check; each one binds."""

import ast
import io
import os
import re
import subprocess
import sys
import sysconfig
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS: Final[list[dict[str, Any]]] = PROJECT["tool"]["importlinter"]["contracts"]

LONGEST: Final = 300
LONGER: Final[set[str]] = set()
"""Modules that may be longer than that. A module that needs a place here has two jobs."""

CORE_NEEDS: Final = {
    *("collections", "collections.abc", "dataclasses", "datetime", "enum"),
    *("hashlib", "http", "re", "types", "typing"),
}
CORE_NEVER_CALLS: Final = {"open", "print", "input", "eval", "exec", "__import__"}
CORE_NEVER_ASKS: Final = {"now", "today", "utcnow"}

NAMES_THAT_SAY_NOTHING: Final = {
    *("util", "utils", "helper", "helpers", "common", "misc"),
    *("manager", "managers", "base", "service", "services"),
}

REVEALERS: Final = {
    "reconciler/chat_api/authenticator.py": "a secret is removed from what the service echoes",
    "reconciler/chat_api/client.py": "a text is removed from what the service echoes",
    "reconciler/chat_api/credentials.py": "a secret goes into its header",
    "reconciler/chat_api/request.py": "a text goes to the wire",
    "reconciler/chat_api/secret_file.py": "what a file holds now is compared with what it held",
    "reconciler/chat_api/session.py": "a session's token goes into its header",
    "reconciler/chat_api/session_request.py": "a login carries the password, signed with the auth secret",
    "reconciler/chat_api/user_token.py": "a token goes into its header",
    "reconciler/chat_api/transport.py": "the proxy's password goes into its header",
    "reconciler/cli/credential.py": "a login or password becomes a part of something; a token is compared",
    "reconciler/cli/history.py": "a reader asked for it",
    "reconciler/ledger/call_rows.py": "the ledger keeps it, unless told to keep digests only",
    "reconciler/render/history_document.py": "a reader asked for it",
    "reconciler/render/plan_document.py": "a reader asked for old and new",
    "reconciler/render/plan_lines.py": "a reader asked for old and new",
    "reconciler/web/documents.py": "a reader asked for it",
    "reconciler/web/pages/text_lines.py": "a reader asked for it",
}

SLEEPERS: Final = {
    "tests/chat_api/test_faults.py": "plays a service that drips",
    "tests/chat_api/test_limiter.py": "its clock is virtual: an hour takes no time",
    "tests/chat_api/test_wire_faults.py": "plays a service that drips",
    "tests/program/live_sandbox.py": "its beat is what is measured",
    **dict.fromkeys(
        (
            "tests/simulation/life.py",
            "tests/simulation/network.py",
            "tests/simulation/operations.py",
            "tests/simulation/simulation.py",
            "tests/simulation/test_full_disk.py",
            "tests/simulation/test_outage.py",
            "tests/simulation/test_wall_clock.py",
        ),
        "its clock is virtual: an hour takes no time",
    ),
}

SUPPRESSION: Final = re.compile(r"(ruff: )?noqa\b|type: ignore\b|mypy: |pragma: no ")
UNFINISHED: Final = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b")
# The brackets keep the patterns from finding themselves.
FROM_SOMEWHERE: Final = re.compile(
    r"[p]ypi\.|[p]ythonhosted|[n]pmjs|[a]rtifactory|/[w]ork/|(?<![\w}])/[r]oot/|/[U]sers/\w"
)
LOCKED: Final = re.compile(
    r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[\w.+!]+( ; [^@]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
)


def files() -> Iterator[Path]:
    """Give the files of the repository: all but what Git is told to ignore."""
    ignored = (".git", ".coverage.*", *((ROOT / ".gitignore").read_text().replace("/", "").split()))

    def kept(names: list[str]) -> list[str]:
        return sorted(name for name in names if not any(fnmatch(name, pattern) for pattern in ignored))

    for folder, folders, names in os.walk(ROOT):
        folders[:] = kept(folders)
        yield from (Path(folder, name) for name in kept(names))


MODULES: Final = {str(p.relative_to(ROOT)): p.read_text() for p in files() if p.suffix == ".py"}
PACKAGE: Final = {path: source for path, source in MODULES.items() if path.startswith("reconciler/")}
TESTS: Final = {path: source for path, source in MODULES.items() if path.startswith("tests/")}
CORE: Final = {path: source for path, source in PACKAGE.items() if path.startswith("reconciler/core/")}


@cache
def nodes_of(path: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(MODULES[path], path)))


def nodes(modules: Iterable[str]) -> Iterator[tuple[str, ast.AST]]:
    for path in modules:
        for node in nodes_of(path):
            yield path, node


def imported(modules: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give each import as `path:line` and the full name of the module."""
    for path, node in nodes(modules):
        match node:
            case ast.Import(names=names):
                yield from ((f"{path}:{node.lineno}", alias.name) for alias in names)
            case ast.ImportFrom(module=str() as module, level=0):
                yield f"{path}:{node.lineno}", module
            case _:
                pass


def comments() -> Iterator[tuple[str, str]]:
    """Give each comment as `path:line` and its text."""
    for path, source in MODULES.items():
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield f"{path}:{token.start[0]}", token.string


def test_the_repository_was_found() -> None:
    assert len(CORE) > 10
    assert len(PACKAGE) > len(CORE)
    assert "tests/test_architecture.py" in TESTS


def test_imports_keep_their_contracts() -> None:
    linter = Path(sysconfig.get_path("scripts")) / "lint-imports"
    command = [str(linter), "--no-cache", "--no-logo"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_module_has_a_layer_and_no_contract_an_exception() -> None:
    [layers] = [contract for contract in CONTRACTS if contract["type"] == "layers"]
    assert layers["exhaustive"]
    assert not [contract["name"] for contract in CONTRACTS if "ignore_imports" in contract]


def test_the_documented_layers_are_the_checked_ones() -> None:
    [layers] = [contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"]
    documented = re.findall(r"^cli > .* > core$", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert documented == [" > ".join(layer for layer in layers if layer != "__main__")]


def imports_of_dependencies() -> dict[str, set[str]]:
    """Give the names that each runtime dependency is imported by."""
    names = [re.split(r"[^\w.-]", line)[0] for line in PROJECT["project"]["dependencies"]]
    imports: dict[str, set[str]] = {name: set() for name in names}
    for module, owners in packages_distributions().items():
        for owner in owners:
            imports.get(re.sub(r"[-_.]+", "-", owner).lower(), set()).add(module)
    return imports


def test_every_dependency_is_known_in_one_place() -> None:
    protected = [module for contract in CONTRACTS for module in contract.get("protected_modules", ())]
    assert len(protected) == len(set(protected))
    homeless = [name for name, modules in imports_of_dependencies().items() if not modules & set(protected)]
    assert homeless == []


def test_nothing_is_imported_that_is_not_a_dependency() -> None:
    dependencies = set().union(*imports_of_dependencies().values())
    known = {"reconciler", *sys.stdlib_module_names, *dependencies}
    assert [(where, name) for where, name in imported(PACKAGE) if name.split(".")[0] not in known] == []


def test_the_core_needs_values_only() -> None:
    strangers = [
        (where, name)
        for where, name in imported(CORE)
        if name not in CORE_NEEDS and not name.startswith("reconciler.core.")
    ]
    assert strangers == []


def test_the_core_does_not_look_at_the_world() -> None:
    looks = [
        (path, ast.unparse(node))
        for path, node in nodes(CORE)
        if (isinstance(node, ast.Name) and node.id in CORE_NEVER_CALLS)
        or (isinstance(node, ast.Attribute) and node.attr in CORE_NEVER_ASKS)
    ]
    assert looks == []


def test_a_text_is_revealed_only_where_it_must_be() -> None:
    revealing = {
        path for path, node in nodes(PACKAGE) if isinstance(node, ast.Attribute) and node.attr == "reveal"
    }
    assert revealing == REVEALERS.keys()


def test_a_module_has_one_job() -> None:
    long = {path: lines for path, source in PACKAGE.items() if (lines := source.count("\n")) > LONGEST}
    assert long.keys() == LONGER, long


def test_a_name_says_what_is_in_it() -> None:
    said = {
        path: words & NAMES_THAT_SAY_NOTHING
        for path in MODULES
        if (words := set(re.split(r"[/_.]", path))) & NAMES_THAT_SAY_NOTHING
    }
    assert said == {}


def test_every_suppression_has_its_reason_behind_it() -> None:
    bare = []
    for where, comment in comments():
        parts = [part.strip() for part in comment.split("#") if part.strip()]
        suppressions = [part for part in parts if SUPPRESSION.match(part)]
        if suppressions and parts[-1] in suppressions:
            bare.append((where, comment))
    assert bare == []


def test_nothing_is_left_unfinished() -> None:
    assert [(where, comment) for where, comment in comments() if UNFINISHED.search(comment)] == []


def sleeps(modules: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the calls that let time pass; a sleep of 0 only lets others run."""
    for path, node in nodes(modules):
        match node:
            case ast.Call(func=ast.Name(id="sleep") | ast.Attribute(attr="sleep"), args=args):
                if not (len(args) == 1 and isinstance(args[0], ast.Constant) and args[0].value == 0):
                    yield path, f"{path}:{node.lineno}"
            case _:
                pass


def test_tests_wait_for_a_condition_and_never_for_a_time() -> None:
    assert [where for path, where in sleeps(TESTS) if path not in SLEEPERS] == []
    assert {path for path, _ in sleeps(TESTS)} >= SLEEPERS.keys()


def test_tests_replace_nothing_inside_the_program() -> None:
    mocks = [where for where, name in imported(TESTS) if name.split(".")[0] in {"mock", "unittest"}]
    patches = [
        f"{path}:{node.lineno}"
        for path, node in nodes(TESTS)
        if isinstance(node, ast.Attribute)
        and node.attr in {"setattr", "delattr"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "monkeypatch"
    ]
    assert mocks + patches == []


def test_no_file_names_the_machine_or_the_index_it_was_made_with() -> None:
    found = {
        path: match.group()
        for path in files()
        if (match := FROM_SOMEWHERE.search(path.read_bytes().decode(errors="replace")))
    }
    assert found == {}


def test_locked_requirements_are_hashed_and_say_no_address() -> None:
    locks = {path.name: path.read_text().splitlines() for path in (ROOT / "requirements").glob("*.txt")}
    assert all(locks.values())
    assert locks.keys() == {"bench.txt", "build.txt", "dev.txt", "run.txt"}
    assert [line for lines in locks.values() for line in lines if not LOCKED.fullmatch(line)] == []
