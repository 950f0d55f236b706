#include <atomic>
#include <thread>

#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;

void cancel(RequestId id) { port().runtime->cancel(id); }

TEST(Cancel, ARunningJob) {
  const NamespaceId ns = new_namespace();
  const RequestId id = submit(ns, ExecJob{"print('spinning')\nwhile True: pass", {}});
  wait_printed("spinning");
  cancel(id);
  EXPECT_TRUE(is_error(wait(id), Errc::cancelled)) << shown(wait(id));
  EXPECT_EQ(eval(ns, "'alive'"), "alive");
}

TEST(Cancel, AWaitingJobIsAnsweredAtOnceAndNeverRuns) {
  const NamespaceId ns = new_namespace();
  const RequestId first = submit(ns, ExecJob{"print('blocking')\nwhile True: pass", {}});
  const RequestId second = submit(ns, ExecJob{"ran = True", {}});
  wait_printed("blocking");
  cancel(second);
  EXPECT_TRUE(is_error(wait(second), Errc::cancelled));
  EXPECT_FALSE(port().sink.is_done(first));
  cancel(first);
  wait(first);
  EXPECT_EQ(eval(ns, "str('ran' in globals())"), "False");
}

TEST(Cancel, UnknownAndFinishedJobsAreIgnored) {
  const NamespaceId ns = new_namespace();
  const RequestId id = submit(ns, EvalJob{"'done'", {}});
  EXPECT_EQ(shown(wait(id)), "done");
  cancel(id);
  cancel(4'000'000'000U);
  EXPECT_EQ(eval(ns, "'next'"), "next");
  EXPECT_EQ(port().sink.done_count(id), 1);
}

TEST(Cancel, RaisesInterruptedWhichIsNoException) {
  const NamespaceId ns = new_namespace();
  const RequestId id = submit(ns, ExecJob{R"(
import erlang
try:
    try:
        print('to be caught')
        while True: pass
    except Exception:
        caught = 'as Exception'
except erlang.Interrupted as e:
    caught = type(e).__name__
)",
                                          {}});
  wait_printed("to be caught");
  cancel(id);
  EXPECT_EQ(shown(wait(id)), "<done>") << "it ended on its own terms";
  EXPECT_EQ(eval(ns, "caught"), "Interrupted");
}

TEST(Cancel, FinallyBlocksRun) {
  const NamespaceId ns = new_namespace();
  const RequestId id =
      submit(ns, ExecJob{"try:\n  print('in try')\n  while True: pass\nfinally:\n  cleaned = 'yes'", {}});
  wait_printed("in try");
  cancel(id);
  EXPECT_TRUE(is_error(wait(id), Errc::cancelled));
  EXPECT_EQ(eval(ns, "cleaned"), "yes");
}

TEST(Cancel, InterruptedRaisedByTheCodeItselfIsAnException) {
  const auto outcome =
      wait(submit(new_namespace(), ExecJob{"import erlang; raise erlang.Interrupted('mine')", {}}));
  EXPECT_EQ(exception_of(outcome).type, "erlang.Interrupted");
  EXPECT_FALSE(exception_of(outcome).builtin);
}

TEST(Cancel, WhileTheResultIsPickled) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "class Slow:\n  def __reduce__(self):\n    print('pickling')\n    while True: pass"),
            "<done>");
  const RequestId id = submit(ns, EvalJob{"Slow()", {}});
  wait_printed("pickling");
  cancel(id);
  EXPECT_TRUE(is_error(wait(id), Errc::cancelled)) << shown(wait(id));
}

TEST(Cancel, WhileTheExceptionIsDescribed) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(
      exec(ns, "class Slow(Exception):\n  def __str__(self):\n    print('describing')\n    while True: pass"),
      "<done>");
  const RequestId id = submit(ns, ExecJob{"raise Slow", {}});
  wait_printed("describing");
  cancel(id);
  EXPECT_EQ(exception_of(wait(id)).type, "__main__.Slow");
}

// A C function called by PyDLL keeps the GIL: while this one waits for the pipe, no interrupter gets in.
TEST(Cancel, OneStuckInterpreterDoesNotHoldUpTheOthers) {
  const Pipe tell, wake;
  const std::string code =
      "import ctypes\nctypes.PyDLL(None).system(" + waiting_shell(tell, wake) + ")\nfor i in range(9): pass";
  const RequestId stuck = submit(0, ExecJob{code, {}}, true);
  tell.wait_line();
  cancel(stuck);
  for (std::size_t i = 0; i + 1 < kInterpreters; ++i) {
    const std::string word = "other " + std::to_string(i);
    const RequestId other = submit(0, ExecJob{"print('" + word + "')\nwhile True: pass", {}}, true);
    wait_printed(word);
    cancel(other);
    EXPECT_TRUE(is_error(wait(other), Errc::cancelled));
  }
  EXPECT_FALSE(port().sink.is_done(stuck));
  wake.write_line();
  EXPECT_TRUE(is_error(wait(stuck), Errc::cancelled)) << shown(wait(stuck));
}

// Until it ends, if ever, nobody else is sent behind it: neither new namespaces nor jobs that may run
// anywhere.
TEST(Cancel, NobodyIsSentBehindAJobThatDoesNotEnd) {
  const Pipe tell, wake;
  const std::string code = "import ctypes\nctypes.CDLL(None).system(" + waiting_shell(tell, wake) + ")";
  const RequestId stuck = submit(0, ExecJob{code, {}}, true);
  tell.wait_line();
  cancel(stuck);
  for (std::size_t i = 0; i < 3 * kInterpreters; ++i) EXPECT_EQ(eval(new_namespace(), "'new'"), "new");
  std::vector<RequestId> jobs;
  for (std::size_t i = 0; i < 3 * kInterpreters; ++i) jobs.push_back(submit(0, EvalJob{"'any'", {}}, true));
  for (const RequestId id : jobs) EXPECT_EQ(shown(wait(id)), "any");
  EXPECT_FALSE(port().sink.is_done(stuck));
  wake.write_line();
  wait(stuck);
}

// The interrupt comes in while the job is in a C function after which no Python code runs: nobody is
// there to be hit but the next job.
TEST(Cancel, AnInterruptThatComesTooLateIsTakenBack) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(
      exec(ns, "import ctypes\nsystem = ctypes.CDLL(None).system\ndef victim(): return str(sum(range(99)))"),
      "<done>");
  for (int round = 0; round < 20; ++round) {
    const Pipe tell, wake;
    const std::string shell = "echo >&" + tell.writer() + "; read word <&" + wake.reader();
    const RequestId late = submit(ns, CallJob{"__main__", "system", p_list({p_bytes(shell)}), {}});
    tell.wait_line();
    cancel(late);
    wake.write_line();
    EXPECT_TRUE(std::holds_alternative<ValueOutcome>(wait(late))) << shown(wait(late));
    ASSERT_EQ(call(ns, "__main__", "victim"), "4851") << "in round " << round;
  }
}

// The cancel comes when the worker has taken the job but not yet the GIL, so that its interrupt finds
// no job to raise in.
TEST(Cancel, BeforeTheJobHasTheGil) {
  const NamespaceId ns = new_namespace();
  const auto taken = [] {
    for (const InterpreterInfo& info : port().runtime->info()) {
      if (info.busy) return true;
    }
    return false;
  };
  for (int round = 0; round < 30; ++round) {
    const Pipe start, tell, wake;
    EXPECT_EQ(exec(ns, "import ctypes, os, threading\ndef hold():\n  os.read(" + start.reader() +
                           ", 1)\n  ctypes.PyDLL(None).system(" + waiting_shell(tell, wake) +
                           ")\nthread = threading.Thread(target=hold, daemon=True)\nthread.start()"),
              "<done>");
    start.write_line();
    tell.wait_line();  // the thread holds the GIL
    const RequestId id = submit(ns, ExecJob{"while True: pass", {}});
    while (!taken()) std::this_thread::yield();
    cancel(id);
    // Worker and interrupter now queue for the GIL, and line up again every 5 ms: let either be first.
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 10));
    wake.write_line();
    ASSERT_TRUE(is_error(wait(id), Errc::cancelled)) << shown(wait(id));
    EXPECT_EQ(exec(ns, "thread.join()"), "<done>");
  }
}

// The important one: whatever the moment of the cancel, the next job runs undisturbed.
TEST(Cancel, NeverHitsTheNextJob) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "def victim():\n  n = 0\n  for i in range(200): n += i\n  return str(n)"), "<done>");
  int hit = 0;
  for (int round = 0; round < 3000; ++round) {
    const RequestId target =
        submit(ns, ExecJob{"for i in range(" + std::to_string(round % 300) + "): pass", {}});
    const RequestId next = submit(ns, CallJob{"__main__", "victim", p_list({}), {}});
    if (round % 3 == 1) std::this_thread::yield();
    if (round % 3 == 2) {
      for (int spins = 0; spins < round; ++spins) std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    cancel(target);
    ASSERT_EQ(shown(wait(next)), "19900") << "in round " << round;
    const Outcome outcome = wait(target);
    hit += is_error(outcome, Errc::cancelled);
    ASSERT_TRUE(is_error(outcome, Errc::cancelled) || shown(outcome) == "<done>") << shown(outcome);
  }
  EXPECT_GT(hit, 0) << "no cancel came in time: the test proves nothing";
}

TEST(Cancel, ThreadsOfTheJobAreNotHit) {
  const NamespaceId ns = new_namespace();
  const table::Handle dict = new_dict();
  const RequestId id = submit(ns, ExecJob{R"(
import threading
def side(d=d):
    while not d.get('stop'): pass
    d['side'] = 'whole'
thread = threading.Thread(target=side, daemon=True)
thread.start()
print('thread started')
while True: pass
)",
                                          p_dict({{"d", p_handle(dict)}})});
  wait_printed("thread started");
  cancel(id);
  EXPECT_TRUE(is_error(wait(id), Errc::cancelled));
  EXPECT_EQ(exec(ns, "d['stop'] = True\nthread.join()\nassert d['side'] == 'whole'",
                 p_dict({{"d", p_handle(dict)}})),
            "<done>");
}

}  // namespace
}  // namespace pyport::python
