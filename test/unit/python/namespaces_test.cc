#include <set>

#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;

// Where a namespace lives, as the log records of its jobs tell.
std::size_t interpreter_of(RequestId id, NamespaceId ns, bool any = false) {
  const std::string word = "here " + std::to_string(id) + " " + std::to_string(ns);
  wait(submit(ns, ExecJob{"print('" + word + "')", {}}, any));
  return port().sink.wait_log([&](const LogRecord& record) { return record.text == word; }).interpreter;
}

TEST(Namespaces, AreSeparate) {
  const NamespaceId one = new_namespace(), other = new_namespace();
  EXPECT_EQ(exec(one, "x = 'one'"), "<done>");
  EXPECT_EQ(exec(other, "x = 'other'"), "<done>");
  EXPECT_EQ(eval(one, "x"), "one");
  EXPECT_EQ(eval(other, "x"), "other");
}

TEST(Namespaces, AreSpreadEvenly) {
  std::map<std::size_t, int> count;
  for (std::size_t i = 0; i < 2 * kInterpreters; ++i) ++count[interpreter_of(1, new_namespace())];
  EXPECT_EQ(count.size(), kInterpreters);
  for (const auto& [interpreter, namespaces] : count) EXPECT_EQ(namespaces, 2) << interpreter;
}

TEST(Namespaces, UnknownOnesAreRefused) {
  Job job;
  job.ns = 1'000'000;
  job.what = EvalJob{"1", {}};
  EXPECT_EQ(port().runtime->submit(job).error().code, Errc::no_namespace);
  job.any = true;
  job.what = CallJob{"__main__", "f", p_list({}), {}};
  EXPECT_EQ(port().runtime->submit(job).error().code, Errc::no_namespace);
}

TEST(Namespaces, KnownOnesAreIgnored) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "x = 'kept'"), "<done>");
  port().runtime->make_namespaces({ns});
  EXPECT_EQ(eval(ns, "x"), "kept");
}

TEST(Namespaces, MainIsTheJobsOwn) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "import sys\nme = sys.modules['__main__']\nx = 1"), "<done>");
  EXPECT_EQ(eval(ns, "str(sys.modules['__main__'] is me and me.__dict__ is globals())"), "True");
}

TEST(AnyJobs, RunInAThrowawayNamespace) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "x = 1"), "<done>");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"x", {}}, true))).type, "NameError");
  EXPECT_EQ(shown(wait(submit(ns, ExecJob{"any_left = 1", {}}, true))), "<done>");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"any_left", {}}))).type, "NameError");
}

TEST(AnyJobs, FunctionsOfTheNamespaceRunWhereItIs) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "def f(): return 'mine'"), "<done>");
  for (std::size_t i = 0; i < kInterpreters; ++i) {
    EXPECT_EQ(shown(wait(submit(ns, CallJob{"__main__", "f", p_list({}), {}}, true))), "mine");
  }
}

TEST(AnyJobs, GoToTheLeastBusy) {
  // All interpreters but one are kept busy until the dict says so.
  const table::Handle dict = new_dict();
  std::vector<RequestId> busy;
  std::set<std::size_t> used;
  for (std::size_t i = 0; i + 1 < kInterpreters; ++i) {
    const std::string word = "any busy " + std::to_string(i);
    busy.push_back(submit(0,
                          ExecJob{"print('" + word + "')\nwhile not dict.get('stop'): pass",
                                  p_dict({{"dict", p_handle(dict)}})},
                          true));
    used.insert(port().sink.wait_log([&](const LogRecord& log) { return log.text == word; }).interpreter);
  }
  EXPECT_EQ(used.size(), kInterpreters - 1);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(shown(wait(submit(0, EvalJob{"'idle one'", {}}, true))), "idle one");
  wait(submit(0, ExecJob{"dict['stop'] = True", p_dict({{"dict", p_handle(dict)}})}, true));
  for (const RequestId id : busy) EXPECT_EQ(shown(wait(id)), "<done>");
}

// ---- drop

TEST(Drop, ReleasesTheGlobals) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "import weakref\nheld = {1}\nweakref.finalize(held, print, 'released')"), "<done>");
  port().runtime->drop_namespaces({ns});
  wait_printed("released");
}

TEST(Drop, CyclesAreCollectedWhenManyAreDropped) {
  std::vector<NamespaceId> all;
  for (std::size_t i = 0; i < 16 * kInterpreters; ++i) {
    all.push_back(new_namespace());
    EXPECT_EQ(exec(all.back(),
                   "def f(): pass\nclass Tell:\n  def __del__(self, say=print): say('cycle gone')\n"
                   "tell = Tell()"),
              "<done>");
  }
  port().runtime->drop_namespaces(all);
  wait_printed("cycle gone");
}

TEST(Drop, TheIdIsUnknownAfterIt) {
  const NamespaceId ns = new_namespace();
  port().runtime->drop_namespaces({ns, 999'999'999});
  Job job;
  job.ns = ns;
  job.what = EvalJob{"1", {}};
  EXPECT_EQ(port().runtime->submit(job).error().code, Errc::no_namespace);
}

TEST(Drop, EndsCallsAndKeepsCasts) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "x = 'still here'"), "<done>");
  const RequestId running = submit(ns, ExecJob{"print('drop: running')\nwhile True: pass", {}});
  const RequestId waiting = submit(ns, EvalJob{"1", {}});
  const RequestId cast = submit(ns, ExecJob{"print('cast: ' + x)", {}}, false, true);
  wait_printed("drop: running");
  port().runtime->drop_namespaces({ns});
  EXPECT_TRUE(is_error(wait(running), Errc::cancelled)) << shown(wait(running));
  EXPECT_TRUE(is_error(wait(waiting), Errc::cancelled)) << shown(wait(waiting));
  EXPECT_EQ(shown(wait(cast)), "<done>");
  wait_printed("cast: still here");
}

TEST(Drop, DoesNotInterruptARunningCast) {
  const NamespaceId ns = new_namespace();
  const table::Handle dict = new_dict();
  const RequestId cast = submit(
      ns, ExecJob{"print('cast runs')\nwhile not dict.get('stop'): pass", p_dict({{"dict", p_handle(dict)}})},
      false, true);
  wait_printed("cast runs");
  port().runtime->drop_namespaces({ns});
  EXPECT_EQ(shown(wait(submit(0, ExecJob{"dict['stop'] = True", p_dict({{"dict", p_handle(dict)}})}, true))),
            "<done>");
  EXPECT_EQ(shown(wait(cast)), "<done>");
}

TEST(Drop, ReachesAnyJobsOfTheNamespaceEverywhere) {
  const NamespaceId ns = new_namespace();
  std::vector<RequestId> jobs;
  for (std::size_t i = 0; i < 2 * kInterpreters; ++i)
    jobs.push_back(submit(ns, ExecJob{"while True: pass", {}}, true));
  port().runtime->drop_namespaces({ns});
  for (const RequestId id : jobs) EXPECT_TRUE(is_error(wait(id), Errc::cancelled)) << shown(wait(id));
}

TEST(Info, CountsWhatIsThere) {
  const NamespaceId ns = new_namespace();
  const auto total = [](auto member) {
    std::uint64_t sum = 0;
    for (const InterpreterInfo& info : port().runtime->info())
      sum += static_cast<std::uint64_t>(info.*member);
    return sum;
  };
  const std::uint64_t done = total(&InterpreterInfo::jobs_done);
  const std::uint64_t namespaces = total(&InterpreterInfo::namespaces);
  const RequestId running = submit(ns, ExecJob{"print('info: running')\nwhile True: pass", {}});
  const RequestId waiting = submit(ns, EvalJob{"1", {}});
  wait_printed("info: running");
  EXPECT_EQ(total(&InterpreterInfo::jobs_waiting), 1U);
  EXPECT_EQ(total(&InterpreterInfo::busy), 1U);
  port().runtime->drop_namespaces({ns});
  wait(running);
  wait(waiting);
  EXPECT_EQ(total(&InterpreterInfo::jobs_done), done + 1)
      << "a job that never began is not one that was done";
  EXPECT_EQ(total(&InterpreterInfo::namespaces), namespaces - 1);
  EXPECT_GT(total(&InterpreterInfo::busy_us), 0U);
  EXPECT_EQ(port().runtime->info().front().id, 1U);
}

}  // namespace
}  // namespace pyport::python
