#include "value/stored_parts.h"

#include <algorithm>
#include <cstring>

#include "value/pickle_op.h"
#include "value/pickle_walk.h"

namespace pyport::value {
namespace {

constexpr std::size_t kHeader = 16;
constexpr std::size_t kPart = 16;

void put_u64(std::uint8_t* at, std::uint64_t number) {
  for (std::size_t i = 0; i < 8; ++i) at[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
}

// Where everything lies in a blob of which as yet only the sizes are known.
class Plan {
 public:
  Plan(std::size_t pickle, std::size_t type, std::size_t buffers)
      : type_at_(kHeader + buffers * kPart), pickle_at_(type_at_ + type), end_(pickle_at_ + pickle) {}

  std::size_t type_at() const { return type_at_; }
  std::size_t pickle_at() const { return pickle_at_; }
  // So many bytes are enough wherever the blob begins.
  std::size_t most(const std::vector<Buffer>& buffers) const {
    std::size_t size = end_;
    for (const Buffer& buffer : buffers) size += buffer.bytes.size() + kAlignment - 1;
    return size;
  }
  // The place of the next buffer in a blob that begins at `blob`.
  std::size_t place(const std::uint8_t* blob, std::size_t size) {
    const auto address = reinterpret_cast<std::uintptr_t>(blob) + end_;
    const std::size_t at = end_ + (kAlignment - address % kAlignment) % kAlignment;
    end_ = at + size;
    return at;
  }

 private:
  const std::size_t type_at_, pickle_at_;
  std::size_t end_;
};

void write(std::uint8_t* blob, Plan plan, ByteSpan pickle, std::string_view type,
           const std::vector<Buffer>& buffers) {
  put_u64(blob, std::uint64_t{buffers.size()} << 32 | std::uint64_t{type.size()} << 16);
  put_u64(blob + 8, pickle.size());
  std::copy(type.begin(), type.end(), blob + plan.type_at());
  std::copy(pickle.begin(), pickle.end(), blob + plan.pickle_at());
  std::uint8_t* part = blob + kHeader;
  for (const Buffer& buffer : buffers) {
    const std::size_t place = plan.place(blob, buffer.bytes.size());
    put_u64(part, place);
    put_u64(part + 8, std::uint64_t{buffer.bytes.size()} << 1 | (buffer.read_only ? 1 : 0));
    if (!buffer.bytes.empty()) std::memcpy(blob + place, buffer.bytes.data(), buffer.bytes.size());
    part += kPart;
  }
}

}  // namespace

std::string_view cut_type(std::string_view type) {
  if (type.size() <= kMaxType) return type;
  std::size_t size = kMaxType;
  while (size > 0 && (static_cast<unsigned char>(type[size]) & 0xC0) == 0x80) --size;
  return type.substr(0, size);
}

Result<table::NewBlob> store_with_buffers(table::Table& table, ByteSpan pickle, std::string_view type,
                                          const std::vector<Buffer>& buffers) {
  Bytes with_small;
  if (Status good = in_band(pickle, buffers, kLeastBuffer - 1, with_small); !good)
    return std::move(good).error();
  std::vector<Buffer> large;
  std::copy_if(buffers.begin(), buffers.end(), std::back_inserter(large),
               [](const Buffer& buffer) { return buffer.bytes.size() >= kLeastBuffer; });
  if (large.empty()) return store(table, with_small, type);
  type = cut_type(type);
  const Plan plan(with_small.size(), type.size(), large.size());
  auto writer = table.allocate(plan.most(large));
  if (!writer.ok()) return std::move(writer).error();
  write(writer->bytes().data(), plan, with_small, type, large);
  return (*std::move(writer)).finish(kBuffers);
}

StoredView view_parts(ByteSpan bytes) {
  if (bytes.size() < kHeader) return {};
  const std::uint64_t count = load_u32(bytes.data());
  const std::size_t type = load_u16(bytes.data() + 4);
  const std::uint64_t pickle = load_u64(bytes.data() + 8);
  std::size_t left = bytes.size() - kHeader;
  if (count == 0 || count > left / kPart) return {};
  left -= static_cast<std::size_t>(count) * kPart;
  if (type > left || pickle > left - type) return {};
  const Plan plan(static_cast<std::size_t>(pickle), type, static_cast<std::size_t>(count));
  return {false, as_text(bytes.subspan(plan.type_at(), type)),
          bytes.subspan(plan.pickle_at(), static_cast<std::size_t>(pickle)),
          bytes.subspan(kHeader, static_cast<std::size_t>(count) * kPart), bytes};
}

Result<std::vector<Buffer>> buffers_of(const StoredView& stored) {
  std::vector<Buffer> buffers;
  buffers.reserve(stored.parts.size() / kPart);
  for (std::size_t i = 0; i + kPart <= stored.parts.size(); i += kPart) {
    const std::uint64_t place = load_u64(stored.parts.data() + i);
    const std::uint64_t size = load_u64(stored.parts.data() + i + 8);
    if (place > stored.all.size() || size >> 1 > stored.all.size() - place)
      return make_error(Errc::corrupt, "a value");
    buffers.push_back(
        {stored.all.subspan(static_cast<std::size_t>(place), static_cast<std::size_t>(size >> 1)),
         (size & 1) != 0});
  }
  return buffers;
}

Status whole_to_etf(const StoredView& stored, const ToEtfOptions& options, Bytes& out) {
  const Result<std::vector<Buffer>> buffers = buffers_of(stored);
  if (!buffers) return buffers.error();
  if (const std::size_t size = in_band_size(stored.pickle, *buffers); size > options.max_bytes) {
    Error failure = make_error(Errc::frame_too_large, "value");
    failure.n = size;
    failure.max = options.max_bytes;
    return failure;
  }
  Bytes whole;
  if (Status good = in_band(stored.pickle, *buffers, SIZE_MAX, whole); !good) return good;
  return object_to_etf(stored.type, whole, options, out);
}

namespace {

// How many bytes of an opcode that makes bytes or text stand before those; 0 for other opcodes.
std::size_t before_content(std::uint8_t op) {
  switch (op) {
    case kShortBinBytes:
    case kShortBinUnicode:
      return 2;
    case kBinBytes:
    case kBinUnicode:
      return 5;
    case kBinBytes8:
    case kBinUnicode8:
    case kByteArray8:
      return 9;
    default:
      return 0;
  }
}

bool makes_nothing(std::uint8_t op) {
  return op == kProto || op == kFrame || op == kMemoize || op == kBinPut || op == kLongBinPut;
}

}  // namespace

std::optional<ByteSpan> content_of(ByteSpan pickle) {
  std::optional<ByteSpan> content;
  for (PickleWalk walk(pickle); !walk.at_end();) {
    const auto part = walk.next();
    if (!part) break;
    const std::uint8_t op = part->front();
    if (op == kStop) return walk.at_end() ? content : std::nullopt;
    if (makes_nothing(op)) continue;
    const std::size_t before = before_content(op);
    if (before == 0 || content) break;
    content = part->subspan(before);
  }
  return std::nullopt;
}

}  // namespace pyport::value
