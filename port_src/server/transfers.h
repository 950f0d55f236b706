// Values that travel between Erlang and the table in parts, so that none has to fit a frame and small
// requests pass between the parts.
//
// A transfer whose caller has died is forgotten once nobody has asked for it for kIdle; what it held goes
// back to the table.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>

#include "table/table.h"
#include "value/large_value.h"

namespace pyport::server {

using TransferId = std::uint64_t;

class Transfers {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::duration kIdle = std::chrono::seconds(30);
  static constexpr std::size_t kMost = 64;

  // `table` must outlive it.
  explicit Transfers(table::Table& table) : table_(table) {}

  // All of them give Errc::cancelled for a transfer that is not known (any more), and Errc::overloaded when
  // there are kMost already. After another error the transfer is over.

  // `ttl`: nanoseconds that the value will live, as of table::NewBlob. Errc::table_full.
  Result<TransferId> begin_put(std::uint64_t size, value::LargeValue::Form form, Clock::time_point now,
                               std::optional<std::uint64_t> ttl = std::nullopt);
  // Errc::bad_frame when it is more than was announced.
  Status add(TransferId id, ByteSpan part, Clock::time_point now);
  // Stores the value; the transfer is over. Errc::bad_frame when it is less than was announced, and errors as
  // table::Table::put.
  Status end_put(TransferId id, const table::Handle& handle, const table::KeyView& key);
  // The same, when the key is as expected; false when it is not.
  Result<bool> end_put_if(TransferId id, const table::Handle& handle, const table::KeyView& key,
                          const table::Expect& expect);

  // `content` lies in `blob`, which it holds until all has been given.
  Result<TransferId> begin_get(table::Blob&& blob, ByteSpan content, Clock::time_point now);
  Result<TransferId> begin_get(Bytes content, Clock::time_point now);
  // At most `most` bytes, valid until the next call; empty at the end, where the transfer is over.
  Result<ByteSpan> next(TransferId id, std::size_t most, Clock::time_point now);

  // Ends a transfer, if it is known.
  void drop(TransferId id) { all_.erase(id); }
  void drop_idle(Clock::time_point now);

 private:
  struct Put {
    value::LargeValue value;
    std::optional<std::uint64_t> ttl;
  };
  struct Get {
    std::variant<table::Blob, Bytes> held;
    ByteSpan left;  // of it
  };
  struct Transfer {
    std::variant<Put, Get> what;
    Clock::time_point used;
  };

  // What was put together; the transfer is over.
  Result<table::NewBlob> finish(TransferId id);
  Status check_room(Clock::time_point now);
  TransferId keep(Transfer transfer);
  // Null when it is not known, or is of the other kind.
  template <class What>
  What* find(TransferId id, Clock::time_point now);

  table::Table& table_;
  TransferId last_ = 0;
  std::map<TransferId, Transfer> all_;
};

}  // namespace pyport::server
