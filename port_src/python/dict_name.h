// A dict's name as text, by which any process of the same user can open it:
//
//   <table>:<32 hexadecimal digits of the handle>[:<node>]
//
// <table> is the table's file: its name alone when it lies in /dev/shm, else its path. <node> is there when
// an Erlang node made the dict. "pyport-1234-5678-9abcdef0:0123456789abcdef0123456789abcdef:shop@host"
//
// Thread safety: pure functions, but for the current folder.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "table/handle.h"

namespace pyport::python {

struct DictName {
  std::string path;  // of the table's file, absolute
  table::Handle handle;
  std::string node;  // empty: no Erlang node made it
};

// The path that a user's name of a table means: "orders" is /dev/shm/orders; what has a slash is a path,
// relative ones begin at the current folder.
std::string table_path(std::string_view given);

std::string dict_name(const DictName& name);
// Errc::bad_term, with what is wrong with the text.
Result<DictName> parse_dict_name(std::string_view text);

// The bits of a handle in hexadecimal: 32 digits.
std::string hex_of(const table::Handle& handle);

}  // namespace pyport::python
