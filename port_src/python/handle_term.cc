#include "python/handle_term.h"

#include <algorithm>

#include "etf/reader.h"
#include "etf/validate.h"

namespace pyport::python {

Result<HandleTerm> parse_handle(ByteSpan etf) {
  if (Status valid = etf::validate_term(etf); !valid) return valid.error();
  HandleTerm parsed;
  ByteSpan bits;
  etf::Reader reader(etf);
  if (!reader.tuple_of(3) || !reader.atom_is("$pyport_dict") || !reader.atom(parsed.node) ||
      !reader.binary(bits) || bits.size() != parsed.handle.bits.size()) {
    return make_error(Errc::bad_etf, "not a dict handle");
  }
  std::copy(bits.begin(), bits.end(), parsed.handle.bits.begin());
  return parsed;
}

}  // namespace pyport::python
