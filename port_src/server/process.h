// What the program arranges with the operating system for itself as a process, and how it ends.
//
// Thread safety: prepare_process() before there is a second thread; the rest from any thread.
#pragma once

#include <cstddef>
#include <string>

namespace pyport::server {

// Exit statuses; program.cc prints this list for --help.
enum ExitStatus : int {
  kExitDone = 0,       // the input ended, or there was nothing to do
  kExitRefused = 1,    // HELLO was refused
  kExitUsage = 2,      // wrong arguments, a terminal, or closed standard descriptors
  kExitBadStream = 3,  // a frame's length was above the cap
  kExitSystem = 4,     // the operating system failed us
  kExitStuck = 5,      // a job that was told to stop did not
  kExitMemory = 6,     // no memory was left
  kExitAudit = 7,      // --audit found leaked or damaged blocks
};

// Memory settings, SIGPIPE ignored, the end of this process group when the parent ends, and kExitMemory for
// what cannot go on without memory.
void prepare_process();

// Ends the process at once by _exit, without destructors and without waiting for Python. When this
// process leads its process group, whatever Python started in that group is killed first. Removes the table's
// file when the node has died; with kExitDone waits for that (server/node.h).
[[noreturn]] void leave(int status);

// Says so on standard error and leaves with kExitMemory.
[[noreturn]] void leave_without_memory();

// How many CPUs this process may run on; at least 1.
std::size_t allowed_cpus();

// The folder of the executable; empty when /proc cannot tell.
std::string program_folder();

}  // namespace pyport::server
