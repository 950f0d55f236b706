# The Python tools of the checks, in a virtual environment of their own. Needs environment.sh.

tool_list=scripts/check-requirements.txt

# tools_home PYTHON: prints the folder for this Python and this list of tools.
tools_home() { environment_home tools "$1" "$tool_list"; }

# install_tools PYTHON
install_tools() {
  make_environment "$(tools_home "$1")" "$1" "$tool_list" 'Installing the Python tools' ||
    die "pip could not install the tools that $tool_list names"
}
