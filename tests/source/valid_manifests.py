"""Valid manifests in every style that people write them in, and ways to break one line of them."""

from random import Random
from typing import Final

_PLAIN_WORDS: Final = ("Opening", "hours", "9-17", "don't", "dogs'", "it's", "read", "text", "id")
_WORDS: Final = (*_PLAIN_WORDS, "-", "[x]", "{y}", "#1", "(see", "above)", "*a*", "&", "b")
_PIECES: Final = (*"\"'[]{}:,#&*!|>%@`-? \t\\", ": ", " #", "- ", '"x" y', "---", "<<: ")

Fields = list[tuple[str, str]]


class Writer:
    """Writes one manifest after the other, as `random` decides."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._ids = 0

    def manifest(self, name: str = "vip-lounge") -> str:
        """Give a document whose `actAs` is named."""
        indent = self.random.choice((2, 2, 2, 4))
        labels = ("", "  labels: {team: support}\n", '  labels:\n    team: support\n    tier: "1"\n')
        metadata = [f"  name: {name}\n", self.random.choice(labels)]
        self.random.shuffle(metadata)
        spec = self._spec(" " * indent)
        spec.append(f"{' ' * indent}messages:\n{self._messages(indent + self.random.choice((0, 2, 2)))}")
        top = ["apiVersion: reconciler/v1\n", "kind: Dialog\n"]
        top += ["metadata:\n" + "".join(metadata), "spec:\n" + "".join(self._shuffled(spec, 0.5))]
        return "".join(self._shuffled(top, 0.2))

    def break_line(self, line: str) -> str:
        """Give a line as somebody may leave it who did not look."""
        at = self.random.randint(0, len(line))
        piece = self.random.choice(_PIECES)
        quote = self.random.choice("\"'")
        return self.random.choice(
            (
                line[:at] + line[at + 1 :],
                line[:at] + piece + line[at:],
                line[:at] + piece + line[at + 1 :],
                line[:at],
                " " * self.random.randint(1, 3) + line,
                " " * self.random.randint(0, 8) + line.lstrip(),
                line[self.random.randint(1, 3) :],
                "# " + line,
                "",
                line.replace(quote, "", 1) if quote in line else line + quote,
            )
        )

    def _spec(self, indent: str) -> list[str]:
        spec = [f"{indent}dialogId: {self._id()}\n", f"{indent}actAs: 42\n"]
        if self._now_and_then(0.5):
            more = self.random.sample(("interval: 10m", 'requestedAt: "2026-11-22"'), 1)
            spec += [f"{indent}{line}\n" for line in ("read: true", *more)]
        if self._now_and_then(0.3):
            written = (
                'suspend: {reason: "legal hold", until: 2026-12-01T00:00:00Z}',
                f"suspend:\n{indent}  reason: legal hold\n{indent}  until: 2026-12-01T00:00:00Z",
            )
            spec.append(f"{indent}{self.random.choice(written)}\n")
        return spec

    def _messages(self, indent: int) -> str:
        return "".join(self._message(indent) for _ in range(self.random.randint(1, 5)))

    def _message(self, indent: int) -> str:
        inside = indent + 2
        fields: Fields = [("text", self._text(" " * (inside + 2)))]
        if self._now_and_then(0.4):
            fields.append(("read", self._users(" " * inside)))
        if self._now_and_then(0.3):
            fields.append(("delivered", self._users(" " * inside)))
        if self._now_and_then(0.3):
            fields.append(("actAs", "111"))
        if self._now_and_then(0.1):
            return f"{' ' * indent}- {{id: {self._id()}, read: [7], 'delivered': true}}\n"
        self.random.shuffle(fields)
        fields.insert(0 if self._now_and_then(0.9) else 1, ("id", self._id()))
        lines: list[str] = []
        for key, value in fields:
            if lines and self._now_and_then(0.1):
                lines.append(self.random.choice(("\n", f"{' ' * inside}# it's a \"comment\n")))
            start = " " * inside if lines else f"{' ' * indent}- "
            lines.append(f"{start}{key}:{'' if value.startswith(chr(10)) else ' '}{value}\n")
        return "".join(lines)

    def _text(self, indent: str) -> str:
        words = self._words(_WORDS)
        single = words.replace("'", "''")
        return self.random.choice(
            (
                f"So {self._words(_PLAIN_WORDS)}",
                f"So {self._words(_PLAIN_WORDS)}\n{indent}{self._words(_PLAIN_WORDS)}",
                f'"{words}"',
                f'"it\'s \\"{words}\\"" # it\'s',
                f'"{words}\n{indent}{words}: x"',
                f"'{single}'",
                f"'{single}\n\n{indent}- {single}'",
                f"|\n{indent}{words}\n{indent}  - {words}\n{indent}{words}: {words}",
                f">-\n{indent}{words}\n{indent}{words}: x",
            )
        )

    def _users(self, indent: str) -> str:
        lines = f"[\n{indent}  7,\n{indent}  8\n{indent}]", f"\n{indent}- 5\n{indent}- '6'"
        return self.random.choice(("true", "[1, 2]", *lines))

    def _words(self, words: tuple[str, ...]) -> str:
        return " ".join(self.random.choices(words, k=self.random.randint(1, 6)))

    def _id(self) -> str:
        self._ids += 1
        digits = f"{self.random.randrange(16**20):020x}{self._ids:04x}"
        return digits if self._now_and_then(0.7) else f'"{digits}"'

    def _shuffled(self, parts: list[str], often: float) -> list[str]:
        return self.random.sample(parts, len(parts)) if self._now_and_then(often) else parts

    def _now_and_then(self, often: float) -> bool:
        return self.random.random() < often
