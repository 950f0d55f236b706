#include "server/stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace pyport::server {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr int kFirstLowFd = 3;
constexpr int kLastLowFd = 63;

bool is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

// A private copy as high as the limit on descriptors allows; -1 when there is none.
int high_copy(int fd) {
  for (const int least : {200, 128, 64, 32, kFirstLowFd}) {
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, least);
    if (copy != -1) return copy;
  }
  return -1;
}

Error failed(const char* what) {
  return make_error(Errc::bad_config,
                    std::string(what).append(": ").append(std::generic_category().message(errno)));
}

// Larger pipes let bulk data flow in fewer switches. Refused for other files and above the user's limit.
void enlarge_pipe(int fd) { (void)fcntl(fd, F_SETPIPE_SZ, kPipeBytes); }

Status redirect_standard_fds() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null == -1) return failed("/dev/null");
  const int error_stream = is_open(STDERR_FILENO) ? STDERR_FILENO : null;
  const bool good = dup2(null, STDIN_FILENO) != -1 && dup2(error_stream, STDOUT_FILENO) != -1 &&
                    (error_stream == STDERR_FILENO || dup2(null, STDERR_FILENO) != -1);
  if (null > STDERR_FILENO) close(null);
  if (!good) return failed("standard descriptors");
  return ok_status();
}

}  // namespace

Result<Stdio> claim_stdio() {
  if (!is_open(STDIN_FILENO)) return failed("standard input");
  if (!is_open(STDOUT_FILENO)) return failed("standard output");
  const Stdio stdio{high_copy(STDIN_FILENO), high_copy(STDOUT_FILENO)};
  if (stdio.in == -1 || stdio.out == -1) return failed("copying standard input and output");
  if (Status good = redirect_standard_fds(); !good) return std::move(good).error();
  enlarge_pipe(stdio.in);
  enlarge_pipe(stdio.out);
  return stdio;
}

Status append_stderr_to(const std::string& path) {
  if (path.empty()) return ok_status();
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file == -1) return failed(("stderr: " + path).c_str());
  const bool good = dup2(file, STDERR_FILENO) != -1 && dup2(file, STDOUT_FILENO) != -1;
  close(file);
  if (!good) return failed("stderr");
  return ok_status();
}

LowFds::LowFds() {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null == -1) return;
  held_.reserve(kLastLowFd + 1);
  if (null <= kLastLowFd) held_.push_back(null);
  for (int fd = kFirstLowFd; fd <= kLastLowFd; ++fd) {
    if (!is_open(fd) && dup3(null, fd, O_CLOEXEC) != -1) held_.push_back(fd);
  }
  if (null > kLastLowFd) close(null);
}

LowFds::~LowFds() {
  for (const int fd : held_) close(fd);
}

}  // namespace pyport::server
