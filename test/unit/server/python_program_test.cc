// Role python of the program itself, with both isolations.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "port_program.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;
using test::Node;
using test::Pairs;
using test::PortProgram;

struct PythonProgram : ::testing::TestWithParam<const char*> {
  PythonProgram() { EXPECT_EQ(table.hello(hello_table(node)).header.op, Op::value); }

  Pairs pairs(const std::string& key = "", const test::Fill& fill = {}) const {
    Pairs all = hello_python(node, GetParam());
    if (!key.empty()) all[key] = fill;
    return all;
  }
  void start(const Pairs& hello) {
    const Frame frame = program.hello(hello);
    ASSERT_EQ(frame.header.op, Op::value) << as_text(frame.body);
    program.make_namespace();
  }
  // The text of a refusal, after which the program ends.
  std::string refusal(const Pairs& hello) {
    const Frame frame = program.hello(hello);
    EXPECT_EQ(frame.header.op, Op::error);
    EXPECT_EQ(program.end_status(), kExitRefused);
    etf::Reader reader(frame.body);
    std::string_view why;
    EXPECT_TRUE(reader.tuple_of(2) && reader.atom_is("bad_config") && reader.text(why));
    return std::string(why);
  }

  Node node;
  PortProgram table, program;
};

INSTANTIATE_TEST_SUITE_P(Isolation, PythonProgram, ::testing::Values("interpreter", "process"),
                         [](const auto& with) { return std::string(with.param); });

TEST_P(PythonProgram, RunsCode) {
  start(pairs());
  program.exec("x = 20");
  EXPECT_EQ(program.eval("str(x + 22)"), "42");
  EXPECT_EQ(program.eval("str(__import__('_interpreters').get_current()[0] == 0)"),
            std::string(GetParam()) == "process" ? "True" : "False");
}

TEST_P(PythonProgram, AttachesOnly) {
  kill(table.pid(), SIGKILL);
  table.end_status();
  unlink(node.table().c_str());
  EXPECT_TRUE(refusal(pairs()).starts_with("table: "));
}

TEST_P(PythonProgram, EndOfTheNodeRemovesTheTablesFile) {
  kill(table.pid(), SIGKILL);
  table.end_status();
  start(pairs());
  node.end();
  program.close_input();
  EXPECT_EQ(program.end_status(), kExitDone);
  EXPECT_FALSE(node.has_table());
}

TEST_P(PythonProgram, EndOfInputWhileTheNodeLivesKeepsTheFile) {
  start(pairs());
  program.start(Op::exec, "while True: pass");
  program.close_input();
  EXPECT_EQ(program.end_status(), kExitDone);
  EXPECT_TRUE(node.has_table());
}

TEST_P(PythonProgram, InfoCountsCallsAndMemory) {
  start(pairs());
  for (int i = 0; i < 3; ++i) program.exec("x = 1");
  const Frame frame = program.ask(Op::info);
  etf::Reader reader(frame.body);
  std::size_t count = 0;
  ASSERT_TRUE(reader.map(count));
  std::map<std::string, std::uint64_t> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    std::string key;
    ASSERT_TRUE(reader.atom(key));
    if (!reader.uint64(numbers[key])) reader.skip();
  }
  EXPECT_EQ(count, 6u);
  EXPECT_EQ(numbers["calls"], 3u);
  EXPECT_EQ(numbers["namespaces"], 1u);
  EXPECT_EQ(numbers["os_pid"], static_cast<std::uint64_t>(program.pid()));
  EXPECT_GT(numbers["rss"], 5u << 20);
}

// --- preload, on_restart ---------------------------------------------------------------------------

TEST_P(PythonProgram, PreloadsModules) {
  start(pairs("preload", test::texts({"json", "xml.dom.minidom"})));
  EXPECT_EQ(program.eval("str('xml.dom.minidom' in __import__('sys').modules)"), "True");
}

TEST_P(PythonProgram, ModuleThatCannotBePreloadedIsARefusal) {
  EXPECT_EQ(refusal(pairs("preload", test::texts({"json", "no_such_module"}))),
            "preload: no_such_module: ModuleNotFoundError: No module named 'no_such_module'");
}

TEST_P(PythonProgram, RunsItsCodeBeforeTheFirstJob) {
  start(pairs("on_restart",
              test::text("  import json\n  state = 7\n  def get(): return state\n  json.get = get")));
  EXPECT_EQ(program.eval("str(__import__('json').get())"), "7");
  EXPECT_EQ(program.eval("str('state' in globals())"), "False");
}

TEST_P(PythonProgram, CodeThatRaisesIsARefusal) {
  EXPECT_EQ(refusal(pairs("on_restart", test::text("{}['x']"))), "on_restart: KeyError: 'x'");
}

TEST_P(PythonProgram, CodeThatIsNoneIsARefusal) {
  EXPECT_TRUE(refusal(pairs("on_restart", test::text("if"))).starts_with("on_restart: SyntaxError: "));
}

TEST_P(PythonProgram, EndOfInputEndsAStartThatDoesNotEnd) {
  Pairs hello = pairs("on_restart", test::text("import os\nos.write(2, b'here')\nwhile True: pass"));
  const std::string log = node.table() + ".log";
  hello["stderr"] = test::text(log);
  program.send(Op::hello, test::body(test::map_of(hello)));
  for (int waited = 0; std::ifstream(log).get() != 'h' && waited < test::kLimitMs; waited += 5) usleep(5000);
  program.close_input();
  EXPECT_EQ(program.end_status(), kExitDone);
  unlink(log.c_str());
}

// --- max_memory, stderr ----------------------------------------------------------------------------

// The sanitizers' allocators end a process that gets no memory.
#if !defined(PYPORT_SANITIZED)
TEST_P(PythonProgram, MemoryAboveTheLimitIsAMemoryError) {
  start(pairs("max_memory", test::number(std::uint64_t{400} << 20)));
  EXPECT_TRUE(program.eval("bytearray(1 << 29)").starts_with("EXCEPTION ")) << "more than the limit";
  EXPECT_NE(program.eval("bytearray(1 << 29)").find("MemoryError"), std::string::npos);
  EXPECT_EQ(program.eval("str(len(bytearray(1 << 24)))"), "16777216");
  const std::string all = program.eval("list(range(10**9))");
  EXPECT_NE(all.find("MemoryError"), std::string::npos) << all;
  EXPECT_EQ(program.eval("'alive'"), "alive");
}
#endif

TEST_P(PythonProgram, LimitBelowWhatIsInUseIsARefusal) {
  EXPECT_TRUE(
      refusal(pairs("max_memory", test::number(1 << 20))).starts_with("max_memory: 1048576 is less than"));
}

TEST_P(PythonProgram, StandardErrorGoesToTheFile) {
  const std::string log = node.table() + ".log";
  start(pairs("stderr", test::text(log)));
  program.exec("import os\nos.write(2, b'err ')\nos.write(1, b'out')");
  std::ostringstream text;
  text << std::ifstream(log).rdbuf();
  EXPECT_EQ(text.str(), "err out");
  unlink(log.c_str());
}

// --- isolation process -----------------------------------------------------------------------------

struct ProcessIsolation : PythonProgram {};
INSTANTIATE_TEST_SUITE_P(Isolation, ProcessIsolation, ::testing::Values("process"));

TEST_P(ProcessIsolation, JobsRunInTheMainThread) {
  start(pairs());
  EXPECT_EQ(
      program.eval("str(__import__('threading').current_thread() is __import__('threading').main_thread())"),
      "True");
}

TEST_P(ProcessIsolation, HandlersOfSignalsRunAndThePortGoesOn) {
  start(pairs());
  program.exec(R"(
import os, signal, time
seen = []
for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGTERM, signal.SIGPIPE):
    signal.signal(number, lambda n, frame: seen.append(n))
    os.kill(os.getpid(), number)
    until = time.monotonic() + 10
    while number not in seen and time.monotonic() < until: pass
)");
  EXPECT_EQ(program.eval("str([int(n) for n in seen])"), "[2, 10, 15, 13]");
}

// A signal must find the thread that Python's handlers run in, though it sleeps in a system call.
TEST_P(ProcessIsolation, SignalsReachTheMainThread) {
  start(pairs());
  program.exec(
      "import signal\ndef raise_it(*args): raise ValueError('alarm')\nsignal.signal(signal.SIGALRM, "
      "raise_it)");
  EXPECT_NE(program
                .eval("signal.setitimer(signal.ITIMER_REAL, 0.05) and 0 or __import__('select').select([], "
                      "[], [], 60)")
                .find("alarm"),
            std::string::npos);
}

TEST_P(ProcessIsolation, ForkedChildrenKeepNothingOfThePort) {
  start(pairs());
  program.exec("import os\npid = os.fork()\nif pid == 0:\n  print('child')");
  EXPECT_EQ(program.eval("str(os.waitpid(pid, 0)[1])"), "0");
  program.exec("pid = os.fork()\nif pid == 0: raise ValueError");
  EXPECT_EQ(program.eval("str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"), "1");
  program.exec("pid = os.fork()\nif pid == 0:\n  import time\n  os.setsid()\n  time.sleep(1000)");
  const std::string child = program.eval("str(pid)");
  kill(program.pid(), SIGKILL);
  program.end_status();
  EXPECT_TRUE(program.output_ends()) << "the child holds the pipe";
  kill(std::stoi(child), SIGKILL);
}

TEST_P(ProcessIsolation, MultiprocessingWorks) {
  start(pairs());
  for (const char* method : {"fork", "spawn"}) {
    program.exec(std::string("import multiprocessing\nwith multiprocessing.get_context('") + method +
                 "').Pool(1) as pool: n = pool.apply(abs, (-3,))");
    EXPECT_EQ(program.eval("str(n)"), "3") << method;
  }
}

}  // namespace
}  // namespace pyport::server
