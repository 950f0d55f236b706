// The table's file, mapped whole: address space for all that it may become, memory behind what it is.
//
// Thread safety: constant after construction, but for back(), which callers serialise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "table/layout.h"

namespace pyport::table {

class Mapping {
 public:
  // A new file of mode 0600, all zero, that has no name until publish(); `path` empty: anonymous memory for
  // ever.
  static Result<std::unique_ptr<Mapping>> create(const std::string& path, std::uint64_t max_table_bytes);
  // An existing file. `max_table_bytes` is what its superblock says.
  static Result<std::unique_ptr<Mapping>> attach(const std::string& path);

  // Gives the new file its name, now that it is whole. Errc::exists, Errc::bad_config.
  Status publish(const std::string& path) const;
  // Removes a file that will not be published.
  static void forget(const std::string& path);

  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  // Puts memory behind [from, from + size); what is there already stays. False when the file system has no
  // room.
  bool back(std::uint64_t from, std::uint64_t size) const;
  // How much memory is behind the file, in bytes.
  std::uint64_t backed_bytes() const;
  // Whether the file reaches to `end`.
  bool reaches(std::uint64_t end) const;

  // Pages of data with memory behind them. What the superblock says is believed only as far as the file
  // reaches.
  std::uint32_t pages() const {
    const std::uint32_t known = known_pages_.load(std::memory_order_acquire);
    const std::uint64_t said = superblock().pages.load(std::memory_order_acquire);
    return said == known ? known : look_again(known, said);
  }
  // All pages of data that the file has, whatever the superblock says.
  std::uint32_t pages_of_file() const;
  Offset data_end() const { return geometry_.data + std::uint64_t{pages()} * kPageBytes; }

  std::uint8_t* base() const { return base_; }
  const Geometry& geometry() const { return geometry_; }

  template <class T>
  T& at(Offset offset) const {
    return *reinterpret_cast<T*>(base_ + offset);
  }
  template <class T>
  Offset offset_of(const T& object) const {
    return static_cast<Offset>(reinterpret_cast<const std::uint8_t*>(&object) - base_);
  }

  Superblock& superblock() const { return at<Superblock>(0); }
  // REQUIRES: slot < kSlots; for slot(): it was taken once.
  ProcessEntry& process(std::uint32_t slot) const {
    return at<ProcessEntry>(geometry_.processes + slot * sizeof(ProcessEntry));
  }
  Slot& slot(std::uint32_t slot) const { return at<Slot>(geometry_.slots + slot * sizeof(Slot)); }

 private:
  Mapping(int fd, std::uint8_t* base, const Geometry& geometry)
      : fd_(fd), base_(base), geometry_(geometry), known_pages_(pages_of_file()) {}
  std::uint32_t look_again(std::uint32_t known, std::uint64_t said) const;
  static Result<std::unique_ptr<Mapping>> map(int fd, std::uint64_t max_table_bytes);

  const int fd_;
  std::uint8_t* const base_;
  const Geometry geometry_;
  mutable std::atomic<std::uint32_t> known_pages_;
};

}  // namespace pyport::table
