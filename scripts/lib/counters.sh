# Counting tests from what the runners write. Each sets passed, failed and skipped; see parts.sh.

# For steps that are no tests, such as a build.
count_nothing() { :; }

# For checks that are one thing: fine or not.
count_one() {
  if [ "$part_status" = 0 ]; then passed=1; fi
}

# For runners of ours, which close with "N passed, N failed" and maybe ", N skipped".
count_closing_line() {
  closing=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
  set_counts "$(echo "$closing" | sed 's/[^0-9]\{1,\}/ /g')"
}

# set_counts "PASSED FAILED SKIPPED"
set_counts() {
  # shellcheck disable=SC2086 # to be split
  set -- $1
  passed=${1:-0} failed=${2:-0} skipped=${3:-0}
}

# For CTest, which writes $junit.
count_junit() {
  junit_suite=$(tr '\n\t' '  ' <"$junit" 2>/dev/null | grep -o '<testsuite [^>]*>' | head -n 1)
  junit_skipped=$(($(junit_value skipped) + $(junit_value disabled)))
  set_counts "$(($(junit_value tests) - $(junit_value failures) - junit_skipped)) $(junit_value failures) $junit_skipped"
}

# junit_value NAME: a number of $junit_suite, 0 if it does not say.
junit_value() {
  number=$(echo "$junit_suite" | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p")
  echo "${number:-0}"
}

# For EUnit, whose closing words depend on how many there were.
count_eunit() {
  set_counts "$(tr -d '\033' <"$1" | sed 's/\[[0-9;]*m//g' | awk '
    / All [0-9]+ tests passed/ { passed += $2 }
    /^ *[0-9]+ tests passed/ { passed += $1 }
    / Test passed\./ { passed += 1 }
    /Failed: [0-9]+\. +Skipped: [0-9]+\. +Passed: [0-9]+/ {
      gsub(/[^0-9]+/, " "); failed += $1; skipped += $2; passed += $3 }
    /tests were cancelled/ { failed += 1 }
    END { print passed + 0, failed + 0, skipped + 0 }')"
}

# For Common Test, which writes a suite.log for each suite under $ct_logs. What is skipped because
# something before it failed is a failure.
count_ct() {
  set_counts "$(find "$ct_logs" -name suite.log -exec cat {} + 2>/dev/null | awk '
    $1 == "=successful" { passed += $2 }
    $1 == "=failed" { failed += $2 }
    $1 == "=auto_skipped" { failed += $2 }
    $1 == "=user_skipped" { skipped += $2 }
    END { print passed + 0, failed + 0, skipped + 0 }')"
}

# For the Python tests, which a suite of Common Test runs inside the port program: its case all_tests
# logs "N Python tests ran, N failed". They must have run.
count_python_in_ct() {
  python_line=$(find "$ct_logs" -name '*py_python_suite.all_tests*.html' -exec \
    grep -hoE '[0-9]+ Python tests ran, [0-9]+ failed' {} + 2>/dev/null | head -n 1)
  python_ran=${python_line%% *}
  python_failed=$(echo "$python_line" | sed 's/.*, \([0-9]*\) failed/\1/')
  if [ -n "$python_line" ]; then
    passed=$((python_ran - python_failed)) failed=$python_failed skipped=0
  else
    passed=0 failed=1 skipped=0
  fi
}
