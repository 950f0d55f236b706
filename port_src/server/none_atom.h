// The atom for None, as HELLO names it and as the converter takes it (the layers do not know each other).
//
// Thread safety: pure function.
#pragma once

#include "protocol/hello.h"
#include "value/to_etf.h"

namespace pyport::server {

inline value::NoneAtom none_atom(protocol::NoneAtom none) {
  switch (none) {
    case protocol::NoneAtom::nil:
      return value::NoneAtom::nil;
    case protocol::NoneAtom::undefined:
      return value::NoneAtom::undefined;
    case protocol::NoneAtom::none:
      break;
  }
  return value::NoneAtom::none;
}

}  // namespace pyport::server
