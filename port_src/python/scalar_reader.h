// Reading the pickles that scalar_pickle.h tells of, without the pickle module.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "python/gil.h"
#include "python/ref.h"

namespace pyport::python {

// The value of a pickle of a single None, bool, int of 64 bits, float, str or bytes; null with an
// exception set when it cannot be made. Nothing when the pickle is any other.
std::optional<Ref> load_scalar(ByteSpan pickle) REQUIRES(attached);

}  // namespace pyport::python
