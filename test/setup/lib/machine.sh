# A fake machine in the folder $T: a copy of the scripts, a PATH with the plain tools of a small Debian
# and nothing else, an apt-get whose packages are fakes, and no Python. $root is the project.

plain_tools='sh cat sed grep awk tr head tail sort cut date mkdir rm mv cp ls ln touch chmod mktemp
basename dirname cksum env timeout sleep flock nproc find xargs wc uname tee rmdir readlink expr mkfifo true false echo printf'

# Where the real ones are; type(1) would also tell of what the shell has built in.
plain_files=''
for tool in $plain_tools; do
  for folder in /usr/bin /bin; do
    if [ -x "$folder/$tool" ]; then plain_files="$plain_files $folder/$tool" && break; fi
  done
done

make_machine() {
  mkdir -p "$T/repo" "$T/bin" "$T/plain" "$T/home" "$T/system" "$T/local" "$T/lists" "$T/packages" "$T/headers"
  cp -r "$root/scripts" "$T/repo/"
  mkdir -p "$T/repo/test/bench"
  cp -r "$root/test/packages" "$T/repo/test/"
  cp "$root/test/bench/requirements.txt" "$T/repo/test/bench/"
  ln -s $plain_files "$T/plain/"
  cp "$root"/test/setup/fakes/* "$T/bin/"
  # Fakes that make Pythons use it as well.
  cp "$root/test/setup/lib/fake_python.sh" "$T/fake-python.sh"
  . "$T/fake-python.sh"
  echo certificates >"$T/certificates"
  printf 'ID=debian\nVERSION_CODENAME=bookworm\n' >"$T/os-release"
  touch "$T/lists/main_Packages"
  echo 'g++ make cmake ninja-build libboost-dev rebar3 erlang-base libgtest-dev erlang-proper liblmdb-dev libssl-dev libzstd-dev' \
    >"$T/apt-known"
  # Nothing of the real machine's settings is seen.
  unset PYTHON CXX CXXFLAGS REBAR_BUILD_DIR CMAKE_BUILD_TYPE PYPORT_CACHE CI
  export T HOME="$T/home" XDG_CACHE_HOME="$T/cache" PYENV_ROOT="$T/pyenv" TERM=dumb
  export PYPORT_SYSTEM_BIN="$T/system" PYPORT_LOCAL_BIN="$T/local" PYPORT_OS_RELEASE="$T/os-release"
  export PYPORT_APT_LISTS="$T/lists" SSL_CERT_FILE="$T/certificates" FAKE_UID=0
  cache=$T/cache/pyport
  PATH=$T/bin:$T/plain
}

# everything_installed [WITHOUT]: all that the levels run and test need, but for one package.
everything_installed() {
  for package in g++ make cmake ninja-build libboost-dev erlang-base rebar3 libgtest-dev erlang-proper git; do
    if [ "$package" != "${1:-}" ]; then "$T/bin/install-package" "$package"; fi
  done
}

# may_sudo [NO]: someone who is not root; sudo works without a password unless NO is given.
may_sudo() {
  export FAKE_UID=1000
  printf '#!/bin/sh\necho "$*" >>"%s/sudo.log"\n[ "$1" = -n ] && %s || exit 1\nshift\nFAKE_SUDO=1 exec "$@"\n' \
    "$T" "${1:+! }true" >"$T/bin/sudo"
  chmod +x "$T/bin/sudo"
}

# archive_has PACKAGE VERSION...: versions of a source package.
archive_has() {
  mkdir -p "$T/showsrc"
  archive_package=$1
  shift
  for version in "$@"; do printf 'Package: %s\nVersion: %s\n\n' "$archive_package" "$version"; done \
    >>"$T/showsrc/$archive_package"
}

# python_can_be_built: the build tools and headers are there.
python_can_be_built() {
  for package in g++ make gcc xz-utils pkg-config ca-certificates libssl-dev zlib1g-dev libbz2-dev liblzma-dev \
    libffi-dev libsqlite3-dev libreadline-dev libncurses-dev uuid-dev libzstd-dev; do
    "$T/bin/install-package" "$package"
  done
}
