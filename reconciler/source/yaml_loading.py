"""Reading a file of YAML documents, with any parser of YAML."""

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.core.manifest import BrokenManifest, Manifest
from reconciler.core.problem import Origin, Problem
from reconciler.source.diagnostics import MOST_PROBLEMS, Diagnostics
from reconciler.source.document import DocumentReader, break_document
from reconciler.source.encoding import decode
from reconciler.source.node import ScalarNode
from reconciler.source.recovery import CutShort, Part
from reconciler.source.rules import Rules
from reconciler.source.syntax import EventParser
from reconciler.source.yaml_documents import Document, documents
from reconciler.source.yaml_file import Loaded


def load_with(data: bytes, path: str, rules: Rules, parser: type[EventParser]) -> Loaded:
    """Read a file; whatever is in it, this returns.

    A document with a problem is broken, also one that is not valid YAML; the others of its file are
    not. But a file that is not clean text to its end may have been cut off or mixed up anywhere: all
    its documents are broken then. A document of comments declares nothing.
    """
    with _collector_paused():
        return _load(data, path, rules, parser)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the search for reference cycles: none are made here, and it takes half of the time.

    Whatever threads overlap here, the one that found the collector at work leaves it so.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _load(data: bytes, path: str, rules: Rules, parser: type[EventParser]) -> Loaded:
    file = Diagnostics(path)
    problems: list[Problem] = []
    read: list[Manifest | BrokenManifest] = []
    text = decode(data, file)
    for document in documents(text, path, parser):
        if isinstance(document, Problem):
            file.problems.append(document)
            continue
        manifest = _read(document, path, rules)
        if manifest is not None:
            read.append(manifest)
        if len(problems) <= MOST_PROBLEMS:
            problems += document.found.problems
    if file.problems:
        read = [_distrust(manifest) for manifest in read] or [break_document((), Origin(path, 1, 1))]
    return Loaded(
        manifests=tuple(m for m in read if isinstance(m, Manifest)),
        broken=tuple(m for m in read if isinstance(m, BrokenManifest)),
        problems=_bounded(sorted([*file.problems, *problems])),
    )


def _read(document: Document | CutShort, path: str, rules: Rules) -> Manifest | BrokenManifest | None:
    reader = DocumentReader(acting=rules.acting, longest=rules.max_text, found=document.found)
    match document:
        case Document(part=Part(root=ScalarNode(text="", plain=True)), found=Diagnostics(problems=[])):
            return None
        case Document(part=Part(root=root, text=text), digest=digest):
            # The rules count too: a change that was rejected may pass under another default actor.
            under_rules = hashlib.sha256(digest + rules.fingerprint()).digest()
            return reader.read(root, text, under_rules) or break_document([root], Origin(path, 1, 1))
        case CutShort(root=first, parts=parts, origin=origin):
            for part in parts:
                reader.read(part.root, part.text, b"")
            roots = [part.root for part in parts]
            return break_document(roots if first is None else [first, *roots], origin)


def _distrust(manifest: Manifest | BrokenManifest) -> BrokenManifest:
    return BrokenManifest(name=manifest.name, dialog=manifest.dialog, origin=manifest.origin)


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    if len(problems) <= MOST_PROBLEMS:
        return tuple(problems)
    what = f"more than {MOST_PROBLEMS:,} problems, of which these are the first"
    return (*problems[:MOST_PROBLEMS], Problem(problems[MOST_PROBLEMS].origin, what, "mend them first"))
