#include "python/scalar_pickle.h"

#include <algorithm>
#include <bit>

#include "python/pickle.h"
#include "python/scalar_op.h"

namespace pyport::python {
namespace {

constexpr std::size_t kMaxPayload = 0xFFFF;
constexpr std::size_t kMinFrame = 4;   // smaller frames are not announced
constexpr std::size_t kPrologue = 11;  // PROTO 5, FRAME u64

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
    head({kInt1});
    head_number(bits, 1);
  } else if (number >= 0 && number <= 0xFFFF) {
    head({kInt2});
    head_number(bits, 2);
  } else if (number >= INT32_MIN && number <= INT32_MAX) {
    head({kInt4});
    head_number(bits, 4);
  } else {
    const std::size_t bytes = long_bytes(number);
    head({kLong1, static_cast<std::uint8_t>(bytes)});
    head_number(bits, bytes);
  }
}

bool ScalarPickle::sized(std::uint8_t short_op, std::uint8_t long_op, ByteSpan payload) {
  if (payload.size() > kMaxPayload) return false;
  const bool is_short = payload.size() <= 0xFF;
  head({is_short ? short_op : long_op});
  head_number(payload.size(), is_short ? 1 : 4);
  payload_ = payload;
  tail_[tail_size_++] = kMemoize;
  return true;
}

void ScalarPickle::finish() {
  tail_[tail_size_++] = kStop;
  const std::size_t frame = size() - kPrologue;
  head_[0] = kProto;
  head_[1] = 5;
  if (frame < kMinFrame) {
    std::move(head_.begin() + kPrologue, head_.begin() + static_cast<std::ptrdiff_t>(head_size_),
              head_.begin() + 2);
    head_size_ -= kPrologue - 2;
    return;
  }
  head_[2] = kFrame;
  for (std::size_t i = 0; i < 8; ++i) head_[3 + i] = static_cast<std::uint8_t>(frame >> (8 * i));
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
  return utf8 != nullptr && sized(kText1, kText4, as_bytes({utf8, static_cast<std::size_t>(size)}));
}

void ScalarPickle::floating(double value) {
  head({kFloat});
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) head({static_cast<std::uint8_t>(bits >> shift)});
}

bool ScalarPickle::fill(PyObject* value) {
  if (PyLong_CheckExact(value)) return number(value);
  if (PyUnicode_CheckExact(value)) return text(value);
  if (PyBytes_CheckExact(value)) return sized(kBytes1, kBytes4, bytes_view(value));
  if (PyFloat_CheckExact(value)) {
    floating(PyFloat_AS_DOUBLE(value));
  } else if (value == Py_None) {
    head({kNone});
  } else if (PyBool_Check(value)) {
    head({value == Py_True ? kTrue : kFalse});
  } else {
    return false;
  }
  return true;
}

std::optional<ScalarPickle> ScalarPickle::of(PyObject* value) {
  ScalarPickle pickle;
  pickle.head_size_ = kPrologue;
  if (!pickle.fill(value)) return std::nullopt;
  pickle.finish();
  return pickle;
}

void ScalarPickle::write(std::span<std::uint8_t> out) const {
  auto at = std::copy_n(head_.begin(), head_size_, out.begin());
  at = std::copy(payload_.begin(), payload_.end(), at);
  std::copy_n(tail_.begin(), tail_size_, at);
}

}  // namespace pyport::python
