"""Checks what every text file of the project must be: UTF-8, without tabs (but in make files), without
blanks at the end of lines, with one line end at the end of the file, without conflict marks, and, in
sources, without lines too long to read.
"""

import subprocess
import sys
from pathlib import Path

LONGEST = 140
SOURCES = {".erl", ".hrl", ".py", ".pyi", ".sh", ".cc", ".h", ".cmake"}
CONFLICT = ("<<<<<<< ", ">>>>>>> ")


def tracked_files() -> list[Path]:
    """What git has or would have; all that lies here when this is no clone."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        skipped = {"build", "_build", "priv", "doc", ".setup"}
        names = [str(p) for p in Path().rglob("*") if not skipped & set(p.parts)]
    return [path for name in names if name and (path := Path(name)).is_file()]


def is_data(path: Path) -> bool:
    """Corpora and golden frames are bytes that must stay as they are."""
    return "corpus" in path.parts or "golden" in path.parts or b"\0" in path.read_bytes()[:4096]


def problems_of(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{path}: is not UTF-8: {error}"]
    found = []
    if "\r" in text:
        found.append(f"{path}: has carriage returns")
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        found.append(f"{path}: must end with one line end")
    longest = LONGEST if path.suffix in SOURCES else 0
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            found.append(f"{path}:{number}: blanks at the end of the line")
        if "\t" in line and path.name != "Makefile":
            found.append(f"{path}:{number}: a tab")
        if longest and len(line) > longest:
            found.append(f"{path}:{number}: {len(line)} characters, {longest} are allowed")
        if line.startswith(CONFLICT):
            found.append(f"{path}:{number}: a conflict mark")
    return found


def main() -> int:
    files = [path for path in tracked_files() if not is_data(path)]
    problems = [line for path in files for line in problems_of(path)]
    print("\n".join(problems) or f"{len(files)} text files are well-formed")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
