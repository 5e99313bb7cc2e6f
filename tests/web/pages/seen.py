"""A page as somebody reads it: its words, its links, its elements."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "wbr", "br"})
INLINE = frozenset({"a", "b", "bdi", "code", "em", "mark", "small", "span", "time", "wbr"})
SILENT = frozenset({"script", "style", "title"})


@dataclass(slots=True)
class Element:
    """One element: its tag, its attributes, and what is inside."""

    tag: str
    attributes: dict[str, str]
    inside: "list[Element | str]" = field(default_factory=list)

    @property
    def words(self) -> str:
        """Give the text inside, with single spaces."""
        return " ".join("".join(_texts(self)).split())

    def all(self, tag: str | None = None) -> "Iterator[Element]":
        """Give the elements inside, in their order."""
        for one in self.inside:
            if isinstance(one, Element):
                if tag in {None, one.tag}:
                    yield one
                yield from one.all(tag)

    def by_id(self, identity: str) -> "Element":
        """Give the one element of this id."""
        (found,) = (one for one in self.all() if one.attributes.get("id") == identity)
        return found

    @property
    def links(self) -> list[str]:
        """Give where its links lead."""
        return [one.attributes["href"] for one in self.all("a")]


def _texts(element: Element) -> Iterator[str]:
    for one in element.inside:
        if isinstance(one, str):
            yield one
        elif one.tag not in SILENT:
            around = "" if one.tag in INLINE else " "
            yield around
            yield from _texts(one)
            yield around


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> ends <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def read(page: str) -> Element:
    """Read a page; it fails where an element is not ended, or another is."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert [element.tag for element in reader.open] == ["document"]
    return reader.open[0]


def main(page: str) -> Element:
    """Give what stands in the middle of a page."""
    return read(page).by_id("main")
