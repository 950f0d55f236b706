// Finds the improper lists of a term, which have no Python form of their own.
//
// Thread safety: pure function over its arguments.
#pragma once

#include <vector>

#include "base/bytes.h"

namespace pyport::value {

using ImproperList = std::uint32_t;  // offset of the list in the term

// Sets `found` to all improper lists of the term at the front of `term`, those inside others too, in the
// order of their offsets. REQUIRES: validated ETF.
void find_improper_lists(ByteSpan term, std::vector<ImproperList>& found);

}  // namespace pyport::value
