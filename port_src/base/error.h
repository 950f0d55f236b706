// The one list of expected failures, and the Error value that carries them.
//
// Every layer below `server` reports failures as Result<T> (base/result.h); no exception crosses a
// layer. docs/protocol.md has the table from Errc to what Erlang and Python see.
//
// Thread safety: values; no shared state.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pyport {

enum class Errc : std::uint8_t {
  bad_frame,          // header or body shape is not that of the operation; detail says what
  bad_etf,            // the body is not valid ETF; detail says why and at which byte
  unknown_op,         // operation number not in this protocol version
  protocol_mismatch,  // HELLO of another protocol version; n = theirs, max = ours
  frame_too_large,    // n bytes do not fit the frame cap max
  bad_config,         // a HELLO option is unusable; detail names the key and says why
  bad_key,            // dict key is no binary and no 64-bit integer
  bad_term,           // a value cannot be converted; path and detail say where and why
  gone,               // no dict of that handle: destroyed, or never here
  exists,             // a dict of that handle is there already
  table_full,         // a table limit is reached; detail names the limit
  corrupt,            // the dict's memory is damaged; detail says what; the dict is set aside
  busy,               // a living process holds the dict's lock and does not let go
  no_namespace,       // namespace id not known (dropped, or never made)
  overloaded,         // too many jobs wait for the interpreters
  cancelled,          // the request was cancelled before it was done
  shutting_down,      // the port program is on its way out
};

// One step of the way to a value inside a term: a 1-based position in a list or tuple, or a map key
// in printable form.
using PathStep = std::variant<std::int64_t, std::string>;
using Path = std::vector<PathStep>;

struct Error {
  Errc code;
  std::string detail;  // lower-case English or an identifier such as "duplicate_key"; never a value
  Path path{};         // bad_term only
  std::uint64_t n = 0;
  std::uint64_t max = 0;
};

inline Error make_error(Errc code, std::string detail = {}) { return Error{code, std::move(detail)}; }

}  // namespace pyport
