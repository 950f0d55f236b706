#include "python/attachments.h"

#include <pthread.h>
#include <sys/stat.h>

#include <utility>

namespace pyport::python {

std::optional<FileId> file_id(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  return FileId{found.st_dev, found.st_ino};
}

Attachments& Attachments::instance() {
  static Attachments* const list = new Attachments;
  return *list;
}

Attachments::Attachments() { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); }

std::shared_ptr<Attachment> Attachments::found(const FileId& id) {
  for (const Entry& entry : entries_) {
    // An attachment keeps its file's number from being given to another file.
    if (entry.id == id) {
      if (auto attachment = entry.attachment.lock()) return attachment;
    }
  }
  return nullptr;
}

std::shared_ptr<Attachment> Attachments::find(const FileId& id) {
  std::shared_ptr<Attachment> attachment, before;  // let go of without the lock
  MutexLock lock(mutex_);
  attachment = found(id);
  if (attachment) before = std::exchange(latest_, attachment);
  return attachment;
}

std::shared_ptr<Attachment> Attachments::add(const FileId& id, std::shared_ptr<Attachment> made) {
  std::shared_ptr<Attachment> there, before;
  MutexLock lock(mutex_);
  there = found(id);
  if (!there) {
    std::erase_if(entries_, [](const Entry& entry) { return entry.attachment.expired(); });
    entries_.push_back({id, made});
    there = std::move(made);
  }
  before = std::exchange(latest_, there);
  return there;
}

std::shared_ptr<Attachment> Attachments::only(std::size_t& count) {
  std::vector<std::shared_ptr<Attachment>> all;  // let go of without the lock
  {
    MutexLock lock(mutex_);
    for (const Entry& entry : entries_)
      if (auto attachment = entry.attachment.lock()) all.push_back(std::move(attachment));
  }
  count = all.size();
  return count == 1 ? all.front() : nullptr;
}

void Attachments::forget_latest() {
  std::shared_ptr<Attachment> before;
  MutexLock lock(mutex_);
  before = std::exchange(latest_, nullptr);
}

void Attachments::before_fork() { instance().mutex_.lock(); }

void Attachments::after_fork_in_parent() { instance().mutex_.unlock(); }

void Attachments::after_fork_in_child() {
  Attachments& list = instance();
  Attachment::forks_.fetch_add(1, std::memory_order_relaxed);
  for (const Entry& entry : list.entries_) {
    if (const auto attachment = entry.attachment.lock()) attachment->place_ = Attachment::Place::parents;
  }
  list.mutex_.unlock();
}

}  // namespace pyport::python
