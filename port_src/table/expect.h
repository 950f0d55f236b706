// What a key has to be like for a change of it to be made.
//
// Thread safety: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace pyport::table {

// The number of the change by which a key got its value. Each change of a dict has a number, and later ones
// have greater ones. 0: the key is not there.
using Stamp = std::uint64_t;

struct Expect {
  std::optional<Stamp> stamp;
  std::optional<std::uint32_t> tag;          // of the value; a key that is not there has none
  std::optional<std::size_t> most_bytes;     // of the value
  std::optional<std::uint32_t> other_tag{};  // with `tag`: that may be it as well

  static Expect anything() { return {}; }
  static Expect absent() { return {Stamp{0}, {}, {}, {}}; }
  static Expect stamped(Stamp stamp) { return {stamp, {}, {}, {}}; }
  static Expect tagged(std::uint32_t tag, std::size_t most_bytes) { return {{}, tag, most_bytes, {}}; }

  Expect or_tagged(std::uint32_t other) const { return {stamp, tag, most_bytes, other}; }

  bool holds_of_absent() const { return (!stamp || *stamp == 0) && !tag && !most_bytes; }
  bool holds_of(Stamp its_stamp, std::uint32_t its_tag, std::size_t its_bytes) const {
    return (!stamp || *stamp == its_stamp) && (!tag || *tag == its_tag || other_tag == its_tag) &&
           (!most_bytes || its_bytes <= *most_bytes);
  }
};

}  // namespace pyport::table
