// HELLO: the handshake that every connection begins with. It says which role the port program has.
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
enum class Role : std::uint8_t { table, python };
// interpreter: own-GIL interpreters. process: the process's main interpreter, for packages that refuse
// others.
enum class Isolation : std::uint8_t { interpreter, process };

// Of a table that is made; one that is there has its own.
struct TableLimits {
  std::uint64_t max_table_bytes = 0;
  std::uint64_t max_dict_bytes = 0;
  std::uint64_t max_dict_keys = 0;
  std::uint64_t max_key_bytes = 0;
  std::uint64_t max_dicts = 0;
};

struct Hello {
  Role role = Role::python;
  std::string table;  // path of the table's file
  std::string node;
  std::uint64_t node_pid = 0;
  std::size_t max_frame = 0;
  NoneAtom none = NoneAtom::none;
  std::uint64_t log_credit = 0;

  // Role table.
  TableLimits limits{};

  // Role python.
  std::string pool;
  Isolation isolation = Isolation::interpreter;
  std::size_t interpreters = 0;
  std::string python;
  std::vector<std::string> python_path;
  std::size_t max_queue = 0;
  std::vector<std::string> preload;
  std::string on_restart;
  std::uint64_t max_memory = 0;
  std::vector<std::string> allow_import;
  std::string stderr_file;  // the key is `stderr`, which C has made a macro
};

// Decodes the map of HELLO. REQUIRES: `body` was accepted by etf::validate.
// Errc::protocol_mismatch before anything else; Errc::bad_config whose detail begins with the key
// ("interpreters: not an integer from 1 to 64", "node: missing", "limits.max_dicts: missing",
// "pool: no key of role table", "colour: unknown key").
Result<Hello> decode_hello(ByteSpan body);

}  // namespace pyport::protocol
