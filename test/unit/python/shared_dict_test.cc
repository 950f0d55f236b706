#include <thread>

#include "harness.h"
#include "value/stored.h"

namespace pyport::python {
namespace {

using namespace testing;

Bytes with(const table::Handle& dict) { return p_dict({{"d", p_handle(dict)}}); }

std::string stored_text(const table::Handle& dict, const std::string& key) {
  const auto blob = port().table.get(dict, as_bytes(key));
  if (!blob.ok() || !*blob) return "<nothing>";
  const ByteSpan pickle = value::view(*blob).pickle;
  return unpickled_text({pickle.begin(), pickle.end()});
}

TEST(SharedDict, WhatPythonSetsIsInTheTable) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(exec(new_namespace(), "d['k'] = 'value'\nd[7] = 1", with(dict)), "<done>");
  EXPECT_EQ(stored_text(dict, "k"), "value");
  EXPECT_TRUE(*port().table.contains(dict, table::KeyView(std::int64_t{7})));
}

TEST(SharedDict, OpaqueValuesCarryTheirType) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(
      exec(new_namespace(), "import datetime\nd['k'] = datetime.date(2020, 1, 2)\nd['l'] = [1]", with(dict)),
      "<done>");
  const auto opaque = port().table.get(dict, as_bytes("k"));
  EXPECT_FALSE(value::view(*opaque).plain);
  EXPECT_EQ(value::view(*opaque).type, "datetime.date");
  EXPECT_TRUE(value::view(*port().table.get(dict, as_bytes("l"))).plain);
}

TEST(SharedDict, IsSeenByAllInterpreters) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(exec(new_namespace(), "d['k'] = ['a', 1]", with(dict)), "<done>");
  for (std::size_t i = 0; i < kInterpreters; ++i)
    EXPECT_EQ(eval(new_namespace(), "str(d['k'])", with(dict)), "['a', 1]");
}

TEST(SharedDict, DestroyTellsTheSinkOnce) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(exec(new_namespace(), "d.destroy()\nd.destroy()", with(dict)), "<done>");
  EXPECT_FALSE(port().table.alive(dict));
  const auto destroyed = port().sink.destroyed();
  EXPECT_EQ(std::count(destroyed.begin(), destroyed.end(), dict), 1);
}

TEST(SharedDict, DestroyedByErlang) {
  const table::Handle dict = new_dict();
  port().table.destroy({&dict, 1});
  for (const char* code : {"d['k']", "d.get('k')", "'k' in d", "list(d.keys())", "len(d)", "iter(d)"}) {
    const auto outcome = exception_of(wait(submit(new_namespace(), EvalJob{code, with(dict)})));
    EXPECT_EQ(outcome.type, "RuntimeError") << code;
    EXPECT_EQ(outcome.message, "SharedDict has been destroyed") << code;
  }
  for (const char* code : {"d['k'] = 1", "del d['k']"}) {
    EXPECT_EQ(exception_of(wait(submit(new_namespace(), ExecJob{code, with(dict)}))).type, "RuntimeError")
        << code;
  }
  EXPECT_EQ(exec(new_namespace(), "d.destroy()", with(dict)), "<done>") << "idempotent";
  const auto destroyed = port().sink.destroyed();
  EXPECT_EQ(std::count(destroyed.begin(), destroyed.end(), dict), 0) << "Erlang knows already";
}

TEST(SharedDict, OfAnotherNode) {
  const Bytes vars = p_dict({{"d", p_handle(new_handle(), "far@away")}});
  const auto outcome = exception_of(wait(submit(new_namespace(), EvalJob{"d['k']", vars})));
  EXPECT_EQ(outcome.type, "RuntimeError");
  EXPECT_EQ(outcome.message, "SharedDict belongs to node far@away, not to this one (test@host)");
}

TEST(SharedDict, Repr) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(eval(new_namespace(), "repr(d)", with(dict)),
            "<SharedDict 3f2a0000\xe2\x80\xa6 of 'test@host', 0 keys>");
}

// Two interpreters at once: each waits for the other's sign, spinning with its own GIL.
TEST(SharedDict, InterpretersRunInParallel) {
  const table::Handle dict = new_dict();
  const std::string code =
      "mine, other = ('a', 'b') if first else ('b', 'a')\n"
      "for i in range(100):\n"
      "  d[mine] = i\n"
      "  while d.get(other, -1) < i: pass\n";
  std::vector<RequestId> jobs;
  for (const char* first : {"\x88", "\x89"}) {  // True, False
    jobs.push_back(submit(0, ExecJob{code, p_dict({{"d", p_handle(dict)}, {"first", first}})}, true));
  }
  for (const RequestId id : jobs) EXPECT_EQ(shown(wait(id)), "<done>");
}

TEST(SharedDict, FourInterpretersWithThreadsHammerOne) {
  const table::Handle dict = new_dict();
  const std::string code = R"(
import threading
errors = []
def hammer(number, d=d, errors=errors):
    try:
        for i in range(300):
            d['shared'] = {'by': number, 'same': [i] * 5}
            value = d['shared']
            assert len(set(value['same'])) == 1, value
            d[number * 1000 + i % 10] = str(number)
            assert d[number * 1000 + i % 10] == str(number)
            if i % 10 == 9:
                del d[number * 1000 + i % 10]
            assert 'shared' in d.keys()
            assert len(d) >= 1 and 'shared' in d
    except BaseException as e:
        errors.append(repr(e))
threads = [threading.Thread(target=hammer, args=(base + t,)) for t in range(3)]
for t in threads: t.start()
for t in threads: t.join()
assert not errors, errors
)";
  std::vector<RequestId> jobs;
  for (std::size_t i = 0; i < kInterpreters; ++i) {
    const int base = static_cast<int>(i) * 10;
    jobs.push_back(submit(0, ExecJob{code, p_dict({{"d", p_handle(dict)}, {"base", p_int(base)}})}, true));
  }
  for (const RequestId id : jobs) EXPECT_EQ(shown(wait(id)), "<done>");
  EXPECT_EQ(*port().table.size(dict), 1 + kInterpreters * 3 * 9);
}

// A destroy while others use the dict: each operation works or says why it does not.
TEST(SharedDict, DestroyedWhileInUse) {
  for (int round = 0; round < 20; ++round) {
    const table::Handle dict = new_dict();
    const std::string code =
        "try:\n  while True:\n    d['k'] = [1]\n    d.get('k')\n    d.keys()\n"
        "except RuntimeError as e:\n  assert str(e) == 'SharedDict has been destroyed', e\n";
    std::vector<RequestId> jobs;
    for (int i = 0; i < 2; ++i) jobs.push_back(submit(0, ExecJob{code, with(dict)}, true));
    std::this_thread::yield();
    port().table.destroy({&dict, 1});
    for (const RequestId id : jobs) EXPECT_EQ(shown(wait(id)), "<done>");
  }
}

}  // namespace
}  // namespace pyport::python
