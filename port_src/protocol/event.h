// Events: frames that answer no request. Each function appends one whole frame to `out`; their id is 0.
//
// Thread safety: pure functions over their arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "protocol/reply.h"
#include "protocol/request.h"

namespace pyport::protocol {

struct LogEvent {
  std::string_view stream;  // "stdout", "stderr", "log"
  std::string_view level;   // an atom of Erlang's logger
  std::string_view logger;
  std::uint64_t interpreter = 0;
  std::string_view text;
};

// A logger's name or a text that does not fit is cut between two characters.
void append_log(Bytes& out, const LogEvent& event, std::size_t max_frame);

void append_destroyed(Bytes& out, std::span<const HandleBits> handles);

// What went wrong with a request that nobody waits for. `ns` is 0 when it was no job. Too large ones
// become {Ns, {frame_too_large, N, Max}}.
void append_cast_failed(Bytes& out, NamespaceId ns, const Error& error, std::size_t max_frame);
void append_cast_failed(Bytes& out, NamespaceId ns, const Exception& exception, std::size_t max_frame);

// One change of a dict. `what` is an atom; without a key it stands alone, else it is {What, Key, Version}.
struct ChangeEvent {
  std::string_view what;
  std::optional<KeyView> key;
  std::uint64_t version = 0;
};

// In order, in as many frames as it takes. A change that fits none is told as overflow.
void append_changes(Bytes& out, const HandleBits& handle, std::span<const ChangeEvent> changes,
                    std::size_t max_frame);

// The job of this request was told to stop and did not: the port program ends.
void append_stuck(Bytes& out, RequestId id);

}  // namespace pyport::protocol
