# shellcheck shell=sh
# fake_python FILE VERSION [FACT VALUE]...: a Python that says this of itself, and logs each question. It makes
# virtual environments whose pip succeeds, unless $T/pip-fails exists.
fake_python() {
  fake=$1 fake_version=$2
  shift 2
  mkdir -p "$(dirname "$fake")" "$T/facts"
  fake_facts=$T/facts/$(echo "$fake" | cksum | cut -d' ' -f1)
  touch "$T/Python.h" "$T/libpython.so"
  {
    printf 'executable %s\nbase %s\nimplementation cpython\nversion %s\n' "$fake" "$fake" "$fake_version"
    echo "$fake_version" | awk -F. '{ printf "number %d%02d%03d\n", $1, $2, $3 }'
    printf 'release final\ngil yes\nheader %s\nlibrary %s\nmissing \n' "$T/Python.h" "$T/libpython.so"
    # What is told last counts.
    while [ $# -gt 1 ]; do
      printf '%s %s\n' "$1" "$2"
      shift 2
    done
  } >"$fake_facts"
  cat >"$fake" <<END
#!/bin/sh
echo "$fake \$*" >>"$T/python.log"
case "\$1 \$2" in
  '-m venv')
    mkdir -p "\$3/bin"
    printf '#!/bin/sh\necho "\$*" >>"%s/pip.log"\n! cat "%s/pip-fails" 2>/dev/null\n' "$T" "$T" >"\$3/bin/python"
    chmod +x "\$3/bin/python" ;;
  *) cat "$fake_facts" ;;
esac
END
  chmod +x "$fake"
}
