#include "protocol/hello.h"

#include <array>
#include <string_view>

#include "base/version.h"
#include "etf/reader.h"

namespace pyport::protocol {
namespace {

using etf::Reader;

bool number(Reader& reader, std::uint64_t least, std::uint64_t most, std::uint64_t& value) {
  return reader.uint64(value) && value >= least && value <= most;
}

// Text that C code will take as a path: no NUL inside.
bool path(Reader& reader, std::string& value) {
  std::string_view text;
  if (!reader.text(text) || text.find('\0') != std::string_view::npos) return false;
  value = text;
  return true;
}

bool read_protocol(Reader& reader, Hello&) { return reader.skip(); }  // checked by check_protocol

bool read_interpreters(Reader& reader, Hello& hello) {
  return number(reader, 1, kMostInterpreters, hello.interpreters);
}

bool read_python(Reader& reader, Hello& hello) { return path(reader, hello.python); }

bool read_python_path(Reader& reader, Hello& hello) {
  return reader.list([&](Reader& element) {
    std::string folder;
    if (!path(element, folder)) return false;
    hello.python_path.push_back(std::move(folder));
    return true;
  });
}

bool read_max_frame(Reader& reader, Hello& hello) {
  return number(reader, kLeastMaxFrame, kMostMaxFrame, hello.max_frame);
}

bool read_max_queue(Reader& reader, Hello& hello) { return number(reader, 1, UINT32_MAX, hello.max_queue); }

bool read_none(Reader& reader, Hello& hello) {
  if (reader.atom_is("none")) return hello.none = NoneAtom::none, true;
  if (reader.atom_is("nil")) return hello.none = NoneAtom::nil, true;
  if (reader.atom_is("undefined")) return hello.none = NoneAtom::undefined, true;
  return false;
}

bool read_log_credit(Reader& reader, Hello& hello) { return number(reader, 0, UINT32_MAX, hello.log_credit); }

bool read_node(Reader& reader, Hello& hello) { return reader.atom(hello.node); }

struct Key {
  std::string_view name;
  bool (*read)(Reader&, Hello&);
  std::string_view expected;  // completes "name: not ..."
};

constexpr std::array<Key, 9> kKeys = {{
    {"protocol", read_protocol, "an integer"},
    {"interpreters", read_interpreters, "an integer from 1 to 64"},
    {"python", read_python, "a UTF-8 binary"},
    {"python_path", read_python_path, "a list of UTF-8 binaries"},
    {"max_frame", read_max_frame, "an integer from 1024 to 1073741824"},
    {"max_queue", read_max_queue, "an integer from 1 to 4294967295"},
    {"none", read_none, "one of the atoms none, nil, undefined"},
    {"log_credit", read_log_credit, "an integer from 0 to 4294967295"},
    {"node", read_node, "an atom"},
}};

Error bad_config(std::string_view name, std::string_view why) {
  return make_error(Errc::bad_config, std::string(name).append(": ").append(why));
}

Error mismatch(std::uint64_t theirs) {
  Error error = make_error(Errc::protocol_mismatch);
  error.n = theirs;
  error.max = kProtocolVersion;
  return error;
}

// The protocol is looked at before the rest: another version may have other keys.
Status check_protocol(Reader reader, std::size_t pairs) {
  for (std::size_t i = 0; i < pairs; ++i) {
    if (!reader.atom_is("protocol")) {
      reader.skip();
      reader.skip();
      continue;
    }
    std::uint64_t version = 0;
    if (!reader.uint64(version)) return bad_config("protocol", "not an integer");
    if (version != kProtocolVersion) return mismatch(version);
    return ok_status();
  }
  return bad_config("protocol", "missing");
}

Status read_pair(Reader& reader, Hello& hello, std::array<bool, kKeys.size()>& seen) {
  std::string name;
  if (!reader.atom(name)) return make_error(Errc::bad_config, "a key is not an atom");
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (kKeys[i].name != name) continue;
    if (seen[i]) return bad_config(name, "given twice");
    seen[i] = true;
    if (!kKeys[i].read(reader, hello)) return bad_config(name, "not " + std::string(kKeys[i].expected));
    return ok_status();
  }
  return bad_config(name, "unknown key");
}

}  // namespace

Result<Hello> decode_hello(ByteSpan body) {
  Reader reader(body);
  std::size_t pairs = 0;
  if (!reader.map(pairs)) return make_error(Errc::bad_config, "body is not a map");
  if (Status good = check_protocol(reader, pairs); !good) return good.error();
  Hello hello;
  std::array<bool, kKeys.size()> seen{};
  for (std::size_t i = 0; i < pairs; ++i) {
    if (Status good = read_pair(reader, hello, seen); !good) return good.error();
  }
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (!seen[i]) return bad_config(kKeys[i].name, "missing");
  }
  return hello;
}

}  // namespace pyport::protocol
