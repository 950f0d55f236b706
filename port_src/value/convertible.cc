#include "value/convertible.h"

#include <algorithm>
#include <array>

namespace pyport::value {
namespace {

struct Name {
  std::string_view module, name;
  Convertible what;
  Conversion kind;
};

// Protocol 2 has the names of Python 2, and numpy 1 those from before numpy._core.
constexpr std::array<Name, 14> kNames = {{
    {"builtins", "set", Convertible::set, kConvertSets},
    {"__builtin__", "set", Convertible::set, kConvertSets},
    {"builtins", "frozenset", Convertible::frozenset, kConvertSets},
    {"__builtin__", "frozenset", Convertible::frozenset, kConvertSets},
    {"datetime", "date", Convertible::date, kConvertDatetimes},
    {"datetime", "time", Convertible::time, kConvertDatetimes},
    {"datetime", "datetime", Convertible::datetime, kConvertDatetimes},
    {"datetime", "timedelta", Convertible::timedelta, kConvertDatetimes},
    {"datetime", "timezone", Convertible::timezone, kConvertDatetimes},
    {"decimal", "Decimal", Convertible::decimal, kConvertDecimals},
    {"uuid", "UUID", Convertible::uuid, kConvertUuids},
    {"numpy", "dtype", Convertible::numpy_dtype, kConvertNumpy},
    {"numpy._core.multiarray", "scalar", Convertible::numpy_scalar, kConvertNumpy},
    {"numpy.core.multiarray", "scalar", Convertible::numpy_scalar, kConvertNumpy},
}};

}  // namespace

std::optional<Convertible> find_convertible(std::string_view module, std::string_view name,
                                            Conversions asked) {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(), [&](const Name& known) {
    return known.name == name && known.module == module && (known.kind & asked) != 0;
  });
  if (found == kNames.end()) return std::nullopt;
  return found->what;
}

}  // namespace pyport::value
