# The Python tools of the checks, in a virtual environment in the user's cache folder.
# Needs say.sh, watch.sh, apt.sh, place.sh.

tool_list=scripts/check-requirements.txt

# tools_home PYTHON: prints the folder for this Python and this list of tools.
tools_home() {
  echo "$cache_home/tools-$(cat "$tool_list" - <<END | cksum | cut -d' ' -f1
$1
END
)"
}

# install_tools PYTHON: makes the environment unless it is complete.
install_tools() {
  tools=$(tools_home "$1")
  if [ -f "$tools/complete" ] && [ -x "$tools/bin/python" ]; then return 0; fi
  if ! "$1" -c 'import ensurepip' 2>/dev/null; then
    apt_install 'the Python module ensurepip' "$(basename "$1")-venv"
  fi
  mkdir -p "$cache_home"
  rm -rf "$tools"
  "$1" -m venv "$tools" || die "cannot make a virtual environment in $tools"
  if ! watch 'Installing the Python tools' .setup/tools.log last_line \
    "$tools/bin/python" -m pip install -q --disable-pip-version-check -r "$tool_list"; then
    show_end .setup/tools.log
    die "pip could not install the tools that $tool_list names"
  fi
  touch "$tools/complete"
}
