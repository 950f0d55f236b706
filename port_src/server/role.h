// What a port program does for the node: it serves the requests of one role (docs/protocol.md).
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/reply.h"
#include "protocol/request.h"

namespace pyport::server {

// CANCEL and LOG_CREDIT are never answered.
inline bool wants_reply(const protocol::Header& header) {
  return !header.no_reply() && header.op != protocol::Op::cancel && header.op != protocol::Op::log_credit;
}

// Where the answer to one request goes.
struct Answer {
  const protocol::Header& header;
  Bytes& out;
  std::size_t max_frame;

  bool wanted() const { return wants_reply(header); }

  Status ok() {
    if (wanted()) protocol::append_ok(out, header.id);
    return ok_status();
  }
  Status missing() {
    if (wanted()) protocol::append_missing(out, header.id);
    return ok_status();
  }
  // For requests that the role does not serve.
  Error unknown() const {
    Error error = make_error(Errc::unknown_op);
    error.n = static_cast<std::uint8_t>(header.op);
    return error;
  }
};

class Role {
 public:
  virtual ~Role() = default;
  // Appends the reply of a success, unless none is wanted or it comes later, and returns failures.
  virtual Status perform(const protocol::Request& request, Answer& answer) = 0;
};

}  // namespace pyport::server
