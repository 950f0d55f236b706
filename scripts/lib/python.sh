# Which Python pyport can be built against, and which are on this machine. Needs say.sh, place.sh.

python_oldest=3.13
facts_script=scripts/lib/python_facts.py

# read_facts EXECUTABLE: sets fact_* to what that Python says of itself; fails if it cannot run.
read_facts() {
  fact_executable='' fact_base='' fact_implementation='' fact_version='' fact_number=0
  fact_release='' fact_gil='' fact_header='' fact_library='' fact_missing=''
  facts=$("$1" -I "$facts_script" 2>/dev/null </dev/null) ||
    facts=$("$1" "$facts_script" 2>/dev/null </dev/null) || return 1
  while read -r fact_name fact_value; do
    case $fact_name in
      executable) fact_executable=$fact_value ;;
      base) fact_base=$fact_value ;;
      implementation) fact_implementation=$fact_value ;;
      version) fact_version=$fact_value ;;
      number) fact_number=$fact_value ;;
      release) fact_release=$fact_value ;;
      gil) fact_gil=$fact_value ;;
      header) fact_header=$fact_value ;;
      library) fact_library=$fact_value ;;
      missing) fact_missing=$fact_value ;;
    esac
  done <<END
$facts
END
  [ -n "$fact_version" ]
}

# what_is_wrong: prints why the Python of read_facts cannot be used, or nothing.
what_is_wrong() {
  case $fact_version in
    3.12.*)
      printf 'is %s: 3.12 crashes in its own standard library under interpreters that have their own GIL; %s or newer is needed\n' \
        "$fact_version" "$python_oldest"
      return
      ;;
  esac
  if [ "$fact_implementation" != cpython ]; then
    echo "is $fact_implementation, not CPython"
  elif [ "$fact_number" -lt 313000 ]; then
    echo "is $fact_version; $python_oldest or newer is needed"
  elif [ "$fact_gil" != yes ]; then
    echo "is a free-threaded build; the build with the GIL is needed"
  elif [ -z "$fact_header" ]; then
    echo "has no header Python.h (Debian's package: python${fact_version%.*}-dev)"
  elif [ -z "$fact_library" ]; then
    fact_series=${fact_version%.*}
    echo "has no shared library libpython$fact_series.so (configure --enable-shared; Debian's package: libpython$fact_series-dev)"
  elif [ -n "$fact_missing" ]; then
    echo "lacks the standard modules: $fact_missing"
  fi
}

# python_candidates: prints the executables that may do: PATH, pyenv's versions, the system's, ours.
# pyenv's shims are left out: what they run depends on the folder that one stands in.
python_candidates() {
  {
    printf '%s\n' "$PATH" | tr ':' '\n'
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin 2>/dev/null || true
    printf '%s\n' "${PYPORT_SYSTEM_BIN:-/usr/bin}" "${PYPORT_LOCAL_BIN:-/usr/local/bin}"
    ls -d "$cache_home"/python-*/bin 2>/dev/null || true
  } | while read -r folder; do
    case $folder in '' | */shims) continue ;; esac
    for minor in $newer_pythons; do
      if [ -x "$folder/python3.$minor" ]; then printf '%s\n' "$folder/python3.$minor"; fi
    done
  done
}

# newest_python: prints the best usable one of the candidates; fails if there is none. Among
# equals the first found wins. Pre-releases are taken only when asked for with PYTHON.
newest_python() {
  best='' best_number=0 seen=' '
  while read -r candidate; do
    read_facts "$candidate" || continue
    case $seen in *" $fact_base "*) continue ;; esac
    seen="$seen$fact_base "
    if [ "$fact_release" = final ] && [ "$fact_number" -gt "$best_number" ] && [ -z "$(what_is_wrong)" ]; then
      best=$fact_base best_number=$fact_number
    fi
  done <<END
$(python_candidates)
END
  [ -n "$best" ] && printf '%s\n' "$best"
}
