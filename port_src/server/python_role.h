// Role python: hands calls to the interpreters. Never waits for Python and takes no GIL.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include "server/jobs.h"
#include "server/reply_sink.h"
#include "server/role.h"
#include "server/uptime.h"

namespace pyport::server {

class PythonRole final : public Role {
 public:
  // The references must outlive the role.
  PythonRole(Jobs& jobs, ReplySink& sink) : jobs_(jobs), sink_(sink) {}

  Status perform(const protocol::Request& request, Answer& answer) override;

 private:
  struct Visitor;

  Jobs& jobs_;
  ReplySink& sink_;
  const Uptime uptime_;
};

}  // namespace pyport::server
