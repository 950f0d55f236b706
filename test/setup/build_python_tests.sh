# Building Python from source: where the source comes from, and what is left when it fails.

# nothing_is_left: no unfinished build and no Python.
nothing_is_left() {
  equal "$(find "$cache" -mindepth 1 -maxdepth 1 -type d | tr '\n' ' ')" ''
}

test_build_takes_the_archives_newest_release() {
  python_can_be_built
  archive_has python3.13 3.13.9-1 3.13.11-2
  archive_has python3.14 3.14.0~rc2-1 3.14.2-1
  archive_has python3.15 3.15.0~a3-1
  run scripts/build-python
  succeeds
  prints "$cache/python-3.14.2/bin/python3.14"
  logged apt 'source --download-only python3.14=3.14.2-1'
  logged configure "--prefix=$cache/python-3.14.2 --enable-shared --with-ensurepip=install"
  equal "$(ls "$cache" | tr '\n' ' ')" 'build-python.lock build-python.log python-3.14.2 '
}

test_build_uses_this_machines_archive_with_a_private_list() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  run scripts/build-python
  succeeds
  equal "$(sed 's/ \[[^]]*\]//; s|^deb-src http://mirror.test/debian/ ||' "$T/list" | tr '\n' ';')" \
    'sid main;testing main;trixie main;'
  logged apt "-o Dir::Etc::sourceparts=/dev/null -o Dir::State=$cache/build-python."
  logged apt '-o APT::Sandbox::User=root'
}

test_build_on_ubuntu_looks_in_its_development_release() {
  python_can_be_built
  printf 'ID=ubuntu\nVERSION_CODENAME=noble\n' >"$T/os-release"
  archive_has python3.13 3.13.9-1
  run scripts/build-python
  succeeds
  equal "$(sed 's/ \[[^]]*\]//' "$T/list")" 'deb-src http://mirror.test/debian/ devel main universe'
}

test_build_needs_no_root_when_the_headers_are_there() {
  python_can_be_built
  FAKE_UID=1000
  archive_has python3.13 3.13.9-1
  run scripts/build-python
  succeeds
  prints "$cache/python-3.13.9/bin/python3.13"
  logged apt '-o APT::Sandbox::User=someone'
}

test_build_takes_an_older_one_when_the_newest_cannot_be_downloaded() {
  python_can_be_built
  archive_has python3.14 3.14.2-1
  archive_has python3.13 3.13.9-1 3.13.11-1
  touch "$T/no-download-of-python3.14=3.14.2-1" "$T/no-download-of-python3.13=3.13.11-1"
  run scripts/build-python
  succeeds
  prints "$cache/python-3.13.9/bin/python3.13"
}

test_build_of_a_series_takes_that_series() {
  python_can_be_built
  archive_has python3.14 3.14.2-1
  archive_has python3.13 3.13.9-1
  run scripts/build-python 3.13
  prints "$cache/python-3.13.9/bin/python3.13"
}

test_build_of_a_series_that_is_too_old_is_refused() {
  run scripts/build-python 3.12
  fails
  says 'usage: scripts/build-python'
}

test_build_falls_back_to_python_org() {
  python_can_be_built
  run scripts/build-python
  succeeds
  prints "$cache/python-3.13.5/bin/python3.13"
  logged curl 'https://www.python.org/ftp/python/3.13.5/Python-3.13.5.tar.xz'
  logged sha256sum 93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640
}

test_build_falls_back_to_python_org_on_other_systems() {
  python_can_be_built
  printf 'ID=fedora\n' >"$T/os-release"
  rm "$T/bin/apt-get" "$T/bin/apt-cache"
  run scripts/build-python
  succeeds
  prints "$cache/python-3.13.5/bin/python3.13"
}

test_build_downloads_with_wget_where_curl_is_missing() {
  python_can_be_built
  sed 's/-o ]/-O ]/; s/curl/wget/g' "$T/bin/curl" >"$T/bin/wget"
  chmod +x "$T/bin/wget"
  rm "$T/bin/curl"
  run scripts/build-python
  succeeds
  logged wget 'Python-3.13.5.tar.xz'
}

test_build_refuses_a_tarball_with_another_checksum() {
  python_can_be_built
  touch "$T/wrong-checksum"
  run scripts/build-python
  fails
  says 'another checksum than expected'
  says 'no source of Python could be had'
  nothing_is_left
}

test_build_tells_when_no_source_can_be_had() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  touch "$T/no-download-of-python3.13=3.13.9-1" "$T/no-network"
  run scripts/build-python
  fails
  says 'no source of Python could be had, neither from this machine'
  says 'PYTHON=/path/to/python3'
  nothing_is_left
}

test_build_tells_when_a_step_fails_and_leaves_nothing() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  touch "$T/configure-fails"
  run scripts/build-python
  fails
  says 'error: Python 3.13.9: configure failed'
  says 'no acceptable C compiler'
  says "(all of it: $cache/build-python.log)"
  nothing_is_left
  rm "$T/configure-fails"
  touch "$T/make-fails"
  run scripts/build-python
  fails
  says 'error: Python 3.13.9: compile failed'
  nothing_is_left
}

test_build_tells_when_the_tarball_is_broken() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  touch "$T/tar-fails"
  run scripts/build-python
  fails
  says 'cannot unpack'
  nothing_is_left
}

test_build_without_all_modules_is_not_kept() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  echo 'sqlite3 lzma' >"$T/built-without"
  run scripts/build-python
  fails
  says 'the Python that was built lacks the standard modules: sqlite3 lzma'
  nothing_is_left
}

test_build_installs_the_headers_that_it_needs() {
  everything_installed
  archive_has python3.13 3.13.9-1
  run scripts/build-python
  succeeds
  logged apt 'libssl-dev zlib1g-dev libbz2-dev liblzma-dev libffi-dev libsqlite3-dev libreadline-dev'
  # A package that this release does not have is no reason to give up.
  not_logged apt libmpdec-dev
}

test_build_without_root_says_one_line() {
  everything_installed
  FAKE_UID=1000
  run scripts/build-python
  says_one_line 'xz-utils pkg-config libssl-dev'
}

test_build_replaces_the_same_version() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  fake_python "$cache/python-3.13.9/bin/python3.13" 3.13.9
  touch "$cache/python-3.13.9/old"
  run scripts/build-python
  succeeds
  is_gone "$cache/python-3.13.9/old"
  exists "$cache/python-3.13.9/bin/python3.13"
}

test_a_failed_build_keeps_the_old_one() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  fake_python "$cache/python-3.13.9/bin/python3.13" 3.13.9
  touch "$T/make-fails"
  run scripts/build-python
  fails
  exists "$cache/python-3.13.9/bin/python3.13"
}

test_build_sweeps_builds_that_were_cut_off() {
  python_can_be_built
  archive_has python3.13 3.13.9-1
  mkdir -p "$cache/build-python.Ab12Cd/tree"
  run scripts/build-python
  succeeds
  is_gone "$cache/build-python.Ab12Cd"
}

test_build_if_needed_is_not_done_when_there_is_a_python() {
  fake_python "$T/bin/python3.13" 3.13.4
  run scripts/build-python --if-needed
  succeeds
  prints "$T/bin/python3.13"
  not_called apt
}

test_a_second_build_waits_and_takes_what_the_first_one_built() {
  mkdir -p "$cache"
  mkfifo "$T/first" "$T/second"
  # The first one holds the lock until it hears that the second one waits, and then has built.
  (
    exec 9>"$cache/build-python.lock"
    flock 9
    echo locked >"$T/first"
    read -r _ <"$T/second"
    fake_python "$cache/python-3.13.9/bin/python3.13" 3.13.9
  ) &
  read -r _ <"$T/first"
  # It says that it waits on its standard error, which is where the first one listens.
  (cd "$T/repo" && scripts/build-python --if-needed 2>"$T/second" >"$T/out")
  wait
  equal "$(cat "$T/out")" "$cache/python-3.13.9/bin/python3.13"
  not_called make
}

test_build_in_a_folder_with_a_space_is_refused() {
  XDG_CACHE_HOME="$T/my cache" run scripts/build-python
  fails
  says 'a space in its name'
}
