#include "python/context.h"

#include <utility>

namespace pyport::python {
namespace {

// Never destroyed: Python threads may still read it while the process exits.
Context& instance() {
  static Context* const context = new Context;
  return *context;
}

}  // namespace

void set_context(Context context) {
  context.use = std::make_shared<TableUse>(Attachment::of(*context.table, context.table_path));
  instance() = std::move(context);
}

const Context& context() { return instance(); }

}  // namespace pyport::python
