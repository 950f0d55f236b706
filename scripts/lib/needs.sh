# What must be installed, by level, each with a test of the thing itself: tools that did not come
# from a package are as good. Needs say.sh, apt.sh.

to_install='' unmet=''

# need WHAT PACKAGES COMMAND...: notes WHAT and the packages unless the command succeeds.
need() {
  need_what=$1 need_packages=$2
  shift 2
  if "$@" >/dev/null 2>&1 </dev/null; then return 0; fi
  unmet="$unmet${unmet:+, }$need_what"
  to_install="$to_install${need_packages:+ }$need_packages"
}

# look_for LEVEL...: sets unmet and to_install to what the levels lack; true if they lack nothing.
look_for() {
  to_install='' unmet=''
  for needs_level in "$@"; do "needs_of_$needs_level"; done
  [ -z "$unmet" ]
}

# install_needs LEVEL...: installs what the levels lack, all at once. A second round gets what could
# be named only after the first, such as the libraries that go with the compiler's version.
install_needs() {
  for round in 1 2; do
    if look_for "$@"; then return 0; fi
    if [ $round = 1 ] && apt_refresh && look_for "$@"; then return 0; fi
    apt_install "$unmet" $to_install
  done
  look_for "$@" || die "installed, but still not usable: $unmet"
}

# To build and run the application.
needs_of_run() {
  need 'a C++20 compiler (g++ 12 or clang 14)' 'g++' compiles_cxx20
  need 'make' 'make' have make
  need 'CMake 3.22' 'cmake' cmake_is_enough
  need 'Ninja' 'ninja-build' have ninja
  need 'Boost 1.74 headers' 'libboost-dev' has_boost
  need 'Erlang/OTP 25' "$erlang_packages" has_erlang
  need 'rebar3' 'rebar3' have rebar3
}

# The Python to build against: the distribution's own if it is new enough, else one that is built.
needs_of_interpreter() {
  if scripts/find-python >/dev/null 2>&1; then return 0; fi
  distribution_python=$(apt_python)
  if [ -n "$distribution_python" ]; then
    need "CPython $python_oldest with headers" "$distribution_python-dev lib$distribution_python-dev" false
  else
    needs_of_python
  fi
}

# apt_python: prints the newest python3.N that apt can install and that is no pre-release.
apt_python() {
  for minor in $newer_pythons; do
    if apt_has "python3.$minor-dev"; then
      echo "python3.$minor"
      return
    fi
  done
}

# To run the tests.
needs_of_test() {
  need 'GoogleTest' 'libgtest-dev' finds_header gtest/gtest.h
  need 'PropEr' 'erlang-proper' has_erlang_apps proper
  need 'git' 'git' have git
}

# To measure. LMDB is a yardstick.
needs_of_bench() {
  need 'LMDB' 'liblmdb-dev' finds_header lmdb.h
}

# To check the sources.
needs_of_check() {
  need 'clang 14' 'clang' have clang++
  need 'clang-tidy' 'clang-tidy' have clang-tidy
  need 'clang-format' 'clang-format' have clang-format
  need "clang's sanitizer and fuzzer libraries" "$(clang_runtime)" has_fuzzer
  need 'shellcheck' 'shellcheck' have shellcheck
  need 'Elixir' 'elixir' have mix
}

# To build Python with all the modules of its standard library that users expect.
needs_of_python() {
  need 'a C compiler' 'gcc libc6-dev' have cc
  need 'make' 'make' have make
  need 'xz' 'xz-utils' have xz
  need 'pkg-config' 'pkg-config' have pkg-config
  need 'CA certificates' 'ca-certificates' has_certificates
  while read -r header package; do
    # Not every release has every package; Python does without these two.
    case $package in libmpdec-dev | libzstd-dev) apt_has "$package" || continue ;; esac
    need "the header $header" "$package" finds_header "$header"
  done <<END
openssl/ssl.h libssl-dev
zlib.h zlib1g-dev
bzlib.h libbz2-dev
lzma.h liblzma-dev
ffi.h libffi-dev
sqlite3.h libsqlite3-dev
readline/readline.h libreadline-dev
ncurses.h libncurses-dev
uuid/uuid.h uuid-dev
mpdecimal.h libmpdec-dev
zstd.h libzstd-dev
END
}

# rebar3's own needs included: it loads these applications for eunit, ct, xref, dialyzer and edoc.
erlang_packages='erlang-base erlang-dev erlang-asn1 erlang-common-test erlang-crypto erlang-dialyzer
erlang-edoc erlang-eunit erlang-inets erlang-parsetools erlang-public-key erlang-reltool
erlang-runtime-tools erlang-ssl erlang-syntax-tools erlang-tools erlang-xmerl'
erlang_packages=$(echo $erlang_packages)

has_erlang() {
  have erl && have erlc && have escript &&
    erl -noshell -eval 'halt(case list_to_integer(erlang:system_info(otp_release)) >= 25 of true -> 0; false -> 1 end)' &&
    has_erlang_apps erl_interface common_test crypto dialyzer edoc eunit inets parsetools public_key \
      reltool runtime_tools ssl syntax_tools tools xmerl &&
    erl -noshell -eval 'halt(case filelib:is_file(filename:join(code:lib_dir(erl_interface), "include/ei.h")) of true -> 0; false -> 1 end)'
}

# has_erlang_apps APPLICATION...: all of them are on the code path.
has_erlang_apps() {
  erl -noshell -eval "halt(case [A || A <- [$(echo "$@" | tr ' ' ',')], not is_list(code:lib_dir(A))] of [] -> 0; _ -> 1 end)"
}

cxx() { echo "${CXX:-c++}"; }

compiles_cxx20() {
  printf '#include <concepts>\n#include <span>\ntemplate <std::integral T> T f(T x) { return x; }\n%s\n' \
    'int main() { return f(0); }' | $(cxx) -std=c++20 -x c++ -fsyntax-only -
}

has_boost() {
  printf '#include <boost/version.hpp>\n%s\n' 'static_assert(BOOST_VERSION >= 107400);' |
    $(cxx) -std=c++20 -x c++ -fsyntax-only - && finds_header boost/asio/io_context.hpp
}

# finds_header HEADER: the compiler has it.
finds_header() {
  printf '#include <%s>\n' "$1" | $(cxx) -x c++ -E -
}

cmake_is_enough() {
  have cmake && version_at_least "$(cmake --version | sed -n '1s/[^0-9]*//p')" 3.22
}

# version_at_least HAVE WANTED
version_at_least() {
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

has_certificates() { [ -s "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" ]; }

has_fuzzer() {
  have clang++ &&
    printf '%s\n' 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -x c++ -fsanitize=fuzzer,address,undefined -o /dev/null -
}

# The distribution's package of those libraries is named after its clang's version.
clang_runtime() {
  if have clang++; then
    echo "libclang-rt-$(clang++ -dumpversion | cut -d. -f1)-dev"
  else
    LC_ALL=C apt-cache depends clang 2>/dev/null |
      sed -n 's/.*Depends: clang-\([0-9]*\)$/libclang-rt-\1-dev/p' | head -n 1
  fi
}
