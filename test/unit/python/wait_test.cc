#include <chrono>

#include "harness.h"
#include "table/wake_word.h"

namespace pyport::python {
namespace {

using namespace testing;

Bytes with(const table::Handle& dict) { return p_dict({{"d", p_handle(dict)}}); }

// Until it has ended after it was cancelled.
std::chrono::steady_clock::duration interrupted(const table::Handle& dict, const std::string& code) {
  const RequestId id = submit(new_namespace(), ExecJob{"print('waits', flush=True)\n" + code, with(dict)});
  wait_printed("waits");
  const auto began = std::chrono::steady_clock::now();
  port().runtime->cancel(id);
  EXPECT_TRUE(is_error(wait(id), Errc::cancelled)) << shown(wait(id));
  return std::chrono::steady_clock::now() - began;
}

TEST(Wait, IsInterrupted) {
  const table::Handle dict = new_dict();
  std::chrono::steady_clock::duration all{0};
  constexpr int kRounds = 6;
  for (int round = 0; round < kRounds; ++round)
    all += interrupted(dict, round % 2 == 0 ? "d.wait('k')" : "d.wait_change('k', 0, timeout=100000)");
  EXPECT_LT(all, kRounds * table::WakeWord::kLongestSleep / 2) << "they were not woken";
}

TEST(Wait, APredicateThatNeverReturnsIsInterrupted) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(exec(new_namespace(), "d['k'] = 1", with(dict)), "<done>");
  interrupted(dict, "def never(value):\n  while True: pass\nd.wait('k', never)");
}

TEST(Wait, OneInterpreterWaitsForAnother) {
  const table::Handle dict = new_dict();
  const RequestId id = submit(new_namespace(), EvalJob{"d.wait('k')", with(dict)});
  EXPECT_EQ(exec(new_namespace(), "d['k'] = 'value'", with(dict)), "<done>");
  EXPECT_EQ(shown(wait(id)), "value");
}

TEST(Wait, EndsWithTheDict) {
  const table::Handle dict = new_dict();
  const RequestId id = submit(new_namespace(), EvalJob{"d.wait('k')", with(dict)});
  port().table.destroy({&dict, 1});
  EXPECT_EQ(exception_of(wait(id)).type, "RuntimeError");
}

}  // namespace
}  // namespace pyport::python
