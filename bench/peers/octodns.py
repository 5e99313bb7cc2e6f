"""octoDNS: a plan where nothing is new, from YAML files to YAML files."""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Self

from bench.bench import Bench
from bench.manifests import a_text
from bench.running import Cost, run

_SIDES: Final = ("source", "target")


@dataclass(frozen=True, slots=True)
class OctoDns:
    """The program, where it is installed."""

    program: Path

    @classmethod
    def find(cls, bench: Bench) -> Self | None:
        """Give it, or None where it is not there."""
        program = bench.peer("octodns-sync")
        return None if program is None else cls(program)

    @staticmethod
    def write(folder: Path, zones: int, records: int) -> None:
        """Write zones with the same records on both sides, and the configuration that compares them."""
        random = Random(records)  # noqa: S311  # made-up texts, the same in each run
        names = [f"zone-{zone:05}.example." for zone in range(zones)]
        config = ["providers:"]
        for side in _SIDES:
            (folder / side).mkdir(parents=True)
            config += [
                f"  {side}:",
                "    class: octodns.provider.yaml.YamlProvider",
                f"    directory: {folder / side}",
                "    default_ttl: 300",
            ]
        config.append("zones:")
        for name in names:
            config += [f"  {name}:", "    sources: [source]", "    targets: [target]"]
            lines = ["---"]
            for record in range(records // zones):
                text = a_text(random)
                lines += [f"host-{record:06}:", "  type: TXT", f'  value: "{text}"']
            for side in _SIDES:
                (folder / side / f"{name}yaml").write_text("\n".join(lines) + "\n")
        (folder / "config.yaml").write_text("\n".join(config) + "\n")

    def plan(self, folder: Path) -> Cost:
        """Plan what was written: nothing is new."""
        return run(self.program, "--config-file", folder / "config.yaml", home=folder)

    def plan_new(self, bench: Bench, records: int) -> Cost:
        """Write and plan so many records in one zone."""
        with bench.folder() as home:
            self.write(home, 1, records)
            return self.plan(home)
