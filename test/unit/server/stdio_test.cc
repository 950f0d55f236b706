#include "server/stdio.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "child.h"

namespace pyport::server {
namespace {

using test::Pipe;

// Runs `body` in a child whose standard input, output and error are the given pipes.
int run_with(const Pipe& in, const Pipe& out, const Pipe& error, const std::function<int()>& body) {
  return test::exit_status(test::in_child([&] {
    dup2(in.read_end(), 0);
    dup2(out.write_end(), 1);
    dup2(error.write_end(), 2);
    return body();
  }));
}

bool same_file(int fd, const char* path) {
  struct stat a {
  }, b{};
  return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_rdev == b.st_rdev && a.st_ino == b.st_ino;
}

bool same_file(int fd, int other) {
  struct stat a {
  }, b{};
  return fstat(fd, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

TEST(ClaimStdio, MovesTheProtocolToHighPrivateDescriptors) {
  Pipe in, out, error;
  EXPECT_EQ(0, run_with(in, out, error, [&] {
              const Result<Stdio> stdio = claim_stdio();
              if (!stdio) return 1;
              if (stdio->in < 200 || stdio->out < 200) return 2;
              if ((fcntl(stdio->in, F_GETFD) & FD_CLOEXEC) == 0) return 3;
              if ((fcntl(stdio->out, F_GETFD) & FD_CLOEXEC) == 0) return 4;
              if (!same_file(stdio->in, in.read_end())) return 5;
              if (!same_file(stdio->out, out.write_end())) return 6;
              if (!same_file(0, "/dev/null")) return 7;
              if (!same_file(1, error.write_end())) return 8;
              return 0;
            }));
}

TEST(ClaimStdio, OutputOfPrintfAndOfChildrenGoesToStandardError) {
  Pipe in, out, error;
  EXPECT_EQ(0, run_with(in, out, error, [&] {
              const Result<Stdio> stdio = claim_stdio();
              if (!stdio) return 1;
              std::printf("from printf\n");
              std::fflush(stdout);
              if (std::system("echo from a child; cat") != 0) return 2;
              return write(stdio->out, "frame", 5) == 5 ? 0 : 3;
            }));
  out.close_write();
  error.close_write();
  EXPECT_EQ(error.read_exactly(1 << 20), "from printf\nfrom a child\n");
  EXPECT_EQ(out.read_exactly(1 << 20), "frame");
}

TEST(ClaimStdio, WorksUnderALowLimitOfDescriptors) {
  Pipe in, out, error;
  EXPECT_EQ(0, run_with(in, out, error, [] {
              const rlimit limit{80, 80};
              setrlimit(RLIMIT_NOFILE, &limit);
              const Result<Stdio> stdio = claim_stdio();
              return stdio && stdio->in >= 64 && stdio->out >= 64 ? 0 : 1;
            }));
}

TEST(ClaimStdio, ClosedStandardDescriptorsAreAnError) {
  Pipe in, out, error;
  for (const int fd : {0, 1}) {
    EXPECT_EQ(0, run_with(in, out, error, [fd] {
                close(fd);
                const Result<Stdio> stdio = claim_stdio();
                return !stdio && stdio.error().code == Errc::bad_config ? 0 : 1;
              }));
  }
}

TEST(ClaimStdio, ClosedStandardErrorIsMadeUpFor) {
  Pipe in, out, error;
  EXPECT_EQ(0, run_with(in, out, error, [] {
              close(2);
              if (!claim_stdio()) return 1;
              return same_file(1, "/dev/null") && same_file(2, "/dev/null") ? 0 : 2;
            }));
}

TEST(AppendStderrTo, TakesWhatIsPrintedAndKeepsWhatIsThere) {
  std::string path = ::testing::TempDir() + "pyport_stderr_XXXXXX";
  const int file = mkstemp(path.data());
  ASSERT_EQ(write(file, "old ", 4), 4);
  EXPECT_EQ(0, test::exit_status(test::in_child([&] {
              if (!append_stderr_to("") || !append_stderr_to(path)) return 1;
              return write(2, "err ", 4) == 4 && write(1, "out", 3) == 3 ? 0 : 2;
            })));
  char text[64] = {};
  EXPECT_EQ(pread(file, text, sizeof text, 0), 11);
  EXPECT_STREQ(text, "old err out");
  close(file);
  unlink(path.c_str());
}

TEST(AppendStderrTo, FileThatCannotBeOpenedIsNamed) {
  const Status status = append_stderr_to("/nowhere/log");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::bad_config);
  EXPECT_EQ(status.error().detail, "stderr: /nowhere/log: No such file or directory");
}

TEST(LowFds, KeepsNewDescriptorsAwayFromTheLowNumbers) {
  EXPECT_EQ(0, test::exit_status(test::in_child([] {
              const int kept = dup(0);
              int high = -1;
              {
                const LowFds low_fds;
                high = open("/dev/null", O_RDONLY);
                if (high <= 63) return 1;
                if ((fcntl(kept + 1, F_GETFD) & FD_CLOEXEC) == 0) return 2;
              }
              if (fcntl(high, F_GETFD) == -1) return 3;
              if (fcntl(kept, F_GETFD) == -1) return 4;
              return fcntl(kept + 1, F_GETFD) == -1 ? 0 : 5;
            })));
}

}  // namespace
}  // namespace pyport::server
