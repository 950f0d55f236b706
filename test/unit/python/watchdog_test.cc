#include "python/watchdog.h"

#include <thread>

#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;
using namespace std::chrono_literals;

// A queue without a worker: the test says what runs. Nothing is ever destroyed, as the thread never ends.
struct Watched : ::testing::Test {
  explicit Watched(std::chrono::milliseconds grace = 1ms) : watchdog(*new Watchdog(grace, sink)) {
    EXPECT_TRUE(watchdog.start());
  }
  Serial run(RequestId id) {
    Job job;
    job.id = id;
    EXPECT_TRUE(queue.push(std::move(job)));
    return std::get<QueuedJob>(*queue.take(false)).serial;
  }

  RecordingSink& sink = *new RecordingSink;
  JobQueue& queue = *new JobQueue(10);
  Watchdog& watchdog;
};

TEST_F(Watched, JobThatRunsOnIsToldOnce) {
  watchdog.watch(queue, run(7));
  sink.wait_stuck(7);
  EXPECT_EQ(sink.stuck_count(7), 1);
}

// Each is looked at after those before it.
TEST_F(Watched, OnlyTheJobThatStillRunsIsTold) {
  const Serial first = run(7);
  queue.finished();
  const Serial second = run(7);
  queue.finished();
  const Serial third = run(9);
  for (const Serial serial : {first, second, third}) watchdog.watch(queue, serial);
  sink.wait_stuck(9);
  EXPECT_EQ(sink.stuck_count(7), 0);
}

struct WatchedForLong : Watched {
  WatchedForLong() : Watched(std::chrono::milliseconds(200)) {}
};

TEST_F(WatchedForLong, NobodyIsToldBeforeTheGraceIsOver) {
  const auto begin = std::chrono::steady_clock::now();
  watchdog.watch(queue, run(7));
  sink.wait_stuck(7);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
}

// --- with interpreters -----------------------------------------------------------------------------

TEST(Stuck, JobThatDoesNotNoticeIsTold) {
  const Pipe tell, wake;
  const std::string code = "import ctypes\nctypes.PyDLL(None).system(" + waiting_shell(tell, wake) + ")";
  const RequestId stuck = submit(0, ExecJob{code, {}}, true);
  tell.wait_line();
  port().runtime->cancel(stuck);
  port().sink.wait_stuck(stuck);
  EXPECT_FALSE(port().sink.is_done(stuck));
  wake.write_line();
  wait(stuck);
  EXPECT_EQ(port().sink.stuck_count(stuck), 1);
}

TEST(Stuck, JobOfADroppedNamespaceIsTold) {
  const Pipe tell, wake;
  const NamespaceId ns = new_namespace();
  const std::string code = "import ctypes\nctypes.CDLL(None).system(" + waiting_shell(tell, wake) + ")";
  const RequestId stuck = submit(ns, ExecJob{code, {}});
  tell.wait_line();
  port().runtime->drop_namespaces({ns});
  port().sink.wait_stuck(stuck);
  wake.write_line();
  wait(stuck);
}

TEST(Stuck, CastOfADroppedNamespaceGoesOn) {
  const Pipe tell, wake;
  const NamespaceId ns = new_namespace();
  const std::string code = "import ctypes\nctypes.CDLL(None).system(" + waiting_shell(tell, wake) + ")";
  const RequestId cast = submit(ns, ExecJob{code, {}}, false, true);
  tell.wait_line();
  port().runtime->drop_namespaces({ns});
  std::this_thread::sleep_for(2 * test_config().grace);
  EXPECT_EQ(port().sink.stuck_count(cast), 0);
  wake.write_line();
  EXPECT_EQ(shown(wait(cast)), "<done>");
}

}  // namespace
}  // namespace pyport::python
