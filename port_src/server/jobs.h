// What the dispatcher needs of the interpreters. An interface, so that the dispatcher is tested without
// Python; program.cc implements it over python::Runtime, whose header has the contracts.
//
// Thread safety: as python::Runtime.
#pragma once

#include <vector>

#include "base/result.h"
#include "python/runtime.h"

namespace pyport::server {

class Jobs {
 public:
  virtual ~Jobs() = default;
  virtual Status submit(python::Job job) = 0;
  virtual void cancel(python::RequestId id) = 0;
  virtual void make_namespaces(const std::vector<python::NamespaceId>& ids) = 0;
  virtual void drop_namespaces(const std::vector<python::NamespaceId>& ids) = 0;
  virtual std::vector<python::InterpreterInfo> info() const = 0;
};

}  // namespace pyport::server
