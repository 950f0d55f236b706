# Where things are kept: what survives a clean checkout goes to the user's cache folder.
cache_home=${PYPORT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pyport}

# newer_pythons: the minor versions of Python 3 that are looked for by name, newest first.
newer_pythons='19 18 17 16 15 14 13'
