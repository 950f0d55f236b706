#include "table/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace pyport::table {
namespace {

std::string system_error(int error) { return std::generic_category().message(error); }

Error refused(const std::string& path, const std::string& why) {
  return make_error(Errc::bad_config, "table " + path + ": " + why);
}

std::string unfinished(const std::string& path) { return path + ".new"; }

Result<int> open_new(const std::string& path) {
  if (path.empty()) {
    const int fd = memfd_create("pyport", MFD_CLOEXEC);
    if (fd < 0) return refused("in memory", system_error(errno));
    return fd;
  }
  const std::string name = unfinished(path);
  unlink(name.c_str());  // of a process that was killed here
  const int fd = open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return refused(path, system_error(errno));
  return fd;
}

// fallocate and not ftruncate: a page without memory behind it would be SIGBUS when the disk is full.
bool allocate(int fd, std::uint64_t from, std::uint64_t size) {
  int result;
  do {
    result = fallocate(fd, 0, static_cast<off_t>(from), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

bool is_table(int fd, Superblock& copy) {
  struct stat found {};
  if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size < static_cast<off_t>(2 * kPageBytes))
    return false;
  std::uint64_t words[3] = {};
  if (pread(fd, words, sizeof words, 0) != static_cast<ssize_t>(sizeof words)) return false;
  copy.magic = words[0], copy.version = words[1], copy.max_table_bytes = words[2];
  return words[0] == kFileMagic;
}

}  // namespace

Result<std::unique_ptr<Mapping>> Mapping::create(const std::string& path, std::uint64_t max_table_bytes) {
  const Result<int> fd = open_new(path);
  if (!fd) return fd.error();
  if (!allocate(*fd, 0, 2 * kPageBytes)) {
    close(*fd);
    forget(path);
    return make_error(Errc::table_full, "shared memory");
  }
  Result<std::unique_ptr<Mapping>> mapping = map(*fd, max_table_bytes);
  if (!mapping) forget(path);
  return mapping;
}

void Mapping::forget(const std::string& path) {
  if (!path.empty()) unlink(unfinished(path).c_str());
}

Status Mapping::publish(const std::string& path) const {
  if (path.empty()) return ok_status();
  const std::string name = unfinished(path);
  const int result = link(name.c_str(), path.c_str());
  const int error = errno;
  unlink(name.c_str());
  if (result == 0) return ok_status();
  return error == EEXIST ? make_error(Errc::exists, "table " + path) : refused(path, system_error(error));
}

Result<std::unique_ptr<Mapping>> Mapping::attach(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return refused(path, system_error(errno));
  Superblock found{};
  std::string why;
  if (!is_table(fd, found)) {
    why = "not a table of pyport";
  } else if (found.version != kLayoutVersion) {
    why = "its layout is version " + std::to_string(found.version) + ", this program's " +
          std::to_string(kLayoutVersion);
  }
  if (!why.empty()) {
    close(fd);
    return refused(path, why);
  }
  return map(fd, found.max_table_bytes);
}

Result<std::unique_ptr<Mapping>> Mapping::map(int fd, std::uint64_t max_table_bytes) {
  constexpr std::uint64_t kMost = std::uint64_t{16} << 40;
  if (max_table_bytes < 64 * kPageBytes || max_table_bytes > kMost) {
    close(fd);
    return make_error(Errc::bad_config, "max_table_bytes: not from 256 KiB to 16 TiB");
  }
  const Geometry geometry(max_table_bytes);
  void* const base = mmap(nullptr, geometry.end, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base == MAP_FAILED) {
    const int error = errno;
    close(fd);
    return make_error(Errc::bad_config, "max_table_bytes: cannot be mapped: " + system_error(error));
  }
  return std::unique_ptr<Mapping>(new Mapping(fd, static_cast<std::uint8_t*>(base), geometry));
}

Mapping::~Mapping() {
  munmap(base_, geometry_.end);
  close(fd_);
}

bool Mapping::back(std::uint64_t from, std::uint64_t size) const {
  const std::uint64_t first = from / kPageBytes * kPageBytes;
  return allocate(fd_, first, round_up(from + size, kPageBytes) - first);
}

std::uint64_t Mapping::backed_bytes() const {
  struct stat found {};
  return fstat(fd_, &found) == 0 ? static_cast<std::uint64_t>(found.st_blocks) * 512 : 0;
}

std::uint32_t Mapping::pages_of_file() const {
  struct stat found {};
  if (fstat(fd_, &found) != 0 || found.st_size < 0) return 0;
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (size <= geometry_.data) return 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>((size - geometry_.data) / kPageBytes, geometry_.max_pages));
}

std::uint32_t Mapping::look_again(std::uint32_t known, std::uint64_t said) const {
  if (said < known || said > geometry_.max_pages) return known;
  if (said > pages_of_file()) return known;
  // Others may have seen still more meanwhile.
  while (known < said && !known_pages_.compare_exchange_weak(known, static_cast<std::uint32_t>(said),
                                                             std::memory_order_acq_rel)) {
  }
  return std::max(known, static_cast<std::uint32_t>(said));
}

bool Mapping::reaches(std::uint64_t end) const {
  struct stat found {};
  return fstat(fd_, &found) == 0 && static_cast<std::uint64_t>(found.st_size) >= end;
}

}  // namespace pyport::table
