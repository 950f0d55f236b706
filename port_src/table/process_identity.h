// Which process is this, and does that one still live?
//
// A pid alone does not name a process for long; with the time of its start it does (proc(5), /proc/PID/stat).
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>

namespace pyport::table {

struct ProcessIdentity {
  std::uint32_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
};

// How a process stands in the table: the time of its start with a check of both in its upper bits. A damaged
// entry must not pass for one of a dead process.
std::uint64_t start_word(const ProcessIdentity& process);
// Nothing when the entry is damaged.
std::optional<ProcessIdentity> identity_of(std::uint32_t pid, std::uint64_t start_word);

// Nothing when /proc cannot tell.
std::optional<ProcessIdentity> this_process();
// False only when it is certain that none of its threads runs any more.
bool may_be_alive(const ProcessIdentity& process);
// A number for the pid namespace of this process; 0 when /proc cannot tell.
std::uint64_t pid_namespace();

}  // namespace pyport::table
