// Asks a role through a dispatcher, in tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "frames.h"
#include "server/dispatcher.h"

namespace pyport::test {

inline constexpr std::size_t kAskerMax = 1 << 16;

// Request ids are 5.
class Asker {
 public:
  explicit Asker(server::Role& role) : dispatcher_(role, kAskerMax) {}

  Bytes raw(protocol::Op op, const Bytes& body = {}, std::uint16_t flags = 0) {
    Bytes out;
    dispatcher_.handle({1, op, flags, 5}, body, out);
    return out;
  }

  Frame ask(protocol::Op op, const Bytes& body = {}) {
    Frame frame = only_frame(raw(op, body));
    EXPECT_EQ(frame.header.id, 5u);
    return frame;
  }

  protocol::Op op_of(protocol::Op op, const Fill& fill) { return ask(op, body(fill)).header.op; }

  // The error term of an answer.
  Bytes error_of(protocol::Op op, const Bytes& body) {
    const Frame frame = ask(op, body);
    EXPECT_EQ(frame.header.op, protocol::Op::error);
    return frame.body;
  }

  server::Dispatcher& dispatcher() { return dispatcher_; }

 private:
  server::Dispatcher dispatcher_;
};

inline Bytes unknown_op(protocol::Op op) {
  return body([=](etf::Writer w) { w.tuple(2).atom("unknown_op").integer(static_cast<int>(op)); });
}

}  // namespace pyport::test
