#include "python/job_queue.h"

#include <utility>

namespace pyport::python {

Status JobQueue::push(Job job) {
  {
    MutexLock lock(mutex_);
    if (closed_) return make_error(Errc::shutting_down);
    if (waiting_jobs_ >= max_waiting_) return make_error(Errc::overloaded);
    items_.emplace_back(QueuedJob{++last_serial_, std::move(job)});
    ++waiting_jobs_;
  }
  filled_.notify_one();
  return ok_status();
}

std::optional<QueueItem> JobQueue::take(bool wait) {
  MutexLock lock(mutex_);
  while (items_.empty()) {
    if (!wait) return std::nullopt;
    filled_.wait(mutex_);
  }
  QueueItem item = std::move(items_.front());
  items_.pop_front();
  if (const auto* queued = std::get_if<QueuedJob>(&item)) {
    --waiting_jobs_;
    running_ = {queued->serial, queued->job.id, queued->job.ns, queued->job.no_reply};
    running_cancelled_.store(false);
  }
  return item;
}

void JobQueue::finished() {
  MutexLock lock(mutex_);
  running_ = {};
}

std::optional<RequestId> JobQueue::running(Serial serial) const {
  MutexLock lock(mutex_);
  if (serial == 0 || running_.serial != serial) return std::nullopt;
  return running_.id;
}

Serial JobQueue::mark_running_cancelled() {
  running_cancelled_.store(true);
  return running_.serial;
}

JobQueue::Cancelled JobQueue::cancel(RequestId id) {
  Cancelled cancelled;
  MutexLock lock(mutex_);
  if (running_.serial != 0 && running_.id == id) {
    cancelled.running = mark_running_cancelled();
    return cancelled;
  }
  for (auto item = items_.begin(); item != items_.end(); ++item) {
    auto* queued = std::get_if<QueuedJob>(&*item);
    if (queued == nullptr || queued->job.id != id) continue;
    cancelled.waiting.push_back(std::move(queued->job));
    items_.erase(item);
    --waiting_jobs_;
    break;
  }
  return cancelled;
}

JobQueue::Cancelled JobQueue::drop(const std::unordered_set<NamespaceId>& ids,
                                   const std::vector<NamespaceId>& here) {
  Cancelled cancelled;
  {
    MutexLock lock(mutex_);
    if (running_.serial != 0 && !running_.no_reply && ids.contains(running_.ns)) {
      cancelled.running = mark_running_cancelled();
    }
    std::deque<QueueItem> kept;
    for (QueueItem& item : items_) {
      auto* queued = std::get_if<QueuedJob>(&item);
      if (queued != nullptr && !queued->job.no_reply && ids.contains(queued->job.ns)) {
        cancelled.waiting.push_back(std::move(queued->job));
        --waiting_jobs_;
      } else {
        kept.push_back(std::move(item));
      }
    }
    for (NamespaceId ns : here) kept.emplace_back(DropNamespace{ns});
    items_ = std::move(kept);
  }
  filled_.notify_one();
  return cancelled;
}

std::vector<Job> JobQueue::close() {
  std::vector<Job> waiting;
  MutexLock lock(mutex_);
  closed_ = true;
  for (QueueItem& item : items_) {
    if (auto* queued = std::get_if<QueuedJob>(&item)) waiting.push_back(std::move(queued->job));
  }
  items_.clear();
  waiting_jobs_ = 0;
  return waiting;
}

JobQueue::Load JobQueue::load() const {
  MutexLock lock(mutex_);
  const bool busy = running_.serial != 0;
  return {waiting_jobs_, busy, busy && running_cancelled_.load()};
}

}  // namespace pyport::python
