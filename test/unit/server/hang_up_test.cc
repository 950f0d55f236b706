#include "server/hang_up.h"

#include <gtest/gtest.h>

#include "child.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using test::Pipe;

TEST(HangUpWatch, LeavesWhenThePipeIsClosed) {
  Pipe in, ready;
  const pid_t child = test::in_child([&]() -> int {
    in.close_write();
    const HangUpWatch watch(in.read_end());
    (void)!write(ready.write_end(), "r", 1);
    alarm(60);
    for (;;) pause();
  });
  in.close_read();
  EXPECT_EQ(ready.read_some(), "r");
  test::write_all(in.write_end(), as_bytes("requests that nobody reads yet"));
  in.close_write();
  EXPECT_EQ(test::exit_status(child), kExitDone);
}

TEST(HangUpWatch, WatchesNoLongerThanItLives) {
  EXPECT_EQ(7, test::exit_status(test::in_child([] {
              Pipe in;
              { const HangUpWatch watch(in.read_end()); }
              in.close_write();
              return 7;
            })));
}

}  // namespace
}  // namespace pyport::server
