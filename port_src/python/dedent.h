// Code as Erlang users write it: indented along with the Erlang source around it.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace pyport::python {

// Takes away the leading spaces and tabs that all lines have in common, as textwrap.dedent does: blank
// lines do not count and become empty. Code that has a line without indentation stays as it is.
std::string dedent(std::string_view code);

// Without the white space around it: an expression may stand on lines of its own.
std::string_view strip(std::string_view code);

}  // namespace pyport::python
