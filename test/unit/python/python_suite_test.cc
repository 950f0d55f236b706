// Runs test/python, the tests of the Python side in Python, in an interpreter of the port.
#include "harness.h"
#include "value/stored.h"

namespace pyport::python {
namespace {

using namespace testing;

TEST(PythonSuite, AllOfItPasses) {
  const table::Handle dict = new_dict();
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "import run_tests\nresult = run_tests.run(d)", p_dict({{"d", p_handle(dict)}})),
            "<done>");
  EXPECT_EQ(eval(ns, "'\\n'.join(result['texts']).encode('ascii', 'replace').decode()"), "");
  EXPECT_EQ(eval(ns, "str((result['failed'], result['skipped'], result['run'] > 40))"), "(0, 0, True)");
  EXPECT_FALSE(port().table.alive(dict)) << "the last test ends the dict";
}

TEST(ScalarPickles, AreReadByPickle) {
  const table::Handle dict = new_dict();
  const NamespaceId ns = new_namespace();
  const std::vector<std::string> values = {
      "None",         "True",    "False",    "0",         "255",        "256",       "65535",     "65536",
      "-1",           "-255",    "2**31-1",  "2**31",     "-2**31",     "-2**31-1",  "2**39",     "2**39-1",
      "-2**39",       "2**63-1", "-2**63",   "2**63",     "10**40",     "0.0",       "-1.5",      "1e300",
      "float('inf')", "''",      "'a'",      "'\\u20ac'", "'x'*255",    "'x'*256",   "'x'*65535", "'x'*65536",
      "b''",          "b'a'",    "b'x'*255", "b'x'*256",  "b'x'*65535", "b'x'*65536"};
  for (const std::string& value : values) {
    EXPECT_EQ(exec(ns, "import pickle\nd['v'] = " + value, p_dict({{"d", p_handle(dict)}})), "<done>");
    const auto blob = port().table.get(dict, as_bytes("v"));
    const ByteSpan stored = value::view(*blob).pickle;
    const Bytes raw = p_dict({{"raw", p_bytes(std::string(stored.begin(), stored.end()))}});
    EXPECT_EQ(eval(ns, "str(repr(pickle.loads(raw)) == repr(" + value + "))", raw), "True") << value;
    EXPECT_EQ(eval(ns, "str(len(raw) <= len(pickle.dumps(" + value + ", 5)))", raw), "True") << value;
    EXPECT_TRUE(value::view(*blob).plain) << value;
  }
}

}  // namespace
}  // namespace pyport::python
