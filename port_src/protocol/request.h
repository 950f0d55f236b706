// Requests: from a validated frame to one struct an operation.
//
// Nothing is copied: spans and views point into the frame and live as long as it. Terms that are Python's
// or the table's business stay ETF; the structs hold their byte ranges (no version byte).
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/header.h"
#include "protocol/hello.h"
#include "protocol/reply.h"

namespace pyport::protocol {

using KeyView = std::variant<std::int64_t, ByteSpan>;
using NamespaceId = std::uint64_t;

inline constexpr NamespaceId kMostNamespace = NamespaceId{1} << 60;

// A map whose keys are names: UTF-8 binaries or atoms.
struct NamedTerms {
  ByteSpan term;
  bool has_atoms = false;  // at least one key is an atom
};

struct Ping {};
struct Info {};
// How a dict is made: the numbers are 0 where it has no such limit.
struct DictOptions {
  std::uint64_t ttl_ms = 0;  // that its keys live
  bool idle = false;         // ... since they were used last
  std::uint64_t max_value_bytes = 0;
};
struct New {
  HandleBits handle{};
  DictOptions options;
};
struct Destroy {
  std::vector<HandleBits> handles;
};
struct Get {
  HandleBits handle{};
  KeyView key;
};
// How long a value lives, in milliseconds; 0: for ever; without one as its dict says.
using Ttl = std::optional<std::uint64_t>;

struct Set {
  HandleBits handle{};
  KeyView key;
  ByteSpan value;
  Ttl ttl_ms;
};
struct Del {
  HandleBits handle{};
  KeyView key;
};
struct Keys {
  HandleBits handle{};
};
struct Stat {
  HandleBits handle{};
};
struct GetMany {
  HandleBits handle{};
  std::vector<KeyView> keys;
};
struct KeyValue {
  KeyView key;
  ByteSpan value;
};
struct SetMany {
  HandleBits handle{};
  std::vector<KeyValue> pairs;
};
struct DelMany {
  HandleBits handle{};
  std::vector<KeyView> keys;
};
struct Items {
  HandleBits handle{};
};
using TransferId = std::uint64_t;

// What the bytes of a transfer stand for; the numbers are those of the wire.
enum class PutForm : std::uint8_t {
  text_or_bytes = 0,
  bytes = 1,  // not a str, even if it could be one
  term = 2,   // in the external format, with its version byte
};

struct PutBegin {
  std::uint64_t size = 0;
  PutForm form = PutForm::text_or_bytes;
  Ttl ttl_ms;
};
struct PutPart {
  TransferId transfer = 0;
  ByteSpan bytes;
};
struct PutEnd {
  TransferId transfer = 0;
  HandleBits handle{};
  KeyView key;
  std::optional<std::uint64_t> stamp;  // only if the key's is this one
};
struct GetPart {
  TransferId transfer = 0;
};
struct DropTransfer {
  TransferId transfer = 0;
};
using Stamp = std::uint64_t;

struct PutIf {
  HandleBits handle{};
  KeyView key;
  ByteSpan value;
  Stamp stamp = 0;
  Ttl ttl_ms;
};
struct Take {
  HandleBits handle{};
  KeyView key;
};
struct Clear {
  HandleBits handle{};
};
struct IsKey {
  HandleBits handle{};
  KeyView key;
};
struct DelIf {
  HandleBits handle{};
  KeyView key;
  Stamp stamp = 0;
};
// What is done with the number; the numbers are those of the wire.
enum class NumberOp : std::uint8_t {
  add = 0,
  sub = 1,
  bor = 2,
  bxor = 3,
  band = 4,
  swap = 5,
  compare_and_swap = 6
};

struct Number {
  HandleBits handle{};
  KeyView key;
  NumberOp operation = NumberOp::add;
  std::int64_t operand = 0;
  std::int64_t expected = 0;
};
// A dict by its name; `fresh` and what it is made with where it may be made.
struct Open {
  std::string_view name;
  bool create = false;
  HandleBits fresh{};
  DictOptions options;
};
struct NamesOfDicts {};
struct RemoveName {
  std::string_view name;
};
// A key and the stamp with which it was read.
struct KeyStamp {
  KeyView key;
  Stamp stamp = 0;
};
// A key that gets a value, or goes.
struct ChangedKey {
  KeyView key;
  std::optional<ByteSpan> value;
};
struct Transact {
  HandleBits handle{};
  std::vector<KeyStamp> read;
  std::vector<Stamp> all;  // of the whole dict
  std::vector<ChangedKey> changes;
};
struct Subscribe {
  HandleBits handle{};
};
struct Unsubscribe {
  HandleBits handle{};
};
struct ChangesSeen {
  HandleBits handle{};
};
struct Dicts {};
struct Sweep {};
struct Call {
  NamespaceId ns = 0;
  std::string_view module, function;
  ByteSpan args;  // a proper list
  NamedTerms kwargs;
};
struct Eval {
  NamespaceId ns = 0;
  std::string_view code;
  NamedTerms vars;
};
struct Exec {
  NamespaceId ns = 0;
  std::string_view code;
  NamedTerms vars;
};
struct Run {
  NamespaceId ns = 0;
  std::string_view file;
  std::vector<std::string_view> argv;
};
struct Cancel {
  RequestId id = 0;
};
struct NsNew {
  std::vector<NamespaceId> ids;
};
struct NsDrop {
  std::vector<NamespaceId> ids;
};
struct LogCredit {
  std::uint64_t count = 0;
};

using Request =
    std::variant<Ping, Info, New, Destroy, Get, Set, Del, Keys, Stat, GetMany, SetMany, DelMany, Items,
                 PutBegin, PutPart, PutEnd, GetPart, DropTransfer, PutIf, Take, Clear, IsKey, DelIf, Number,
                 Transact, Open, NamesOfDicts, RemoveName, Subscribe, Unsubscribe, ChangesSeen, Dicts, Sweep,
                 Call, Eval, Exec, Run, Cancel, NsNew, NsDrop, LogCredit, Hello>;

// Decodes the body of a request frame, after validating it as ETF.
// Errc::unknown_op (n is the number); Errc::bad_etf; Errc::bad_frame with the operation's name and the
// shape it wants ("GET: body is not {Handle, Key}"); Errc::bad_key; for HELLO see decode_hello.
Result<Request> decode_request(const Header& header, ByteSpan body);

}  // namespace pyport::protocol
