# Building Python from its source. Needs say.sh, watch.sh, place.sh, python.sh.

# build_source WORK LOG: builds $source_tarball in the folder WORK into $cache_home/python-<version>,
# which appears only when it is complete and checked. Sets built_python. Fails having said why.
build_source() {
  work=$1 log=$2
  home=$cache_home/python-$source_version
  stage=$work/stage
  mkdir "$work/tree" &&
    tar -xf "$source_tarball" -C "$work/tree" --strip-components=1 ||
    { fail "cannot unpack $source_tarball"; return 1; }
  # Without profile guidance, which would take ten times as long, and without CPython's own tests.
  build_step configure OPT='-DNDEBUG -fwrapv -O3 -Wall' LDFLAGS_NODIST="-Wl,-rpath,$home/lib" ./configure \
    --prefix="$home" --enable-shared --with-ensurepip=install --disable-test-modules || return 1
  steps_to_do=$(make -C "$work/tree" -n 2>/dev/null | grep -c ' -c ' || true)
  build_step compile make -j"$(nproc)" || return 1
  build_step install make install DESTDIR="$stage" || return 1
  check_stage || return 1
  # The old one steps aside first: a folder cannot be replaced in one step.
  if [ -e "$home" ]; then mv "$home" "$work/old"; fi
  mv "$stage$home" "$home"
  built_python=$home/bin/python${source_version%.*}
}

# build_step NAME [VARIABLE=VALUE...] COMMAND...: one step of the build, in the source's folder.
build_step() {
  build_name=$1
  build_label="Python $source_version: $1"
  shift
  if watch "$build_label" "$log" build_note env -C "$work/tree" "$@"; then return 0; fi
  fail "$build_label failed"
  show_end "$log"
  return 1
}

# build_note LOG: how far the step is; for the compiler, of all files that it has to compile.
build_note() {
  if [ "${steps_to_do:-0}" = 0 ] || [ "$build_name" != compile ]; then
    last_line "$1"
    return
  fi
  steps_done=$(grep -c ' -c ' "$1" || true)
  if [ "$steps_done" -gt "$steps_to_do" ]; then steps_done=$steps_to_do; fi
  printf '%d%%' $((100 * steps_done / steps_to_do))
}

check_stage() {
  staged=$stage$home/bin/python${source_version%.*}
  if ! LD_LIBRARY_PATH=$stage$home/lib read_facts "$staged"; then
    fail "the Python that was built does not run; see $log"
    return 1
  fi
  wrong=$(what_is_wrong)
  if [ -n "$wrong" ]; then
    fail "the Python that was built $wrong; see $log"
    return 1
  fi
}
