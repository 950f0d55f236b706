#include "python/scalar_reader.h"

#include <bit>
#include <string_view>

#include "python/large_copy.h"
#include "python/name_cache.h"
#include "value/pickle_op.h"

namespace pyport::python {
namespace {

// Reads one value from front to STOP; anything unexpected makes it none of ours.
class ScalarReader {
 public:
  explicit ScalarReader(ByteSpan pickle) : bytes_(pickle) {}

  std::optional<Ref> read() REQUIRES(attached) {
    if (bytes_.size() < 4 || bytes_[0] != value::kProto || bytes_.back() != value::kStop) return std::nullopt;
    bytes_ = bytes_.subspan(2, bytes_.size() - 3);
    if (bytes_[0] == value::kFrame) {
      if (bytes_.size() < 10) return std::nullopt;
      bytes_ = bytes_.subspan(9);
    }
    return scalar(bytes_[0], bytes_.subspan(1));
  }

 private:
  static std::optional<Ref> number(ByteSpan rest, std::size_t bytes) REQUIRES(attached) {
    if (rest.size() != bytes) return std::nullopt;
    return Ref::steal(PyLong_FromLongLong(static_cast<std::int64_t>(load_little(rest.data(), bytes))));
  }

  static std::optional<Ref> int4(ByteSpan rest) REQUIRES(attached) {
    if (rest.size() != 4) return std::nullopt;
    return Ref::steal(PyLong_FromLong(static_cast<std::int32_t>(load_little(rest.data(), 4))));
  }

  static std::optional<Ref> long1(ByteSpan rest) REQUIRES(attached) {
    if (rest.size() < 2 || rest[0] > 8 || rest.size() != std::size_t{rest[0]} + 1) return std::nullopt;
    const std::size_t bits = std::size_t{rest[0]} * 8;
    std::uint64_t number = load_little(rest.data() + 1, rest[0]);
    if (bits < 64 && (number >> (bits - 1) & 1) != 0) number |= ~std::uint64_t{0} << bits;
    return Ref::steal(PyLong_FromLongLong(static_cast<std::int64_t>(number)));
  }

  static std::optional<Ref> floating(ByteSpan rest) REQUIRES(attached) {
    if (rest.size() != 8) return std::nullopt;
    return Ref::steal(PyFloat_FromDouble(std::bit_cast<double>(load_u64(rest.data()))));
  }

  // What a length of `bytes` bytes announces, with or without MEMOIZE behind it.
  static std::optional<std::string_view> payload(ByteSpan rest, std::size_t bytes) {
    if (rest.size() < bytes) return std::nullopt;
    const std::uint64_t size = load_little(rest.data(), bytes);
    rest = rest.subspan(bytes);
    if (rest.size() == size + 1 && rest.back() == value::kMemoize) rest = rest.first(rest.size() - 1);
    if (rest.size() != size) return std::nullopt;
    return as_text(rest);
  }

  static std::optional<Ref> text(ByteSpan rest, std::size_t bytes) REQUIRES(attached) {
    const auto content = payload(rest, bytes);
    if (!content) return std::nullopt;
    return Ref::steal(string_of_utf8(as_bytes(*content)));
  }

  static std::optional<Ref> byte_string(ByteSpan rest, std::size_t bytes) REQUIRES(attached) {
    const auto content = payload(rest, bytes);
    if (!content) return std::nullopt;
    return Ref::steal(bytes_of(as_bytes(*content)));
  }

  static std::optional<Ref> constant(ByteSpan rest, PyObject* object) REQUIRES(attached) {
    if (!rest.empty()) return std::nullopt;
    return Ref::borrow(object);
  }

  static std::optional<Ref> scalar(std::uint8_t op, ByteSpan rest) REQUIRES(attached) {
    switch (op) {
      case value::kBinInt1:
        return number(rest, 1);
      case value::kBinInt2:
        return number(rest, 2);
      case value::kBinInt:
        return int4(rest);
      case value::kLong1:
        return long1(rest);
      case value::kBinFloat:
        return floating(rest);
      case value::kShortBinUnicode:
        return text(rest, 1);
      case value::kBinUnicode:
        return text(rest, 4);
      case value::kShortBinBytes:
        return byte_string(rest, 1);
      case value::kBinBytes:
        return byte_string(rest, 4);
      case value::kNone:
        return constant(rest, Py_None);
      case value::kNewTrue:
        return constant(rest, Py_True);
      case value::kNewFalse:
        return constant(rest, Py_False);
      default:
        return std::nullopt;
    }
  }

  ByteSpan bytes_;
};

}  // namespace

std::optional<Ref> load_scalar(ByteSpan pickle) { return ScalarReader(pickle).read(); }

}  // namespace pyport::python
