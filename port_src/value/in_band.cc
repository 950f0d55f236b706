#include "value/in_band.h"

#include "value/pickle_op.h"
#include "value/pickle_walk.h"

namespace pyport::value {
namespace {

constexpr std::size_t kLengthBytes = 8;

void append_buffer(const Buffer& buffer, Bytes& out) {
  out.push_back(buffer.read_only ? kBinBytes8 : kByteArray8);
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{buffer.bytes.size()} >> (8 * i)));
  append(out, buffer.bytes);
}

bool write(ByteSpan pickle, const std::vector<Buffer>& buffers, std::size_t largest, Bytes& out) {
  std::size_t number = 0;
  bool just_put_in = false;
  for (PickleWalk walk(pickle); !walk.at_end();) {
    const auto part = walk.next();
    if (!part) return false;
    const std::uint8_t op = (*part)[0];
    if (op == kNextBuffer) {
      if (number == buffers.size()) return false;
      const Buffer& buffer = buffers[number++];
      just_put_in = buffer.bytes.size() <= largest;
      just_put_in ? append_buffer(buffer, out) : append(out, *part);
      continue;
    }
    // Bytes are read-only as they are; the opcode is for buffers that are not.
    if (op != kFrame && !(op == kReadOnlyBuffer && just_put_in)) append(out, *part);
    just_put_in = false;
  }
  return number == buffers.size();
}

}  // namespace

std::size_t in_band_size(ByteSpan pickle, const std::vector<Buffer>& buffers) {
  std::size_t size = pickle.size();
  for (const Buffer& buffer : buffers) size += buffer.bytes.size() + kLengthBytes;
  return size;
}

Status in_band(ByteSpan pickle, const std::vector<Buffer>& buffers, std::size_t largest, Bytes& out) {
  const std::size_t before = out.size();
  if (write(pickle, buffers, largest, out)) return ok_status();
  out.resize(before);
  return make_error(Errc::corrupt, "a pickle with buffers");
}

}  // namespace pyport::value
