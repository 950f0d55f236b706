#include "server/node.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "child.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using namespace std::chrono_literals;
using test::Pipe;

constexpr auto kLong = std::chrono::milliseconds(test::kLimitMs);

// A table's file and a node's process, both of which a test may end.
struct NodeTest : ::testing::Test {
  NodeTest() {
    close(mkstemp(file.data()));
    node = test::in_child([]() -> int {
      alarm(60);
      for (;;) pause();
    });
  }
  ~NodeTest() override {
    end_node();
    unlink(file.c_str());
  }

  bool file_is_there() const { return access(file.c_str(), F_OK) == 0; }
  // It stays a zombie.
  void kill_node() const {
    kill(node, SIGKILL);
    siginfo_t end{};
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(node), &end, WEXITED | WNOWAIT), 0);
  }
  void end_node() {
    if (node <= 0) return;
    kill_node();
    waitpid(node, nullptr, 0);
    node = -1;
  }
  // Ends a child that knows of the node, as the end of its input does.
  int leave_in_child(std::chrono::milliseconds patience, int status = kExitDone) const {
    return test::exit_status(test::in_child([&]() -> int {
      remember_node(node, file, patience);
      leave(status);
    }));
  }

  std::string file = ::testing::TempDir() + "pyport_node_XXXXXX";
  pid_t node = -1;
};

TEST_F(NodeTest, LivingNodeKeepsItsTable) {
  EXPECT_EQ(leave_in_child(20ms), kExitDone);
  EXPECT_TRUE(file_is_there());
}

TEST_F(NodeTest, TableOfADeadNodeIsRemoved) {
  const pid_t dead = node;
  end_node();
  node = dead;
  EXPECT_EQ(leave_in_child(0ms), kExitDone);
  node = -1;
  EXPECT_FALSE(file_is_there());
}

TEST_F(NodeTest, NodeThatNobodyWaitedForIsDead) {
  kill_node();
  EXPECT_EQ(leave_in_child(kLong), kExitDone);
  EXPECT_FALSE(file_is_there());
}

TEST_F(NodeTest, NodeThatDiesALittleLaterIsWaitedFor) {
  Pipe ready;
  const pid_t child = test::in_child([&]() -> int {
    remember_node(node, file, kLong);
    (void)!write(ready.write_end(), "r", 1);
    leave(kExitDone);
  });
  EXPECT_EQ(ready.read_some(), "r");
  kill_node();
  EXPECT_EQ(test::exit_status(child), kExitDone);
  EXPECT_FALSE(file_is_there());
}

TEST_F(NodeTest, NobodyWaitsWhenTheFileIsGone) {
  unlink(file.c_str());
  EXPECT_EQ(leave_in_child(kLong * 10), kExitDone) << "it would not end in time";
}

TEST_F(NodeTest, OtherEndsDoNotWaitForTheNode) {
  EXPECT_EQ(leave_in_child(kLong * 10, kExitStuck), kExitStuck);
  EXPECT_TRUE(file_is_there());
  kill_node();
  EXPECT_EQ(leave_in_child(kLong * 10, kExitStuck), kExitStuck);
  EXPECT_FALSE(file_is_there());
}

// The node's number may be another process's by now.
TEST_F(NodeTest, AnotherProcessOfTheSameNumberIsNotTheNode) {
  EXPECT_EQ(0, test::exit_status(test::in_child([&] {
              remember_node(getpid(), file, 0ms);
              // A child has this one's memory, but the number that it knows is its parent's: alive, so it
              // stays.
              if (test::exit_status(test::in_child([]() -> int { leave(kExitDone); })) != kExitDone) return 1;
              return file_is_there() ? 0 : 2;
            })));
}

TEST_F(NodeTest, EndOfTheParentRemovesTheTableWithTheNode) {
  Pipe alive, ready;
  const pid_t parent = test::in_child([&]() -> int {
    test::in_child([&]() -> int {
      prepare_process();
      setsid();
      remember_node(node, file, kLong);
      (void)!write(ready.write_end(), "r", 1);
      alarm(60);
      for (;;) pause();
    });
    for (;;) pause();
  });
  alive.close_write();
  EXPECT_EQ(ready.read_some(), "r");
  kill(parent, SIGKILL);
  test::wait_status(parent);
  kill_node();
  EXPECT_TRUE(alive.ends_in_time());
  EXPECT_FALSE(file_is_there());
}

}  // namespace
}  // namespace pyport::server
