#include "python/external_text.h"

#include "etf/reader.h"
#include "etf/tags.h"

namespace pyport::python {
namespace {

// The node of a pid or reference, and the bytes behind it. `header` bytes stand before its atom.
std::string node_and_rest(ByteSpan etf, std::size_t header, ByteSpan& rest) {
  etf::Reader reader(etf.subspan(header));
  std::string node;
  reader.atom(node);
  rest = etf.subspan(header + reader.position());
  return node;
}

const char* kind_of(std::uint8_t tag) {
  switch (tag) {
    case etf::kNewFun:
    case etf::kExport:
      return "fun";
    case etf::kPort:
    case etf::kNewPort:
    case etf::kV4Port:
      return "port";
    case etf::kBitBinary:
      return "bitstring";
    case etf::kList:
      return "improper list";
    default:
      return "term";
  }
}

}  // namespace

bool is_pid_term(ByteSpan etf) { return !etf.empty() && (etf[0] == etf::kNewPid || etf[0] == etf::kPid); }

bool is_reference_term(ByteSpan etf) {
  return !etf.empty() &&
         (etf[0] == etf::kNewerReference || etf[0] == etf::kNewReference || etf[0] == etf::kReference);
}

// | tag | node | id u32 | serial u32 | creation |
std::string pid_text(ByteSpan etf) {
  ByteSpan rest;
  const std::string node = node_and_rest(etf, 1, rest);
  return node + " 0." + std::to_string(load_u32(rest.data())) + "." +
         std::to_string(load_u32(rest.data() + 4));
}

// | tag | count u16 | node | creation u32 or u8 | count * u32 |, the last word counts most.
std::string reference_text(ByteSpan etf) {
  ByteSpan rest;
  std::string text;
  if (etf[0] == etf::kReference) {  // | tag | node | id u32 | creation u8 |
    text = node_and_rest(etf, 1, rest) + " 0";
    return text + "." + std::to_string(load_u32(rest.data()));
  }
  const std::size_t count = load_u16(etf.data() + 1);
  text = node_and_rest(etf, 3, rest) + " 0";
  const std::uint8_t* const words = rest.data() + (etf[0] == etf::kNewerReference ? 4 : 1);
  for (std::size_t i = count; i > 0; --i) text += "." + std::to_string(load_u32(words + 4 * (i - 1)));
  return text;
}

std::string term_text(ByteSpan etf) {
  return std::string(kind_of(etf.empty() ? 0 : etf[0])) + ", " + std::to_string(etf.size()) + " bytes";
}

}  // namespace pyport::python
