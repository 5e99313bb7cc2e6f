"""What every row is measured with: sizes, fixtures, a folder to work in, and what was measured already."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from bench.fixtures import Fixtures
from bench.result import Result

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured. Trees are told by their number of files, of `messages` each."""

    messages: int
    """In a file."""
    ten: int
    """Manifests of a small team."""
    small: int
    medium: int
    large: int
    """Files of the trees that figures are told for: 10,000, 100,000 and 1,000,000 messages."""
    repeats: int
    """Of what takes a few seconds."""
    few: int
    """Of what takes longer."""
    starts: int
    """Of what takes milliseconds."""
    edits: int
    idle: float
    """Seconds."""
    paced: int
    """Calls at a limited rate."""
    httpx_puts: int
    curl_puts: int
    ansible_puts: int
    octodns: tuple[int, ...]
    """Records that octoDNS's curve is made of."""
    terraform: tuple[int, ...]
    """Resources that Terraform's curve of plans is made of."""
    terraform_first: tuple[int, ...]
    """Resources that its curve of first applies is made of."""


FULL: Final = Sizes(
    messages=100,
    ten=10,
    small=100,
    medium=1_000,
    large=10_000,
    repeats=5,
    few=3,
    starts=30,
    edits=100,
    idle=95.0,
    paced=10_000,
    httpx_puts=2_000,
    curl_puts=200,
    ansible_puts=50,
    octodns=(1_000, 10_000, 30_000),
    terraform=(500, 1_000, 2_000, 5_000),
    terraform_first=(100, 200, 400, 800),
)

SMALL: Final = Sizes(
    messages=10,
    ten=2,
    small=3,
    medium=6,
    large=12,
    repeats=1,
    few=1,
    starts=1,
    edits=2,
    idle=1.0,
    paced=30,
    httpx_puts=30,
    curl_puts=3,
    ansible_puts=2,
    octodns=(30, 60),
    terraform=(10, 20),
    terraform_first=(5, 10),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What rows are measured with. Without `peers` only the product is run."""

    sizes: Sizes
    fixtures: Fixtures
    peers: Path | None
    """The environment that other programs are installed in."""
    say: Callable[[str], None]
    measured: dict[Any, Any] = field(default_factory=dict)

    def once(self, key: object, measure: Callable[[], T]) -> T:
        """Measure, or give what was measured in this run: several rows may tell of the same thing."""
        if key not in self.measured:
            self.measured[key] = measure()
        found: T = self.measured[key]
        return found

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give an empty folder, on the disk that the fixtures are on."""
        with TemporaryDirectory(dir=self.fixtures.home, prefix="work-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def peer(self, program: str) -> Path | None:
        """Give where another program is, None where it is not."""
        found = None if self.peers is None else self.peers / "bin" / program
        return found if found is not None and found.exists() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table. `how` tells what exactly is measured."""

    name: str
    title: str
    how: str
    measure: Callable[[Bench], Result]
