#include "python/table_scope.h"

namespace pyport::python {
namespace {

thread_local const SharedUse* innermost = nullptr;

}  // namespace

TableScope::TableScope(const SharedUse& use) : before_(innermost) { innermost = &use; }

TableScope::~TableScope() { innermost = before_; }

const SharedUse& TableScope::current() {
  static const SharedUse none;
  return innermost == nullptr ? none : *innermost;
}

}  // namespace pyport::python
