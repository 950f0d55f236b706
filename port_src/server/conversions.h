// The conversions that a frame's flags ask for, as the converter takes them (the layers do not know each
// other).
//
// Thread safety: pure functions.
#pragma once

#include "protocol/header.h"
#include "value/to_etf.h"

namespace pyport::server {

static_assert(protocol::kConvertSet >> protocol::kConvertShift == value::kConvertSets);
static_assert(protocol::kConvertDatetime >> protocol::kConvertShift == value::kConvertDatetimes);
static_assert(protocol::kConvertDecimal >> protocol::kConvertShift == value::kConvertDecimals);
static_assert(protocol::kConvertUuid >> protocol::kConvertShift == value::kConvertUuids);
static_assert(protocol::kConvertNumpy >> protocol::kConvertShift == value::kConvertNumpy);

inline value::Conversions conversions(const protocol::Header& header) {
  return static_cast<value::Conversions>((header.flags & protocol::kConvertFlags) >> protocol::kConvertShift);
}

inline value::ToEtfOptions converting(value::ToEtfOptions options, const protocol::Header& header) {
  options.convert = conversions(header);
  return options;
}

}  // namespace pyport::server
