// A table in a file of its own that goes with the test, and a second look at that file's bytes.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "table/mapping.h"
#include "table/table.h"

namespace pyport::table {

// A folder that goes with the object. In shared memory, where tables are.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/dev/shm/pyport-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class TemporaryTable {
 public:
  explicit TemporaryTable(const Limits& limits = {}) {
    Result<std::unique_ptr<Table>> table = Table::create(path(), limits);
    Result<std::unique_ptr<Mapping>> raw = Mapping::attach(path());
    if (!table.ok() || !raw.ok()) std::abort();
    table_ = *std::move(table);
    raw_ = *std::move(raw);
  }

  Table& table() const { return *table_; }
  // Another mapping of the same file.
  const Mapping& raw() const { return *raw_; }
  std::string path() const { return folder_.file("table"); }

 private:
  const TemporaryFolder folder_;
  std::unique_ptr<Table> table_;
  std::unique_ptr<Mapping> raw_;
};

}  // namespace pyport::table
