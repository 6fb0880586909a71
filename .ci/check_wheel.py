"""Build the wheel and check that it holds every file of the package, data included."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {"__pycache__"}


def main():
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder]
        subprocess.run([*command, str(ROOT)], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        packed = set(zipfile.ZipFile(wheel).namelist())
        size = wheel.stat().st_size
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "sksiamese").rglob("*")
        if path.is_file() and not SKIPPED & set(path.parts)
    }
    if missing := sorted(wanted - packed):
        sys.exit(f"{wheel.name} lacks {', '.join(missing)}")
    print(f"{wheel.name}: {len(packed)} files, {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
