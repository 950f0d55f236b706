"""Prints what pyport must know of the Python that runs this, one `name value` a line.

Written for any Python from 2.7 on, since the ones that are refused run it too.
"""

import os
import sys
import sysconfig

MODULES = ("ssl", "sqlite3", "ctypes", "lzma", "bz2", "zlib")


def say(name, value):
    sys.stdout.write("%s %s\n" % (name, value))


def first_file(folders, names):
    for folder in folders:
        for name in names:
            path = os.path.join(folder or "", name)
            if folder and os.path.isfile(path):
                return path
    return ""


def header():
    paths = sysconfig.get_paths()
    return first_file([paths.get("include"), paths.get("platinclude")], ["Python.h"])


def shared_library():
    """The file that the linker takes for -lpython3.N; Debian keeps it in a folder of the machine's kind."""
    var = sysconfig.get_config_var
    libdir = var("LIBDIR") or ""
    # A folder that was moved after the installation still has its library beside its executable.
    beside = os.path.join(sys.base_prefix, "lib") if hasattr(sys, "base_prefix") else ""
    folders = [libdir, os.path.join(libdir, var("MULTIARCH") or ""), beside]
    suffix = "t" if var("Py_GIL_DISABLED") else ""
    return first_file(folders, ["libpython%d.%d%s.so" % (sys.version_info[0], sys.version_info[1], suffix)])


def missing_modules():
    missing = []
    for name in MODULES:
        try:
            __import__(name)
        except Exception:  # also an extension that is there and cannot be loaded
            missing.append(name)
    return " ".join(missing)


def main():
    base = getattr(sys, "_base_executable", None) or sys.executable
    say("executable", sys.executable)
    say("base", os.path.realpath(base))
    say("implementation", getattr(getattr(sys, "implementation", None), "name", "cpython"))
    say("version", "%d.%d.%d" % tuple(sys.version_info[:3]))
    say("number", "%d%02d%03d" % tuple(sys.version_info[:3]))
    say("release", "final" if sys.version_info[3] == "final" else "no")
    say("gil", "no" if sysconfig.get_config_var("Py_GIL_DISABLED") else "yes")
    say("header", header())
    say("library", shared_library())
    say("missing", missing_modules())


if __name__ == "__main__":
    main()
