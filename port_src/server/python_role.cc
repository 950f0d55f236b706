#include "server/python_role.h"

#include <unistd.h>

#include <utility>

#include "server/job_maker.h"
#include "server/memory.h"

namespace pyport::server {
namespace {

protocol::InterpreterReply reply_of(const python::InterpreterInfo& info) {
  return {info.id, info.jobs_done, info.jobs_waiting, info.busy, info.busy_us, info.namespaces};
}

}  // namespace

struct PythonRole::Visitor {
  PythonRole& self;
  Answer& answer;

  Status operator()(const protocol::Ping&) { return answer.ok(); }

  Status operator()(const protocol::Info&) {
    protocol::PythonInfoReply info;
    info.os_pid = static_cast<std::uint64_t>(getpid());
    info.uptime_ms = self.uptime_.milliseconds();
    info.rss = memory_in_use().resident;
    for (const python::InterpreterInfo& interpreter : self.jobs_.info()) {
      info.calls += interpreter.jobs_done;
      info.namespaces += interpreter.namespaces;
      info.interpreters.push_back(reply_of(interpreter));
    }
    if (answer.wanted()) protocol::append_info(answer.out, answer.header.id, info, answer.max_frame);
    return ok_status();
  }

  // CALL, EVAL, EXEC, RUN: the sink replies when Python is done.
  template <class JobRequest>
  Status operator()(const JobRequest& request) requires requires {
    request.ns;
  }
  {
    Result<python::Job> job = make_job(answer.header, request);
    if (!job) return std::move(job).error();
    return self.jobs_.submit(*std::move(job));
  }

  Status operator()(const protocol::Cancel& request) {
    self.jobs_.cancel(request.id);
    return answer.ok();
  }

  Status operator()(const protocol::NsNew& request) {
    self.jobs_.make_namespaces(request.ids);
    return answer.ok();
  }

  Status operator()(const protocol::NsDrop& request) {
    self.jobs_.drop_namespaces(request.ids);
    return answer.ok();
  }

  Status operator()(const protocol::LogCredit& request) {
    self.sink_.add_log_credit(request.count);
    return answer.ok();
  }

  // What the table's port program serves.
  template <class Other>
  Status operator()(const Other&) {
    return answer.unknown();
  }
};

Status PythonRole::perform(const protocol::Request& request, Answer& answer) {
  return std::visit(Visitor{*this, answer}, request);
}

}  // namespace pyport::server
