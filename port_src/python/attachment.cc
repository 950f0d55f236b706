#include "python/attachment.h"

#include <sched.h>

#include <utility>

#include "python/attachments.h"
#include "python/gil.h"

namespace pyport::python {
namespace {

// Whoever lets go last may be attached: a Python object on its way out.
void unmap(Attachment* attachment) NO_THREAD_SAFETY_ANALYSIS {
  if (PyThreadState_GetUnchecked() == nullptr) {
    delete attachment;
    return;
  }
  const Detached scope;
  delete attachment;
}

}  // namespace

Attachment::Attachment(table::Table* table, std::unique_ptr<table::Table> owned, std::string path)
    : table_(table), owned_(std::move(owned)), path_(std::move(path)) {}

std::shared_ptr<Attachment> Attachment::make(table::Table* table, std::unique_ptr<table::Table> owned,
                                             std::string path) {
  (void)Attachments::instance();  // forks are counted from now on
  return {new Attachment(table, std::move(owned), std::move(path)), unmap};
}

Attachment::~Attachment() {
  // A child that never took a place must not give back its parent's: the mapping ends with the child.
  if (!ready()) (void)owned_.release();
}

Result<std::shared_ptr<Attachment>> Attachment::open(const std::string& path) {
  Attachments& list = Attachments::instance();
  for (;;) {
    const std::optional<FileId> id = file_id(path);
    if (auto found = id ? list.find(*id) : nullptr) return found;
    Result<std::unique_ptr<table::Table>> table = table::Table::attach(path);
    if (!table) return table.error();
    // Else the file was replaced meanwhile, and it is not known which of the two was mapped.
    if (!id || file_id(path) != id) continue;
    (*table)->sweep();  // processes that are gone have left their places behind
    table::Table* const mapped = table->get();
    return list.add(*id, make(mapped, std::move(*table), path));
  }
}

Result<std::shared_ptr<Attachment>> Attachment::create(const std::string& path, const table::Limits& limits) {
  Result<std::unique_ptr<table::Table>> table = table::Table::create(path, limits);
  if (!table) return table.error();
  table::Table* const mapped = table->get();
  const std::optional<FileId> id = file_id(path);
  auto made = make(mapped, std::move(*table), path);
  return id ? Attachments::instance().add(*id, std::move(made)) : made;
}

std::shared_ptr<Attachment> Attachment::of(table::Table& table, std::string path) {
  const std::optional<FileId> id = path.empty() ? std::nullopt : file_id(path);
  auto made = make(&table, nullptr, std::move(path));
  return id ? Attachments::instance().add(*id, std::move(made)) : made;
}

Status Attachment::take_place() {
  for (;;) {
    Place place = Place::parents;
    if (place_.compare_exchange_strong(place, Place::taking)) {
      Status taken = table_->after_fork();
      if (taken.ok()) table_->sweep();  // brothers that are gone have left their places behind
      place_ = taken.ok() ? Place::ours : Place::parents;
      return taken;
    }
    if (place == Place::ours) return ok_status();
    sched_yield();  // another thread of this child is at it
  }
}

}  // namespace pyport::python
