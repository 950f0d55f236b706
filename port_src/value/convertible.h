// The types and functions that a pickle names when it makes objects that have a usual form in Erlang.
//
// Thread safety: pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "value/conversions.h"

namespace pyport::value {

enum class Convertible : std::uint8_t {
  set,
  frozenset,
  date,
  time,
  datetime,
  timedelta,
  timezone,
  decimal,
  uuid,
  numpy_dtype,
  numpy_scalar,
};

// `which` of a node of kind callable; lower numbers are those of other callables.
inline constexpr std::uint8_t kFirstConvertible = 128;

// What is made on the way and is no value: a node of kind part, with one of these in `which`.
enum class Part : std::uint8_t {
  timezone,    // integer: minutes east of UTC
  bare_uuid,   // BUILD gives it its number
  bare_dtype,  // integer: pack(NumpyType); BUILD gives it its byte order
  dtype,       // integer: pack(NumpyType)
};

// Nothing when it is none of them, or one of a kind that was not asked for.
std::optional<Convertible> find_convertible(std::string_view module, std::string_view name,
                                            Conversions asked);

}  // namespace pyport::value
