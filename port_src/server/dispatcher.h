// Takes requests apart, has them performed by the role, and answers those that fail.
//
// A request with the no_reply flag gets no reply; if it fails, a CAST_FAILED event tells (with namespace 0
// when it was no job). CANCEL and LOG_CREDIT are always like that.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "protocol/request.h"
#include "server/role.h"

namespace pyport::server {

class Dispatcher {
 public:
  // `role` must outlive the dispatcher.
  Dispatcher(Role& role, std::size_t max_frame) : role_(role), max_frame_(max_frame) {}

  // Appends to `out` the reply frame, or nothing. HELLO is refused here: it comes only once.
  void handle(const protocol::Header& header, ByteSpan body, Bytes& out);

 private:
  Status perform(const protocol::Request& request, Answer& answer);

  Role& role_;
  const std::size_t max_frame_;
};

}  // namespace pyport::server
