#include "server/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <thread>

#include "child.h"
#include "frames.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using test::Pipe;

// What the child that serves a connection shares with the test.
struct Shared {
  std::atomic<std::uint64_t> handled{0};
};

// Answers a frame with itself; knows a few first bytes that make it do something else.
class TestHandler final : public FrameHandler {
 public:
  TestHandler(Shared& shared, Outbox& outbox) : shared_(shared), outbox_(outbox) {}

  Verdict on_frame(ByteSpan frame, Bytes& out) override {
    shared_.handled.fetch_add(1);
    const Bytes copy(frame.begin(), frame.end());
    const char what = frame.empty() ? 'e' : static_cast<char>(frame[0]);
    if (what == 'T') {  // from a thread
      std::thread([this, copy] { outbox_.push(test::with_length(copy)); }).detach();
      return Verdict::go_on;
    }
    if (what == 'L') {  // the last one, from a thread
      std::thread([this, copy] { outbox_.push_last(test::with_length(copy), kExitStuck); }).detach();
      return Verdict::go_on;
    }
    if (what == 'B') {  // big
      append_u32(out, 1 << 20);
      out.resize(out.size() + (1 << 20), 'b');
      return Verdict::go_on;
    }
    if (what == 'C') cap_ = 1 << 24;
    append(out, test::with_length(copy));
    return what == 'R' ? Verdict::refuse : Verdict::go_on;
  }

  std::size_t max_frame() const override { return cap_; }

 private:
  Shared& shared_;
  Outbox& outbox_;
  std::size_t cap_ = 1000;
};

// With and without spinning before it blocks.
struct ConnectionTest : ::testing::TestWithParam<bool> {
  explicit ConnectionTest(std::size_t most_pending = std::size_t{8} << 20)
      : settings{GetParam(), most_pending} {}

  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared = new (memory) Shared;
    child = test::in_child([&] {
      to.close_write();
      from.close_read();
      Outbox outbox;
      TestHandler handler(*shared, outbox);
      Connection connection({to.read_end(), from.write_end()}, handler, outbox, settings);
      connection.run();
      return 99;
    });
    to.close_read();
    from.close_write();
  }

  void TearDown() override {
    if (child > 0) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
    munmap(shared, sizeof(Shared));
  }

  void send(const std::string& text) {
    const ByteSpan bytes = as_bytes(text);
    test::write_all(to.write_end(), test::with_length(Bytes(bytes.begin(), bytes.end())));
  }

  std::string receive(std::size_t size) {
    const std::string all = from.read_exactly(4 + size);
    return all.size() >= 4 ? all.substr(4) : all;
  }

  int child_status() {
    const int status = test::exit_status(child);
    child = -1;
    return status;
  }

  const Connection::Settings settings;
  Pipe to, from;
  Shared* shared = nullptr;
  pid_t child = -1;
};

TEST_P(ConnectionTest, AnswersFramesAndLeavesAtTheEndOfInput) {
  send("hello");
  EXPECT_EQ(receive(5), "hello");
  send("again");
  EXPECT_EQ(receive(5), "again");
  to.close_write();
  EXPECT_EQ(child_status(), kExitDone);
}

TEST_P(ConnectionTest, FramesInPiecesAndManyAtOnce) {
  Bytes stream;
  for (int i = 0; i < 1000; ++i)
    append(stream, test::with_length(Bytes(static_cast<std::size_t>(i % 90), 'x')));
  for (std::size_t at = 0; at < 300; ++at) test::write_all(to.write_end(), ByteSpan(stream).subspan(at, 1));
  test::write_all(to.write_end(), ByteSpan(stream).subspan(300));
  EXPECT_EQ(from.read_exactly(stream.size()), std::string(as_text(stream)));
}

TEST_P(ConnectionTest, FramesOfOtherThreadsAreWritten) {
  for (int i = 0; i < 100; ++i) {
    send("T" + std::to_string(1000 + i));
    EXPECT_EQ(receive(5), "T" + std::to_string(1000 + i));
    // Long enough for the loop to stop spinning and block, now and then.
    if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_P(ConnectionTest, LengthAboveTheCapEndsTheProgramAfterTheEarlierReplies) {
  Bytes stream = test::with_length(Bytes(3, 'x'));
  append_u32(stream, 1001);
  test::write_all(to.write_end(), stream);
  EXPECT_EQ(receive(3), "xxx");
  EXPECT_EQ(child_status(), kExitBadStream);
}

TEST_P(ConnectionTest, CapFollowsTheHandler) {
  Bytes stream = test::with_length(Bytes{'C'});
  append(stream, test::with_length(Bytes(100000, 'y')));
  test::write_all(to.write_end(), stream);
  EXPECT_EQ(from.read_exactly(stream.size()).size(), stream.size());
}

TEST_P(ConnectionTest, RefusalIsWrittenBeforeTheProgramEnds) {
  send("Refused");
  EXPECT_EQ(receive(7), "Refused");
  EXPECT_EQ(child_status(), kExitRefused);
}

TEST_P(ConnectionTest, EndsBehindTheLastFrames) {
  send("before");
  send("Last");
  // Both may come in one read.
  EXPECT_EQ(receive(14), std::string("before\0\0\0\4Last", 14));
  EXPECT_EQ(child_status(), kExitStuck);
}

TEST_P(ConnectionTest, EndsBehindTheLastFramesThoughNobodyReads) {
  for (int i = 0; i < 5; ++i) send("B");  // more than the pipe holds, less than may wait
  send("Last");
  EXPECT_EQ(child_status(), kExitStuck);
}

TEST_P(ConnectionTest, LeavesWhenNobodyReads) {
  from.close_read();
  send("x");
  EXPECT_EQ(child_status(), kExitDone);
}

// A node that sends without reading must not make the program hold all answers.
TEST_P(ConnectionTest, StopsHandlingWhileItsOutputIsNotRead) {
  constexpr std::uint64_t kFrames = 200;
  for (std::uint64_t i = 0; i < kFrames; ++i) send("B");
  const std::string first = from.read_some();  // it is at work
  EXPECT_LT(shared->handled.load(), 30u);
  const std::size_t total = kFrames * ((1 << 20) + 4);
  std::size_t got = first.size();
  while (got < total) {
    const std::string some = from.read_some();
    if (some.empty()) break;
    got += some.size();
  }
  EXPECT_EQ(got, total);
  EXPECT_EQ(shared->handled.load(), kFrames);
}

TEST_P(ConnectionTest, LeavesWhenTheReaderGoesWhileOutputWaits) {
  for (int i = 0; i < 50; ++i) send("B");
  (void)from.read_some();
  from.close_read();
  EXPECT_EQ(child_status(), kExitDone);
}

// Two replies at a time are more than may wait, and four such pairs fill a page of the pipe exactly.
constexpr std::size_t kFrame = 512;
constexpr std::size_t kMostPending = 1000;

struct FullOutputTest : ConnectionTest {
  FullOutputTest() : ConnectionTest(kMostPending) {}
};

// The pipe is full, all requests have been read, and more output waits than may. Then the node takes all
// of the pipe at once: what waited fits into it, so that no event will tell of room again.
TEST_P(FullOutputTest, RequestsThatWaitedGoOn) {
  const auto capacity = static_cast<std::size_t>(fcntl(from.read_end(), F_GETPIPE_SZ));
  const std::size_t handled_when_full = capacity / kFrame + 2;
  const std::size_t frames = handled_when_full + 10;
  Bytes stream;
  for (std::size_t i = 0; i < frames; ++i) append(stream, test::with_length(Bytes(kFrame - 4, 'x')));
  test::write_all(to.write_end(), stream);
  for (int waited = 0; shared->handled.load() < handled_when_full && waited < test::kLimitMs; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(shared->handled.load(), handled_when_full);
  EXPECT_EQ(from.skip(stream.size()), stream.size());
  EXPECT_EQ(shared->handled.load(), frames);
}

const auto kNames = [](const auto& spins) { return std::string(spins.param ? "spinning" : "blocking"); };
INSTANTIATE_TEST_SUITE_P(Both, ConnectionTest, ::testing::Bool(), kNames);
INSTANTIATE_TEST_SUITE_P(Both, FullOutputTest, ::testing::Bool(), kNames);

}  // namespace
}  // namespace pyport::server
