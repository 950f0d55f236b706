#include "server/outbox.h"

#include <iterator>

namespace pyport::server {
namespace {

// Small frames are put together, so that the gather write has few parts.
constexpr std::size_t kSmall = std::size_t{4} << 10;
constexpr std::size_t kFullChunk = std::size_t{64} << 10;

bool can_join(const std::vector<Bytes>& chunks, const Bytes& frames) {
  return !chunks.empty() && frames.size() <= kSmall && chunks.back().size() <= kFullChunk;
}

}  // namespace

void Outbox::push(Bytes frames) { add(std::move(frames), std::nullopt); }

void Outbox::push_last(Bytes frames, int exit_status) { add(std::move(frames), exit_status); }

void Outbox::add(Bytes frames, std::optional<int> exit_status) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    if (exit_status_) return;
    exit_status_ = exit_status;
    if (can_join(chunks_, frames)) {
      append(chunks_.back(), frames);
    } else {
      chunks_.push_back(std::move(frames));
    }
    first = !waiting_.load(std::memory_order_relaxed);
    waiting_.store(true, std::memory_order_release);
  }
  if (first && wake_) wake_();
}

std::optional<int> Outbox::take(std::vector<Bytes>& chunks) {
  MutexLock lock(mutex_);
  waiting_.store(false, std::memory_order_relaxed);
  std::move(chunks_.begin(), chunks_.end(), std::back_inserter(chunks));
  chunks_.clear();
  return exit_status_;
}

}  // namespace pyport::server
