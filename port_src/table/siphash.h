// SipHash-c-d: a keyed hash for hash tables whose keys strangers choose.
// Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012. The table uses 1-3, the
// variant that CPython and Rust use for their dictionaries.
//
// Thread safety: pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace pyport::table {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

namespace siphash {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie");

struct State {
  std::uint64_t v0, v1, v2, v3;

  explicit State(const SipKey& key)
      : v0(key.k0 ^ 0x736f6d6570736575),  // "somepseudorandomlygeneratedbytes"
        v1(key.k1 ^ 0x646f72616e646f6d),
        v2(key.k0 ^ 0x6c7967656e657261),
        v3(key.k1 ^ 0x7465646279746573) {}

  template <int rounds>
  void permute() {
    for (int i = 0; i < rounds; ++i) {
      v0 += v1, v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1, v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2, v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }

  template <int rounds>
  void absorb(std::uint64_t word) {
    v3 ^= word;
    permute<rounds>();
    v0 ^= word;
  }

  template <int rounds>
  std::uint64_t finish() {
    v2 ^= 0xff;
    permute<rounds>();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

// The last 0 to 7 bytes with the length in the top byte.
inline std::uint64_t last_word(const std::uint8_t* at, std::size_t left, std::size_t size) {
  std::uint64_t word = static_cast<std::uint64_t>(size) << 56;
  for (std::size_t i = 0; i < left; ++i) word |= std::uint64_t{at[i]} << (8 * i);
  return word;
}

}  // namespace siphash

// SipHash with c rounds a word and d at the end.
template <int c, int d>
std::uint64_t sip_hash(const SipKey& key, ByteSpan bytes) {
  siphash::State state(key);
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    state.absorb<c>(word);
  }
  state.absorb<c>(siphash::last_word(at, left, bytes.size()));
  return state.finish<d>();
}

// The same of the eight bytes of a word.
template <int c, int d>
std::uint64_t sip_hash(const SipKey& key, std::uint64_t word) {
  siphash::State state(key);
  state.absorb<c>(word);
  state.absorb<c>(std::uint64_t{sizeof word} << 56);
  return state.finish<d>();
}

}  // namespace pyport::table
