// Forked children and pipes for tests of what a process does to itself. Every wait has a generous limit
// and fails the test instead of hanging it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"

namespace pyport::test {

inline constexpr int kLimitMs = 20000;

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int read_end() const { return ends[0]; }
  int write_end() const { return ends[1]; }
  void close_read() { shut(ends[0]); }
  void close_write() { shut(ends[1]); }

  // Waits for bytes. Empty at the end of input, or when none came in time.
  std::string read_some() const {
    pollfd readable{ends[0], POLLIN, 0};
    if (poll(&readable, 1, kLimitMs) != 1) {
      ADD_FAILURE() << "nothing came";
      return {};
    }
    char text[65536];
    const ssize_t count = read(ends[0], text, sizeof text);
    return std::string(text, count > 0 ? static_cast<std::size_t>(count) : 0);
  }

  // At least `count` bytes, or what came before the end of input.
  std::string read_exactly(std::size_t count) const {
    std::string all;
    while (all.size() < count) {
      const std::string some = read_some();
      if (some.empty()) break;
      all += some;
    }
    return all;
  }

  // Reads `count` bytes as fast as it goes and forgets them; how many came.
  std::size_t skip(std::size_t count) const {
    static std::vector<char> room(1 << 20);
    std::size_t done = 0;
    while (done < count) {
      pollfd readable{ends[0], POLLIN, 0};
      if (poll(&readable, 1, kLimitMs) != 1) break;
      const ssize_t some = read(ends[0], room.data(), std::min(room.size(), count - done));
      if (some <= 0) break;
      done += static_cast<std::size_t>(some);
    }
    return done;
  }

  // True when all processes that held the write end have ended or closed it.
  bool ends_in_time() const {
    while (!read_some().empty()) {
    }
    return !::testing::Test::HasFailure();
  }

  int ends[2] = {-1, -1};

 private:
  static void shut(int& fd) {
    if (fd != -1) close(fd);
    fd = -1;
  }
};

inline void write_all(int fd, ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

// Runs `body` in a forked child that ends with the status that `body` returns.
inline pid_t in_child(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  return pid;
}

// The wait status of a child; kills it when it does not end in time.
inline int wait_status(pid_t pid) {
  int status = 0;
  for (int waited = 0; waited < kLimitMs; waited += 5) {
    if (waitpid(pid, &status, WNOHANG) == pid) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << "child did not end";
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return status;
}

// The exit status of a child; -1 when a signal ended it.
inline int exit_status(pid_t pid) {
  const int status = wait_status(pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace pyport::test
