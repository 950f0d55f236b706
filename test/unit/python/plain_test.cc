// Our own reading and writing of plain values, beside the pickle module's: whatever one writes the other
// reads.
#include "harness.h"
#include "value/pickle_op.h"
#include "value/stored.h"
#include "value/to_etf.h"

namespace pyport::python {
namespace {

using namespace testing;

Bytes with(const table::Handle& dict) { return p_dict({{"d", p_handle(dict)}}); }

Bytes from_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string to_hex(ByteSpan bytes) {
  static constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text;
}

void put_pickle(const table::Handle& dict, const std::string& key, ByteSpan pickle) {
  auto blob = value::store(port().table, pickle, "object");
  ASSERT_TRUE(blob.ok());
  ASSERT_TRUE(port().table.put(dict, as_bytes(key), std::move(*blob)).ok());
}

// Values, as Python expressions, that both ways must leave as they are.
const char* const kValues[] = {
    "None",
    "[True, False, None]",
    "[0, 1, 255, 256, 65535, 65536, -1, -128, -129, 2**31 - 1, -2**31, 2**31, 2**63 - 1, -2**63]",
    "[2**63, 2**64, -2**63 - 1, 2**2000, -2**2000]",
    "[0.0, -0.0, 1.5, float('inf'), -float('inf'), 5e-324]",
    "['', 'a', 'ab', '\\u00e4', '\\u20ac', '\\U0001f600', 'nul\\0nul', 'x' * 255, 'x' * 256, 'y' * 70000]",
    "['lone \\udc80']",
    "[b'', b'a', b'\\xff\\x00', b'z' * 255, b'z' * 256, b'z' * 70000]",
    "[[], {}, ()]",
    "[(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), tuple(range(300))]",
    "[[[[[[]]]]], {'a': {'b': {'c': {}}}}, ((((),),),)]",
    "{}",
    "{'one': 1}",
    "{'host': 'localhost', 'port': 8080, 'tls': True}",
    "{1: 'int', 'one': 'str', b'one': 'bytes', (1, 'a'): 'tuple', None: 'none', 1.5: 'float', True: 'was 1'}",
    "{str(n): [n, {'n': n}] for n in range(2500)}",
    "list(range(999))",
    "list(range(1000))",
    "list(range(1001))",
    "list(range(5001))",
    "{n: None for n in range(1001)}",
    "[['same', 'same', 'same'], 'same']",
};

TEST(Plain, WhatWeWritePickleReads) {
  const table::Handle dict = new_dict();
  const NamespaceId ns = new_namespace();
  for (const char* code : kValues) {
    ASSERT_EQ(exec(ns, std::string("value = ") + code + "\nd['k'] = value", with(dict)), "<done>") << code;
    const auto blob = port().table.get(dict, as_bytes("k"));
    ASSERT_TRUE(blob.ok() && *blob);
    const value::StoredView stored = value::view(*blob);
    EXPECT_EQ(stored.plain, value::is_plain(stored.pickle)) << code;
    const std::string compare = "import pickle\nread = pickle.loads(bytes.fromhex('" + to_hex(stored.pickle) +
                                "'))\nassert repr(read) == repr(value), (read, value)\n"
                                "assert pickle.dumps(read) == pickle.dumps(value) or 'same' in repr(value)";
    EXPECT_EQ(exec(ns, compare), "<done>") << code;
  }
}

TEST(Plain, WhatPickleWritesWeRead) {
  const table::Handle dict = new_dict();
  const NamespaceId ns = new_namespace();
  ASSERT_EQ(exec(ns, "import pickle"), "<done>");
  for (const char* code : kValues) {
    for (const char* protocol : {"2", "3", "4", "5"}) {
      const std::string text = eval(ns, std::string("pickle.dumps(") + code + ", " + protocol + ").hex()");
      put_pickle(dict, "k", from_hex(text));
      EXPECT_EQ(eval(ns, std::string("str(repr(d['k']) == repr(") + code + "))", with(dict)), "True")
          << code << ", protocol " << protocol;
    }
  }
}

constexpr int kRandomValues = 1000;

const std::string kRandom = "import pickle\nfrom plain_values import Values, canonical, sharing\n";

// What we write of random values is read by both of Python's own unpicklers.
TEST(Plain, RandomValuesThatWeWritePickleReads) {
  const table::Handle dict = new_dict();
  const NamespaceId ns = new_namespace();
  ASSERT_EQ(exec(ns, kRandom), "<done>");
  for (int seed = 0; seed < kRandomValues; ++seed) {
    ASSERT_EQ(exec(ns, "value = Values(" + std::to_string(seed) + ").value()\nd['k'] = value", with(dict)),
              "<done>");
    const auto blob = port().table.get(dict, as_bytes("k"));
    ASSERT_TRUE(blob.ok() && *blob && value::view(*blob).plain);
    const ByteSpan stored = value::view(*blob).pickle;
    const Bytes raw = p_dict({{"raw", p_bytes(std::string(stored.begin(), stored.end()))}});
    ASSERT_EQ(exec(ns,
                   "for loads in (pickle.loads, pickle._loads):\n  read = loads(raw)\n"
                   "  assert canonical(read) == canonical(value)\n  assert sharing(read) == sharing(value)",
                   raw),
              "<done>")
        << "seed " << seed;
  }
}

// What both of Python's own picklers write of random values is read by us, in every protocol.
TEST(Plain, RandomValuesThatPickleWritesWeRead) {
  const table::Handle dict = new_dict();
  const NamespaceId ns = new_namespace();
  ASSERT_EQ(exec(ns, kRandom), "<done>");
  for (int seed = 0; seed < kRandomValues; ++seed) {
    const std::string dumps = seed % 2 == 0 ? "pickle.dumps" : "pickle._dumps";
    const std::string protocol = std::to_string(2 + seed / 2 % 4);
    ASSERT_EQ(exec(ns, "value = Values(" + std::to_string(seed) + ").value()"), "<done>");
    put_pickle(dict, "k", from_hex(eval(ns, dumps + "(value, " + protocol + ").hex()")));
    ASSERT_EQ(exec(ns,
                   "read = d['k']\nassert canonical(read) == canonical(value)\n"
                   "assert sharing(read) == sharing(value)",
                   with(dict)),
              "<done>")
        << "seed " << seed << ", protocol " << protocol;
  }
}

// As with the pickle module: one object at two places is one object in the copy.
TEST(Plain, ObjectsThatAreTheSameStayTheSame) {
  const table::Handle dict = new_dict();
  const char* const codes[] = {
      "x = []\nd['k'] = [x, x]",
      "x = {}\nd['k'] = [x, x]",
      "x = (1, [])\nd['k'] = [x, x]",
      "x = 'long enough ' * 3\nd['k'] = [x, x]",
      "x = [b'bytes' * 9]\nd['k'] = (x, x)",
      "x = [[n] for n in range(300)]\nd['k'] = [x, x[299]]\nx = d['k']\nd['k'] = [x[0][299], x[1]]"};
  for (const char* code : codes) {
    EXPECT_EQ(exec(new_namespace(), std::string(code) + "\nread = d['k']\nassert read[0] is read[1], read",
                   with(dict)),
              "<done>")
        << code;
  }
}

// Each list twice in the next: written once, not 2^64 times.
TEST(Plain, ManyTimesTheSameIsWrittenOnce) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(exec(new_namespace(),
                 "x = []\nfor _ in range(64): x = [x, x]\nd['k'] = x\n"
                 "x = d['k']\nfor _ in range(64):\n  assert x[0] is x[1]\n  x = x[0]",
                 with(dict)),
            "<done>");
  EXPECT_LT(port().table.get(dict, as_bytes("k"))->size(), 1000u);
}

TEST(Plain, CyclesAndDepthAreForPickle) {
  const table::Handle dict = new_dict();
  const char* const codes[] = {"x = []\nx.append(x)\nd['k'] = x\nassert d['k'][0][0][0] is not None",
                               "x = {}\nx['x'] = x\nd['k'] = x\nassert d['k']['x']['x'] is not None",
                               "x = ([],)\nx[0].append(x)\nd['k'] = x\nassert d['k'][0][0][0] is not None",
                               "x = []\nfor _ in range(400): x = [x]\nd['k'] = x\nassert d['k'] == x"};
  for (const char* code : codes) EXPECT_EQ(exec(new_namespace(), code, with(dict)), "<done>") << code;
}

TEST(Plain, SubclassesStayWhatTheyAre) {
  const table::Handle dict = new_dict();
  EXPECT_EQ(exec(new_namespace(),
                 "import collections, enum\n"
                 "for value in (collections.OrderedDict(a=1), collections.Counter('aab'), "
                 "[collections.deque([1])],\n"
                 "              collections.defaultdict(list, {'a': [1]}), {'k': {1, 2}}, [range(3)], "
                 "bytearray(b'x')):\n"
                 "  d['k'] = value\n  assert d['k'] == value and type(d['k']) is type(value), value",
                 with(dict)),
            "<done>");
}

// Damaged and strange pickles: an object or an error, nothing else. Under the sanitizers, too.
TEST(Plain, DamageIsAnErrorOrAnotherValue) {
  const table::Handle dict = new_dict();
  const NamespaceId ns = new_namespace();
  const Bytes whole = from_hex(eval(ns,
                                    "__import__('pickle').dumps({'list': [1, -2, 2**40, 1.5, 'text', "
                                    "b'bytes', (1, 2, 3)], 'same': [[]] * 3}, 5).hex()"));
  std::uint64_t random = 7;
  for (int round = 0; round < 3000; ++round) {
    Bytes damaged = whole;
    for (int change = 0; change < 1 + round % 3; ++change) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const auto byte = static_cast<std::uint8_t>(random >> 50);
      // LONG_BINPUT lets the pickle module, which gets what we do not read, make a memo of gigabytes.
      if (byte != value::kLongBinPut) damaged[(random >> 33) % damaged.size()] = byte;
    }
    if (round % 5 == 0) damaged.resize((random >> 40) % damaged.size() + 1);
    put_pickle(dict, std::to_string(round), damaged);
  }
  EXPECT_EQ(exec(ns,
                 "for key in d.keys():\n  try: repr(d[key])\n"
                 "  except SystemError: raise\n  except Exception: pass",
                 with(dict)),
            "<done>");
}

}  // namespace
}  // namespace pyport::python
