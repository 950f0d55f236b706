# Where the source of Python comes from: Debian's or Ubuntu's source packages, else python.org.
# Needs say.sh, watch.sh, place.sh. Each source_from_* sets source_version and source_tarball.

# What python.org's tarball is checked against; that release's signature was checked once by hand.
python_org_version=3.13.5
python_org_sha256=93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640

# source_from_apt FOLDER MINORS: downloads the newest source package python3.N, for N of MINORS, that
# the newer suites of this machine's own archive have. The sources list and all of apt's state are
# private to FOLDER, so neither root nor any change to the machine is needed.
source_from_apt() {
  have apt-get && have apt-cache || return 1
  apt_folder=$1
  mkdir -p "$apt_folder/state/lists/partial" "$apt_folder/cache/archives/partial" "$apt_folder/source"
  newer_suites >"$apt_folder/sources.list"
  [ -s "$apt_folder/sources.list" ] || return 1
  # A suite that the archive does not have fails alone; the others' lists are used.
  watch 'Looking for the newest Python in the archive' "$apt_folder/update.log" last_line \
    apt-get $(private_apt) update || true
  for minor in $2; do
    for version in $(versions_of "python3.$minor"); do
      if fetch_source "python3.$minor=$version"; then return 0; fi
    done
  done
  return 1
}

# apt's own programs write as another user when root runs them; that user cannot enter a home folder.
private_apt() {
  printf '%s ' -q -o "Dir::Etc::sourcelist=$apt_folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State=$apt_folder/state" -o "Dir::Cache=$apt_folder/cache" \
    -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=2
}

# newer_suites: prints a sources list with the archive that this machine is installed from.
newer_suites() {
  . "${PYPORT_OS_RELEASE:-/etc/os-release}"
  case ${ID:-} in
    debian) suites='sid testing trixie' components=main ;;
    ubuntu) suites='devel' components='main universe' ;;
    *) return 0 ;;
  esac
  archive=$(own_archive "${VERSION_CODENAME:-}")
  [ -n "$archive" ] || return 0
  for suite in $suites; do
    printf 'deb-src %s%s %s %s\n' "$(keyring_option)" "$archive" "$suite" "$components"
  done
}

# own_archive CODENAME: prints the address that apt has for this release's main packages.
own_archive() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -v codename="$1" '
      $3 == "main" && $2 == codename { print $1; found = 1; exit }
      $3 == "main" && $2 !~ /security|updates|backports/ && !other { other = $1 }
      END { if (!found && other) print other }'
}

keyring_option() {
  for keyring in /usr/share/keyrings/"$ID"-archive-keyring.gpg /usr/share/keyrings/"$ID"-archive-keyring.pgp; do
    if [ -f "$keyring" ]; then
      printf '[signed-by=%s] ' "$keyring"
      return
    fi
  done
}

# versions_of PACKAGE: the versions of a source package, newest first, without pre-releases.
versions_of() {
  apt-cache $(private_apt) showsrc "$1" 2>/dev/null | sed -n 's/^Version: //p' | grep -v '~' |
    sort -rVu || true
}

# fetch_source PACKAGE=VERSION: Debian's "orig" tarball is the upstream release, checked by apt.
fetch_source() {
  rm -rf "$apt_folder/source"/*
  watch "Downloading $1" "$apt_folder/source.log" last_line env -C "$apt_folder/source" \
    apt-get $(private_apt) source --download-only "$1" || return 1
  for source_tarball in "$apt_folder/source"/*.orig.tar.*z*; do
    case $source_tarball in *.asc) continue ;; esac
    [ -f "$source_tarball" ] || return 1
    source_version=${source_tarball##*/python3.*_}
    source_version=${source_version%.orig.tar.*}
    return 0
  done
}

# source_from_python_org FOLDER MINORS: the pinned release, if its minor version is wanted.
source_from_python_org() {
  wanted=${python_org_version#3.}
  case " $(echo $2) " in *" ${wanted%.*} "*) ;; *) return 1 ;; esac
  source_version=$python_org_version
  source_tarball=$1/Python-$source_version.tar.xz
  address=https://www.python.org/ftp/python/$source_version/Python-$source_version.tar.xz
  if have curl; then
    set -- "$1" curl -fsSL --retry 3 --connect-timeout 20 -o "$source_tarball" "$address"
  elif have wget; then
    set -- "$1" wget -q -T 20 -O "$source_tarball" "$address"
  else
    say 'neither curl nor wget is there to download Python from python.org'
    return 1
  fi
  download_log=$1/download.log
  shift
  watch "Downloading Python $source_version from python.org" "$download_log" no_note "$@" || return 1
  if ! printf '%s  %s\n' "$python_org_sha256" "$source_tarball" | sha256sum -c --status; then
    say "python.org's tarball has another checksum than expected; it is not used"
    return 1
  fi
}
