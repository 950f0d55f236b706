"""Checks that every test that docs/compare.md names is there, and that every row of its tables names one.

In the column "test" each piece of code is a test, in one of these forms:

    test_numbers, test_numbers.TestCells, test_numbers.TestCells.test_follows_the_key    unittest
    py_change_SUITE, py_change_SUITE:numbers                                             Common Test
    CellTest.EveryOperation                                                              GoogleTest

A row without one says "not yet", or has a dash.
"""

import re
import sys
from pathlib import Path

PAGE = Path("docs/compare.md")
CODE = re.compile(r"`([^`]+)`")
CELL = re.compile(r"(?<!\\)\|")
WITHOUT = {"not yet", "\N{EN DASH}"}


def named(text: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, text, re.MULTILINE))


def unittests() -> set[str]:
    """All of them, and the modules and classes that they are in."""
    found = set()
    for path in [*Path("test/python").glob("test_*.py"), *Path("test/python_process").glob("test_*.py")]:
        found.add(path.stem)
        for body in re.split(r"^class ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            case = f"{path.stem}.{body[: re.match('[A-Za-z0-9_]+', body).end()]}"  # type: ignore[union-attr]
            found |= {case} | {f"{case}.{name}" for name in named(body, r"^    def (test_\w+)\(")}
    return found


def suites() -> set[str]:
    """A case is one that its suite exports and defines."""
    found = set()
    for path in Path("test/ct").glob("*_SUITE.erl"):
        text = path.read_text("utf-8")
        exported = named(" ".join(named(text, r"^-export\(\[([^\]]*)\]\)")), r"(\w+)/1")
        found |= {path.stem} | {f"{path.stem}:{case}" for case in exported & named(text, r"^(\w+)\(")}
    return found


def unit_tests() -> set[str]:
    found = set()
    for path in Path("test/unit").rglob("*_test.cc"):
        found |= {
            f"{suite}.{name}"
            for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", path.read_text("utf-8"), re.M)
        }
    return found


def rows(text: str) -> list[tuple[int, list[str]]]:
    """Of the tables whose last column is "test", without their heads."""
    found = []
    counts = False
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in CELL.split(line)][1:-1] if line.startswith("|") else []
        if cells and cells[-1] == "test":
            counts = True
        elif counts and cells and not re.fullmatch("[-:]+", cells[-1]):
            found.append((number, cells))
        elif not cells:
            counts = False
    return found


def problems(page: Path) -> list[str]:
    known = unittests() | suites() | unit_tests()
    found = []
    table = rows(page.read_text("utf-8"))
    for number, cells in table:
        tests = CODE.findall(cells[-1])
        found += [f"{page}:{number}: there is no test {test}" for test in tests if test not in known]
        if not tests and cells[-1] not in WITHOUT:
            found.append(f"{page}:{number}: names no test")
    return found if table else [f"{page}: has no table of tests"]


def main() -> int:
    found = problems(PAGE)
    print("\n".join(found) or f"all tests that {PAGE} names are there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
