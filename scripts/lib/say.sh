# What the scripts say: short lines on standard error, coloured only on a terminal. Standard output
# is kept for results, such as find-python's path.

if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
  on_terminal=true
  red=$(printf '\033[31m') green=$(printf '\033[32m') yellow=$(printf '\033[33m')
  bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
  wipe=$(printf '\r\033[K')
else
  on_terminal=false
  red='' green='' yellow='' bold='' dim='' plain='' wipe=''
fi

say() { printf '%s\n' "$*" >&2; }
warn() { printf '%s\n' "${yellow}warning:${plain} $*" >&2; }
fail() { printf '%s\n' "${red}error:${plain} $*" >&2; }

# die TEXT...: says what is wrong and ends the script.
die() {
  fail "$@"
  exit 1
}

now() { date +%s; }

# span SECONDS: prints "8s" or "2m05s".
span() {
  if [ "$1" -lt 60 ]; then
    printf '%ss' "$1"
  else
    printf '%dm%02ds' $(($1 / 60)) $(($1 % 60))
  fi
}

have() { command -v "$1" >/dev/null 2>&1; }
