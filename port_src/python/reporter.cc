#include "python/reporter.h"

#include <utility>

#include "python/thread.h"

namespace pyport::python {

Status Reporter::start() {
  return start_thread("py-reporter", kHelperStack, [this] { run(); });
}

void Reporter::report(std::vector<Job> jobs, Errc code) {
  if (jobs.empty()) return;
  {
    MutexLock lock(mutex_);
    reports_.push_back({std::move(jobs), code});
  }
  filled_.notify_one();
}

void Reporter::run() {
  leave_signals_to_others();
  for (;;) {
    std::vector<Report> reports;
    {
      MutexLock lock(mutex_);
      while (reports_.empty()) filled_.wait(mutex_);
      reports.swap(reports_);
    }
    for (const Report& report : reports) {
      for (const Job& job : report.jobs) sink_.done(job, make_error(report.code));
    }
  }
}

}  // namespace pyport::python
