# How far a long command is, in a few words read from its output. Each takes the name of its log, may
# print nothing, and is cheap: it is asked twice a second. Also the end of the output of one that failed.

# plain_text: what a screen would show of each line, without colours and other escapes.
plain_text() { sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' -e 's/\r$//' -e 's/.*\r//' | tr -c '[:print:]\n' ' '; }

no_note() { :; }

# last_line LOG: the step that it is at; the lines of Ninja, make, CTest and apt become shorter.
last_line() {
  tail -n 1 "$1" 2>/dev/null | plain_text | sed \
    -e 's|^\[ *\([0-9/%]*\)\] Building .*\.dir/\(.*\)\.o$|\1 \2|' \
    -e 's|^\[ *\([0-9/%]*\)\] Linking [A-Z]* [a-z ]* \([^ ]*\)$|\1 \2|' \
    -e 's|^Get:[0-9]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*|downloading \1|' \
    -e 's|^===> ||' -e 's|^ *||'
}

# ctest_note LOG: how many of its tests are done.
ctest_note() {
  plain_text <"$1" | sed -n 's|^ *\([0-9]*/[0-9]*\) Test *#[0-9]*: *\([^ ]*\) .*|\1 \2|p' | tail -n 1
}

# ct_note LOG: the suite that rebar3 runs, and how many cases are done. It prints a dot a case, amid what
# the cases themselves print.
ct_note() {
  plain_text <"$1" | awk '
    /^%%% .*_SUITE ==> .*FAILED/ { failed += 1; next }
    /^%%% .*_SUITE:/ { suite = $2; sub(/:.*/, "", suite); sub(/^%%% [^ ]* */, "") }
    match($0, /^\.+/) { passed += RLENGTH }
    END { if (suite != "") printf "%s, %d passed%s", suite, passed, failed ? ", " failed " failed" : "" }'
}

# show_end LOG [LINES]: the end of a failed command's output, indented, and where the rest is. What CTest
# says of tests that passed is left out, so that the failed ones are in it.
show_end() {
  plain_text <"$1" | grep -vE '^ *[0-9]+/[0-9]+ Test +#.* Passed +[0-9.]+ sec *$|^ +Start +[0-9]+: ' |
    tail -n "${2:-25}" | sed 's/^/    /' >&2
  say "    (all of it: $1)"
}
