#include "server/dispatcher.h"

#include <gtest/gtest.h>

#include <new>

#include "asker.h"
#include "etf/reader.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;

// Answers PING, fails otherwise.
struct FakeRole final : Role {
  Status perform(const protocol::Request& request, Answer& answer) override {
    if (std::holds_alternative<protocol::Ping>(request)) return answer.ok();
    if (std::holds_alternative<protocol::Get>(request)) return answer.missing();
    answer.out.push_back(1);  // half a reply
    if (std::holds_alternative<protocol::Info>(request)) throw std::bad_alloc();
    return make_error(Errc::gone);
  }
};

struct DispatcherTest : ::testing::Test {
  Bytes raw(Op op, const Bytes& body = {}, std::uint16_t flags = 0) { return asker.raw(op, body, flags); }
  Bytes error_of(Op op, const Bytes& body) { return asker.error_of(op, body); }

  FakeRole role;
  test::Asker asker{role};
  Dispatcher& dispatcher = asker.dispatcher();
};

TEST_F(DispatcherTest, SecondHelloAndUnknownOperationsAreRefused) {
  EXPECT_EQ(error_of(static_cast<Op>(0x7F), {}),
            test::body([](etf::Writer w) { w.tuple(2).atom("unknown_op").integer(0x7F); }));
  const Bytes error = error_of(Op::hello, test::body([](etf::Writer w) { w.map(0); }));
  etf::Reader reader(error);
  EXPECT_TRUE(reader.tuple_of(2) && reader.atom_is("bad_config"));
}

TEST_F(DispatcherTest, RepliesFollowWhatIsInTheBufferAlready) {
  Bytes out = test::with_length(test::request(Op::ok, 1));
  dispatcher.handle({1, Op::ping, 0, 2}, {}, out);
  dispatcher.handle({1, Op::get, 0, 3}, {}, out);
  const std::vector<Frame> frames = test::frames_of(out);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[1].header.id, 2u);
  EXPECT_EQ(frames[2].header.op, Op::error);
}

TEST_F(DispatcherTest, FailureTakesBackWhatWasWritten) {
  EXPECT_EQ(asker.ask(Op::dicts).header.op, Op::gone);
  EXPECT_EQ(error_of(Op::info, {}),
            test::body([](etf::Writer w) { w.tuple(2).atom("table_full").text("memory"); }));
}

TEST_F(DispatcherTest, FailureOfAJobWithoutReplyIsAnEventOfItsNamespace) {
  const Bytes eval = test::body([](etf::Writer w) { w.tuple(3).integer(17).text("x").map(0); });
  const Frame event = test::only_frame(raw(Op::eval, eval, protocol::kNoReply));
  EXPECT_EQ(event.header.op, Op::cast_failed);
  EXPECT_EQ(event.header.id, 0u);
  EXPECT_EQ(event.body, test::body([](etf::Writer w) { w.tuple(2).integer(17).atom("gone"); }));
}

TEST_F(DispatcherTest, SuccessWithoutReplyIsSilent) {
  const Bytes key = test::body([](etf::Writer w) { w.tuple(2).binary(Bytes(16, 1)).text("k"); });
  EXPECT_TRUE(raw(Op::ping, {}, protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::get, key, protocol::kNoReply).empty());
}

}  // namespace
}  // namespace pyport::server
