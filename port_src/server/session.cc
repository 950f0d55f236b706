#include "server/session.h"

#include <unistd.h>

#include <utility>

#include "base/version.h"
#include "protocol/reply.h"
#include "protocol/request.h"

namespace pyport::server {
namespace {

using protocol::Header;
using protocol::Op;

Error mismatch(std::uint8_t theirs) {
  return Error{Errc::protocol_mismatch, {}, {}, theirs, kProtocolVersion};
}

}  // namespace

FrameHandler::Verdict Session::on_frame(ByteSpan frame, Bytes& out) {
  const std::optional<Header> header = protocol::parse_header(frame);
  if (!header) {
    protocol::append_error(out, 0, make_error(Errc::bad_frame, "shorter than a header"), max_frame_);
    return Verdict::go_on;
  }
  const ByteSpan body = frame.subspan(protocol::kHeaderSize);
  if (!dispatcher_) return greet(*header, body, out);
  if (header->version != kProtocolVersion) {
    protocol::append_error(out, header->id, mismatch(header->version), max_frame_);
  } else {
    dispatcher_->handle(*header, body, out);
  }
  return Verdict::go_on;
}

// Before HELLO. Only a HELLO that is refused ends the program; anything else is answered and forgotten.
FrameHandler::Verdict Session::greet(const Header& header, ByteSpan body, Bytes& out) {
  if (header.op != Op::hello) {
    protocol::append_error(out, header.id, make_error(Errc::bad_frame, "HELLO must be the first request"),
                           max_frame_);
    return Verdict::go_on;
  }
  if (Status good = start(header, body, out); !good) {
    protocol::append_error(out, header.id, good.error(), max_frame_);
    return Verdict::refuse;
  }
  return Verdict::go_on;
}

Status Session::start(const Header& header, ByteSpan body, Bytes& out) {
  if (header.version != kProtocolVersion) return mismatch(header.version);
  const Result<protocol::Request> request = protocol::decode_request(header, body);
  if (!request) return request.error();
  const auto& hello = std::get<protocol::Hello>(*request);
  Result<Started> started = start_(hello);
  if (!started) return std::move(started).error();
  max_frame_ = hello.max_frame;
  dispatcher_.emplace(started->role, hello.max_frame);
  const protocol::HelloReply reply{started->python_version, static_cast<std::uint64_t>(getpid()),
                                   started->interpreters};
  protocol::append_hello(out, header.id, reply, max_frame_);
  return ok_status();
}

}  // namespace pyport::server
