// A look at a block: is it one, whose is it, what is in it?
//
// Thread safety: a block's header is changed by who holds it or under its dict's lock; any thread may look.
#pragma once

#include "base/bytes.h"
#include "table/crash_point.h"
#include "table/layout.h"
#include "table/mapping.h"

namespace pyport::table {

inline std::uint32_t mix(std::uint64_t value) {
  value *= 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: spreads neighbouring values
  return static_cast<std::uint32_t>(value >> 32);
}

inline std::uint32_t block_check(Offset block, std::uint32_t size, std::uint32_t tag) {
  return mix(block ^ (std::uint64_t{size} << 20) ^ (std::uint64_t{tag} << 52) ^ 0x5bd1e995);
}

constexpr std::uint32_t tag_of(std::uint32_t meta) { return meta & 0xffff; }
constexpr std::uint32_t pins_of(std::uint32_t meta) { return meta >> 16; }
inline constexpr std::uint32_t kOnePin = 1U << 16;
inline constexpr std::uint32_t kMostPins = 0xffff;

class Block {
 public:
  // REQUIRES: may_be_block(mapping, offset).
  Block(const Mapping& mapping, Offset offset) : mapping_(&mapping), offset_(offset) {}

  // Inside the data and aligned: its header may be read.
  static bool may_be_block(const Mapping& mapping, Offset offset, std::uint64_t data_end) {
    return offset >= mapping.geometry().data && offset % 16 == 0 && offset < data_end &&
           kHeaderBytes <= data_end - offset;
  }

  Offset offset() const { return offset_; }
  BlockHeader& header() const { return mapping_->at<BlockHeader>(offset_); }
  std::uint32_t size() const { return peek(header().size); }
  std::uint32_t tag() const { return tag_of(peek(header().meta)); }
  std::uint32_t pins() const { return pins_of(peek(header().meta)); }
  bool is(BlockState state, std::uint32_t id) const { return peek(header().state) == block_state(state, id); }
  std::uint8_t* payload() const { return mapping_->base() + offset_ + kHeaderBytes; }
  ByteSpan bytes() const { return {payload(), size()}; }
  Word& word(std::size_t index) const { return reinterpret_cast<Word*>(payload())[index]; }
  Half& half(std::size_t index) const { return reinterpret_cast<Half*>(payload())[index]; }

  // Its header is as it was written here, and its payload ends inside the data.
  bool sound(std::uint64_t data_end) const {
    const std::uint32_t bytes_in_it = size();
    return peek(header().check) == block_check(offset_, bytes_in_it, tag()) &&
           offset_ + kHeaderBytes + bytes_in_it <= data_end;
  }

  // REQUIRES: held by the caller.
  void describe(std::uint32_t size, std::uint32_t tag) const {
    draft(header().size, size);
    draft(header().meta, tag);
    draft(header().check, block_check(offset_, size, tag));
  }

 private:
  const Mapping* mapping_;
  Offset offset_;
};

}  // namespace pyport::table
