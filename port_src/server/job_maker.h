// Makes the jobs of the interpreters out of requests: terms become pickles here, on the I/O thread.
//
// Thread safety: pure functions.
#pragma once

#include "base/result.h"
#include "protocol/request.h"
#include "python/runtime.h"

namespace pyport::server {

// Errc::bad_term when an argument or variable has no Python form.
Result<python::Job> make_job(const protocol::Header& header, const protocol::Call& call);
Result<python::Job> make_job(const protocol::Header& header, const protocol::Eval& eval);
Result<python::Job> make_job(const protocol::Header& header, const protocol::Exec& exec);
Result<python::Job> make_job(const protocol::Header& header, const protocol::Run& run);

}  // namespace pyport::server
