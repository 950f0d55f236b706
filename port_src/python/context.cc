#include "python/context.h"

namespace pyport::python {
namespace {

// Never destroyed: Python threads may still read it while the process exits.
Context& instance() {
  static Context* const context = new Context;
  return *context;
}

}  // namespace

void set_context(Context context) { instance() = std::move(context); }

const Context& context() { return instance(); }

}  // namespace pyport::python
