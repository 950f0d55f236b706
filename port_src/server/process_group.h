// Ends the processes of this process's group, but not itself, so that the exit status stays its own.
//
// Thread safety: from any thread.
#pragma once

namespace pyport::server {

// SIGKILL to every other process of the calling process's group, also to those that are forked
// meanwhile. REQUIRES: the caller leads the group.
void kill_process_group();

}  // namespace pyport::server
