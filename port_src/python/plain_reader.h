// Reading the pickles of plain values without the pickle module: None, bool, int, float, str, bytes, list,
// tuple and dict, nested, as plain_writer.h and the pickle module write them in protocols 2 to 5.
//
// Thread safety: REQUIRES an attached thread state. No Python code is run.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "python/gil.h"
#include "python/name_cache.h"
#include "python/ref.h"

namespace pyport::python {

// The object; null with MemoryError set when there is no memory. Nothing, and no exception, when the pickle
// has anything else in it or is damaged: pickle.loads is to read it, or to say what is wrong. The bytes may
// change meanwhile, as shared memory can: the object is then another one, or nothing. Strings that are keys
// of dicts are kept in `names`.
std::optional<Ref> load_plain(ByteSpan pickle, NameCache& names) REQUIRES(attached);

}  // namespace pyport::python
