// The tables that this process has mapped: one Attachment a file, however often it is asked for.
//
// After fork() the child has the parent's mappings, but no place of its own in the tables: each Attachment is
// then not ready() until take_place(). A child that never uses a table (it may only be about to exec) so
// takes nothing from it.
//
// Thread safety: all of it, from any thread of any interpreter. What maps or unmaps takes locks of the table,
// so: never with a thread state attached; letting go of a std::shared_ptr<Attachment> is the one exception,
// it detaches by itself where it must.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "table/table.h"

namespace pyport::python {

class Attachment {
 public:
  // The table in this file, mapped now or before. Errors as table::Table::attach.
  static Result<std::shared_ptr<Attachment>> open(const std::string& path);
  // Makes the file. Errors as table::Table::create.
  static Result<std::shared_ptr<Attachment>> create(const std::string& path, const table::Limits& limits);
  // A table that the caller owns and that outlives the process; `path` is empty when it has no file.
  static std::shared_ptr<Attachment> of(table::Table& table, std::string path);

  // How many forks lie between the first process and this one. What was in hand at another number is the
  // parent's, and must be neither used nor let go of.
  static unsigned forks() { return forks_.load(std::memory_order_relaxed); }

  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  // REQUIRES: ready()
  table::Table& table() const { return *table_; }
  // Absolute; empty for a table without a file.
  const std::string& path() const { return path_; }

  bool ready() const { return place_.load(std::memory_order_acquire) == Place::ours; }
  // Gets this process, a forked child, its own place in the table. Errc::bad_config as Table::after_fork.
  Status take_place();

 private:
  friend class Attachments;
  enum class Place : std::uint8_t { ours, parents, taking };

  Attachment(table::Table* table, std::unique_ptr<table::Table> owned, std::string path);
  static std::shared_ptr<Attachment> make(table::Table* table, std::unique_ptr<table::Table> owned,
                                          std::string path);

  inline static std::atomic<unsigned> forks_{0};  // of this process's line; Attachments counts them

  table::Table* const table_;
  std::unique_ptr<table::Table> owned_;
  const std::string path_;
  std::atomic<Place> place_{Place::ours};
};

// What a Python object holds of a table: its share of the mapping, and whether its user has closed it. All
// that came from one erlang.Table shares one of these.
struct TableUse {
  explicit TableUse(std::shared_ptr<Attachment> given) : attachment(std::move(given)) {}

  const std::shared_ptr<Attachment> attachment;
  std::atomic<bool> closed{false};
};
using SharedUse = std::shared_ptr<TableUse>;

}  // namespace pyport::python
