// A thread that erases keys which have expired, so that their memory comes back, and whoever watches is told,
// within kLook. It sleeps where nothing expires.
//
// Thread safety: start once.
#pragma once

#include <chrono>

#include "base/result.h"
#include "table/table.h"

namespace pyport::server {

class Expirer {
 public:
  static constexpr std::chrono::milliseconds kLook{20};

  // `table` outlives the process.
  explicit Expirer(table::Table& table) : table_(table) {}

  // Starts the thread, which never ends. REQUIRES: *this is never destroyed afterwards.
  Status start();

 private:
  [[noreturn]] void run();

  table::Table& table_;
};

}  // namespace pyport::server
