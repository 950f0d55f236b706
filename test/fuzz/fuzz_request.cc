// Any frame as a request. The first bytes are the operation and the flags, the rest is the body. What is
// decoded must lie in the frame; what is refused must be one of the errors that docs/protocol.md has for it.
#include <algorithm>
#include <string_view>
#include <type_traits>

#include "check.h"
#include "protocol/request.h"

namespace {

using pyport::ByteSpan;
using pyport::Errc;
namespace protocol = pyport::protocol;

struct Inside {
  ByteSpan frame;

  void check(ByteSpan part) const {
    CHECK(part.empty() ||
          (part.data() >= frame.data() && part.data() + part.size() <= frame.data() + frame.size()));
  }
  void check(std::string_view text) const { check(pyport::as_bytes(text)); }
  void check(const protocol::KeyView& key) const {
    if (const auto* bytes = std::get_if<ByteSpan>(&key)) check(*bytes);
  }
  void check_ns(protocol::NamespaceId ns) const { CHECK(ns >= 1 && ns <= protocol::kMostNamespace); }

  template <class Request>
  void operator()(const Request& request) const {
    if constexpr (requires { request.ns; }) check_ns(request.ns);
    if constexpr (requires { request.key; }) check(request.key);
    if constexpr (requires { request.value; }) check(request.value);
    if constexpr (requires { request.code; }) check(request.code);
    if constexpr (requires { request.vars; }) check(request.vars.term);
    if constexpr (requires { request.kwargs; }) {
      check(request.module);
      check(request.function);
      check(request.args);
      check(request.kwargs.term);
    }
    if constexpr (requires { request.changes; }) {
      for (const protocol::KeyStamp& read : request.read) check(read.key);
      for (const protocol::ChangedKey& change : request.changes) {
        check(change.key);
        if (change.value) check(*change.value);
      }
    }
    if constexpr (requires { request.argv; }) {
      check(request.file);
      for (const std::string_view argument : request.argv) check(argument);
    }
    if constexpr (requires { request.ids; }) {
      for (const protocol::NamespaceId ns : request.ids) check_ns(ns);
    }
  }

  void operator()(const protocol::Hello& hello) const {
    CHECK(!hello.table.empty() && hello.table.front() == '/');
    CHECK(hello.node_pid >= 1);
    CHECK(hello.max_frame >= protocol::kLeastMaxFrame && hello.max_frame <= protocol::kMostMaxFrame);
    if (hello.role == protocol::Role::table) {
      CHECK(hello.limits.max_dicts >= 1 && hello.limits.max_key_bytes <= 65535);
    } else {
      CHECK(hello.interpreters >= 1 && hello.interpreters <= protocol::kMostInterpreters);
    }
  }
};

bool is_refusal(const pyport::Error& error) {
  const bool is_text = error.code == Errc::bad_frame || error.code == Errc::bad_config;
  if (is_text) return !error.detail.empty();
  return error.code == Errc::bad_etf || error.code == Errc::bad_key || error.code == Errc::unknown_op ||
         error.code == Errc::protocol_mismatch;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteSpan body(data + 2, size - 2);
  const protocol::Header header{1, static_cast<protocol::Op>(data[0]), data[1], 1};
  const auto request = protocol::decode_request(header, body);
  if (request) {
    std::visit(Inside{body}, *request);
  } else {
    CHECK(is_refusal(request.error()));
  }
  return 0;
}
