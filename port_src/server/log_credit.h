// How many LOG events may still be sent (docs/protocol.md, Events).
//
// A writer without credit waits up to `patience`, then its line is lost and counted. While lines are being
// lost nobody waits again, so a program that prints much is slowed down once, not at each line.
//
// Thread safety: all members from any thread. The lock is a leaf.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/mutex.h"

namespace pyport::server {

class LogCredit {
 public:
  explicit LogCredit(std::uint64_t credit, std::chrono::milliseconds patience = std::chrono::seconds(1))
      : patience_(patience), credit_(credit) {}

  // Takes credit for one event; may wait. False when the event is to be dropped.
  bool take() EXCLUDES(mutex_);

  void add(std::uint64_t credit) EXCLUDES(mutex_);

  // How many events were dropped since this was last asked.
  std::uint64_t take_lost() EXCLUDES(mutex_);

 private:
  const std::chrono::milliseconds patience_;
  Mutex mutex_;
  CondVar more_;
  std::uint64_t credit_ GUARDED_BY(mutex_);
  std::uint64_t lost_ GUARDED_BY(mutex_) = 0;
  bool dropping_ GUARDED_BY(mutex_) = false;  // someone waited in vain since credit last came
};

}  // namespace pyport::server
