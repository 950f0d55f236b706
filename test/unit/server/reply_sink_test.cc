#include "server/reply_sink.h"

#include <gtest/gtest.h>

#include <thread>

#include "etf/reader.h"
#include "frames.h"
#include "server/process.h"
#include "value/to_pickle.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;

constexpr std::size_t kMax = 4096;

Bytes pickled(const test::Fill& fill) {
  Bytes pickle;
  EXPECT_TRUE(value::to_pickle(test::term(fill), pickle).ok());
  return pickle;
}

struct ReplySinkTest : ::testing::Test {
  std::vector<Frame> told() {
    std::vector<Bytes> chunks;
    outbox.take(chunks);
    Bytes all;
    for (const Bytes& chunk : chunks) append(all, chunk);
    return test::frames_of(all);
  }

  Frame only() {
    std::vector<Frame> frames = told();
    EXPECT_EQ(frames.size(), 1u);
    return frames.empty() ? Frame{} : frames[0];
  }

  python::Job job(bool no_reply = false) {
    python::Job made;
    made.id = 7;
    made.ns = 17;
    made.no_reply = no_reply;
    return made;
  }

  Outbox outbox;
  ReplySink sink{outbox, {value::NoneAtom::nil, kMax, 2, std::chrono::milliseconds(1)}};
};

TEST_F(ReplySinkTest, ValueIsConvertedWithTheAtomForNone) {
  sink.done(job(), python::ValueOutcome{
                       pickled([](etf::Writer w) { w.list(2).integer(1).atom("none").nil(); }), true, {}});
  const Frame frame = only();
  EXPECT_EQ(frame.header.op, Op::value);
  EXPECT_EQ(frame.header.id, 7u);
  EXPECT_EQ(frame.body, test::body([](etf::Writer w) { w.list(2).integer(1).atom("nil").nil(); }));
}

TEST_F(ReplySinkTest, OpaqueValueKeepsItsPickle) {
  sink.done(job(), python::ValueOutcome{{0x80, 5, '.'}, false, "shop.Cart"});
  EXPECT_EQ(only().body, test::body([](etf::Writer w) {
              w.tuple(3).atom("py_object").text("shop.Cart").binary(Bytes{0x80, 5, '.'});
            }));
}

TEST_F(ReplySinkTest, OpaqueValueIsConvertedWhenTheJobAsksForIt) {
  const python::ValueOutcome set{{0x80, 5, 0x8F, '(', 'K', 1, 0x90, '.'}, false, "set"};
  python::Job asking = job();
  asking.convert = value::kConvertSets;
  sink.done(asking, set);
  EXPECT_EQ(only().body, test::body([](etf::Writer w) { w.map(1).integer(1).nil(); }));
  asking.convert = value::kConvertDecimals;
  sink.done(asking, set);
  EXPECT_EQ(only().body,
            test::body([&](etf::Writer w) { w.tuple(3).atom("py_object").text("set").binary(set.pickle); }));
}

TEST_F(ReplySinkTest, ValueThatCannotBeConvertedIsAnError) {
  sink.done(job(), python::ValueOutcome{{0x80, 5, 'N'}, true, ""});  // no STOP
  const Frame frame = only();
  EXPECT_EQ(frame.header.op, Op::error);
  EXPECT_EQ(frame.header.id, 7u);
  EXPECT_EQ(frame.body,
            test::body([](etf::Writer w) { w.tuple(3).atom("bad_term").nil().atom("bad_pickle"); }));
}

TEST_F(ReplySinkTest, ValueTooLargeIsAnError) {
  const Bytes big(5000, 'x');
  sink.done(job(), python::ValueOutcome{pickled([&](etf::Writer w) { w.binary(big); }), true, {}});
  const Frame frame = only();
  EXPECT_EQ(frame.header.op, Op::error);
  etf::Reader reader(frame.body);
  std::uint64_t size = 0, max = 0;
  EXPECT_TRUE(reader.tuple_of(3) && reader.atom_is("frame_too_large") && reader.uint64(size) &&
              reader.uint64(max));
  EXPECT_GT(size, kMax);
  EXPECT_EQ(max, kMax);
}

TEST_F(ReplySinkTest, TheOtherOutcomes) {
  sink.done(job(), python::DoneOutcome{});
  EXPECT_EQ(only().header.op, Op::ok);
  sink.done(job(), python::ExceptionOutcome{"KeyError", true, "'x'", {"line"}});
  Frame frame = only();
  EXPECT_EQ(frame.header.op, Op::exception);
  EXPECT_EQ(frame.body, test::body([](etf::Writer w) {
              w.tuple(4).text("KeyError").boolean(true).text("'x'").list(1).text("line").nil();
            }));
  sink.done(job(), make_error(Errc::cancelled));
  frame = only();
  EXPECT_EQ(frame.header.op, Op::error);
  EXPECT_EQ(frame.body, test::body([](etf::Writer w) { w.atom("cancelled"); }));
}

TEST_F(ReplySinkTest, OnlyFailuresOfCastsAreTold) {
  sink.done(job(true), python::ValueOutcome{pickled([](etf::Writer w) { w.integer(1); }), true, {}});
  sink.done(job(true), python::DoneOutcome{});
  EXPECT_TRUE(told().empty());
  sink.done(job(true), python::ExceptionOutcome{"ValueError", true, "no", {}});
  Frame frame = only();
  EXPECT_EQ(frame.header.op, Op::cast_failed);
  EXPECT_EQ(frame.header.id, 0u);
  EXPECT_EQ(frame.body, test::body([](etf::Writer w) {
              w.tuple(2).integer(17).tuple(4).text("ValueError").boolean(true).text("no").nil();
            }));
  sink.done(job(true), make_error(Errc::no_namespace));
  EXPECT_EQ(only().body, test::body([](etf::Writer w) { w.tuple(2).integer(17).atom("no_namespace"); }));
}

TEST_F(ReplySinkTest, DestroyedDictIsAnEvent) {
  table::Handle handle;
  handle.bits.fill(9);
  sink.destroyed(handle);
  const Frame frame = only();
  EXPECT_EQ(frame.header.op, Op::destroyed);
  EXPECT_EQ(frame.body, test::body([&](etf::Writer w) { w.list(1).binary(handle.bits).nil(); }));
}

python::LogRecord line(const std::string& text) {
  return {python::LogStream::err, python::LogLevel::error, "", 2, text};
}

Bytes log_body(const std::string& text) {
  return test::body(
      [&](etf::Writer w) { w.tuple(5).atom("stderr").atom("error").text("").integer(2).text(text); });
}

TEST_F(ReplySinkTest, LogLinesAreSentAgainstCreditAndLossesTold) {
  for (const char* text : {"one", "two", "three", "four"}) sink.log(line(text));
  std::vector<Frame> frames = told();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].header.op, Op::log);
  EXPECT_EQ(frames[0].body, log_body("one"));
  EXPECT_EQ(frames[1].body, log_body("two"));

  sink.add_log_credit(2);
  sink.log(line("five"));
  sink.log(line("six"));
  frames = told();
  ASSERT_EQ(frames.size(), 2u) << "the warning takes one of the credits";
  EXPECT_EQ(frames[0].body, test::body([](etf::Writer w) {
              w.tuple(5).atom("log").atom("warning").text("pyport").integer(1);
              w.text("2 lines were lost: the node took them too slowly");
            }));
  EXPECT_EQ(frames[1].body, log_body("five"));
}

TEST_F(ReplySinkTest, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) sink.done(job(), python::DoneOutcome{});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told().size(), 4000u);
}

TEST_F(ReplySinkTest, StuckIsTheLastFrame) {
  sink.done(job(), python::DoneOutcome{});
  sink.stuck(11);
  sink.done(job(), python::DoneOutcome{});
  std::vector<Bytes> chunks;
  EXPECT_EQ(outbox.take(chunks), kExitStuck);
  const std::vector<Frame> frames = test::frames_of(chunks.at(0));
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].header.op, Op::stuck);
  EXPECT_EQ(frames[1].body, test::body([](etf::Writer w) { w.tuple(1).integer(11); }));
}

int ended_with = -1;

TEST(ReplySinkStuck, EndsTheProgramWhenTheWriterDoesNot) {
  Outbox outbox;
  ReplySink::Settings settings;
  settings.max_frame = kMax;
  settings.end = [](int status) { ended_with = status; };
  settings.end_patience = std::chrono::milliseconds(1);
  ReplySink sink(outbox, settings);
  sink.stuck(11);
  EXPECT_EQ(ended_with, kExitStuck);
}

TEST_F(ReplySinkTest, DestroyedIsToldToTheReaperToo) {
  int told_reaper = 0;
  sink.set_on_destroyed([&] { ++told_reaper; });
  sink.destroyed(table::Handle{{1}});
  EXPECT_EQ(only().header.op, Op::destroyed);
  EXPECT_EQ(told_reaper, 1);
}

TEST_F(ReplySinkTest, ForsakenItTellsNobody) {
  sink.forsake();
  sink.done(job(), python::DoneOutcome{});
  sink.destroyed(table::Handle{{1}});
  sink.stuck(11);
  ::testing::internal::CaptureStderr();
  for (const char* text : {"one", "two", "three"}) sink.log(line(text));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "one\ntwo\nthree\n");
  EXPECT_FALSE(outbox.waiting());
}

}  // namespace
}  // namespace pyport::server
