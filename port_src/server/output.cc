#include "server/output.h"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace pyport::server {
namespace {

constexpr std::size_t kMostParts = 64;
// A chunk is closed beyond this, so that many replies never grow, and copy, one block.
constexpr std::size_t kFullChunk = std::size_t{256} << 10;
// Memory that is kept for the next replies; larger and more of it is given back.
constexpr std::size_t kMostSpareBytes = std::size_t{2} << 20;
constexpr std::size_t kMostSpares = 4;

}  // namespace

Bytes& Output::open_chunk() {
  if (open_ && chunks_.back().size() < kFullChunk) return chunks_.back();
  if (spares_.empty()) {
    chunks_.emplace_back();
  } else {
    chunks_.push_back(std::move(spares_.back()));
    chunks_.back().clear();
    spares_.pop_back();
  }
  open_ = true;
  return chunks_.back();
}

void Output::add(Bytes frames) {
  chunks_.push_back(std::move(frames));
  open_ = false;
}

std::size_t Output::pending() const {
  std::size_t bytes = 0;
  for (const Bytes& chunk : chunks_) bytes += chunk.size();
  return bytes - written_;
}

Flush Output::flush(int fd) {
  while (!empty()) {
    std::array<iovec, kMostParts> parts;
    std::size_t count = 0;
    for (Bytes& chunk : chunks_) {
      if (count == parts.size()) break;
      const std::size_t skip = count == 0 ? written_ : 0;
      parts[count++] = {chunk.data() + skip, chunk.size() - skip};
    }
    const ssize_t sent = writev(fd, parts.data(), static_cast<int>(count));
    if (sent >= 0) {
      consume(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Flush::blocked;
    } else if (errno != EINTR) {
      return errno == EPIPE ? Flush::closed : Flush::failed;
    }
  }
  return Flush::done;
}

void Output::consume(std::size_t count) {
  written_ += count;
  while (!chunks_.empty() && written_ >= chunks_.front().size()) {
    written_ -= chunks_.front().size();
    keep_for_reuse(std::move(chunks_.front()));
    chunks_.pop_front();
  }
  if (chunks_.empty()) open_ = false;
}

void Output::keep_for_reuse(Bytes&& chunk) {
  if (spares_.size() < kMostSpares && chunk.capacity() <= kMostSpareBytes)
    spares_.push_back(std::move(chunk));
}

}  // namespace pyport::server
