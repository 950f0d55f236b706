# What scripts/test and scripts/check count: a test run that lies is worse than none.

# with_parts COMMANDS: runs a script that has the parts library, with these commands in it.
with_parts() {
  printf '%s\n' 'set -eu' 'for part in say watch parts counters; do . "scripts/lib/$part.sh"; done' \
    'begin_parts logs' "$1" 'end_parts' >"$T/repo/parts"
  run sh parts
}

last_line_is() { equal "$(tail -n 1 "$T/out")" "$1"; }

test_parts_are_added_up() {
  with_parts 'part one 10 count_closing_line echo "3 passed, 0 failed, 2 skipped"
    part two 10 count_one true'
  succeeds
  last_line_is '4 passed, 0 failed'
}

test_a_failed_part_fails_the_whole_and_shows_its_output() {
  with_parts 'part one 10 count_closing_line sh -c "echo what went wrong; echo 3 passed, 2 failed; exit 1" || true
    part two 10 count_one true'
  fails
  last_line_is '4 passed, 2 failed'
  says 'what went wrong'
  says 'all of it: logs/one.log'
}

test_a_part_that_ran_no_test_is_a_failure() {
  with_parts 'part one 10 count_closing_line echo "0 passed, 0 failed" || true'
  fails
  says 'ran no test'
  last_line_is '0 passed, 1 failed'
}

test_a_part_that_says_nothing_is_a_failure() {
  with_parts 'part one 10 count_closing_line true || true'
  fails
  last_line_is '0 passed, 1 failed'
}

test_a_part_that_dies_after_its_tests_is_a_failure() {
  with_parts 'part one 10 count_closing_line sh -c "echo 3 passed, 0 failed; exit 9" || true'
  fails
  says 'exit status 9'
  last_line_is '3 passed, 1 failed'
}

test_a_part_that_hangs_is_a_failure_with_a_name() {
  with_parts 'part stuck 1 count_one sleep 60 || true
    part two 10 count_one true'
  fails
  says 'stuck: 0 passed, 1 failed (not done after 1s)'
  last_line_is '1 passed, 1 failed'
}

test_a_deadline_cuts_all_parts_short() {
  PYPORT_DEADLINE=1 with_parts 'part stuck 600 count_one sleep 600 || true'
  fails
  says 'not done after 1s'
}

test_a_failed_build_is_a_failure_and_a_good_one_counts_nothing() {
  with_parts 'part build 10 count_nothing true
    part broken 10 count_nothing false || true'
  fails
  last_line_is '0 passed, 1 failed'
}

test_ctest_is_counted() {
  # CTest indents with tabs, which stand here as ">".
  sed 's/^>/\t/' >"$T/repo/junit.xml" <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="x"
>tests="12"
>failures="2"
>disabled="1"
>skipped="3"
>hostname="h" time="1">
><testcase name="a" status="run"/>
END
  tr -d '\n' <"$T/repo/junit.xml" >"$T/repo/one-line.xml"
  with_parts 'junit=junit.xml; part ctest 10 count_junit true || true
    junit=one-line.xml; part again 10 count_junit true || true
    junit=nothing.xml; part none 10 count_junit true || true'
  last_line_is '12 passed, 5 failed'
}

test_eunit_is_counted() {
  with_parts 'part all 10 count_eunit printf "  \033[0mAll 7 tests passed.\n"
    part one 10 count_eunit printf "  Test passed.\n"
    part two 10 count_eunit printf "  2 tests passed.\n"
    part bad 10 count_eunit printf "  Failed: 1.  Skipped: 2.  Passed: 5.\n" || true'
  fails
  last_line_is '15 passed, 1 failed'
}

test_common_test_is_counted() {
  mkdir -p "$T/repo/ct/ct_run.1/a_SUITE/run.1" "$T/repo/ct/ct_run.1/b_SUITE/run.1"
  printf '=failed        1\n=successful    4\n=user_skipped  1\n=auto_skipped  0\n' \
    >"$T/repo/ct/ct_run.1/a_SUITE/run.1/suite.log"
  printf '=failed        0\n=successful    6\n=user_skipped  0\n=auto_skipped  2\n' \
    >"$T/repo/ct/ct_run.1/b_SUITE/run.1/suite.log"
  with_parts 'ct_logs=ct; part ct 10 count_ct true || true'
  fails
  last_line_is '10 passed, 3 failed'
}

# python_tests_log TEXT: what the suite's case leaves.
python_tests_log() {
  mkdir -p "$T/repo/ct/ct_run.1/run.1"
  echo "$1" >"$T/repo/ct/ct_run.1/run.1/py_python_suite.all_tests.html"
}

test_python_tests_inside_common_test_are_counted() {
  python_tests_log '<pre>41 Python tests ran, 2 failed</pre>'
  with_parts 'ct_logs=ct; count_python_in_ct; extra_row Python "$passed" "$failed" "$skipped"'
  fails
  last_line_is '39 passed, 2 failed'
}

test_python_tests_that_did_not_run_are_a_failure() {
  python_tests_log '<pre>something else</pre>'
  with_parts 'ct_logs=ct; count_python_in_ct; extra_row Python "$passed" "$failed" "$skipped"'
  fails
  last_line_is '0 passed, 1 failed'
}

# note_is FUNCTION TEXT: what a function of notes.sh makes of output in the file "log".
note_is() {
  printf '%s\n' '. scripts/lib/notes.sh' "$1 log" >"$T/repo/note"
  run sh note
  equal "$out" "$2"
}

test_notes_show_no_escapes() {
  printf '===> one\n\033[0;32m===> Compiling pyport\033[0m\n' >"$T/repo/log"
  note_is last_line 'Compiling pyport'
}

test_notes_of_builds_are_short() {
  echo '[37/158] Building CXX object port_src/CMakeFiles/pyport_value.dir/value/to_pickle.cc.o' >"$T/repo/log"
  note_is last_line '37/158 value/to_pickle.cc'
  echo '[131/158] Linking CXX executable test/unit/value_test' >"$T/repo/log"
  note_is last_line '131/158 test/unit/value_test'
  echo 'Get:152 http://mirror.test/debian trixie/main amd64 libboost-dev amd64 1.83' >"$T/repo/log"
  note_is last_line 'downloading libboost-dev'
}

test_note_of_common_test_counts_cases() {
  printf '===> Running...\n%%%%%% a_SUITE: \033[0;32m.\033[0m\033[0m\033[0;32m.\033[0m amid\n\033[0;32m.\033[0m\n' >"$T/repo/log"
  note_is ct_note 'a_SUITE, 3 passed'
  printf '%%%%%% b_SUITE ==> one: \033[0;31mFAILED\033[0m\n%%%%%% b_SUITE: .' >>"$T/repo/log"
  note_is ct_note 'b_SUITE, 4 passed, 1 failed'
}

test_the_failed_ones_of_many_tests_are_shown() {
  with_parts 'part many 10 count_one sh -c "echo the failed one; for n in 1 2 3 4 5 6 7 8 9; do
      for m in 1 2 3 4 5; do echo \" \$n\$m/99 Test  #1: a.b.c ....   Passed    0.00 sec\"; done; done; exit 1" || true'
  fails
  says 'the failed one'
  does_not_say 'a.b.c'
}
