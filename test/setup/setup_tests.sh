# Getting a machine ready: what is installed, by whom, and what is said.

test_setup_of_a_complete_machine_installs_nothing() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  succeeds
  not_called apt
  says "$T/bin/python3.13"
}

test_setup_with_nothing_to_do_asks_no_tool() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  rm "$T/python.log" "$T/erl.log" "$T/cmake.log"
  run scripts/setup test
  succeeds
  equal "$out$err" ''
  not_called python
  not_called erl
  not_called cmake
  # What the tests need includes what running needs.
  run scripts/setup run
  equal "$out$err" ''
}

test_setup_with_nothing_to_do_takes_less_than_a_second() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  # A machine that is busy with other things gets ten tries.
  for try in 1 2 3 4 5 6 7 8 9 10; do
    run timeout 1 scripts/setup test
    if [ "$status" = 0 ]; then return; fi
  done
  unexpected 'not done in a second'
}

test_setup_notices_a_tool_that_is_gone() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  rm "$T/bin/rebar3"
  run scripts/setup run
  succeeds
  logged apt 'install -y --no-install-recommends rebar3'
}

test_setup_notices_a_header_that_is_gone() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  rm -r "$T/headers/boost"
  run scripts/setup run
  succeeds
  logged apt 'install -y --no-install-recommends libboost-dev'
}

test_setup_notices_a_python_that_is_gone() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  fake_python "$T/local/python3.13" 3.13.3
  run scripts/setup run
  rm "$T/bin/python3.13"
  run scripts/setup run
  succeeds
  run scripts/find-python
  prints "$T/local/python3.13"
}

test_setup_of_a_fresh_machine_reads_the_lists_and_installs_all() {
  rm "$T"/lists/*
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  succeeds
  logged apt ' update'
  logged apt 'g++ make cmake ninja-build libboost-dev erlang-base erlang-dev'
  logged apt 'rebar3'
  not_logged apt libgtest-dev
  times_logged apt ' install ' 1
}

test_setup_for_tests_adds_what_tests_need() {
  everything_installed libgtest-dev
  rm "$T/packages/app-proper"
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  succeeds
  logged apt 'install -y --no-install-recommends libgtest-dev erlang-proper'
}

test_setup_for_benchmarks_adds_what_they_compare_with() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup bench
  succeeds
  logged apt 'install -y --no-install-recommends liblmdb-dev'
  logged pip '-r test/bench/requirements.txt'
  exists "$T/repo/.setup/yardsticks/complete"
  # It includes the other levels.
  rm "$T/apt.log" "$T/pip.log"
  run scripts/setup test
  succeeds
  not_called apt
  not_called pip
}

test_setup_for_tests_needs_no_yardsticks() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  succeeds
  not_logged pip '-r test/bench/requirements.txt'
  is_gone "$T/repo/.setup/yardsticks"
}

test_setup_for_benchmarks_without_the_package_index_says_so_and_goes_on() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  echo 'ERROR: No matching distribution found' >"$T/pip-fails"
  run scripts/setup bench
  succeeds
  says 'warning: pip could not install what test/bench/requirements.txt names: is the package index out of reach?'
  says 'The benchmarks will do without. Set up again with: scripts/setup bench'
  is_gone "$T/repo/.setup/yardsticks"
  rm "$T/pip-fails" "$T/pip.log"
  run scripts/setup bench
  succeeds
  does_not_say warning
  exists "$T/repo/.setup/yardsticks/complete"
}

test_setup_notices_yardsticks_that_are_gone() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup bench
  rm -r "$T/pip.log" "$cache"/yardsticks-*
  run scripts/setup bench
  succeeds
  logged pip '-r test/bench/requirements.txt'
}

test_setup_for_tests_installs_python_packages_once() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  not_called pip
  run scripts/setup test
  succeeds
  logged pip '--require-hashes'
  logged pip '-r test/packages/requirements.txt'
  exists "$T/repo/.setup/packages/bin/python"
  # In a fresh clone there is nothing to get.
  rm -r "$T/repo/.setup" "$T/pip.log"
  run scripts/setup test
  succeeds
  not_called pip
  exists "$T/repo/.setup/packages/complete"
}

test_setup_gets_the_packages_anew_when_the_list_changes() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  rm "$T/pip.log"
  echo 'another==1.0' >>"$T/repo/test/packages/requirements.txt"
  run scripts/setup test
  succeeds
  logged pip '-r test/packages/requirements.txt'
}

test_setup_notices_packages_that_are_gone() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup test
  rm -r "$T/pip.log" "$cache"
  run scripts/setup test
  succeeds
  logged pip '-r test/packages/requirements.txt'
}

test_setup_without_the_package_index_says_so_and_goes_on() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  echo 'ERROR: No matching distribution found' >"$T/pip-fails"
  run scripts/setup test
  succeeds
  says 'No matching distribution found'
  says 'warning: pip could not install the packages that test/packages/requirements.txt names: is the package index out of reach?'
  says 'The suite py_packages_SUITE will fail. Set up again with: scripts/setup test'
  is_gone "$T/repo/.setup/packages"
  # The next time it tries again.
  rm "$T/pip-fails" "$T/pip.log"
  run scripts/setup test
  succeeds
  does_not_say warning
  exists "$T/repo/.setup/packages/complete"
}

test_setup_replaces_an_erlang_that_is_too_old() {
  everything_installed
  touch "$T/erlang-is-old"
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  logged apt 'erlang-base erlang-dev'
  fails
  says 'installed, but still not usable: Erlang/OTP 25'
}

test_setup_replaces_a_cmake_that_is_too_old() {
  everything_installed
  echo 3.18.4 >"$T/cmake-version"
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  fails
  logged apt 'install -y --no-install-recommends cmake'
  says 'installed, but still not usable: CMake 3.22'
}

test_setup_uses_sudo_when_it_asks_no_password() {
  everything_installed rebar3
  may_sudo
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  succeeds
  logged sudo '-n env DEBIAN_FRONTEND=noninteractive apt-get'
  logged apt 'install -y --no-install-recommends rebar3'
}

# says_one_line: one line that can be pasted, and no try to install.
says_one_line() {
  fails
  equal "$(echo "$err" | wc -l)" 1
  says "error: packages are missing; please run: sudo apt-get install -y $1"
  not_logged apt ' install'
}

test_setup_without_root_and_sudo_says_one_line() {
  everything_installed rebar3
  FAKE_UID=1000
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  says_one_line rebar3
}

test_setup_with_a_sudo_that_wants_a_password_says_one_line() {
  everything_installed libboost-dev
  may_sudo no
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  says_one_line libboost-dev
}

test_setup_without_root_names_all_at_once_python_build_included() {
  everything_installed rebar3
  FAKE_UID=1000
  rm "$T/packages/app-proper"
  run scripts/setup test
  says_one_line 'rebar3 xz-utils pkg-config libssl-dev zlib1g-dev'
  says 'erlang-proper'
}

test_setup_without_apt_names_what_is_needed() {
  everything_installed rebar3
  rm "$T/bin/apt-get" "$T/bin/apt-cache"
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  fails
  says 'error: pyport needs rebar3; please install them'
}

test_setup_tries_again_with_new_lists() {
  everything_installed rebar3
  touch "$T/apt-fails-once"
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  succeeds
  times_logged apt ' install ' 2
  times_logged apt ' update' 1
}

test_setup_survives_a_source_that_cannot_be_updated() {
  rm "$T"/lists/*
  everything_installed rebar3
  echo 100 >"$T/update-status"
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  succeeds
}

test_setup_tells_when_apt_fails() {
  everything_installed rebar3
  touch "$T/apt-fails"
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/setup run
  fails
  says 'E: Unable to locate package'
  says 'error: apt-get could not install: rebar3'
}

test_setup_takes_the_distributions_python_when_it_is_new_enough() {
  everything_installed
  echo 'python3.13-dev python3.14-dev' >>"$T/apt-known"
  run scripts/setup run
  succeeds
  logged apt 'install -y --no-install-recommends python3.14-dev libpython3.14-dev'
  run scripts/find-python
  prints "$T/system/python3.14"
}

test_setup_passes_over_a_pre_release_of_the_distribution() {
  everything_installed
  echo 'python3.13-dev python3.14-dev' >>"$T/apt-known"
  echo '3.14.0~b2-1' >"$T/version-of-python3.14-dev"
  run scripts/setup run
  succeeds
  run scripts/find-python
  prints "$T/system/python3.13"
}

test_setup_without_any_python_builds_one() {
  everything_installed
  archive_has python3.13 3.13.9-1
  run scripts/setup run
  succeeds
  run scripts/find-python
  prints "$cache/python-3.13.9/bin/python3.13"
  rm "$T/apt.log"
  run scripts/setup run
  equal "$out$err" ''
  not_called apt
}

test_setup_refuses_a_bad_python_before_it_installs_anything() {
  fake_python "$T/bin/python3.12" 3.12.3
  PYTHON=python3.12 run scripts/setup run
  fails
  says 'PYTHON=python3.12 is 3.12.3'
  not_called apt
}

test_setup_python_builds_although_there_is_one() {
  everything_installed
  fake_python "$T/bin/python3.14" 3.14.4
  archive_has python3.13 3.13.9-1
  run scripts/setup python
  succeeds
  prints "$cache/python-3.13.9/bin/python3.13"
}

test_setup_with_an_unknown_level_is_refused() {
  run scripts/setup all
  fails
  says 'usage: scripts/setup'
}
