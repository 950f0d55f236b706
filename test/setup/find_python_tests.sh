# Which Python is taken: PYTHON, or the newest usable one.

test_python_given_is_used() {
  fake_python "$T/mine/python3.13" 3.13.4
  fake_python "$T/bin/python3.14" 3.14.1
  PYTHON=$T/mine/python3.13 run scripts/find-python
  succeeds
  prints "$T/mine/python3.13"
}

test_python_given_by_name_is_looked_up_on_the_path() {
  fake_python "$T/bin/python3.13" 3.13.4
  PYTHON=python3.13 run scripts/find-python
  prints "$T/bin/python3.13"
}

# given_is_refused REASON VERSION [FACT VALUE]...: although there is a good one besides.
given_is_refused() {
  reason=$1
  shift
  fake_python "$T/bin/python3.13" 3.13.4
  fake_python "$T/mine/python" "$@"
  PYTHON=$T/mine/python run scripts/find-python
  fails
  prints ''
  says "PYTHON=$T/mine/python $reason"
}

test_python_given_too_old_is_refused() { given_is_refused 'is 3.11.2; 3.13 or newer is needed' 3.11.2; }
test_python_given_3_12_is_refused_by_name() {
  given_is_refused 'is 3.12.1: 3.12 crashes in its own standard library' 3.12.1
}
test_python_given_free_threaded_is_refused() { given_is_refused 'is a free-threaded build' 3.14.0 gil no; }
test_python_given_without_headers_is_refused() {
  given_is_refused 'has no header Python.h (Debian'"'"'s package: python3.13-dev)' 3.13.2 header ''
}
test_python_given_without_shared_library_is_refused() {
  given_is_refused 'has no shared library libpython3.14.so' 3.14.2 library ''
}
test_python_given_without_modules_is_refused() {
  given_is_refused 'lacks the standard modules: ssl lzma' 3.13.2 missing 'ssl lzma'
}
test_python_given_of_another_make_is_refused() {
  given_is_refused 'is pypy, not CPython' 3.13.0 implementation pypy
}

test_python_given_that_does_not_exist_is_refused() {
  fake_python "$T/bin/python3.13" 3.13.4
  PYTHON=$T/nothing run scripts/find-python
  fails
  says "PYTHON=$T/nothing: no such executable"
}

test_python_given_that_does_not_run_is_refused() {
  printf '#!/bin/sh\nexit 127\n' >"$T/mine"
  chmod +x "$T/mine"
  PYTHON=$T/mine run scripts/find-python
  fails
  says "PYTHON=$T/mine is no Python that runs"
}

test_python_given_may_be_a_pre_release() {
  fake_python "$T/mine/python3.15" 3.15.0 release no
  PYTHON=$T/mine/python3.15 run scripts/find-python
  prints "$T/mine/python3.15"
}

test_newest_on_the_path_is_taken() {
  fake_python "$T/bin/python3.13" 3.13.11
  fake_python "$T/bin/python3.14" 3.14.2
  fake_python "$T/local/python3.14" 3.14.1
  run scripts/find-python
  prints "$T/bin/python3.14"
}

test_newer_ones_that_cannot_be_used_are_passed_over() {
  fake_python "$T/bin/python3.13" 3.13.4
  fake_python "$T/bin/python3.14" 3.14.2 library ''
  fake_python "$T/local/python3.15" 3.15.1 gil no
  fake_python "$T/system/python3.16" 3.16.0 release no
  run scripts/find-python
  prints "$T/bin/python3.13"
}

test_pyenv_version_is_found_and_shims_are_not_asked() {
  fake_python "$T/pyenv/versions/3.13.9/bin/python3.13" 3.13.9
  fake_python "$T/pyenv/versions/3.11.1/bin/python3.11" 3.11.1
  fake_python "$T/pyenv/shims/python3.14" 3.14.2
  PATH=$T/pyenv/shims:$PATH run scripts/find-python
  prints "$T/pyenv/versions/3.13.9/bin/python3.13"
  not_logged python shims
}

test_pyenv_in_the_home_folder_is_found() {
  unset PYENV_ROOT
  fake_python "$T/home/.pyenv/versions/3.14.0/bin/python3.14" 3.14.0
  run scripts/find-python
  prints "$T/home/.pyenv/versions/3.14.0/bin/python3.14"
}

test_system_python_is_found_although_not_on_the_path() {
  fake_python "$T/system/python3.13" 3.13.5
  run scripts/find-python
  prints "$T/system/python3.13"
}

test_cached_build_is_found() {
  fake_python "$cache/python-3.13.7/bin/python3.13" 3.13.7
  run scripts/find-python
  prints "$cache/python-3.13.7/bin/python3.13"
}

test_path_wins_among_equals() {
  fake_python "$cache/python-3.13.7/bin/python3.13" 3.13.7
  fake_python "$T/bin/python3.13" 3.13.7
  run scripts/find-python
  prints "$T/bin/python3.13"
}

test_no_python_is_an_error_that_says_what_to_do() {
  fake_python "$T/bin/python3.12" 3.12.3
  run scripts/find-python
  fails
  says "no CPython 3.13 or newer"
  says "make python"
}

test_the_answer_is_remembered() {
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/find-python
  rm "$T/python.log"
  run scripts/find-python
  prints "$T/bin/python3.13"
  not_called python
}

test_a_remembered_python_that_is_gone_is_not_given() {
  fake_python "$T/bin/python3.14" 3.14.0
  fake_python "$T/local/python3.13" 3.13.4
  run scripts/find-python
  prints "$T/bin/python3.14"
  rm "$T/bin/python3.14"
  run scripts/find-python
  prints "$T/local/python3.13"
}

test_another_path_asks_anew() {
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/find-python
  fake_python "$T/newer/python3.14" 3.14.0
  PATH=$T/newer:$PATH run scripts/find-python
  prints "$T/newer/python3.14"
}

test_fresh_asks_anew() {
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/find-python
  fake_python "$T/bin/python3.14" 3.14.0
  run scripts/find-python --fresh
  prints "$T/bin/python3.14"
}

# The facts themselves, of the Python that this project is tested with; the fakes only repeat their form.
test_facts_of_a_real_python() {
  real=$(PATH=$real_path HOME=$real_home XDG_CACHE_HOME=$real_cache PYENV_ROOT=$real_pyenv PYTHON=$real_python \
    PYPORT_SYSTEM_BIN='' PYPORT_LOCAL_BIN='' "$root/scripts/find-python")
  run "$real" -I scripts/lib/python_facts.py
  succeeds
  for fact in executable base implementation version number release gil header library missing; do
    case $out in *"$fact "*) ;; *) unexpected "the fact $fact is not told" ;; esac
  done
  exists "$(sed -n 's/^header //p' "$T/out")"
  exists "$(sed -n 's/^library //p' "$T/out")"
  equal "$(sed -n 's/^version //p' "$T/out")" "$("$real" -c 'import platform; print(platform.python_version())')"
  equal "$(sed -n 's/^gil //p' "$T/out")" yes
  equal "$(sed -n 's/^missing *//p' "$T/out")" ''
}
