#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;

TEST(Sleep, IsInterrupted) {
  const NamespaceId ns = new_namespace();
  const RequestId id = submit(ns, ExecJob{"import time\nprint('asleep')\ntime.sleep(100000)", {}});
  wait_printed("asleep");
  port().runtime->cancel(id);
  EXPECT_TRUE(is_error(wait(id), Errc::cancelled)) << shown(wait(id));
  const RequestId by_call = submit(ns, CallJob{"time", "sleep", p_list({p_int(100000)}), {}});
  port().runtime->cancel(by_call);
  EXPECT_TRUE(is_error(wait(by_call), Errc::cancelled)) << shown(wait(by_call));
}

}  // namespace
}  // namespace pyport::python
