#include "protocol/hello_keys.h"

#include <array>
#include <string>

namespace pyport::protocol {
namespace {

using etf::Reader;

bool number(Reader& reader, std::uint64_t least, std::uint64_t most, std::uint64_t& value) {
  return reader.uint64(value) && value >= least && value <= most;
}

// Text that C code will take whole: no NUL inside.
bool text(Reader& reader, std::string& value) {
  std::string_view read;
  if (!reader.text(read) || read.find('\0') != std::string_view::npos) return false;
  value = read;
  return true;
}

bool some_text(Reader& reader, std::string& value) { return text(reader, value) && !value.empty(); }

bool texts(Reader& reader, std::vector<std::string>& values) {
  return reader.list([&](Reader& element) {
    std::string value;
    if (!text(element, value)) return false;
    values.push_back(std::move(value));
    return true;
  });
}

bool read_protocol(Reader& reader, Hello&, KeyFailure&) { return reader.skip(); }  // checked before

bool read_role_key(Reader& reader, Hello& hello, KeyFailure&) { return read_role(reader, hello.role); }

bool read_table(Reader& reader, Hello& hello, KeyFailure&) {
  return some_text(reader, hello.table) && hello.table.front() == '/';
}

bool read_node(Reader& reader, Hello& hello, KeyFailure&) { return reader.atom(hello.node); }

bool read_node_pid(Reader& reader, Hello& hello, KeyFailure&) {
  return number(reader, 1, INT32_MAX, hello.node_pid);
}

bool read_max_frame(Reader& reader, Hello& hello, KeyFailure&) {
  return number(reader, kLeastMaxFrame, kMostMaxFrame, hello.max_frame);
}

bool read_none(Reader& reader, Hello& hello, KeyFailure&) {
  if (reader.atom_is("none")) return hello.none = NoneAtom::none, true;
  if (reader.atom_is("nil")) return hello.none = NoneAtom::nil, true;
  if (reader.atom_is("undefined")) return hello.none = NoneAtom::undefined, true;
  return false;
}

bool read_log_credit(Reader& reader, Hello& hello, KeyFailure&) {
  return number(reader, 0, UINT32_MAX, hello.log_credit);
}

struct LimitKey {
  std::string_view name;
  std::uint64_t TableLimits::*value;
  std::uint64_t most;
  std::string_view expected;
};

constexpr std::string_view kLimit = "an integer from 1 to 18446744073709551615";
constexpr std::uint64_t kMostKeyBytes = 65535;
constexpr std::array<LimitKey, 5> kLimitKeys = {{
    {"max_table_bytes", &TableLimits::max_table_bytes, UINT64_MAX, kLimit},
    {"max_dict_bytes", &TableLimits::max_dict_bytes, UINT64_MAX, kLimit},
    {"max_dict_keys", &TableLimits::max_dict_keys, UINT64_MAX, kLimit},
    {"max_key_bytes", &TableLimits::max_key_bytes, kMostKeyBytes, "an integer from 1 to 65535"},
    {"max_dicts", &TableLimits::max_dicts, UINT64_MAX, kLimit},
}};

bool read_limits(Reader& reader, Hello& hello, KeyFailure& failure) {
  std::size_t pairs = 0;
  if (!reader.map(pairs)) return false;
  MapKeys<LimitKey> keys(kLimitKeys, "limits.");
  const bool good = keys.read(reader, pairs, [&](const LimitKey& key, KeyFailure& inner) {
    inner.reason = std::string("not ").append(key.expected);
    return number(reader, 1, key.most, hello.limits.*key.value);
  });
  if (good && keys.missing([](const LimitKey&) { return true; }) == nullptr) return true;
  failure = keys.failure();
  return false;
}

bool read_pool(Reader& reader, Hello& hello, KeyFailure&) { return reader.atom(hello.pool); }

bool read_isolation(Reader& reader, Hello& hello, KeyFailure&) {
  if (reader.atom_is("interpreter")) return hello.isolation = Isolation::interpreter, true;
  if (reader.atom_is("process")) return hello.isolation = Isolation::process, true;
  return false;
}

bool read_interpreters(Reader& reader, Hello& hello, KeyFailure&) {
  return number(reader, 1, kMostInterpreters, hello.interpreters);
}

bool read_python(Reader& reader, Hello& hello, KeyFailure&) { return text(reader, hello.python); }

bool read_python_path(Reader& reader, Hello& hello, KeyFailure&) { return texts(reader, hello.python_path); }

bool read_max_queue(Reader& reader, Hello& hello, KeyFailure&) {
  return number(reader, 1, UINT32_MAX, hello.max_queue);
}

bool read_preload(Reader& reader, Hello& hello, KeyFailure&) { return texts(reader, hello.preload); }

bool read_on_restart(Reader& reader, Hello& hello, KeyFailure&) { return text(reader, hello.on_restart); }

bool read_max_memory(Reader& reader, Hello& hello, KeyFailure&) {
  return number(reader, 0, INT64_MAX, hello.max_memory);
}

bool read_allow_import(Reader& reader, Hello& hello, KeyFailure&) {
  return texts(reader, hello.allow_import);
}

bool read_stderr(Reader& reader, Hello& hello, KeyFailure&) { return text(reader, hello.stderr_file); }

constexpr std::string_view kText = "a UTF-8 binary without zeros";
constexpr std::string_view kTexts = "a list of UTF-8 binaries without zeros";

constexpr std::array<HelloKey, 20> kKeys = {{
    {"protocol", kOfBoth, read_protocol, "an integer"},
    {"role", kOfBoth, read_role_key, "one of the atoms table, python"},
    {"table", kOfBoth, read_table, "an absolute path: a UTF-8 binary without zeros"},
    {"node", kOfBoth, read_node, "an atom"},
    {"node_pid", kOfBoth, read_node_pid, "an integer from 1 to 2147483647"},
    {"max_frame", kOfBoth, read_max_frame, "an integer from 1024 to 1073741824"},
    {"none", kOfBoth, read_none, "one of the atoms none, nil, undefined"},
    {"log_credit", kOfBoth, read_log_credit, "an integer from 0 to 4294967295"},
    {"limits", kOfTable, read_limits, "a map"},
    {"pool", kOfPython, read_pool, "an atom"},
    {"isolation", kOfPython, read_isolation, "one of the atoms interpreter, process"},
    {"interpreters", kOfPython, read_interpreters, "an integer from 1 to 64"},
    {"python", kOfPython, read_python, kText},
    {"python_path", kOfPython, read_python_path, kTexts},
    {"max_queue", kOfPython, read_max_queue, "an integer from 1 to 4294967295"},
    {"preload", kOfPython, read_preload, kTexts},
    {"on_restart", kOfPython, read_on_restart, kText},
    {"max_memory", kOfPython, read_max_memory, "an integer from 0 to 9223372036854775807"},
    {"allow_import", kOfPython, read_allow_import, kTexts},
    {"stderr", kOfPython, read_stderr, kText},
}};

}  // namespace

std::span<const HelloKey> hello_keys() { return kKeys; }

bool read_role(Reader& reader, Role& role) {
  if (reader.atom_is("table")) return role = Role::table, true;
  if (reader.atom_is("python")) return role = Role::python, true;
  return false;
}

}  // namespace pyport::protocol
