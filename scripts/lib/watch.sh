# Long commands: their output goes to a file, and one line tells how they get on. Needs say.sh.
. scripts/lib/notes.sh

watched_pid=''
watch_limit=7200

# Ends the watched command when the script is interrupted. It runs under timeout, which puts it in a
# process group of its own (but not a session: sudo's tickets belong to the terminal) and passes the
# signal on to all of the group.
stop_watched() {
  if [ -n "$watched_pid" ]; then kill -TERM "$watched_pid" 2>/dev/null || true; fi
}
trap 'stop_watched; exit 130' INT
trap 'stop_watched; exit 143' TERM HUP

# watch LABEL LOG NOTE COMMAND...: runs the command with its output in LOG and returns its status.
# NOTE names a function that tells from LOG how far it is, such as those of notes.sh. A terminal gets one
# line, rewritten twice a second; anything else a line every 20 seconds. After $watch_limit seconds the
# command is ended, and the status is 124.
watch() {
  watch_label=$1 watch_log=$2 watch_note=$3
  shift 3
  watch_start=$(now)
  watch_next=20
  : >"$watch_log"
  timeout -k 10 "$watch_limit" "$@" >"$watch_log" 2>&1 </dev/null &
  watched_pid=$!
  watch_ticks=0
  while kill -0 "$watched_pid" 2>/dev/null; do
    if [ "$watch_ticks" -ge 20 ]; then watch_tell; fi
    watch_ticks=$((watch_ticks + 1))
    # Short naps at first, so that quick commands are not slowed down.
    if [ "$watch_ticks" -lt 20 ]; then sleep 0.02; else sleep 0.5; fi
  done
  watch_status=0
  wait "$watched_pid" || watch_status=$?
  watched_pid=''
  if $on_terminal; then printf '%s' "$wipe" >&2; fi
  return "$watch_status"
}

watch_tell() {
  watch_elapsed=$(($(now) - watch_start))
  if $on_terminal; then
    printf '%s%s %s%s  %s%s' "$wipe" "$watch_label" "$dim" "$(span "$watch_elapsed")" \
      "$("$watch_note" "$watch_log" | cut -c1-50)" "$plain" >&2
  elif [ "$watch_elapsed" -ge "$watch_next" ]; then
    watch_far=$("$watch_note" "$watch_log" | cut -c1-80)
    say "        $watch_label, $(span "$watch_elapsed")${watch_far:+: $watch_far}"
    watch_next=$((watch_elapsed + 20))
  fi
}
