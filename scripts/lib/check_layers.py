"""Checks that each layer of port_src includes only what it may.

A folder may include the folders below it, and only one folder sees each of Python, asio and ei: not
even a header that it includes may bring them to another.
"""

import re
import sys
from pathlib import Path

ROOT = Path("port_src")

# Each layer and those below it that it may use, as in port_src/CMakeLists.txt.
LAYERS = {
    "base": set(),
    "etf": {"base"},
    "protocol": {"base", "etf"},
    "table": {"base"},
    "value": {"base", "etf", "table"},
    "python": {"base", "etf", "table", "value"},
    "server": {"base", "etf", "protocol", "table", "value", "python"},
    "": {"base", "etf", "protocol", "table", "value", "python", "server"},  # main.cc
}

# What comes from outside, and the one layer that may see it.
OUTSIDE = {
    re.compile(r"Python\.h|structmember\.h|frameobject\.h|internal/pycore.*"): "python",
    re.compile(r"boost/.*"): "server",
    re.compile(r"ei\.h|ei_connect\.h|erl_interface\.h"): "etf",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


def includes(path: Path) -> list[str]:
    return INCLUDE.findall(path.read_text("utf-8"))


def layer_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def own_problems(path: Path) -> list[str]:
    """What the file itself includes against the rules."""
    layer = layer_of(path)
    problems = []
    for name in includes(path):
        if (ROOT / name).is_file():
            other = name.split("/")[0]
            if other != layer and other not in LAYERS[layer]:
                problems.append(f"{path}: includes {name}: {layer or 'main.cc'} may not use {other}")
        elif (path.parent / name).is_file():
            problems.append(f"{path}: includes {name} without its folder")
        else:
            problems += [
                f"{path}: includes {name}: only {home} may see it"
                for pattern, home in OUTSIDE.items()
                if pattern.fullmatch(name) and home != layer
            ]
    return problems


def reached(path: Path, seen: dict[str, list[str]], trail: list[str]) -> None:
    """Fills seen with each header that the file reaches and the way to it."""
    for name in includes(path):
        if name not in seen:
            seen[name] = [*trail, name]
            if (ROOT / name).is_file():
                reached(ROOT / name, seen, seen[name])


def far_problems(path: Path) -> list[str]:
    """What other layers' headers bring into the file against the rules."""
    seen: dict[str, list[str]] = {}
    reached(path, seen, [])
    return [
        f"{path}: reaches {name} by way of {' > '.join(way[:-1])}: only {home} may see it"
        for name, way in seen.items()
        if len(way) > 1
        for pattern, home in OUTSIDE.items()
        if pattern.fullmatch(name) and home != layer_of(path)
    ]


def main() -> int:
    files = sorted([*ROOT.rglob("*.h"), *ROOT.rglob("*.cc")])
    problems = [f"{file}: {layer_of(file)} is no known layer" for file in files if layer_of(file) not in LAYERS]
    if not problems:
        problems = [line for file in files for line in (*own_problems(file), *far_problems(file))]
    problems += [
        f"{file}: has no #pragma once"
        for file in files
        if file.suffix == ".h" and "#pragma once" not in file.read_text("utf-8")
    ]
    print("\n".join(problems) or f"{len(files)} files keep to their layers")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
