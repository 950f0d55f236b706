#include "protocol/hello.h"

#include <string_view>

#include "base/version.h"
#include "etf/reader.h"
#include "protocol/hello_keys.h"
#include "protocol/map_keys.h"

namespace pyport::protocol {
namespace {

using etf::Reader;

Error bad_config(std::string_view name, std::string_view why) {
  return make_error(Errc::bad_config, std::string(name).append(": ").append(why));
}

Error mismatch(std::uint64_t theirs) {
  Error error = make_error(Errc::protocol_mismatch);
  error.n = theirs;
  error.max = kProtocolVersion;
  return error;
}

// Moves the reader to the value of the atom `name`. False when it is no key of the map's `pairs`.
bool find(Reader& reader, std::size_t pairs, std::string_view name) {
  for (std::size_t i = 0; i < pairs; ++i) {
    if (reader.atom_is(name)) return true;
    reader.skip();
    reader.skip();
  }
  return false;
}

// The protocol is looked at before the rest: another version may have other keys.
Status check_protocol(Reader reader, std::size_t pairs) {
  if (!find(reader, pairs, "protocol")) return bad_config("protocol", "missing");
  std::uint64_t version = 0;
  if (!reader.uint64(version)) return bad_config("protocol", "not an integer");
  if (version != kProtocolVersion) return mismatch(version);
  return ok_status();
}

// Then the role, which says what keys there are.
Result<std::uint8_t> role_bit(Reader reader, std::size_t pairs) {
  if (!find(reader, pairs, "role")) return bad_config("role", "missing");
  Role role{};
  if (!read_role(reader, role)) return bad_config("role", "not one of the atoms table, python");
  return role == Role::table ? kOfTable : kOfPython;
}

bool read_value(const HelloKey& key, std::uint8_t role, Reader& reader, Hello& hello, KeyFailure& failure) {
  if ((key.roles & role) == 0) {
    failure.reason = role == kOfTable ? "no key of role table" : "no key of role python";
    return false;
  }
  failure.reason = std::string("not ").append(key.expected);
  return key.read(reader, hello, failure);
}

Status check_whole(const Hello& hello) {
  if (hello.role == Role::python && hello.isolation == Isolation::process && hello.interpreters != 1) {
    return bad_config("interpreters", "not 1, as isolation process wants");
  }
  return ok_status();
}

}  // namespace

Result<Hello> decode_hello(ByteSpan body) {
  Reader reader(body);
  std::size_t pairs = 0;
  if (!reader.map(pairs)) return make_error(Errc::bad_config, "body is not a map");
  if (Status good = check_protocol(reader, pairs); !good) return good.error();
  const Result<std::uint8_t> role = role_bit(reader, pairs);
  if (!role) return role.error();

  Hello hello;
  MapKeys<HelloKey> keys(hello_keys(), "");
  const bool good = keys.read(reader, pairs, [&](const HelloKey& key, KeyFailure& failure) {
    return read_value(key, *role, reader, hello, failure);
  });
  if (!good || keys.missing([&](const HelloKey& key) { return (key.roles & *role) != 0; }) != nullptr) {
    return make_error(Errc::bad_config, keys.failure().text());
  }
  if (Status whole = check_whole(hello); !whole) return whole.error();
  return hello;
}

}  // namespace pyport::protocol
