// Cuts the byte stream of a {packet, 4} port into frames: a state machine, bytes in and frames out.
//
//   std::span<std::uint8_t> room = splitter.room();      // read some bytes into the front of it
//   splitter.filled(count);
//   while ((cut = splitter.next()).kind == Cut::Kind::frame) handle(cut.frame);
//
// A frame is a view into the splitter's buffer, never copied to be handed out:
//
//   buffer_: | handled | length frame | length frame | length fra...  |   free   |
//                      ^ begin_                                   end_ ^          ^ capacity_
//
// The length is checked against the cap before the buffer grows for it, so a peer cannot make the
// program allocate more than the cap.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"

namespace pyport::protocol {

struct Cut {
  enum class Kind : std::uint8_t {
    frame,      // `frame` is the next one, valid until room() is called
    need_more,  // the next frame is not all there
    too_large,  // its length is above the cap: the stream cannot be trusted any more
  };
  Kind kind = Kind::need_more;
  ByteSpan frame{};
  std::uint32_t length = 0;  // too_large only
};

class Splitter {
 public:
  // Frames of more than `cap` bytes (without the four length bytes) are refused.
  explicit Splitter(std::size_t cap);

  // Takes effect with the next call of next().
  void set_cap(std::size_t cap) { cap_ = cap; }

  // Free bytes to read into, never none. Frames handed out before are no longer valid.
  // REQUIRES: the last next() said need_more, or nothing was filled in yet. Throws std::bad_alloc.
  std::span<std::uint8_t> room();
  // REQUIRES: count <= size of the last room().
  void filled(std::size_t count) { end_ += count; }

  Cut next();

 private:
  std::size_t waiting() const { return end_ - begin_; }
  // Bytes that the frame at the front takes with its length, as far as that is known.
  std::size_t wanted() const;
  void move_to(std::size_t capacity);

  std::size_t cap_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::unique_ptr<std::uint8_t[]> buffer_;
};

}  // namespace pyport::protocol
