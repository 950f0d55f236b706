// What a dict is made with.
//
// Thread safety: values; name_of() is a pure function.
#pragma once

#include <cstdint>
#include <string_view>

#include "table/handle.h"

namespace pyport::table {

// Who ends it, when nobody does so by its handle.
enum class DictOwner : std::uint8_t {
  elsewhere = 0,  // somebody whom the table does not know
  process = 1,    // it ends with the process that made it
  node = 2,       // it lasts as long as the table
  parent = 3      // it ends with another dict
};

// By which users know it: for them, whom the table does not know is a process.
constexpr std::string_view name_of(DictOwner owner) {
  switch (owner) {
    case DictOwner::process:
      return "os_process";
    case DictOwner::node:
      return "node";
    case DictOwner::parent:
      return "dict";
    case DictOwner::elsewhere:
      break;
  }
  return "process";
}

// What came of making a dict end with another one.
enum class Adoption : std::uint8_t {
  adopted,
  already,  // it does so already
  cycle,    // refused: they are the same, or the parent would end with itself
  foreign   // somebody else ends it, and goes on to
};

struct NewDict {
  DictOwner owner = DictOwner::elsewhere;
  Handle parent{};  // of DictOwner::parent
  bool is_list = false;
  std::uint64_t ttl = 0;              // nanoseconds that a key lives if nobody says otherwise; 0: for ever
  bool idle = false;                  // ... since its last use, not since it got its value
  std::uint64_t max_value_bytes = 0;  // 0: what the table allows
  std::string_view name;              // at most kDictName bytes; empty: none
};

}  // namespace pyport::table
