"""What the manifests of a file claim, found without reading their messages.

Name and dialog mostly stand before the messages, which are nearly all of a file. So the parser stops
there. Where a document is not of that plain form the whole file is read, as it is for a plan: what is
found is the same in either case.
"""

from yaml.error import YAMLError
from yaml.events import SequenceStartEvent

from reconciler.core.problem import Origin
from reconciler.source.composer import Composer, TooDeepError
from reconciler.source.conflict import Declaration, declarations
from reconciler.source.diagnostics import Diagnostics
from reconciler.source.document import break_document
from reconciler.source.encoding import decode
from reconciler.source.node import Node
from reconciler.source.rules import Rules
from reconciler.source.stretches import Stretch, stretches
from reconciler.source.syntax import FastestParser
from reconciler.source.yaml_file import load


def claims(data: bytes, path: str, rules: Rules) -> tuple[Declaration, ...]:
    """Give what the manifests of a file claim, broken ones too; in no particular order."""
    found = _claims_at_first(data, path)
    return tuple(declarations(load(data, path, rules))) if found is None else found


def _claims_at_first(data: bytes, path: str) -> tuple[Declaration, ...] | None:
    """Give what the file claims; None where that does not stand plainly before the messages."""
    file = Diagnostics(path)
    text = decode(data, file)
    if file.problems:
        return None
    found: list[Declaration] = []
    for stretch in stretches(text):
        root = _root_at_first(stretch, path)
        if root is None:
            return None
        first = break_document([root], Origin(path, 1, 1))
        if first.name is None or first.dialog is None:
            return None
        found.append(Declaration(name=first.name, dialog=first.dialog, origin=first.origin))
    return tuple(found)


def _root_at_first(stretch: Stretch, path: str) -> Node | None:
    """Give the tree of a document as far as its messages; None where anything is unusual in it."""
    aside = Diagnostics(path)
    composer = Composer(stretch.text, stretch.line, aside)
    parser = FastestParser(stretch.text.encode())
    try:
        while (event := parser.get_event()) is not None:
            kind = type(event)
            if kind is SequenceStartEvent and composer.stands_at("spec", "messages"):
                break
            if (handle := Composer.HANDLERS.get(kind)) is not None:
                handle(composer, event)
    except (TooDeepError, YAMLError):
        return None
    return None if aside.problems else composer.unfinished().root
