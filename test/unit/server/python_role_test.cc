#include "server/python_role.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "asker.h"
#include "etf/reader.h"
#include "fake_jobs.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;

struct PythonRoleTest : ::testing::Test {
  Bytes raw(Op op, const Bytes& body = {}, std::uint16_t flags = 0) { return asker.raw(op, body, flags); }
  Frame ask(Op op, const Bytes& body = {}) { return asker.ask(op, body); }
  Op op_of(Op op, const test::Fill& fill) { return asker.op_of(op, fill); }
  Bytes error_of(Op op, const Bytes& body) { return asker.error_of(op, body); }

  test::FakeJobs jobs;
  Outbox outbox;
  ReplySink sink{outbox, {value::NoneAtom::none, test::kAskerMax, 0, std::chrono::milliseconds(1)}};
  PythonRole role{jobs, sink};
  test::Asker asker{role};
};

TEST_F(PythonRoleTest, PingIsAnswered) { EXPECT_EQ(ask(Op::ping).header.op, Op::ok); }

TEST_F(PythonRoleTest, JobsAreSubmittedAndNotAnswered) {
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

TEST_F(PythonRoleTest, JobThatIsNotAcceptedIsAnsweredAtOnce) {
  jobs.refuse_with = Errc::overloaded;
  const Bytes eval = test::body([](etf::Writer w) { w.tuple(3).integer(17).text("x").map(0); });
  EXPECT_EQ(error_of(Op::eval, eval), test::body([](etf::Writer w) { w.atom("overloaded"); }));
  const Frame event = test::only_frame(raw(Op::eval, eval, protocol::kNoReply));
  EXPECT_EQ(event.header.op, Op::cast_failed);
  EXPECT_EQ(event.header.id, 0u);
  EXPECT_EQ(event.body, test::body([](etf::Writer w) { w.tuple(2).integer(17).atom("overloaded"); }));
}

TEST_F(PythonRoleTest, NamespacesAndCancelAreHandedOn) {
  EXPECT_EQ(op_of(Op::ns_new, [](etf::Writer w) { w.list(2).integer(1).integer(300).nil(); }), Op::ok);
  EXPECT_EQ(jobs.made, (std::vector<python::NamespaceId>{1, 300}));
  EXPECT_EQ(op_of(Op::ns_drop, [](etf::Writer w) { w.list(1).integer(1).nil(); }), Op::ok);
  EXPECT_EQ(jobs.dropped, (std::vector<python::NamespaceId>{1}));
  EXPECT_TRUE(raw(Op::cancel, test::body([](etf::Writer w) { w.integer(9); })).empty());
  EXPECT_EQ(jobs.cancelled, (std::vector<python::RequestId>{9}));
}

TEST_F(PythonRoleTest, LogCreditIsNeverAnswered) {
  EXPECT_TRUE(raw(Op::log_credit, test::body([](etf::Writer w) { w.integer(1); })).empty());
  sink.log({python::LogStream::out, python::LogLevel::info, "", 1, "x"});
  EXPECT_TRUE(outbox.waiting());
}

TEST_F(PythonRoleTest, InfoTellsOfTheInterpreters) {
  jobs.interpreters = {{1, 10, 2, true, 30, 4}, {2, 5, 0, false, 0, 3}};
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
  EXPECT_EQ(numbers.size(), 5u);
  EXPECT_EQ(numbers["calls"], 15u);
  EXPECT_EQ(numbers["namespaces"], 7u);
  EXPECT_GT(numbers["rss"], 1u << 20);
  EXPECT_EQ(numbers["os_pid"], static_cast<std::uint64_t>(getpid()));
  EXPECT_TRUE(numbers.contains("uptime_ms"));
  EXPECT_TRUE(reader.atom_is("interpreters"));
}

TEST_F(PythonRoleTest, DictsAreTheTablesBusiness) {
  const Bytes handle = test::body([](etf::Writer w) { w.binary(Bytes(16, 1)); });
  const Bytes key = test::body([](etf::Writer w) { w.tuple(2).binary(Bytes(16, 1)).text("k"); });
  const Bytes set = test::body([](etf::Writer w) { w.tuple(3).binary(Bytes(16, 1)).text("k").nil(); });
  for (const Op op : {Op::create, Op::keys, Op::stat}) EXPECT_EQ(error_of(op, handle), test::unknown_op(op));
  for (const Op op : {Op::get, Op::del}) EXPECT_EQ(error_of(op, key), test::unknown_op(op));
  EXPECT_EQ(error_of(Op::set, set), test::unknown_op(Op::set));
  EXPECT_EQ(error_of(Op::destroy, test::body([](etf::Writer w) { w.nil(); })), test::unknown_op(Op::destroy));
  for (const Op op : {Op::dicts, Op::sweep}) EXPECT_EQ(error_of(op, {}), test::unknown_op(op));
}

}  // namespace
}  // namespace pyport::server
