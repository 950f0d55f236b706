// HELLO: the handshake that every connection begins with.
//
// Thread safety: values and a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::protocol {

// A frame may not be larger than this before HELLO has said how large it may be.
inline constexpr std::size_t kMaxFrameBeforeHello = std::size_t{1} << 20;
// What HELLO may ask for. Above 1 GiB a {packet, 4} length stalls or aborts the Erlang VM.
inline constexpr std::size_t kLeastMaxFrame = 1024;
inline constexpr std::size_t kMostMaxFrame = std::size_t{1} << 30;
inline constexpr std::size_t kMostInterpreters = 64;

enum class NoneAtom : std::uint8_t { none, nil, undefined };

struct Hello {
  std::size_t interpreters = 0;
  std::string python;
  std::vector<std::string> python_path;
  std::size_t max_frame = 0;
  std::size_t max_queue = 0;
  NoneAtom none = NoneAtom::none;
  std::uint64_t log_credit = 0;
  std::string node;
};

// Decodes the map of HELLO. REQUIRES: `body` was accepted by etf::validate.
// Errc::protocol_mismatch before anything else; Errc::bad_config whose detail begins with the key
// ("interpreters: not an integer from 1 to 64", "node: missing", "colour: unknown key").
Result<Hello> decode_hello(ByteSpan body);

}  // namespace pyport::protocol
