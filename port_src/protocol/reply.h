// Replies: each function appends one whole frame, with its {packet, 4} length, to `out`.
//
// A reply that would be larger than `max_frame` is replaced by ERROR {frame_too_large, N, Max}, so that the
// waiting caller is always answered.
//
// Thread safety: pure functions over their arguments.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "protocol/frame.h"

namespace pyport::protocol {

struct Exception {
  std::string type;
  bool builtin = false;
  std::string message;
  std::vector<std::string> traceback;
};

struct HelloReply {
  std::string python;  // version, "3.13.5"; empty in role table
  std::uint64_t os_pid = 0;
  std::uint64_t interpreters = 0;
};

struct InterpreterReply {
  std::uint64_t id = 0;
  std::uint64_t jobs_done = 0;
  std::uint64_t jobs_waiting = 0;
  bool busy = false;
  std::uint64_t busy_us = 0;
  std::uint64_t namespaces = 0;
};

// INFO of role table.
struct TableInfoReply {
  std::uint64_t dicts = 0;
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::uint64_t used = 0;
  std::uint64_t free = 0;
  std::uint64_t pinned = 0;
  std::uint64_t repairs = 0;
  std::uint64_t processes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t max_bytes = 0;
  std::uint64_t os_pid = 0;
  std::uint64_t uptime_ms = 0;
};

// INFO of role python.
struct PythonInfoReply {
  std::uint64_t os_pid = 0;
  std::uint64_t uptime_ms = 0;
  std::uint64_t rss = 0;
  std::uint64_t calls = 0;
  std::uint64_t namespaces = 0;
  std::vector<InterpreterReply> interpreters;
};

struct StatReply {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::uint64_t pinned = 0;
  std::uint64_t created = 0;   // seconds since 1970
  std::uint64_t last_use = 0;  // the same; 0: it is not known
  std::uint64_t ttl_ms = 0;
  bool idle = false;
  std::uint64_t max_value_bytes = 0;
  std::string_view owner;  // an atom
  std::string_view name;
  std::optional<std::uint64_t> stamp;  // of the keys, if that was asked for
};

using HandleBits = std::array<std::uint8_t, 16>;

using KeyName = std::variant<std::int64_t, std::string>;

void append_ok(Bytes& out, RequestId id);
void append_missing(Bytes& out, RequestId id);
// PARTS: `transfer` gives so many bytes, part by part: a binary's, or those of a term with its version byte.
struct PartsReply {
  std::uint64_t transfer = 0;
  std::uint64_t size = 0;
  bool term = false;
  std::optional<std::uint64_t> stamp;  // of the value, if that was asked for
};
void append_parts(Bytes& out, RequestId id, const PartsReply& parts);
// GONE for Errc::gone, ERROR for all others.
void append_error(Bytes& out, RequestId id, const Error& error, std::size_t max_frame);
void append_exception(Bytes& out, RequestId id, const Exception& exception, std::size_t max_frame);
void append_hello(Bytes& out, RequestId id, const HelloReply& hello, std::size_t max_frame);
void append_info(Bytes& out, RequestId id, const TableInfoReply& info, std::size_t max_frame);
void append_info(Bytes& out, RequestId id, const PythonInfoReply& info, std::size_t max_frame);
void append_stat(Bytes& out, RequestId id, const StatReply& stat, std::size_t max_frame);
void append_handles(Bytes& out, RequestId id, std::span<const HandleBits> handles, std::size_t max_frame);
// {Handle, 1 where it is new, else 0}
void append_opened(Bytes& out, RequestId id, const HandleBits& handle, bool is_new, std::size_t max_frame);
void append_names(Bytes& out, RequestId id, std::span<const std::pair<std::string, HandleBits>> names,
                  std::size_t max_frame);
// `{Stamp, Keys}` when there is a stamp.
void append_keys(Bytes& out, RequestId id, std::span<const KeyName> keys, std::size_t max_frame,
                 std::optional<std::uint64_t> stamp = std::nullopt);

// The part of `max_frame` that is left for the term of a VALUE frame.
constexpr std::size_t most_value_bytes(std::size_t max_frame) { return max_frame - kHeaderSize - 1; }

// VALUE with the term that `fill(Bytes& out) -> Status` appends (no version byte). When `fill` fails its
// error is returned, and `out` is as it was; a frame_too_large is given the numbers of the whole frame.
template <class Fill>
Status append_value(Bytes& out, RequestId id, std::size_t max_frame, Fill&& fill) {
  FrameBuilder frame(out, Op::value, id);
  frame.body();
  if (Status good = fill(out); !good) {
    frame.drop();
    Error error = std::move(good).error();
    if (error.code == Errc::frame_too_large) {
      error.max = max_frame;
      error.n = std::max<std::uint64_t>(error.n + kHeaderSize + 1, max_frame + 1);
    }
    return error;
  }
  return frame.finish(max_frame);
}

// The EXCEPTION body, which CAST_FAILED carries too.
void append_exception_term(etf::Writer writer, const Exception& exception);

}  // namespace pyport::protocol
