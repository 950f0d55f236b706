// Compiled code of one interpreter by its text: the same text is compiled once, and tracebacks show
// its lines.
//
// Every text gets a file name of its own ("<exec 7>"), under which Python's linecache finds its lines.
// Bounded: the oldest text goes when there are too many.
//
// Thread safety: the worker's thread alone, attached.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "python/gil.h"
#include "python/ref.h"

namespace pyport::python {

class SourceCache {
 public:
  // `remember(name, text)` and `forget(name)`: Python functions that keep the lines.
  bool init(PyObject* remember, PyObject* forget) REQUIRES(attached);

  // The code object; null with an exception set (SyntaxError, ValueError, ...).
  Ref expression(std::string_view text) REQUIRES(attached);
  Ref statements(std::string_view text) REQUIRES(attached);

 private:
  struct Source {
    Ref code;
    Ref name;
  };

  Ref compiled(const char* mode, std::string_view text) REQUIRES(attached);
  Ref compile(const char* mode, std::string_view text, PyObject* name) REQUIRES(attached);
  // Makes room. False with an exception set.
  bool evict() REQUIRES(attached);

  Ref compile_;  // builtins.compile
  Ref remember_;
  Ref forget_;
  std::uint64_t last_number_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Source> sources_;  // by mode and text
  std::deque<std::string> order_;                    // their keys, oldest first
};

}  // namespace pyport::python
