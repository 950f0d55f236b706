#include "value/external_term.h"

#include "etf/reader.h"
#include "etf/tags.h"
#include "etf/validate.h"
#include "value/special_tuple.h"

namespace pyport::value {
namespace {

bool is_improper_list(ByteSpan list) {
  if (list[0] != etf::kList) return false;
  std::size_t at = 5;
  for (std::uint32_t left = load_u32(&list[1]); left > 0; --left) at += etf::term_size(list.subspan(at));
  return list[at] != etf::kNil;
}

}  // namespace

bool is_external(Builtin which, ByteSpan term, std::size_t& depth) {
  const auto valid = etf::validated_depth(term);
  if (!valid.ok()) return false;
  depth = *valid;
  const etf::Type type = etf::Reader(term).type();
  switch (which) {
    case Builtin::dict:
      return type == etf::Type::tuple && special_tuple(term.data()).kind == SpecialTuple::Kind::handle;
    case Builtin::pid:
      return type == etf::Type::pid;
    case Builtin::reference:
      return type == etf::Type::reference;
    case Builtin::term:
      return type == etf::Type::port || type == etf::Type::fun || type == etf::Type::bitstring ||
             is_improper_list(term);
    default:
      return false;
  }
}

}  // namespace pyport::value
