#include "server/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/version.h"
#include "child.h"
#include "etf/reader.h"
#include "frames.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using test::Pipe;

struct Ended {
  int status;
  std::string out, error;
};

// Runs the program with `in` as standard input.
Ended run(int in, std::vector<std::string> arguments) {
  Pipe out, error;
  const pid_t child = test::in_child([&] {
    dup2(in, 0);
    dup2(out.write_end(), 1);
    dup2(error.write_end(), 2);
    std::vector<char*> argv;
    arguments.insert(arguments.begin(), "pyport");
    for (std::string& argument : arguments) argv.push_back(argument.data());
    const int status = run_program(static_cast<int>(argv.size()), argv.data());
    fflush(stdout);
    return status;
  });
  out.close_write();
  error.close_write();
  Ended done{0, out.read_exactly(1 << 20), error.read_exactly(1 << 20)};
  done.status = test::exit_status(child);
  return done;
}

Ended run(const Bytes& input, std::vector<std::string> arguments = {}) {
  Pipe in;
  test::write_all(in.write_end(), input);
  in.close_write();
  return run(in.read_end(), std::move(arguments));
}

TEST(Program, Version) {
  const Ended done = run(Bytes{}, {"--version"});
  EXPECT_EQ(done.status, 0);
  EXPECT_TRUE(done.out.starts_with(std::string("pyport ") + kProgramVersion + " (protocol 1, Python 3."))
      << done.out;
}

TEST(Program, Help) {
  const Ended done = run(Bytes{}, {"--help"});
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.out.find("usage"), std::string::npos);
}

TEST(Program, UnknownArgument) {
  const Ended done = run(Bytes{}, {"--speed"});
  EXPECT_EQ(done.status, kExitUsage);
  EXPECT_NE(done.error.find("--speed"), std::string::npos);
  EXPECT_EQ(done.out, "");
}

TEST(Program, TellsPeopleAtATerminalWhatItIs) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_NE(terminal, -1);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  const int other_end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_NE(other_end, -1);
  const Ended done = run(other_end, {});
  close(other_end);
  close(terminal);
  EXPECT_EQ(done.status, kExitUsage);
  EXPECT_EQ(std::count(done.error.begin(), done.error.end(), '\n'), 2);
}

TEST(Program, LeavesAtTheEndOfInput) {
  const Ended done = run(Bytes{});
  EXPECT_EQ(done.status, kExitDone);
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(done.error, "");
}

TEST(Program, RefusesABadHelloWithAReply) {
  const Bytes hello = test::request(protocol::Op::hello, 3,
                                    test::body([](etf::Writer w) { w.map(1).atom("protocol").integer(2); }));
  const Ended done = run(test::with_length(hello));
  EXPECT_EQ(done.status, kExitRefused);
  const test::Frame reply = test::only_frame(as_bytes(done.out));
  EXPECT_EQ(reply.header.op, protocol::Op::error);
  EXPECT_EQ(reply.header.id, 3u);
  EXPECT_EQ(reply.body,
            test::body([](etf::Writer w) { w.tuple(3).atom("protocol_mismatch").integer(2).integer(1); }));
}

TEST(Program, FrameAboveTheCapBeforeHelloEndsIt) {
  const Ended done = run(Bytes{0, 0x10, 0, 1});
  EXPECT_EQ(done.status, kExitBadStream);
  EXPECT_NE(done.error.find("1048577"), std::string::npos);
}

}  // namespace
}  // namespace pyport::server
