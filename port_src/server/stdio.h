// Takes the protocol off standard input and output, so that print(), printf() and children cannot
// touch it, and keeps the program's own descriptors away from the low numbers.
//
// After claim_stdio():  0 -> /dev/null,  1 -> standard error,  protocol on two high CLOEXEC numbers.
//
// Thread safety: to be called before there is a second thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace pyport::server {

struct Stdio {
  int in = -1;   // requests come from here
  int out = -1;  // replies go there
};

// Errc::bad_config when standard input or output is not open, or no descriptor is left.
Result<Stdio> claim_stdio();

// Makes the file, which is made when it is not there, what standard error (and 1 with it) is appended to. An
// empty path changes nothing. Errc::bad_config.
Status append_stderr_to(const std::string& path);

// Occupies the free descriptors from 3 to 63 while it lives. What is opened meanwhile (epoll, eventfd, what
// Python opens at its start) gets a higher number, out of the way of Python code that closes low ones.
class LowFds {
 public:
  LowFds();
  ~LowFds();
  LowFds(const LowFds&) = delete;
  LowFds& operator=(const LowFds&) = delete;

 private:
  std::vector<int> held_;
};

}  // namespace pyport::server
