"""Checks that the relative links of Markdown files lead somewhere, headings included.

Usage: check_links.py FILE_OR_FOLDER...
"""

import re
import sys
from pathlib import Path

FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


def anchor(heading: str) -> str:
    """The name that a heading gets in a link."""
    words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {anchor(heading) for heading in HEADING.findall(FENCE.sub("", path.read_text("utf-8")))}


def broken_links(path: Path) -> list[str]:
    text = INLINE_CODE.sub("", FENCE.sub("", path.read_text("utf-8")))
    broken = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue  # another site's
        name, _, fragment = target.partition("#")
        file = path.parent / name if name else path
        if not file.exists():
            broken.append(f"{path}: {target}: there is no such file")
        elif fragment and file.suffix == ".md" and fragment not in anchors(file):
            broken.append(f"{path}: {target}: there is no such heading")
    return broken


def main() -> int:
    files: list[Path] = []
    for name in sys.argv[1:]:
        path = Path(name)
        files += sorted(path.rglob("*.md")) if path.is_dir() else [path]
    problems = [line for file in files for line in broken_links(file)]
    print("\n".join(problems) or f"{len(files)} texts, all links lead somewhere")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
