// The list of this process's attachments by file, and what fork() does to them.
//
// Thread safety: all of it. Its lock is a leaf: nothing is mapped, unmapped or converted under it. It may be
// taken with a thread state attached (fork() does so), since who holds it never waits for a GIL.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "python/attachment.h"

namespace pyport::python {

// Which file it is, whatever its name.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

// Nothing when there is no such file.
std::optional<FileId> file_id(const std::string& path);

class Attachments {
 public:
  // Of this process; never destroyed, as threads may still use it while the process exits.
  static Attachments& instance();

  // Null when the file is not mapped. The latest to be found or added stays mapped until another is, so that
  // a process that gets one dict after the other does not map and unmap its table each time.
  std::shared_ptr<Attachment> find(const FileId& id);
  // Adds it; gives what is there already when another thread was faster.
  std::shared_ptr<Attachment> add(const FileId& id, std::shared_ptr<Attachment> made);
  // The only one; null, and how many there are, when that is not one.
  std::shared_ptr<Attachment> only(std::size_t& count);
  // At the end of the process: the latest is not kept any longer.
  void forget_latest();

 private:
  struct Entry {
    FileId id;
    std::weak_ptr<Attachment> attachment;
  };

  Attachments();
  std::shared_ptr<Attachment> found(const FileId& id) REQUIRES(mutex_);

  // The handlers of pthread_atfork: the list is whole at the moment of the fork, in the child too.
  static void before_fork() NO_THREAD_SAFETY_ANALYSIS;
  static void after_fork_in_parent() NO_THREAD_SAFETY_ANALYSIS;
  static void after_fork_in_child() NO_THREAD_SAFETY_ANALYSIS;

  Mutex mutex_;
  std::vector<Entry> entries_ GUARDED_BY(mutex_);
  std::shared_ptr<Attachment> latest_ GUARDED_BY(mutex_);
};

}  // namespace pyport::python
