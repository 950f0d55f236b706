# The parts of a test run: each is a command with a time limit whose tests are counted; a table at the
# end tells all of them. Needs say.sh, watch.sh.

parts_start=$(now)
rows='' total_passed=0 total_failed=0 total_skipped=0

# begin_parts FOLDER: where the parts' output goes, one file a part.
begin_parts() {
  logs=$1
  mkdir -p "$logs"
}

# part NAME SECONDS COUNTER COMMAND...: runs one part. The function COUNTER gets the log's name and sets
# passed, failed and skipped. A part that fails without a failed test, is not done in time or ran no
# test counts as one failure. Returns whether all is well.
part() {
  part_name=$1 part_seconds=$2 part_counter=$3
  shift 3
  log=$logs/$(printf '%s' "$part_name" | tr -cs 'A-Za-z0-9+' '-').log
  part_start=$(now)
  watch_limit=$(limit_of "$part_seconds")
  part_status=0
  watch "$part_name" "$log" "$(note_of "$part_counter")" "$@" || part_status=$?
  passed=0 failed=0 skipped=0 why=''
  "$part_counter" "$log"
  judge_part
  add_row
  tell_part
  [ "$failed" = 0 ]
}

# note_of COUNTER: what tells how far the tests are that it counts.
note_of() {
  case $1 in
    count_ct) echo ct_note ;;
    count_junit) echo ctest_note ;;
    *) echo last_line ;;
  esac
}

# limit_of SECONDS: no longer than what is left until $PYPORT_DEADLINE, if there is one.
limit_of() {
  if [ -n "${PYPORT_DEADLINE:-}" ] && [ $((PYPORT_DEADLINE - $(now))) -lt "$1" ]; then
    left=$((PYPORT_DEADLINE - $(now)))
    echo $((left > 1 ? left : 1))
  else
    echo "$1"
  fi
}

judge_part() {
  if [ "$part_status" = 124 ] || [ "$part_status" = 137 ]; then
    why="not done after $(span "$watch_limit")"
    failed=$((failed + 1))
  elif [ "$failed" = 0 ] && [ "$part_status" != 0 ]; then
    why="exit status $part_status"
    failed=1
  elif [ "$((passed + failed))" = 0 ] && [ "$part_counter" != count_nothing ]; then
    why='ran no test'
    failed=1
  fi
}

add_row() {
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  total_skipped=$((total_skipped + skipped))
  rows="$rows$part_name|$passed|$failed|$skipped|$(($(now) - part_start))
"
}

tell_part() {
  part_took="$dim$(span $(($(now) - part_start)))$plain"
  if [ "$failed" = 0 ]; then
    say "${green}ok${plain}      $part_name$(passed_text)$(skipped_text "$skipped") $part_took"
  else
    say "${red}failed${plain}  $part_name: $passed passed, $failed failed$(skipped_text "$skipped")${why:+ ($why)} $part_took"
    show_end "$log" 40
  fi
}

# Builds pass nothing.
passed_text() {
  if [ "$passed" != 0 ]; then printf ': %s passed' "$passed"; fi
}

skipped_text() {
  if [ "$1" != 0 ]; then printf ', %s skipped' "$1"; fi
}

# extra_row NAME PASSED FAILED SKIPPED: tests that ran inside another part and are counted here.
extra_row() {
  part_name=$1 passed=$2 failed=$3 skipped=$4 part_start=$(now)
  add_row
  say "        $part_name: $2 passed, $3 failed$(skipped_text "$4")"
}

# end_parts: the table and the closing line; returns whether all is well.
end_parts() {
  printf '\n%s%-34s %8s %8s %8s %8s%s\n' "$out_bold" part passed failed skipped seconds "$out_plain"
  printf '%s' "$rows" | while IFS='|' read -r name row_passed row_failed row_skipped row_seconds; do
    colour=''
    if [ "$row_failed" != 0 ]; then colour=$out_red; fi
    printf '%s%-34s %8s %8s %8s %8s%s\n' "$colour" "$name" "$row_passed" "$row_failed" "$row_skipped" \
      "$row_seconds" "${colour:+$out_plain}"
  done
  printf '%-34s %8s %8s %8s %8s\n\n' total "$total_passed" "$total_failed" "$total_skipped" \
    $(($(now) - parts_start))
  printf '%s passed, %s failed\n' "$total_passed" "$total_failed"
  [ "$total_failed" = 0 ]
}

if [ -t 1 ]; then
  out_red=$red out_bold=$bold out_plain=$plain
else
  out_red='' out_bold='' out_plain=''
fi
