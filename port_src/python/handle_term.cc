#include "python/handle_term.h"

#include <algorithm>

#include "etf/reader.h"
#include "etf/validate.h"
#include "etf/writer.h"

namespace pyport::python {
namespace {

constexpr char kTag[] = "$pyport_dict";

}  // namespace

Result<HandleTerm> parse_handle(ByteSpan etf) {
  if (Status valid = etf::validate_term(etf); !valid) return valid.error();
  HandleTerm parsed;
  ByteSpan bits;
  etf::Reader reader(etf);
  if (!reader.tuple_of(3) || !reader.atom_is(kTag) || !reader.atom(parsed.node) || !reader.binary(bits) ||
      bits.size() != parsed.handle.bits.size()) {
    return make_error(Errc::bad_etf, "not a dict handle");
  }
  std::copy(bits.begin(), bits.end(), parsed.handle.bits.begin());
  return parsed;
}

Bytes handle_term(const HandleTerm& handle) {
  Bytes etf;
  etf::Writer(etf).tuple(3).atom(kTag).atom(handle.node).binary(handle.handle.bits);
  return etf;
}

}  // namespace pyport::python
