// The floor of every port program: answers frames of {packet, 4} without looking into them.
//
//   request | length u32 | bytes wanted in the answer u32 | id u32 | anything ... |
//   answer  | length u32 | the same eight bytes, then the request's own, then filler |
//
// The answer has the size that is asked for, so that each way carries the bytes that a real request and its
// reply would. All that is there is read at once; all answers to it leave in one gather write; nothing is
// copied.
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/bytes.h"

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kMinFrame = 8;
constexpr std::size_t kMaxAnswer = 16 * 1024 * 1024;

void fail(const char* why) {
  std::fprintf(stderr, "echo_port: %s\n", why);
  std::exit(EXIT_FAILURE);
}

// The answers to one read: pieces of the read buffer and of a filler, in order.
class Answers {
 public:
  Answers() : filler_(kMaxAnswer, 'e') {}

  // REQUIRES: `frame` stays where it is until write_all, as does its length field, which is overwritten.
  void add(std::uint8_t* length_field, std::size_t frame_size) {
    const std::uint8_t* frame = length_field + kLengthBytes;
    const std::size_t size = pyport::load_u32(frame);
    if (frame_size < kMinFrame || size < kMinFrame || size > kMaxAnswer) fail("bad frame");
    pyport::store_u32(length_field, static_cast<std::uint32_t>(size));
    const std::size_t own = std::min(size, frame_size);
    pieces_.push_back({length_field, kLengthBytes + own});
    if (own < size) pieces_.push_back({filler_.data(), size - own});
  }

  void write_all() {
    std::size_t first = 0;
    while (first < pieces_.size()) {
      const auto count = std::min<std::size_t>(pieces_.size() - first, IOV_MAX);
      const ssize_t written = ::writev(STDOUT_FILENO, &pieces_[first], static_cast<int>(count));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail("cannot write");
      first = after(first, static_cast<std::size_t>(written));
    }
    pieces_.clear();
  }

 private:
  // The first piece that is not wholly written, cut to what is left of it.
  std::size_t after(std::size_t first, std::size_t written) {
    while (first < pieces_.size() && written >= pieces_[first].iov_len) written -= pieces_[first++].iov_len;
    if (written > 0) {
      pieces_[first].iov_base = static_cast<std::uint8_t*>(pieces_[first].iov_base) + written;
      pieces_[first].iov_len -= written;
    }
    return first;
  }

  std::vector<iovec> pieces_;
  std::vector<std::uint8_t> filler_;
};

// Collects the answers to the whole frames of [at, at + size); returns their bytes.
std::size_t answer_whole_frames(std::uint8_t* at, std::size_t size, Answers& answers) {
  std::size_t done = 0;
  while (size - done >= kLengthBytes) {
    const std::size_t frame = pyport::load_u32(at + done);
    if (kLengthBytes + frame > size - done) break;
    answers.add(at + done, frame);
    done += kLengthBytes + frame;
  }
  return done;
}

}  // namespace

int main() {
  std::vector<std::uint8_t> buffer(kReadBytes);
  std::size_t held = 0;
  Answers answers;
  for (;;) {
    if (buffer.size() - held < kReadBytes / 2) buffer.resize(buffer.size() * 2);
    const ssize_t got = ::read(STDIN_FILENO, buffer.data() + held, buffer.size() - held);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    held += static_cast<std::size_t>(got);
    const std::size_t done = answer_whole_frames(buffer.data(), held, answers);
    answers.write_all();
    held -= done;
    std::memmove(buffer.data(), buffer.data() + done, held);
  }
}
