// Dicts that have a name, by which any process finds them or makes them, and which last until somebody
// deletes them.
//
// Which name is whose stands in a dict of the table itself, which is made with the first name. A dict is made
// as this process's, gets the name, and only then lasts: one that lost the race for its name, or whose maker
// was killed, ends with its maker. A name may be left of a dict that ended: then nobody has it.
//
// Thread safety: all of it, from any number of processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "table/handle.h"
#include "table/new_dict.h"

namespace pyport::table {

class Store;

struct Opened {
  Handle handle;
  bool is_new = false;
};

struct Named {
  std::string name;
  Handle handle;
};

// 1 to kDictName bytes, none of them a control character.
bool is_dict_name(std::string_view name);

class Names {
 public:
  // The dict that has the names, where there is one.
  static const Handle kHandle;

  explicit Names(Store& store) : store_(store) {}

  // The dict of that name. `wanted` says how it is made, when it is not there, as `fresh`; without it:
  // Errc::gone. Errc::bad_config when it is no name. Further errors as Table::create.
  Result<Opened> open(std::string_view name, const std::optional<NewDict>& wanted, const Handle& fresh);
  // False when there is none.
  Result<bool> remove(std::string_view name);
  // Those of dicts that are there, in the order in which they were made.
  Result<std::vector<Named>> all();

 private:
  struct Holder {
    Handle handle;
    std::uint64_t stamp = 0;  // 0: nobody has the name
    bool lives = false;
  };
  Result<Holder> holder_of(std::string_view name);
  bool lives(const Handle& handle);
  Status make_names();
  // False when another was faster.
  Result<bool> give(std::string_view name, const Handle& handle, std::uint64_t stamp_before);

  Store& store_;
};

}  // namespace pyport::table
