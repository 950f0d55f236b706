#include "server/process.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "child.h"

namespace pyport::server {
namespace {

using test::Pipe;

// Lives until it is killed, but not on and on after a test that failed.
[[noreturn]] void live_long() {
  alarm(60);
  for (;;) pause();
}

// Becomes the leader of a session with `count` children that would live for long.
void lead_children(int count) {
  setsid();
  for (int i = 0; i < count; ++i) {
    if (fork() != 0) continue;
    if (i % 2 == 1 && fork() != 0) _exit(0);  // an orphan: it stays in the group
    live_long();
  }
}

TEST(Leave, TakesTheGroupAlongAndKeepsTheStatus) {
  Pipe alive;
  const pid_t leader = test::in_child([&] {
    alive.close_read();
    lead_children(6);
    leave(3);
    return 0;  // not reached
  });
  alive.close_write();
  EXPECT_EQ(test::exit_status(leader), 3);
  EXPECT_TRUE(alive.ends_in_time()) << "a process of the group is left";
}

TEST(Leave, SparesTheGroupOfAnother) {
  Pipe alive;
  const pid_t leader = test::in_child([&] {
    setsid();
    const pid_t member = test::in_child([]() -> int { leave(5); });
    int status = 0;
    waitpid(member, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 5 ? 0 : 1;
  });
  EXPECT_EQ(test::exit_status(leader), 0);
}

// The parent is killed while its child, which prepared itself, leads children of its own.
TEST(PrepareProcess, EndOfTheParentEndsTheGroup) {
  Pipe alive, ready;
  const pid_t parent = test::in_child([&] {
    test::in_child([&] {
      prepare_process();
      lead_children(2);
      (void)!write(ready.write_end(), "r", 1);
      live_long();
      return 0;  // not reached
    });
    live_long();
    return 0;  // not reached
  });
  alive.close_write();
  EXPECT_EQ(ready.read_some(), "r");
  kill(parent, SIGKILL);
  test::wait_status(parent);
  EXPECT_TRUE(alive.ends_in_time()) << "a process is left";
}

TEST(PrepareProcess, WritingToAClosedPipeIsNoSignal) {
  EXPECT_EQ(0, test::exit_status(test::in_child([] {
              prepare_process();
              Pipe pipe;
              pipe.close_read();
              return write(pipe.write_end(), "x", 1) == -1 && errno == EPIPE ? 0 : 1;
            })));
}

TEST(AllowedCpus, FollowsTheAffinity) {
  EXPECT_EQ(0, test::exit_status(test::in_child([] {
              cpu_set_t one;
              CPU_ZERO(&one);
              const int cpu = sched_getcpu();
              CPU_SET(cpu < 0 ? 0 : static_cast<unsigned>(cpu), &one);
              if (sched_setaffinity(0, sizeof one, &one) != 0) return 1;
              return allowed_cpus() == 1 ? 0 : 2;
            })));
}

TEST(ProgramFolder, IsThatOfTheExecutable) {
  EXPECT_EQ(program_folder().front(), '/');
  EXPECT_EQ(access((program_folder() + "/server_test").c_str(), X_OK), 0);
}

}  // namespace
}  // namespace pyport::server
