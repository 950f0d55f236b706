// What the table is measured against: a map on the heap, as one process could have it, and LMDB in shared
// memory.
//
// Thread safety: HeapTable's get and put: all of it. LmdbTable: one object belongs to one process.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#ifdef PYPORT_BENCH_LMDB
#include <lmdb.h>
#include <unistd.h>
#endif

namespace pyport::bench {

// Dicts of refcounted values; a mutex for the dicts and one in each. It is gone with its process, and nobody
// else sees it.
class HeapTable {
 public:
  using Value = std::shared_ptr<const std::string>;

  void create(std::uint64_t dict) { dicts_[dict] = std::make_unique<Dict>(); }
  Value get(std::uint64_t dict, std::string_view key) {
    Dict& there = find(dict);
    const std::lock_guard locked(there.mutex);
    const auto found = there.values.find(key);
    return found == there.values.end() ? nullptr : found->second;
  }
  void put(std::uint64_t dict, std::string_view key, std::string_view value) {
    Value made = std::make_shared<const std::string>(value);
    Dict& there = find(dict);
    const std::lock_guard locked(there.mutex);
    const auto found = there.values.find(key);
    if (found != there.values.end()) {
      found->second.swap(made);
    } else {
      there.values.emplace(std::string(key), std::move(made));
    }
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Dict {
    std::mutex mutex;
    std::unordered_map<std::string, Value, Hash, std::equal_to<>> values;
  };
  Dict& find(std::uint64_t dict) {
    const std::lock_guard locked(mutex_);
    return *dicts_.find(dict)->second;
  }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Dict>> dicts_;
};

#ifdef PYPORT_BENCH_LMDB
// One environment on /dev/shm, without any sync to a disk: as fast as LMDB can be. A transaction an
// operation, as a table whose writes are seen at once needs it. All dicts share the one writer that LMDB has.
class LmdbTable {
 public:
  LmdbTable() {
    std::string folder = "/dev/shm/pyport-bench-XXXXXX";
    must(mkdtemp(folder.data()) == nullptr ? 1 : 0);
    folder_ = folder;
    must(mdb_env_create(&env_));
    must(mdb_env_set_mapsize(env_, std::size_t{2} << 30));
    must(mdb_env_open(env_, folder_.c_str(), MDB_NOSYNC | MDB_WRITEMAP | MDB_NOMETASYNC, 0600));
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    must(mdb_dbi_open(txn, nullptr, 0, &dbi_));
    must(mdb_txn_commit(txn));
    must(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_));
    mdb_txn_reset(reader_);
  }
  ~LmdbTable() {
    mdb_txn_abort(reader_);
    mdb_env_close(env_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  LmdbTable(const LmdbTable&) = delete;
  LmdbTable& operator=(const LmdbTable&) = delete;

  void create(std::uint64_t) {}
  std::string get(std::uint64_t dict, std::string_view key) {
    const std::string name = name_of(dict, key);
    MDB_val at{name.size(), const_cast<char*>(name.data())};
    MDB_val value{};
    must(mdb_txn_renew(reader_));
    const int result = mdb_get(reader_, dbi_, &at, &value);
    std::string copy;
    if (result == 0) copy.assign(static_cast<const char*>(value.mv_data), value.mv_size);
    mdb_txn_reset(reader_);
    return copy;
  }
  void put(std::uint64_t dict, std::string_view key, std::string_view bytes) {
    const std::string name = name_of(dict, key);
    MDB_val at{name.size(), const_cast<char*>(name.data())};
    MDB_val value{bytes.size(), const_cast<char*>(bytes.data())};
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    must(mdb_put(txn, dbi_, &at, &value, 0));
    must(mdb_txn_commit(txn));
  }

 private:
  static void must(int result) {
    if (result == 0) return;
    std::fprintf(stderr, "LMDB: %s\n", mdb_strerror(result));
    std::abort();
  }
  static std::string name_of(std::uint64_t dict, std::string_view key) {
    std::string name(sizeof dict, '\0');
    std::memcpy(name.data(), &dict, sizeof dict);
    name += key;
    return name;
  }

  std::string folder_;
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  MDB_txn* reader_ = nullptr;
};
#endif

}  // namespace pyport::bench
