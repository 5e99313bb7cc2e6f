"""What is installed has the templates and the files that pages load."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_a_wheel_holds_templates_and_static_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    folders = [ROOT / "reconciler/web" / name for name in ("templates", "static")]
    there = {str(file.relative_to(ROOT)) for folder in folders for file in folder.iterdir()}
    assert len(there) > 10
    assert there <= held
