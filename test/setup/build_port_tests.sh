# The hook that builds the port program, also where pyport is somebody's dependency.

test_port_is_configured_once_and_built_each_time() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/build-port
  succeeds
  logged cmake "-S . -B build/port_program -G Ninja"
  logged cmake "-DPYPORT_PYTHON=$T/bin/python3.13 -DPYPORT_PRIV_DIR=$T/repo/priv"
  rm "$T/cmake.log"
  run scripts/build-port
  succeeds
  not_logged cmake ' -G '
  logged cmake '--build build/port_program'
  equal "$out$err" ''
}

test_port_is_built_beside_rebar3s_profiles() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  mkdir -p "$T/project/_build/test"
  REBAR_BUILD_DIR=$T/project/_build/test run scripts/build-port
  succeeds
  logged cmake "-B $T/project/_build/port_program"
  REBAR_BUILD_DIR=$T/project/_build/default run scripts/build-port
  times_logged cmake ' -G ' 1
}

test_port_is_not_configured_anew_when_the_same_python_is_named() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/build-port
  PYTHON=python3.13 run scripts/build-port
  succeeds
  PYTHON=$T/bin/python3.13 run scripts/build-port
  times_logged cmake ' -G ' 1
}

test_port_is_configured_anew_for_another_python() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  fake_python "$T/mine/python3.14" 3.14.0
  run scripts/build-port
  PYTHON=$T/mine/python3.14 run scripts/build-port
  succeeds
  logged cmake "-DPYPORT_PYTHON=$T/mine/python3.14"
}

test_port_is_configured_anew_when_its_python_is_gone() {
  everything_installed
  fake_python "$T/bin/python3.14" 3.14.0
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/build-port
  rm "$T/bin/python3.14"
  run scripts/build-port
  succeeds
  logged cmake "-DPYPORT_PYTHON=$T/bin/python3.13"
}

test_port_without_python_says_what_to_do_and_installs_nothing() {
  everything_installed
  run scripts/build-port
  fails
  says 'pyport cannot be built: it needs CPython 3.13 or newer'
  says "$T/repo/scripts/build-python"
  not_called apt
}

test_port_uses_a_python_that_was_built_before() {
  everything_installed
  fake_python "$cache/python-3.13.9/bin/python3.13" 3.13.9
  run scripts/build-port
  succeeds
  logged cmake "-DPYPORT_PYTHON=$cache/python-3.13.9/bin/python3.13"
}

test_port_without_cmake_says_what_to_install() {
  everything_installed cmake
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/build-port
  fails
  says 'pyport cannot be built: CMake is missing'
  says 'sudo apt-get install -y'
  not_called apt
}

test_port_is_built_with_make_where_ninja_is_missing() {
  everything_installed ninja-build
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/build-port
  succeeds
  logged cmake '-G Unix Makefiles'
}

test_port_shows_why_it_cannot_be_configured() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  touch "$T/cmake-fails"
  run scripts/build-port
  fails
  says 'CMake Error: Boost not found'
  says 'build/port_program/configure.log'
  rm "$T/cmake-fails"
  run scripts/build-port
  succeeds
}

test_port_shows_what_the_compiler_says() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  touch "$T/build-fails"
  run scripts/build-port
  fails
  says 'table.cc:7: error: expected ;'
  says 'build/port_program/build.log'
}

test_port_clean_removes_what_was_built() {
  everything_installed
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/build-port
  mkdir -p "$T/repo/priv"
  run scripts/build-port clean
  succeeds
  is_gone "$T/repo/build/port_program"
  is_gone "$T/repo/priv"
}
