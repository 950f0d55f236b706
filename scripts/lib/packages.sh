# The packages that the tests import, and those that the benchmarks compare with, in virtual environments of their
# own; .setup/packages and .setup/yardsticks lead to them. Needs environment.sh.

package_list=test/packages/requirements.txt
yardstick_list=test/bench/requirements.txt

# packages_home PYTHON, yardsticks_home PYTHON: print the folder for this Python and this list of packages.
packages_home() { environment_home packages "$1" "$package_list"; }
yardsticks_home() { environment_home yardsticks "$1" "$yardstick_list"; }

# install_packages PYTHON: false when they cannot be had, after saying so. That is not the end of a set-up: all
# tests but those of packages can run, and these fail.
install_packages() {
  packages=$(packages_home "$1")
  rm -f .setup/packages
  if ! make_environment "$packages" "$1" "$package_list" 'Installing the packages for tests' \
    --only-binary=:all: --no-deps --require-hashes --retries 2 --timeout 15; then
    warn "pip could not install the packages that $package_list names: is the package index out of reach?
         The suite py_packages_SUITE will fail. Set up again with: scripts/setup test"
    return 1
  fi
  ln -s "$packages" .setup/packages
}

# install_yardsticks PYTHON: the same. They are built from source, so more than wheels is asked for.
install_yardsticks() {
  yardsticks=$(yardsticks_home "$1")
  rm -f .setup/yardsticks
  if ! make_environment "$yardsticks" "$1" "$yardstick_list" 'Installing what the benchmarks compare with' \
    --no-deps --require-hashes --retries 2 --timeout 15; then
    warn "pip could not install what $yardstick_list names: is the package index out of reach?
         The benchmarks will do without. Set up again with: scripts/setup bench"
    return 1
  fi
  ln -s "$yardsticks" .setup/yardsticks
}
