// Builds one outgoing frame, with its {packet, 4} length, at the end of a byte vector: the body is
// written in place, then the length is filled in.
//
//   out: | earlier frames ... | length | header | 131 | term ... |
//                             ^ start_
//
// Thread safety: one object belongs to one thread.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "etf/writer.h"
#include "protocol/header.h"

namespace pyport::protocol {

class FrameBuilder {
 public:
  // `out` must outlive the builder; nothing else may append to it before finish() or drop().
  FrameBuilder(Bytes& out, Op op, RequestId id) : out_(out), start_(out.size()) {
    append_u32(out, 0);
    append_header(out, op, id);
  }
  FrameBuilder(const FrameBuilder&) = delete;
  FrameBuilder& operator=(const FrameBuilder&) = delete;

  // Starts the body: exactly one term must follow.
  etf::Writer body() { return etf::Writer(out_).version(); }

  // Size of the frame so far, without its length bytes.
  std::size_t size() const { return out_.size() - start_ - kLengthSize; }

  // Ends the frame. Errc::frame_too_large (n, max) when it is larger than `max_frame`; it is dropped then.
  Status finish(std::size_t max_frame) {
    const std::size_t length = size();
    if (length > max_frame) {
      drop();
      return Error{Errc::frame_too_large, {}, {}, length, max_frame};
    }
    finish_small();
    return ok_status();
  }

  // Ends a frame that is known to be small enough for any cap.
  void finish_small() { store_u32(&out_[start_], static_cast<std::uint32_t>(size())); }

  // Takes the frame back: `out` is as it was.
  void drop() { out_.resize(start_); }

 private:
  Bytes& out_;
  std::size_t start_;
};

}  // namespace pyport::protocol
