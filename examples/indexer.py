"""Index text documents into a SharedDict, one part of them in each interpreter.

`index` is called once per interpreter by examples/search.escript (`make demo`). It is an ordinary
function in an ordinary file: take it as a start for your own.

What it reads from the `config` dict (written by Erlang):
    settings            {"shortest_word": int, "most_common": int}
    files/<part>        list of paths that this part indexes

What it writes to the `results` dict (read by Erlang while it grows):
    progress/<part>     {"done": int, "total": int, "bytes": int, "phase": str}
    doc/<path>          {"title": str, "words": int}
    term/<part>/<word>  {path: how often the word stands there}
    totals/<part>       {"documents": int, "words": int, "terms": int, "unreadable": int}
"""

from __future__ import annotations

import gzip
import logging
import re
from collections import Counter
from pathlib import Path

from erlang import SharedDict

WORD = re.compile(r"[^\W\d_]+")

log = logging.getLogger("indexer")


def index(config: SharedDict, results: SharedDict, part: int) -> dict[str, int]:
    """Index the files of one part and return its totals."""
    settings = config["settings"]
    files = config[f"files/{part}"]
    terms: dict[str, dict[str, int]] = {}
    totals = {"documents": 0, "words": 0, "terms": 0, "unreadable": 0}
    size = 0
    report(results, part, 0, len(files), size, "reading")
    for number, path in enumerate(files, start=1):
        try:
            text = read_text(Path(path))
        except (OSError, EOFError, ValueError) as error:
            log.warning("skipping %s: %s", path, error)
            totals["unreadable"] += 1
            continue
        size += len(text)
        words = count_words(text, settings)
        for word, times in words.items():
            terms.setdefault(word, {})[path] = times
        results[f"doc/{path}"] = {"title": title_of(text), "words": words.total()}
        totals["documents"] += 1
        totals["words"] += words.total()
        report(results, part, number, len(files), size, "reading")
    report(results, part, len(files), len(files), size, "writing")
    for word, postings in terms.items():
        results[f"term/{part}/{word}"] = postings
    totals["terms"] = len(terms)
    results[f"totals/{part}"] = totals
    report(results, part, len(files), len(files), size, "done")
    return totals


def read_text(path: Path) -> str:
    """The text of a plain or gzipped file; bytes that are not UTF-8 are replaced."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    return data.decode("utf-8", errors="replace")


def count_words(text: str, settings: dict[str, int]) -> Counter[str]:
    """The most common words of a text that are long enough to be worth finding."""
    shortest = settings["shortest_word"]
    words = Counter(word for word in WORD.findall(text.lower()) if len(word) >= shortest)
    return Counter(dict(words.most_common(settings["most_common"])))


def title_of(text: str) -> str:
    """The first line that says something, cut to 60 characters."""
    for line in text.splitlines():
        words = " ".join(line.split())
        if sum(character.isalpha() for character in words) > 5:
            return words[:60]
    return ""


def report(results: SharedDict, part: int, done: int, total: int, size: int, phase: str) -> None:
    """Tell Erlang how far this part is."""
    results[f"progress/{part}"] = {"done": done, "total": total, "bytes": size, "phase": phase}
