#include "python/scalar_pickle.h"

#include <algorithm>
#include <bit>

#include "python/pickle.h"
#include "value/pickle_op.h"

namespace pyport::python {
namespace {

using value::Op;

constexpr std::uint8_t kProtocol = 5;
constexpr std::size_t kMaxPayload = 0xFFFFFFFF;

// How many bytes pickle takes for an int beyond 32 bits: two's complement without needless sign bytes.
std::size_t long_bytes(std::int64_t number) {
  const auto magnitude = static_cast<std::uint64_t>(number < 0 ? ~number : number);
  return static_cast<std::size_t>(std::bit_width(magnitude)) / 8 + 1;
}

}  // namespace

void ScalarPickle::head(std::initializer_list<std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) head_[head_size_++] = byte;
}

void ScalarPickle::head_number(std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) head_[head_size_++] = static_cast<std::uint8_t>(number >> (8 * i));
}

void ScalarPickle::integer(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= 0 && number <= 0xFF) {
    head({value::kBinInt1});
    head_number(bits, 1);
  } else if (number >= 0 && number <= 0xFFFF) {
    head({value::kBinInt2});
    head_number(bits, 2);
  } else if (number >= INT32_MIN && number <= INT32_MAX) {
    head({value::kBinInt});
    head_number(bits, 4);
  } else {
    const std::size_t bytes = long_bytes(number);
    head({value::kLong1, static_cast<std::uint8_t>(bytes)});
    head_number(bits, bytes);
  }
}

bool ScalarPickle::sized(Op short_op, Op long_op, ByteSpan payload) {
  if (payload.size() > kMaxPayload) return false;
  const bool is_short = payload.size() <= 0xFF;
  head({is_short ? short_op : long_op});
  head_number(payload.size(), is_short ? 1 : 4);
  payload_ = payload;
  return true;
}

bool ScalarPickle::number(PyObject* value) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) integer(number);
  return overflow == 0;
}

bool ScalarPickle::text(PyObject* value) {
  Py_ssize_t size = 0;
  const char* const utf8 = PyUnicode_AsUTF8AndSize(value, &size);
  if (utf8 == nullptr) PyErr_Clear();  // lone surrogates: pickle knows how
  return utf8 != nullptr &&
         sized(value::kShortBinUnicode, value::kBinUnicode, as_bytes({utf8, static_cast<std::size_t>(size)}));
}

void ScalarPickle::floating(double value) {
  head({value::kBinFloat});
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) head({static_cast<std::uint8_t>(bits >> shift)});
}

bool ScalarPickle::fill(PyObject* value) {
  if (PyLong_CheckExact(value)) return number(value);
  if (PyUnicode_CheckExact(value)) return text(value);
  if (PyBytes_CheckExact(value)) return sized(value::kShortBinBytes, value::kBinBytes, bytes_view(value));
  if (PyFloat_CheckExact(value)) {
    floating(PyFloat_AS_DOUBLE(value));
  } else if (value == Py_None) {
    head({value::kNone});
  } else if (PyBool_Check(value)) {
    head({value == Py_True ? value::kNewTrue : value::kNewFalse});
  } else {
    return false;
  }
  return true;
}

std::optional<ScalarPickle> ScalarPickle::of(PyObject* value) {
  ScalarPickle pickle;
  pickle.head({value::kProto, kProtocol});
  if (!pickle.fill(value)) return std::nullopt;
  return pickle;
}

void ScalarPickle::write(std::span<std::uint8_t> out) const {
  auto at = std::copy_n(head_.begin(), head_size_, out.begin());
  at = std::copy(payload_.begin(), payload_.end(), at);
  *at = value::kStop;
}

}  // namespace pyport::python
