#include "table/key.h"

namespace pyport::table {
namespace {

std::uint32_t hash_of(const SipKey& seed, const KeyView& key) {
  if (const auto* bytes = std::get_if<ByteSpan>(&key)) {
    return static_cast<std::uint32_t>(sip_hash<1, 3>(seed, *bytes));
  }
  return static_cast<std::uint32_t>(
      sip_hash<1, 3>(seed, static_cast<std::uint64_t>(*std::get_if<std::int64_t>(&key))));
}

}  // namespace

HashedKey::HashedKey(const SipKey& seed, const KeyView& view) : key(view), hash(hash_of(seed, view)) {}

KeyView view_of(const Key& key) {
  if (const auto* text = std::get_if<std::string>(&key)) return as_bytes(*text);
  return *std::get_if<std::int64_t>(&key);
}

std::size_t key_bytes(const Key& key) {
  const auto* text = std::get_if<std::string>(&key);
  return text != nullptr ? text->size() : sizeof(std::int64_t);
}

bool same_key(const Key& stored, const KeyView& asked) {
  if (const auto* bytes = std::get_if<ByteSpan>(&asked)) {
    const auto* text = std::get_if<std::string>(&stored);
    return text != nullptr && std::string_view(*text) == as_text(*bytes);
  }
  const auto* number = std::get_if<std::int64_t>(&stored);
  return number != nullptr && *number == *std::get_if<std::int64_t>(&asked);
}

// The string is made before the variant: a variant whose string throws while it is copied is, in libstdc++
// 12, destroyed through an unreachable branch.
Key copy_key(const KeyView& key) {
  if (const auto* bytes = std::get_if<ByteSpan>(&key)) return std::string(as_text(*bytes));
  return *std::get_if<std::int64_t>(&key);
}

}  // namespace pyport::table
