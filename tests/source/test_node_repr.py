"""A node holds what a manifest says, message texts too, and does not show it."""

from reconciler.source.node import MappingNode, ScalarNode, SequenceNode

TEXT = "what people write"
SCALAR = ScalarNode(text=TEXT, plain=True, line=1, column=1, end=17)


def test_no_node_shows_what_it_holds() -> None:
    nodes = (
        SCALAR,
        SequenceNode(items=[SCALAR], line=1, column=1),
        MappingNode(keys=[SCALAR], values={TEXT: SCALAR}, line=1, column=1),
    )
    for node in nodes:
        assert TEXT not in f"{node!r} {node}"
