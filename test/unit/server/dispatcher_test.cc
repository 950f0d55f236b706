#include "server/dispatcher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "etf/reader.h"
#include "fake_jobs.h"
#include "frames.h"
#include "value/to_etf.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;

constexpr std::size_t kMax = 1 << 16;

Bytes handle_bytes(std::uint8_t byte) { return Bytes(16, byte); }

struct DispatcherTest : ::testing::Test {
  Bytes raw(Op op, const Bytes& body = {}, std::uint16_t flags = 0) {
    Bytes out;
    dispatcher.handle({1, op, flags, 5}, body, out);
    return out;
  }

  Frame ask(Op op, const Bytes& body = {}) {
    Frame frame = test::only_frame(raw(op, body));
    EXPECT_EQ(frame.header.id, 5u);
    return frame;
  }

  Op op_of(Op op, const test::Fill& fill) { return ask(op, test::body(fill)).header.op; }

  void make_dict(std::uint8_t byte = 1) {
    const Bytes handle = handle_bytes(byte);
    EXPECT_EQ(op_of(Op::create, [&](etf::Writer w) { w.binary(handle); }), Op::ok);
  }

  static test::Fill at(const std::string& key, std::uint8_t dict = 1) {
    return [=](etf::Writer w) { w.tuple(2).binary(handle_bytes(dict)).text(key); };
  }

  static test::Fill put(const std::string& key, const test::Fill& value, std::uint8_t dict = 1) {
    return [=](etf::Writer w) { value(w.tuple(3).binary(handle_bytes(dict)).text(key)); };
  }

  // The error term of an answer.
  Bytes error_of(Op op, const Bytes& body) {
    const Frame frame = ask(op, body);
    EXPECT_EQ(frame.header.op, Op::error);
    return frame.body;
  }

  table::Table table;
  test::FakeJobs jobs;
  Outbox outbox;
  ReplySink sink{outbox, {value::NoneAtom::none, kMax, 0, std::chrono::milliseconds(1)}};
  Dispatcher dispatcher{table, jobs, sink, {value::NoneAtom::none, kMax}};
};

TEST_F(DispatcherTest, PingIsAnswered) { EXPECT_EQ(ask(Op::ping).header.op, Op::ok); }

TEST_F(DispatcherTest, DictLivesFromNewToDestroy) {
  EXPECT_EQ(op_of(Op::get, at("k")), Op::gone);
  make_dict();
  EXPECT_EQ(op_of(Op::get, at("k")), Op::missing);
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.tuple(2).atom("true").integer(7); })), Op::ok);
  const Frame value = ask(Op::get, test::body(at("k")));
  EXPECT_EQ(value.header.op, Op::value);
  EXPECT_EQ(value.body, test::body([](etf::Writer w) { w.tuple(2).atom("true").integer(7); }));
  EXPECT_EQ(op_of(Op::del, at("k")), Op::ok);
  EXPECT_EQ(op_of(Op::del, at("k")), Op::missing);
  const Bytes handle = handle_bytes(1);
  const Bytes unknown = handle_bytes(2);
  EXPECT_EQ(op_of(Op::destroy, [&](etf::Writer w) { w.list(2).binary(handle).binary(unknown).nil(); }),
            Op::ok);
  EXPECT_EQ(op_of(Op::get, at("k")), Op::gone);
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.integer(1); })), Op::gone);
  EXPECT_EQ(op_of(Op::del, at("k")), Op::gone);
  EXPECT_EQ(op_of(Op::keys, [&](etf::Writer w) { w.binary(handle); }), Op::gone);
}

TEST_F(DispatcherTest, HandleCannotBeTakenTwice) {
  make_dict();
  const Bytes handle = handle_bytes(1);
  EXPECT_EQ(error_of(Op::create, test::body([&](etf::Writer w) { w.binary(handle); })),
            test::body([](etf::Writer w) { w.atom("exists"); }));
}

TEST_F(DispatcherTest, KeysComeInTheOrderOfInsertion) {
  make_dict();
  const Bytes handle = handle_bytes(1);
  for (const char* key : {"z", "a", "m"}) {
    EXPECT_EQ(op_of(Op::set, put(key, [](etf::Writer w) { w.integer(1); })), Op::ok);
  }
  EXPECT_EQ(op_of(Op::set, [&](etf::Writer w) { w.tuple(3).binary(handle).integer(-5).nil(); }), Op::ok);
  EXPECT_EQ(ask(Op::keys, test::body([&](etf::Writer w) { w.binary(handle); })).body,
            test::body([](etf::Writer w) { w.list(4).text("z").text("a").text("m").integer(-5).nil(); }));
}

TEST_F(DispatcherTest, ValueThatCannotBeConvertedLeavesTheOldOne) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const auto twice = [](etf::Writer w) { w.list(1).map(2).atom("a").integer(1).text("a").integer(2).nil(); };
  EXPECT_EQ(error_of(Op::set, test::body(put("k", twice))), test::body([](etf::Writer w) {
              w.tuple(3).atom("bad_term").list(2).integer(1).text("a").nil().atom("duplicate_key");
            }));
  EXPECT_EQ(ask(Op::get, test::body(at("k"))).body, test::body([](etf::Writer w) { w.integer(1); }));
}

TEST_F(DispatcherTest, ValueTooLargeForAFrameIsAnError) {
  make_dict();
  const Bytes half(kMax / 2, 'x');
  const auto large = [&](etf::Writer w) { w.list(3).binary(half).binary(half).binary(half).nil(); };
  EXPECT_EQ(op_of(Op::set, put("k", large)), Op::ok);
  const Bytes error = error_of(Op::get, test::body(at("k")));
  etf::Reader reader(error);
  EXPECT_TRUE(reader.tuple_of(3) && reader.atom_is("frame_too_large"));
}

TEST_F(DispatcherTest, InfoTellsTableAndInterpreters) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("key", [](etf::Writer w) { w.integer(1); })), Op::ok);
  jobs.interpreters = {{1, 10, 2, true, 30, 4}, {2, 0, 0, false, 0, 3}};
  const Frame frame = ask(Op::info);
  EXPECT_EQ(frame.header.op, Op::value);
  etf::Reader reader(frame.body);
  std::size_t pairs = 0;
  ASSERT_TRUE(reader.map(pairs));
  std::map<std::string, std::uint64_t> numbers;
  for (std::size_t i = 0; i + 1 < pairs; ++i) {
    std::string key;
    ASSERT_TRUE(reader.atom(key));
    ASSERT_TRUE(reader.uint64(numbers[key]));
  }
  EXPECT_EQ(numbers["dicts"], 1u);
  EXPECT_EQ(numbers["keys"], 1u);
  EXPECT_GT(numbers["bytes"], 3u);
  EXPECT_EQ(numbers["namespaces"], 7u);
  EXPECT_EQ(numbers["os_pid"], static_cast<std::uint64_t>(getpid()));
  EXPECT_TRUE(numbers.contains("uptime_ms"));
  EXPECT_TRUE(reader.atom_is("interpreters"));
}

// --- jobs ------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, JobsAreSubmittedAndNotAnswered) {
  const auto eval = [](etf::Writer w) { w.tuple(3).integer(17).text("x").map(0); };
  EXPECT_TRUE(raw(Op::eval, test::body(eval)).empty());
  EXPECT_TRUE(raw(Op::exec, test::body(eval), protocol::kAny).empty());
  ASSERT_EQ(jobs.submitted.size(), 2u);
  EXPECT_EQ(jobs.submitted[0].id, 5u);
  EXPECT_EQ(jobs.submitted[0].ns, 17u);
  EXPECT_FALSE(jobs.submitted[0].any);
  EXPECT_EQ(std::get<python::EvalJob>(jobs.submitted[0].what).code, "x");
  EXPECT_TRUE(jobs.submitted[1].any);
  EXPECT_EQ(std::get<python::ExecJob>(jobs.submitted[1].what).code, "x");
}

TEST_F(DispatcherTest, JobThatIsNotAcceptedIsAnsweredAtOnce) {
  jobs.refuse_with = Errc::overloaded;
  const Bytes eval = test::body([](etf::Writer w) { w.tuple(3).integer(17).text("x").map(0); });
  EXPECT_EQ(error_of(Op::eval, eval), test::body([](etf::Writer w) { w.atom("overloaded"); }));
  const Frame event = test::only_frame(raw(Op::eval, eval, protocol::kNoReply));
  EXPECT_EQ(event.header.op, Op::cast_failed);
  EXPECT_EQ(event.header.id, 0u);
  EXPECT_EQ(event.body, test::body([](etf::Writer w) { w.tuple(2).integer(17).atom("overloaded"); }));
}

TEST_F(DispatcherTest, NamespacesAndCancelAreHandedOn) {
  EXPECT_EQ(op_of(Op::ns_new, [](etf::Writer w) { w.list(2).integer(1).integer(300).nil(); }), Op::ok);
  EXPECT_EQ(jobs.made, (std::vector<python::NamespaceId>{1, 300}));
  EXPECT_EQ(op_of(Op::ns_drop, [](etf::Writer w) { w.list(1).integer(1).nil(); }), Op::ok);
  EXPECT_EQ(jobs.dropped, (std::vector<python::NamespaceId>{1}));
  EXPECT_TRUE(raw(Op::cancel, test::body([](etf::Writer w) { w.integer(9); })).empty());
  EXPECT_EQ(jobs.cancelled, (std::vector<python::RequestId>{9}));
}

TEST_F(DispatcherTest, LogCreditIsNeverAnswered) {
  EXPECT_TRUE(raw(Op::log_credit, test::body([](etf::Writer w) { w.integer(1); })).empty());
  sink.log({python::LogStream::out, python::LogLevel::info, "", 1, "x"});
  EXPECT_TRUE(outbox.waiting());
}

// --- refusals --------------------------------------------------------------------------------------

TEST_F(DispatcherTest, SecondHelloAndUnknownOperationsAreRefused) {
  EXPECT_EQ(error_of(static_cast<Op>(0x7F), {}),
            test::body([](etf::Writer w) { w.tuple(2).atom("unknown_op").integer(0x7F); }));
  const Bytes error = error_of(Op::hello, test::body([](etf::Writer w) { w.map(0); }));
  etf::Reader reader(error);
  EXPECT_TRUE(reader.tuple_of(2) && reader.atom_is("bad_config"));
}

TEST_F(DispatcherTest, FailuresWithoutReplyAreEventsOfNamespaceZero) {
  const Bytes set = test::body(put("k", [](etf::Writer w) { w.integer(1); }));
  Frame event = test::only_frame(raw(Op::set, set, protocol::kNoReply));
  EXPECT_EQ(event.header.op, Op::cast_failed);
  EXPECT_EQ(event.body, test::body([](etf::Writer w) { w.tuple(2).integer(0).atom("gone"); }));
  event = test::only_frame(raw(Op::cancel, test::body([](etf::Writer w) { w.nil(); })));
  EXPECT_EQ(event.header.op, Op::cast_failed);
}

TEST_F(DispatcherTest, SuccessWithoutReplyIsSilent) {
  const Bytes handle = handle_bytes(1);
  EXPECT_TRUE(
      raw(Op::create, test::body([&](etf::Writer w) { w.binary(handle); }), protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::set, test::body(put("k", [](etf::Writer w) { w.nil(); })), protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::get, test::body(at("k")), protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::info, {}, protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::ping, {}, protocol::kNoReply).empty());
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

}  // namespace
}  // namespace pyport::server
