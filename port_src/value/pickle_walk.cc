#include "value/pickle_walk.h"

#include <algorithm>
#include <string_view>

#include "value/pickle_op.h"

namespace pyport::value {
namespace {

// What follows an opcode. Source: CPython's Lib/pickletools.py.
enum class Argument : std::uint8_t {
  none,
  one,
  two,
  four,
  eight,
  length1,
  length4,
  length8,
  line,
  two_lines
};

std::optional<Argument> argument_of(std::uint8_t op) {
  switch (op) {
    case 'K':
    case 'h':
    case 'q':
    case 0x80:  // PROTO
    case 0x82:  // EXT1
      return Argument::one;
    case 'M':
    case 0x83:  // EXT2
      return Argument::two;
    case 'J':
    case 'j':
    case 'r':
    case 0x84:  // EXT4
      return Argument::four;
    case 'G':
    case kFrame:
      return Argument::eight;
    case 'C':
    case 'U':
    case kLong1:
    case kShortBinUnicode:
      return Argument::length1;
    case 'B':
    case 'T':
    case 'X':
    case kLong4:
      return Argument::length4;
    case kBinUnicode8:
    case kBinBytes8:
    case kByteArray8:
      return Argument::length8;
    case 'F':
    case 'I':
    case 'L':
    case 'P':
    case 'S':
    case 'V':
    case 'g':
    case 'p':
      return Argument::line;
    case 'c':
    case 'i':
      return Argument::two_lines;
    default:
      break;
  }
  constexpr std::string_view kWithout = "(.012NQR]abdelostu})";
  const bool known = kWithout.find(static_cast<char>(op)) != std::string_view::npos || op == 0x81 ||
                     (op >= kTuple1 && op <= kNewFalse) || (op >= kEmptySet && op <= kReadOnlyBuffer);
  return known ? std::optional(Argument::none) : std::nullopt;
}

}  // namespace

std::optional<ByteSpan> PickleWalk::next() {
  const std::size_t begin = at_;
  const auto argument = argument_of(pickle_[at_++]);
  const auto skip = [&] {
    switch (*argument) {
      case Argument::none:
        return true;
      case Argument::one:
        return skip_bytes(1);
      case Argument::two:
        return skip_bytes(2);
      case Argument::four:
        return skip_bytes(4);
      case Argument::eight:
        return skip_bytes(8);
      case Argument::length1:
        return skip_counted(1);
      case Argument::length4:
        return skip_counted(4);
      case Argument::length8:
        return skip_counted(8);
      case Argument::line:
        return skip_line();
      case Argument::two_lines:
        break;
    }
    return skip_line() && skip_line();
  };
  if (!argument || !skip()) return std::nullopt;
  return pickle_.subspan(begin, at_ - begin);
}

bool PickleWalk::skip_bytes(std::uint64_t count) {
  if (count > pickle_.size() - at_) return false;
  at_ += static_cast<std::size_t>(count);
  return true;
}

bool PickleWalk::skip_counted(std::size_t width) {
  if (width > pickle_.size() - at_) return false;
  const std::uint64_t count = load_little(pickle_.data() + at_, width);
  at_ += width;
  return skip_bytes(count);
}

bool PickleWalk::skip_line() {
  const auto rest = pickle_.subspan(at_);
  const auto end = std::find(rest.begin(), rest.end(), '\n');
  if (end == rest.end()) return false;
  at_ += static_cast<std::size_t>(end - rest.begin()) + 1;
  return true;
}

}  // namespace pyport::value
