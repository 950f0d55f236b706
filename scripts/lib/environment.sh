# Virtual environments of Python that hold what a list of pip's names, in the user's cache folder.
# Needs say.sh, watch.sh, apt.sh, place.sh.

# environment_home NAME PYTHON LIST: prints the folder for this Python and this list.
environment_home() {
  echo "$cache_home/$1-$(cat "$3" - <<END | cksum | cut -d' ' -f1
$2
END
)"
}

# make_environment HOME PYTHON LIST LABEL [PIP OPTION...]: makes the environment unless it is complete; false
# when pip cannot get what the list names, after showing the end of what pip said.
make_environment() {
  environment=$1 environment_python=$2 environment_list=$3 environment_label=$4
  shift 4
  if [ -f "$environment/complete" ] && [ -x "$environment/bin/python" ]; then return 0; fi
  if ! "$environment_python" -c 'import ensurepip' 2>/dev/null; then
    apt_install 'the Python module ensurepip' "$(basename "$environment_python")-venv"
  fi
  mkdir -p "$cache_home"
  rm -rf "$environment"
  "$environment_python" -m venv "$environment" || die "cannot make a virtual environment in $environment"
  environment_log=.setup/$(basename "$environment_list" .txt).log
  if ! watch "$environment_label" "$environment_log" last_line \
    "$environment/bin/python" -m pip install -q --disable-pip-version-check "$@" -r "$environment_list"; then
    show_end "$environment_log"
    return 1
  fi
  touch "$environment/complete"
}
