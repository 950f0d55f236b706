// Sets the role going that HELLO asks for.
//
// Thread safety: start_role() once a process.
#pragma once

#include "base/result.h"
#include "protocol/hello.h"
#include "server/outbox.h"
#include "server/session.h"
#include "server/stdio.h"

namespace pyport::server {

// Makes or attaches the table, starts Python for role python. What it makes is never destroyed: threads use
// it until _exit. `outbox` outlives the process. Errc::bad_config when that does not work.
Result<Started> start_role(const protocol::Hello& hello, const Stdio& stdio, Outbox& outbox);

}  // namespace pyport::server
