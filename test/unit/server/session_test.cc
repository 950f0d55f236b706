#include "server/session.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "../protocol/golden.h"
#include "etf/reader.h"
#include "fake_jobs.h"
#include "frames.h"
#include "server/python_role.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;
using Verdict = FrameHandler::Verdict;

struct SessionTest : ::testing::Test {
  Verdict send(const Bytes& frame) {
    out.clear();
    return session.on_frame(frame, out);
  }

  Frame reply() { return test::only_frame(out); }

  std::string error_tag() {
    const Frame frame = reply();
    EXPECT_EQ(frame.header.op, Op::error);
    etf::Reader reader(frame.body);
    std::string tag;
    std::size_t arity = 0;
    (void)reader.tuple(arity);
    EXPECT_TRUE(reader.atom(tag));
    return tag;
  }

  test::FakeJobs jobs;
  Outbox outbox;
  ReplySink sink{outbox, {value::NoneAtom::none, 1 << 26, 0}};
  PythonRole role{jobs, sink};
  int starts = 0;
  std::optional<Error> refusal;
  Session session{[this](const protocol::Hello& hello) -> Result<Started> {
    ++starts;
    EXPECT_EQ(hello.interpreters, 2u);
    if (refusal) return *refusal;
    return Started{role, "3.13.5", 2};
  }};
  Bytes out;
};

TEST_F(SessionTest, HelloStartsAndRaisesTheCap) {
  EXPECT_EQ(session.max_frame(), std::size_t{1} << 20);
  EXPECT_EQ(send(test::golden("request_hello_python")), Verdict::go_on);
  EXPECT_EQ(session.max_frame(), std::size_t{64} << 20);
  const Frame frame = reply();
  EXPECT_EQ(frame.header.op, Op::value);
  EXPECT_EQ(frame.header.id, 1u);
  EXPECT_EQ(
      frame.body, test::body([](etf::Writer w) {
        w.map(5).atom("protocol").integer(1).atom("version").text("0.1.0").atom("python").text("3.13.5");
        w.atom("os_pid").integer(getpid()).atom("interpreters").integer(2);
      }));
  send(test::golden("request_ping"));
  EXPECT_EQ(reply().header.op, Op::ok);
}

TEST_F(SessionTest, NothingIsDoneBeforeHello) {
  for (const char* name : {"request_ping", "request_new", "request_eval"}) {
    EXPECT_EQ(send(test::golden(name)), Verdict::go_on);
    EXPECT_EQ(error_tag(), "bad_frame");
  }
  EXPECT_TRUE(jobs.submitted.empty());
  EXPECT_EQ(send(test::golden("request_hello_python")), Verdict::go_on);
  EXPECT_EQ(starts, 1);
}

TEST_F(SessionTest, HelloComesOnce) {
  send(test::golden("request_hello_python"));
  EXPECT_EQ(send(test::golden("request_hello_python")), Verdict::go_on);
  EXPECT_EQ(error_tag(), "bad_frame");
  EXPECT_EQ(starts, 1);
}

TEST_F(SessionTest, HelloOfAnotherVersionIsRefused) {
  Bytes hello = test::golden("request_hello_python");
  hello[0] = 2;
  EXPECT_EQ(send(hello), Verdict::refuse);
  EXPECT_EQ(error_tag(), "protocol_mismatch");
  EXPECT_EQ(starts, 0);
}

TEST_F(SessionTest, BadHelloIsRefused) {
  EXPECT_EQ(send(test::request(Op::hello, 1, test::body([](etf::Writer w) { w.map(0); }))), Verdict::refuse);
  EXPECT_EQ(error_tag(), "bad_config");
  EXPECT_EQ(send(test::request(Op::hello, 1, Bytes{131})), Verdict::refuse);
  EXPECT_EQ(error_tag(), "bad_etf");
  EXPECT_EQ(starts, 0);
}

TEST_F(SessionTest, PythonThatDoesNotStartIsARefusal) {
  refusal = make_error(Errc::bad_config, "python: no such folder");
  EXPECT_EQ(send(test::golden("request_hello_python")), Verdict::refuse);
  EXPECT_EQ(error_tag(), "bad_config");
}

TEST_F(SessionTest, OtherVersionAfterHelloIsAnsweredOnly) {
  send(test::golden("request_hello_python"));
  Bytes ping = test::golden("request_ping");
  ping[0] = 9;
  EXPECT_EQ(send(ping), Verdict::go_on);
  EXPECT_EQ(error_tag(), "protocol_mismatch");
}

TEST_F(SessionTest, FrameWithoutAHeaderIsAnsweredWithIdZero) {
  for (const bool greeted : {false, true}) {
    if (greeted) send(test::golden("request_hello_python"));
    for (std::size_t size = 0; size < protocol::kHeaderSize; ++size) {
      EXPECT_EQ(send(Bytes(size, 1)), Verdict::go_on);
      EXPECT_EQ(error_tag(), "bad_frame");
      EXPECT_EQ(reply().header.id, 0u);
    }
  }
}

// Whatever comes is answered or ignored; only a refused HELLO ends the program.
TEST_F(SessionTest, DamagedFramesNeverEndIt) {
  send(test::golden("request_hello_python"));
  unsigned random = 1;
  const auto next = [&] { return random = random * 1103515245u + 12345u, random >> 8; };
  for (const auto& [name, frame] : test::golden_frames()) {
    for (int round = 0; round < 200; ++round) {
      Bytes damaged = frame;
      for (unsigned i = next() % 3; i-- > 0;)
        damaged[next() % damaged.size()] = static_cast<std::uint8_t>(next());
      damaged.resize(next() % 4 == 0 ? next() % (damaged.size() + 1) : damaged.size());
      EXPECT_EQ(send(damaged), Verdict::go_on) << name;
      EXPECT_LE(test::frames_of(out).size(), 1u) << name;
    }
  }
}

}  // namespace
}  // namespace pyport::server
