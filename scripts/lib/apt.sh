# Installing Debian's and Ubuntu's packages. Needs say.sh and watch.sh.

# How to become root: nothing for root, sudo when it asks no password, else "no".
root_prefix() {
  if [ "$(id -u)" = 0 ]; then
    echo ''
  elif have sudo && sudo -n true 2>/dev/null; then
    echo 'sudo -n'
  else
    echo 'no'
  fi
}

apt_options='-q -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300'

# apt_install WHAT PACKAGE...: installs the packages, or says in one line what to type and fails.
# WHAT names them in words for systems that have no apt.
apt_install() {
  apt_what=$1
  shift
  have apt-get || die "pyport needs $apt_what; please install them${*:+ (Debian's packages: $*)}"
  [ $# != 0 ] || die "no package is known for: $apt_what"
  apt_as=$(root_prefix)
  [ "$apt_as" != no ] || die "packages are missing; please run: sudo apt-get install -y $*"
  # The lists may name versions that are gone: one try, then another with new lists.
  if apt_try "$@"; then return 0; fi
  apt_update
  if apt_try "$@"; then return 0; fi
  show_end .setup/apt.log
  die "apt-get could not install: $*"
}

apt_try() {
  say "Installing with apt: $*"
  watch 'Installing' .setup/apt.log last_line $apt_as env DEBIAN_FRONTEND=noninteractive \
    apt-get $apt_options install -y --no-install-recommends "$@"
}

# A source that cannot be reached does not matter as long as the packages can be installed.
apt_update() {
  watch 'Reading the package lists' .setup/apt-update.log last_line \
    $apt_as apt-get $apt_options update || true
}

# apt_refresh: gets the package lists of a machine that has none yet; false if nothing was done.
apt_refresh() {
  have apt-get || return 1
  if ls "${PYPORT_APT_LISTS:-/var/lib/apt/lists}"/*Packages* >/dev/null 2>&1; then return 1; fi
  apt_as=$(root_prefix)
  [ "$apt_as" != no ] || return 1
  apt_update
}

# apt_has PACKAGE: apt knows an installable version of the package that is no pre-release.
apt_has() {
  have apt-cache || return 1
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep '^  Candidate: [0-9]' | grep -qv '~\(a\|b\|rc\)[0-9]'
}
