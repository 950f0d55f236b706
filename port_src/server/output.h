// Bytes that wait to be written to the node: replies are appended in place, frames of the worker
// threads are taken over whole, and one gather write sends all of it.
//
//   chunks_: | written ..|.. rest | chunk | chunk | open chunk, still appended to |
//                        ^ written_
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"

namespace pyport::server {

enum class Flush : std::uint8_t {
  done,     // nothing is left
  blocked,  // the pipe is full; the rest waits
  closed,   // nobody reads any more (EPIPE)
  failed,   // another error; errno tells
};

class Output {
 public:
  // Where whole frames may be appended, until the next call of add() or flush().
  Bytes& open_chunk();
  // Takes whole frames over without a copy.
  void add(Bytes frames);

  // Writes as much as goes without waiting. REQUIRES: `fd` is non-blocking.
  Flush flush(int fd);

  std::size_t pending() const;
  bool empty() const { return pending() == 0; }

 private:
  // Forgets `count` bytes at the front, which have been written.
  void consume(std::size_t count);
  void keep_for_reuse(Bytes&& chunk);

  std::deque<Bytes> chunks_;
  bool open_ = false;  // the last chunk may be appended to
  std::size_t written_ = 0;
  std::vector<Bytes> spares_;  // memory of earlier chunks, a few of usual size
};

}  // namespace pyport::server
