"""Why the package cannot be imported here."""

from __future__ import annotations

import os
import sys


def why() -> str:
    """What is wrong where there is no module _erlang, neither in the program nor beside the package."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    built = sorted(file for file in os.listdir(folder) if file.startswith("_erlang.") and file.endswith(".so"))
    version = ".".join(map(str, sys.version_info[:2]))
    if built:
        reason = f"there is only {', '.join(built)}: pyport was built for another Python"
    else:
        reason = "there is none: use the package from priv/python, where the build of pyport puts it"
    return f"the package erlang needs the module _erlang for Python {version}, and {reason}"
