// Calls that were told to stop: those that do end, and those that end the program.
#include <gtest/gtest.h>

#include "port_program.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;
using test::Node;
using test::PortProgram;

struct Code {
  const char* name;
  const char* text;
};

// How GoogleTest names it.
void PrintTo(const Code& code, std::ostream* out) { *out << code.name; }

// The code again and again whatever is raised in it: when the cancel comes before it has come to what does
// not end, it gets there all the same.
std::string unstoppable(const std::string& code) {
  std::string loop = "while True:\n  try:\n    print('begins')\n    ";
  for (const char c : code) loop += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return loop + "\n  except BaseException: pass";
}

struct CancelledCall {
  explicit CancelledCall(const char* isolation = "interpreter") {
    table.hello(hello_table(node));
    EXPECT_EQ(program.hello(hello_python(node, isolation)).header.op, Op::value);
    program.make_namespace();
  }

  protocol::RequestId begin(const std::string& code, std::uint16_t flags = 0) {
    const protocol::RequestId id = program.start(Op::exec, code, flags);
    program.wait_printed("begins");
    return id;
  }
  void cancel(protocol::RequestId id) {
    program.send(Op::cancel, test::body([=](etf::Writer w) { w.unsigned_integer(id); }));
  }
  // STUCK with this id is the last that comes, and all that the program started has ended with it.
  void expect_stuck(protocol::RequestId id) {
    const std::optional<Frame> event = program.event(Op::stuck);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->header.id, 0u);
    EXPECT_EQ(event->body, test::body([=](etf::Writer w) { w.tuple(1).unsigned_integer(id); }));
    EXPECT_TRUE(program.output_ends());
    EXPECT_EQ(program.end_status(), kExitStuck);
    EXPECT_TRUE(node.has_table());
  }

  Node node;
  PortProgram table, program;
};

struct OneCall : CancelledCall, ::testing::Test {};

// --- those that end the program ------------------------------------------------------------------

struct Stuck : CancelledCall, ::testing::TestWithParam<std::tuple<const char*, Code>> {
  Stuck() : CancelledCall(std::get<0>(GetParam())) {}
};

TEST_P(Stuck, EndsTheProgram) {
  const protocol::RequestId id = begin(unstoppable(std::get<1>(GetParam()).text));
  cancel(id);
  expect_stuck(id);
}

INSTANTIATE_TEST_SUITE_P(
    Call, Stuck,
    ::testing::Combine(
        ::testing::Values("interpreter", "process"),
        ::testing::Values(
            Code{"CatchesAll", "while True: pass"}, Code{"Sum", "sum(range(10**11))"},
            Code{"RegularExpression", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')"},
            Code{"HoldsTheGil", "import ctypes\nctypes.PyDLL(None).sleep(1000)"},
            Code{"SleepsInC", "import ctypes\nctypes.CDLL(None).sleep(1000)"},
            Code{"Lock", "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"},
            Code{"Child", "import subprocess\nsubprocess.run(['sleep', '1000'])"},
            Code{"ChildrenAgainAndAgain",
                 "import subprocess, threading\n"
                 "def start():\n  while True: subprocess.run(['sleep', '1000'])\n"
                 "for _ in range(8): threading.Thread(target=start).start()\nwhile True: pass"},
            Code{"CleansUpForLong", "import time\ntry:\n  while True: pass\nfinally:\n  time.sleep(1000)"})),
    [](const auto& with) {
      return std::string(std::get<0>(with.param)).append("_").append(std::get<1>(with.param).name);
    });

TEST_F(OneCall, DroppedNamespaceOfAJobThatDoesNotEnd) {
  const protocol::RequestId id = begin(unstoppable("sum(range(10**11))"));
  program.send(Op::ns_drop, PortProgram::namespaces());
  expect_stuck(id);
}

// The node does not read: the end may not wait for it.
TEST_F(OneCall, EndsThoughItsOutputIsFull) {
  const protocol::RequestId id = begin(unstoppable("sum(range(10**11))"));
  for (int i = 0; i < 100000; ++i) program.send(Op::ping);
  cancel(id);
  EXPECT_EQ(program.end_status(), kExitStuck);
}

TEST_F(OneCall, RepliesBeforeItsEndComeWhole) {
  const protocol::RequestId id = begin(unstoppable("sum(range(10**11))"));
  cancel(id);
  protocol::RequestId last = 0;
  for (int i = 0; i < 1000; ++i) last = program.send(Op::ping);
  EXPECT_EQ(program.reply(last).header.op, Op::ok);
  expect_stuck(id);
}

// --- those that do end ------------------------------------------------------------------------------

struct Ends : ::testing::TestWithParam<std::tuple<const char*, Code>> {};

// Whether the call ended in time, and the program went on. The machine may be too busy for that now and then.
bool ends_in_time(const char* isolation, const Code& code) {
  CancelledCall started(isolation);
  PortProgram& program = started.program;
  const protocol::RequestId id = started.begin(std::string("print('begins')\n") + code.text);
  started.cancel(id);
  const std::optional<Frame> frame = program.reply_or_end(id);
  if (!frame) return false;
  EXPECT_EQ(frame->header.op, Op::error);
  EXPECT_EQ(frame->body, test::body([](etf::Writer w) { w.atom("cancelled"); }));
  usleep(300000);  // longer than the grace
  EXPECT_EQ(program.eval("str(__import__('os').getpid())"), std::to_string(program.pid()));
  return true;
}

TEST_P(Ends, AndTheProgramGoesOn) {
  const auto& [isolation, code] = GetParam();
  for (int round = 0; round < 10; ++round) {
    if (ends_in_time(isolation, code)) return;
  }
  ADD_FAILURE() << "it never ended in time";
}

INSTANTIATE_TEST_SUITE_P(
    Call, Ends,
    ::testing::Combine(::testing::Values("interpreter", "process"),
                       ::testing::Values(Code{"Loop", "while True: pass"},
                                         Code{"Sleep", "import time\ntime.sleep(100)"})),
    [](const auto& with) {
      return std::string(std::get<0>(with.param)).append("_").append(std::get<1>(with.param).name);
    });

// Casts survive the namespace's owner, however long they take.
TEST_F(OneCall, CastsGoOnWhenTheirNamespaceIsDropped) {
  begin(
      "import time\nprint('begins')\nuntil = time.monotonic() + 0.5\nwhile time.monotonic() < until: "
      "pass\nprint('ends')",
      protocol::kNoReply);
  EXPECT_EQ(program.ask(Op::ns_drop, PortProgram::namespaces()).header.op, Op::ok);
  program.wait_printed("ends");
  EXPECT_EQ(program.ask(Op::ping).header.op, Op::ok);
}

}  // namespace
}  // namespace pyport::server
