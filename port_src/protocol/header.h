// The eight bytes before a frame's body, and the numbers in them.
//
//  0        1        2               4                               8
//  +--------+--------+---------------+-------------------------------+---------
//  | version| op     | flags (u16)   | request id (u32)              | body ...
//  +--------+--------+---------------+-------------------------------+---------
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace pyport::protocol {

using RequestId = std::uint32_t;

inline constexpr std::size_t kHeaderSize = 8;
inline constexpr std::size_t kLengthSize = 4;  // of {packet, 4}; no part of the frame

enum class Op : std::uint8_t {
  // Requests.
  hello = 0x01,
  ping = 0x02,
  info = 0x03,
  create = 0x10,  // NEW
  destroy = 0x11,
  get = 0x12,
  set = 0x13,
  del = 0x14,
  keys = 0x15,
  stat = 0x16,
  dicts = 0x17,
  sweep = 0x18,
  get_many = 0x19,
  set_many = 0x1A,
  del_many = 0x1B,
  items = 0x1C,
  put_begin = 0x1D,
  put_part = 0x1E,
  put_end = 0x1F,
  call = 0x20,
  eval = 0x21,
  exec = 0x22,
  run = 0x23,
  cancel = 0x24,
  ns_new = 0x25,
  ns_drop = 0x26,
  log_credit = 0x27,
  get_part = 0x30,
  drop_transfer = 0x31,
  put_if = 0x32,
  take = 0x33,
  clear = 0x34,
  is_key = 0x35,
  del_if = 0x36,
  number = 0x37,
  transact = 0x38,
  open = 0x3B,
  names = 0x3C,
  remove_name = 0x3D,
  subscribe = 0x39,
  unsubscribe = 0x3A,
  changes_seen = 0x3E,
  // Replies.
  ok = 0x80,
  value = 0x81,
  missing = 0x82,
  error = 0x83,
  exception = 0x84,
  gone = 0x85,
  parts = 0x86,
  // Events.
  log = 0xC0,
  destroyed = 0xC1,
  cast_failed = 0xC2,
  stuck = 0xC3,
  changes = 0xC4,
};

// The operation's name in docs/protocol.md ("GET"), or "?" for a number that is none.
std::string_view op_name(Op op);

// Bits of Header::flags.
inline constexpr std::uint16_t kNoReply = 1;
inline constexpr std::uint16_t kAny = 2;
inline constexpr std::uint16_t kParts = 4;    // GET: a large value may come in parts
inline constexpr std::uint16_t kStamped = 8;  // what is read comes with its stamp
// What is to be converted of the values that the operation gives: those that give values.
inline constexpr int kConvertShift = 8;
inline constexpr std::uint16_t kConvertSet = 0x0100;
inline constexpr std::uint16_t kConvertDatetime = 0x0200;
inline constexpr std::uint16_t kConvertDecimal = 0x0400;
inline constexpr std::uint16_t kConvertUuid = 0x0800;
inline constexpr std::uint16_t kConvertNumpy = 0x1000;
inline constexpr std::uint16_t kConvertFlags =
    kConvertSet | kConvertDatetime | kConvertDecimal | kConvertUuid | kConvertNumpy;

// Those that the operation may have.
std::uint16_t allowed_flags(Op op);

struct Header {
  std::uint8_t version = 0;
  Op op{};  // may be a number that is no Op
  std::uint16_t flags = 0;
  RequestId id = 0;

  bool no_reply() const { return (flags & kNoReply) != 0; }
  bool any() const { return (flags & kAny) != 0; }
  bool parts() const { return (flags & kParts) != 0; }
  bool stamped() const { return (flags & kStamped) != 0; }
};

// Nothing when `frame` is shorter than a header. The numbers are not checked.
std::optional<Header> parse_header(ByteSpan frame);

// Appends a header of this protocol version.
void append_header(Bytes& out, Op op, RequestId id, std::uint16_t flags = 0);

}  // namespace pyport::protocol
