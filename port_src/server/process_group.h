// Ends this process with its group, and with an exit status of its own.
//
// Thread safety: from any thread.
#pragma once

namespace pyport::server {

// Ends the calling process with `status` and, in the same moment but for a scheduling, every other process
// of its group by SIGKILL, also those that its threads start meanwhile. Where no process can be forked any
// more it ends by SIGKILL itself. REQUIRES: the caller leads the group.
[[noreturn]] void leave_with_group(int status);

}  // namespace pyport::server
