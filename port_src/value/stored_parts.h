// Inside stored.h: values whose buffers lie beside their pickle.
//
// Thread safety: values; no shared state.
#pragma once

#include <string_view>

#include "value/stored.h"

namespace pyport::value {

inline constexpr std::size_t kMaxType = 0xFFFF;

// At most kMaxType bytes, cut between characters.
std::string_view cut_type(std::string_view type);

// As view(), of a blob of the tag kBuffers.
StoredView view_parts(ByteSpan bytes);

// As append_value, of such a value.
Status whole_to_etf(const StoredView& stored, const ToEtfOptions& options, Bytes& out);

}  // namespace pyport::value
