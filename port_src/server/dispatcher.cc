#include "server/dispatcher.h"

#include <new>

#include "protocol/event.h"

namespace pyport::server {
namespace {

protocol::NamespaceId namespace_of(const protocol::Request& request) {
  return std::visit(
      [](const auto& what) -> protocol::NamespaceId {
        if constexpr (requires { what.ns; }) {
          return what.ns;
        } else {
          return 0;
        }
      },
      request);
}

}  // namespace

Status Dispatcher::perform(const protocol::Request& request, Answer& answer) {
  if (std::holds_alternative<protocol::Hello>(request)) {
    return make_error(Errc::bad_frame, "HELLO: only once");
  }
  return role_.perform(request, answer);
}

void Dispatcher::handle(const protocol::Header& header, ByteSpan body, Bytes& out) {
  const std::size_t start = out.size();
  Answer answer{header, out, max_frame_};
  protocol::NamespaceId ns = 0;
  Status status = ok_status();
  try {
    const Result<protocol::Request> request = protocol::decode_request(header, body);
    if (request) {
      ns = namespace_of(*request);
      status = perform(*request, answer);
    } else {
      status = request.error();
    }
  } catch (const std::bad_alloc&) {
    status = make_error(Errc::table_full, "memory");
  }
  if (status) return;
  out.resize(start);
  if (answer.wanted()) {
    protocol::append_error(out, header.id, status.error(), max_frame_);
  } else {
    protocol::append_cast_failed(out, ns, status.error(), max_frame_);
  }
}

}  // namespace pyport::server
