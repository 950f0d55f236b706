// Reads a map whose keys are known atoms, and says of a bad one which key it was.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "etf/reader.h"

namespace pyport::protocol {

// What is wrong, and with which key: "limits.max_dicts", "given twice".
struct KeyFailure {
  std::string key;  // empty: the reason says it all
  std::string reason;

  std::string text() const { return key.empty() ? reason : key + ": " + reason; }
};

// `Key` has a member `name`.
template <class Key>
class MapKeys {
 public:
  // `prefix` stands before each name in a failure. Both outlive the object.
  MapKeys(std::span<const Key> keys, std::string_view prefix)
      : keys_(keys), prefix_(prefix), seen_(keys.size()) {}

  // Reads `pairs` pairs, whose header has been read. `read_value(key, failure) -> bool` reads a value; it is
  // given a failure with the key's name, and sets the reason.
  template <class ReadValue>
  bool read(etf::Reader& reader, std::size_t pairs, ReadValue read_value) {
    for (std::size_t i = 0; i < pairs; ++i) {
      if (!read_pair(reader, read_value)) return false;
    }
    return true;
  }

  // The first of the keys that `is_wanted(key)` and was not there, or null.
  template <class IsWanted>
  const Key* missing(IsWanted is_wanted) {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (seen_[i] || !is_wanted(keys_[i])) continue;
      refuse(keys_[i].name, "missing");
      return &keys_[i];
    }
    return nullptr;
  }

  const KeyFailure& failure() const { return failure_; }

 private:
  bool refuse(std::string_view name, std::string_view reason) {
    failure_ = {std::string(prefix_).append(name), std::string(reason)};
    return false;
  }

  template <class ReadValue>
  bool read_pair(etf::Reader& reader, ReadValue read_value) {
    std::string name;
    if (!reader.atom(name)) return failure_.reason = "a key is not an atom", false;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i].name != name) continue;
      if (seen_[i]) return refuse(name, "given twice");
      seen_[i] = true;
      refuse(name, "");
      return read_value(keys_[i], failure_);
    }
    return refuse(name, "unknown key");
  }

  const std::span<const Key> keys_;
  const std::string_view prefix_;
  std::vector<bool> seen_;
  KeyFailure failure_;
};

}  // namespace pyport::protocol
