#include "table/change_ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pyport::table {
namespace {

constexpr std::uint64_t kHead = 2 * sizeof(Word);
constexpr std::uint64_t kText = 1;

struct Head {
  std::uint64_t size;
  ChangeKind kind;
  bool text;
  std::uint64_t padding;
};

std::uint64_t packed(const Head& head) {
  return head.size | (static_cast<std::uint64_t>(head.kind) << 32) | ((head.text ? kText : 0) << 40) |
         (head.padding << 48);
}

Head unpacked(std::uint64_t word) {
  return {word & 0xffffffff, static_cast<ChangeKind>(word >> 32 & 0xff), (word >> 40 & 0xff) == kText,
          word >> 48 & 7};
}

bool sound(const Head& head) {
  return head.size >= kHead && head.size % sizeof(Word) == 0 && head.size <= ChangeRing::kMostRecord &&
         head.kind >= ChangeKind::put && head.kind <= ChangeKind::cleared &&
         head.padding <= head.size - kHead;
}

ByteSpan bytes_of(const KeyView& key) {
  if (const auto* text = std::get_if<ByteSpan>(&key)) return *text;
  return {reinterpret_cast<const std::uint8_t*>(std::get_if<std::int64_t>(&key)), sizeof(std::int64_t)};
}

Key key_of(const Head& head, const std::uint64_t* words) {
  if (!head.text) return head.size == kHead ? 0 : static_cast<std::int64_t>(*words);
  return std::string(reinterpret_cast<const char*>(words), head.size - kHead - head.padding);
}

}  // namespace

std::string_view name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::put:
      return "put";
    case ChangeKind::erased:
      return "delete";
    case ChangeKind::expired:
      return "expired";
    case ChangeKind::cleared:
      return "clear";
    case ChangeKind::overflow:
      break;
  }
  return "overflow";
}

ChangeRing::ChangeRing(const Block& block, DictHeader& header)
    : block_(block),
      header_(header),
      committed_(peek(header.ring_end)),
      begin_(peek(header.ring_begin)),
      end_(committed_) {
  // Damaged words are made to say that it is empty.
  if (begin_ > end_ || end_ - begin_ > kBytes) begin_ = end_;
}

std::uint64_t ChangeRing::size_at(std::uint64_t position) const {
  const Head head = unpacked(peek(word(position)));
  return sound(head) ? head.size : 0;
}

// A reader who is behind learns it from the begin, which moves before anything is overwritten.
bool ChangeRing::make_room(std::uint64_t size) {
  const std::uint64_t before = begin_;
  while (end_ + size - begin_ > kBytes) {
    if (begin_ >= committed_) return false;
    const std::uint64_t oldest = size_at(begin_);
    begin_ = oldest == 0 ? committed_ : std::min(begin_ + oldest, committed_);
  }
  if (begin_ != before) put(header_.ring_begin, begin_, "ring.begin");
  return true;
}

void ChangeRing::write(ChangeKind kind, Stamp stamp, const KeyView& key) {
  if (lost_) return;
  const ByteSpan bytes = bytes_of(key);
  const std::uint64_t padded = round_up(bytes.size(), sizeof(Word));
  const Head head{kHead + padded, kind, std::holds_alternative<ByteSpan>(key), padded - bytes.size()};
  lost_ = head.size > kMostRecord || !make_room(head.size);
  if (lost_) return;
  draft(word(end_), packed(head));
  draft(word(end_ + sizeof(Word)), stamp);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Word)) {
    std::uint64_t part = 0;
    std::memcpy(&part, bytes.data() + at, std::min(sizeof part, bytes.size() - at));
    draft(word(end_ + kHead + at), part);
  }
  end_ += head.size;
}

std::vector<std::uint64_t> ChangeRing::read(std::uint64_t position, std::size_t most) const {
  std::uint64_t end = position;
  while (end < committed_) {
    const std::uint64_t size = size_at(end);
    if (size == 0 || size > committed_ - end || (end != position && end + size - position > most)) break;
    end += size;
  }
  std::vector<std::uint64_t> words;
  words.reserve((end - position) / sizeof(Word));
  for (std::uint64_t at = position; at < end; at += sizeof(Word)) words.push_back(peek(word(at)));
  return words;
}

std::vector<DictChange> parse_changes(const std::vector<std::uint64_t>& words) {
  std::vector<DictChange> changes;
  for (std::size_t at = 0; at + 1 < words.size();) {
    const Head head = unpacked(words[at]);
    if (!sound(head) || head.size > (words.size() - at) * sizeof(Word)) break;
    changes.push_back({head.kind, words[at + 1], key_of(head, words.data() + at + 2)});
    at += head.size / sizeof(Word);
  }
  return changes;
}

}  // namespace pyport::table
