# Remembers that a level of the set-up is complete, so that the next look takes no time. The stamp
# holds what the answer depended on and the files that must still be there. Needs needs.sh, tools.sh, packages.sh.

stamp_key() {
  printf '%s|%s|%s|%s|%s\n' "$PATH" "${CXX:-}" "${PYTHON:-}" "$cache_home" \
    "$(cat scripts/setup scripts/lib/*.sh "$tool_list" "$package_list" "$yardstick_list" /etc/os-release 2>/dev/null | cksum)"
}

# stamp_holds LEVEL: this level or one that includes it is complete.
stamp_holds() {
  case $1 in
    run) including='run test bench check' ;;
    test) including='test bench check' ;;
    bench) including='bench check' ;;
    *) including=$1 ;;
  esac
  for stamped in $including; do
    if one_stamp_holds ".setup/$stamped.stamp"; then
      scripts/find-python >/dev/null 2>&1
      return
    fi
  done
  return 1
}

one_stamp_holds() {
  [ -f "$1" ] || return 1
  {
    read -r key && [ "$key" = "$(stamp_key)" ] || return 1
    while read -r file; do
      [ -e "$file" ] || return 1
    done
  } <"$1"
}

# write_stamp LEVEL
write_stamp() {
  {
    stamp_key
    files_of_run
    case $1 in test | bench | check) files_of_test ;; esac
    case $1 in bench | check) files_of_bench ;; esac
    case $1 in check) files_of_check ;; esac
  } >".setup/$1.stamp.new"
  mv ".setup/$1.stamp.new" ".setup/$1.stamp"
}

files_of_run() {
  for tool in "$(cxx)" make cmake ninja erl erlc escript rebar3; do command -v "$tool"; done
  header_file boost/version.hpp
  erlang_folder erl_interface common_test dialyzer
}

files_of_test() {
  header_file gtest/gtest.h
  erlang_folder proper
  command -v git
  echo "$(packages_home "$(scripts/find-python)")/complete"
  echo .setup/packages/complete
}

files_of_bench() {
  header_file lmdb.h
  echo "$(yardsticks_home "$(scripts/find-python)")/complete"
  echo .setup/yardsticks/complete
}

files_of_check() {
  for tool in clang++ clang-tidy clang-format shellcheck mix; do command -v "$tool"; done
  tools_home "$(scripts/find-python)"
}

# header_file HEADER: prints the file that the compiler reads for it.
header_file() {
  printf '#include <%s>\n' "$1" | $(cxx) -x c++ -M - | tr ' ' '\n' | grep "/$1\$" | head -n 1
}

# erlang_folder APPLICATION...: prints where they are.
erlang_folder() {
  erl -noshell -eval "[io:format(\"~ts~n\", [code:lib_dir(A)]) || A <- [$(echo "$@" | tr ' ' ',')]], halt()."
}

otp_release() {
  erl -noshell -eval 'io:format("~s", [erlang:system_info(otp_release)]), halt().'
}
