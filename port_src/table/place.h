// This process's place in the table: its slot in the file, and the lanes in which its operations run.
//
// An operation takes a lane, alone; what it has in its hand at any moment stands in the lane's Hand, so that
// a survivor can give it back. Which lanes are taken is this process's own affair and lies in its own memory.
//
// Thread safety: all of it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "table/layout.h"
#include "table/mapping.h"

namespace pyport::table {

class Place {
 public:
  static constexpr std::size_t kPinRecords = 128;

  // `slot` is taken by this process.
  Place(const Mapping& mapping, std::uint32_t slot);
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::uint32_t slot_number() const { return slot_; }
  Slot& slot() const { return shared_; }

  // A lane of this process; waits until one is free.
  std::size_t take_lane() {
    // Threads begin their search at different lanes.
    thread_local constinit std::size_t first = kLanes;
    if (first == kLanes) first = first_lane_of_new_thread();
    return try_lane(first) ? first : search_lane(first);
  }
  void leave_lane(std::size_t lane) { busy_[lane].taken.store(false, std::memory_order_release); }

  // A free record; nothing when all are taken. kPinRecords are left to pins, however many values are being
  // prepared: these can do without a record, a held cell cannot.
  std::optional<std::uint32_t> take_record(RecordKind kind = RecordKind::pinned);
  void leave_record(std::uint32_t record);

 private:
  bool try_lane(std::size_t lane) { return !busy_[lane].taken.exchange(true, std::memory_order_acquire); }
  static std::size_t first_lane_of_new_thread();
  std::size_t search_lane(std::size_t first);

  struct alignas(64) Busy {
    std::atomic<bool> taken{false};
  };

  const std::uint32_t slot_;
  Slot& shared_;
  std::array<Busy, kLanes> busy_;
  std::array<std::atomic<std::uint64_t>, kRecords / 64> free_records_;  // a bit each
};

}  // namespace pyport::table
