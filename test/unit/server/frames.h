// Takes apart and builds frames in tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "etf/writer.h"
#include "protocol/header.h"

namespace pyport::test {

struct Frame {
  protocol::Header header;
  Bytes body;
};

// All frames of `stream`, which must end with the last one.
inline std::vector<Frame> frames_of(ByteSpan stream) {
  std::vector<Frame> frames;
  while (stream.size() >= 4) {
    const std::size_t length = load_u32(stream.data());
    if (stream.size() < 4 + length) break;
    const ByteSpan frame = stream.subspan(4, length);
    const auto header = protocol::parse_header(frame);
    if (!header) break;
    const ByteSpan body = frame.subspan(protocol::kHeaderSize);
    frames.push_back({*header, Bytes(body.begin(), body.end())});
    stream = stream.subspan(4 + length);
  }
  EXPECT_TRUE(stream.empty()) << "bytes that are no frame";
  return frames;
}

inline Frame only_frame(ByteSpan stream) {
  const std::vector<Frame> frames = frames_of(stream);
  EXPECT_EQ(frames.size(), 1u);
  return frames.empty() ? Frame{} : frames[0];
}

using Fill = std::function<void(etf::Writer)>;

// A body with its version byte.
inline Bytes body(const Fill& fill) {
  Bytes out;
  fill(etf::Writer(out).version());
  return out;
}

// A term without it.
inline Bytes term(const Fill& fill) {
  Bytes out;
  fill(etf::Writer(out));
  return out;
}

// A whole frame without its length.
inline Bytes request(protocol::Op op, protocol::RequestId id, const Bytes& body_bytes = {},
                     std::uint16_t flags = 0) {
  Bytes frame;
  protocol::append_header(frame, op, id, flags);
  append(frame, body_bytes);
  return frame;
}

inline Bytes with_length(const Bytes& frame) {
  Bytes bytes;
  append_u32(bytes, static_cast<std::uint32_t>(frame.size()));
  append(bytes, frame);
  return bytes;
}

}  // namespace pyport::test
