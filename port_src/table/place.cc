#include "table/place.h"

#include <sched.h>

#include <bit>

namespace pyport::table {

Place::Place(const Mapping& mapping, std::uint32_t slot) : slot_(slot), shared_(mapping.slot(slot)) {
  for (auto& bits : free_records_) bits.store(~std::uint64_t{0}, std::memory_order_relaxed);
}

std::size_t Place::first_lane_of_new_thread() {
  static std::atomic<std::size_t> threads{0};
  return threads.fetch_add(1, std::memory_order_relaxed) % kLanes;
}

std::size_t Place::search_lane(std::size_t first) {
  for (;;) {
    for (std::size_t i = 1; i <= kLanes; ++i) {
      const std::size_t lane = (first + i) % kLanes;
      if (try_lane(lane)) return lane;
    }
    sched_yield();
  }
}

std::optional<std::uint32_t> Place::take_record(RecordKind kind) {
  const std::size_t first = kind == RecordKind::pinned ? 0 : kPinRecords / 64;
  for (std::size_t i = first; i < free_records_.size(); ++i) {
    std::uint64_t bits = free_records_[i].load(std::memory_order_relaxed);
    while (bits != 0) {
      const std::uint64_t lowest = bits & (~bits + 1);
      if (free_records_[i].compare_exchange_weak(bits, bits & ~lowest, std::memory_order_acquire)) {
        return static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(lowest)));
      }
    }
  }
  return std::nullopt;
}

void Place::leave_record(std::uint32_t record) {
  free_records_[record / 64].fetch_or(std::uint64_t{1} << (record % 64), std::memory_order_release);
}

}  // namespace pyport::table
