// Jobs that only remember what they were asked.
#pragma once

#include <vector>

#include "server/jobs.h"

namespace pyport::test {

class FakeJobs final : public server::Jobs {
 public:
  Status submit(python::Job job) override {
    if (refuse_with) return make_error(*refuse_with);
    submitted.push_back(std::move(job));
    return ok_status();
  }
  void cancel(python::RequestId id) override { cancelled.push_back(id); }
  void make_namespaces(const std::vector<python::NamespaceId>& ids) override { made = ids; }
  void drop_namespaces(const std::vector<python::NamespaceId>& ids) override { dropped = ids; }
  std::vector<python::InterpreterInfo> info() const override { return interpreters; }

  std::optional<Errc> refuse_with;
  std::vector<python::Job> submitted;
  std::vector<python::RequestId> cancelled;
  std::vector<python::NamespaceId> made, dropped;
  std::vector<python::InterpreterInfo> interpreters;
};

}  // namespace pyport::test
