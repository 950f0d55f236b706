# What the tests expect. Each of these ends the test, saying what it saw.

# run COMMAND...: runs a script of the fake machine; its status, output and errors are kept.
run() {
  status=0
  (cd "$T/repo" && "$@") >"$T/out" 2>"$T/err" </dev/null || status=$?
  out=$(cat "$T/out") err=$(cat "$T/err")
}

unexpected() {
  echo "$*"
  echo "status ${status:-}"
  echo "out: ${out:-}"
  echo "err: ${err:-}"
  if [ -f "$T/apt.log" ]; then sed 's/^/apt-get: /' "$T/apt.log"; fi
  exit 1
}

succeeds() { [ "$status" = 0 ] || unexpected 'expected to succeed'; }
fails() { [ "$status" != 0 ] || unexpected 'expected to fail'; }
prints() { [ "$out" = "$1" ] || unexpected "expected on standard output: $1"; }
says() { case $err in *"$1"*) ;; *) unexpected "expected among the errors: $1" ;; esac; }
does_not_say() { case $err in *"$1"*) unexpected "not expected among the errors: $1" ;; esac; }
exists() { [ -e "$1" ] || unexpected "expected to exist: $1"; }
is_gone() { [ ! -e "$1" ] || unexpected "expected not to exist: $1"; }
logged() { grep -qF -e "$2" "$T/$1.log" 2>/dev/null || unexpected "expected among the calls of $1: $2"; }
not_logged() { if grep -qF -e "$2" "$T/$1.log" 2>/dev/null; then unexpected "not expected among the calls of $1: $2"; fi; }
not_called() { [ ! -e "$T/$1.log" ] || unexpected "$1 was called: $(cat "$T/$1.log")"; }
times_logged() {
  count=$(grep -cF -e "$2" "$T/$1.log" || true)
  [ "$count" = "$3" ] || unexpected "expected $3 calls of $1 with $2, not $count"
}
equal() { [ "$1" = "$2" ] || unexpected "expected '$2', not '$1'"; }
