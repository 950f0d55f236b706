#include "protocol/hello.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "etf/writer.h"

namespace pyport::protocol {
namespace {

using Fill = std::function<void(etf::Writer&)>;

using Pairs = std::map<std::string, Fill>;

Fill number(std::int64_t n) {
  return [=](etf::Writer& w) { w.integer(n); };
}
Fill atom(const char* name) {
  return [=](etf::Writer& w) { w.atom(name); };
}
Fill text(const char* text) {
  return [=](etf::Writer& w) { w.text(text); };
}
Fill nothing() {
  return [](etf::Writer& w) { w.nil(); };
}
Fill map(const Pairs& pairs) {
  return [=](etf::Writer& w) {
    w.map(pairs.size());
    for (const auto& [key, fill] : pairs) fill(w.atom(key));
  };
}

Pairs good_limits() {
  return {{"max_table_bytes", number(1 << 30)},
          {"max_dict_bytes", [](etf::Writer& w) { w.unsigned_integer(UINT64_MAX); }},
          {"max_dict_keys", number(5)},
          {"max_key_bytes", number(65535)},
          {"max_dicts", number(1)}};
}

Pairs common(const char* role) {
  return {{"protocol", number(1)}, {"role", atom(role)},     {"table", text("/dev/shm/t")},
          {"node", atom("a@b")},   {"node_pid", number(9)},  {"max_frame", number(1 << 26)},
          {"none", atom("nil")},   {"log_credit", number(0)}};
}

// The pairs of a good HELLO; tests change one of them.
Pairs good_table() {
  Pairs pairs = common("table");
  pairs["limits"] = map(good_limits());
  return pairs;
}

Pairs good_pairs() {
  Pairs pairs = common("python");
  pairs.merge(Pairs{{"pool", atom("science")},
                    {"isolation", atom("interpreter")},
                    {"interpreters", number(4)},
                    {"python", text("/venv")},
                    {"python_path", nothing()},
                    {"max_queue", number(10)},
                    {"preload", [](etf::Writer& w) { w.list(1).text("numpy").nil(); }},
                    {"on_restart", text("x = 1")},
                    {"max_memory", number(0)},
                    {"allow_import", nothing()},
                    {"stderr", text("")}});
  return pairs;
}

Result<Hello> decode(const Pairs& pairs) {
  Bytes body;
  etf::Writer writer(body);
  writer.version().map(pairs.size());
  for (const auto& [key, fill] : pairs) fill(writer.atom(key));
  return decode_hello(body);
}

Error refusal(const std::string& key, const Fill& fill, Pairs pairs = good_pairs()) {
  pairs[key] = fill;
  Result<Hello> hello = decode(pairs);
  if (hello.ok()) {
    ADD_FAILURE() << key << " was accepted";
    return make_error(Errc::exists);
  }
  return hello.error();
}

TEST(Hello, GoodOneIsTaken) {
  const Result<Hello> hello = decode(good_pairs());
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello->interpreters, 4u);
  EXPECT_EQ(hello->python, "/venv");
  EXPECT_EQ(hello->none, NoneAtom::nil);
  EXPECT_EQ(hello->node, "a@b");
  EXPECT_EQ(hello->pool, "science");
  EXPECT_EQ(hello->preload, std::vector<std::string>{"numpy"});
  EXPECT_EQ(hello->on_restart, "x = 1");
}

TEST(Hello, GoodOneOfTheTableIsTaken) {
  const Result<Hello> hello = decode(good_table());
  ASSERT_TRUE(hello.ok()) << hello.error().detail;
  EXPECT_EQ(hello->role, Role::table);
  EXPECT_EQ(hello->table, "/dev/shm/t");
  EXPECT_EQ(hello->node_pid, 9u);
  EXPECT_EQ(hello->limits.max_dict_bytes, UINT64_MAX);
  EXPECT_EQ(hello->limits.max_dict_keys, 5u);
}

TEST(Hello, EachMissingKeyIsNamed) {
  for (const Pairs& good : {good_pairs(), good_table()}) {
    for (const auto& [key, fill] : good) {
      Pairs pairs = good;
      pairs.erase(key);
      const Result<Hello> hello = decode(pairs);
      ASSERT_FALSE(hello.ok());
      EXPECT_EQ(hello.error().code, Errc::bad_config);
      EXPECT_EQ(hello.error().detail, key + ": missing");
    }
  }
}

TEST(Hello, EachValueOfAWrongTypeIsNamed) {
  for (const Pairs& good : {good_pairs(), good_table()}) {
    for (const auto& [key, fill] : good) {
      const Error error = refusal(
          key, [](etf::Writer& w) { w.tuple(0); }, good);
      EXPECT_EQ(error.code, Errc::bad_config);
      EXPECT_TRUE(error.detail.starts_with(key + ": not ")) << error.detail;
    }
  }
}

TEST(Hello, KeysOfTheOtherRoleAreNamed) {
  EXPECT_EQ(refusal("pool", atom("a"), good_table()).detail, "pool: no key of role table");
  EXPECT_EQ(refusal("limits", map(good_limits())).detail, "limits: no key of role python");
  EXPECT_EQ(refusal("role", atom("both")).detail, "role: not one of the atoms table, python");
}

TEST(Hello, BadLimitsAreNamed) {
  const auto limits_refusal = [](const std::string& key, const Fill& fill) {
    Pairs limits = good_limits();
    limits[key] = fill;
    return refusal("limits", map(limits), good_table()).detail;
  };
  EXPECT_EQ(limits_refusal("max_dicts", number(0)),
            "limits.max_dicts: not an integer from 1 to 18446744073709551615");
  EXPECT_EQ(limits_refusal("max_key_bytes", number(65536)),
            "limits.max_key_bytes: not an integer from 1 to 65535");
  EXPECT_EQ(limits_refusal("colour", number(1)), "limits.colour: unknown key");
  for (const auto& [key, fill] : good_limits()) {
    Pairs limits = good_limits();
    limits.erase(key);
    EXPECT_EQ(refusal("limits", map(limits), good_table()).detail, "limits." + key + ": missing");
  }
}

TEST(Hello, ProcessIsolationHasOneInterpreter) {
  Pairs pairs = good_pairs();
  pairs["isolation"] = atom("process");
  EXPECT_EQ(decode(pairs).error().detail, "interpreters: not 1, as isolation process wants");
  pairs["interpreters"] = number(1);
  const Result<Hello> hello = decode(pairs);
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello->isolation, Isolation::process);
  EXPECT_EQ(refusal("isolation", atom("thread")).detail,
            "isolation: not one of the atoms interpreter, process");
}

TEST(Hello, TableIsAnAbsolutePath) {
  EXPECT_EQ(refusal("table", text("t")).code, Errc::bad_config);
  EXPECT_EQ(refusal("table", text("")).code, Errc::bad_config);
}

TEST(Hello, NumbersOutOfRangeAreNamed) {
  EXPECT_EQ(refusal("interpreters", number(0)).detail, "interpreters: not an integer from 1 to 64");
  EXPECT_EQ(refusal("interpreters", number(65)).code, Errc::bad_config);
  EXPECT_EQ(refusal("max_frame", number((1 << 30) + 1)).code, Errc::bad_config);
  EXPECT_EQ(refusal("max_frame", number(1023)).code, Errc::bad_config);
  EXPECT_EQ(refusal("max_queue", number(0)).code, Errc::bad_config);
  EXPECT_EQ(refusal("log_credit", number(-1)).code, Errc::bad_config);
}

TEST(Hello, OtherAtomForNoneIsRefused) {
  EXPECT_EQ(refusal("none", [](etf::Writer& w) { w.atom("null"); }).detail,
            "none: not one of the atoms none, nil, undefined");
}

TEST(Hello, PathsWithZerosOrBadTextAreRefused) {
  EXPECT_EQ(refusal("python", [](etf::Writer& w) { w.binary(Bytes{'a', 0}); }).code, Errc::bad_config);
  EXPECT_EQ(refusal("python_path", [](etf::Writer& w) { w.list(1).binary(Bytes{0xFF}).nil(); }).code,
            Errc::bad_config);
}

TEST(Hello, UnknownAndDoubledKeysAreNamed) {
  EXPECT_EQ(refusal("colour", [](etf::Writer& w) { w.integer(1); }).detail, "colour: unknown key");
  Bytes body;
  etf::Writer writer(body);
  writer.version().map(good_pairs().size() + 1);
  for (const auto& [key, fill] : good_pairs()) fill(writer.atom(key));
  writer.atom("node").atom("again");
  EXPECT_EQ(decode_hello(body).error().detail, "node: given twice");
}

TEST(Hello, AnotherProtocolIsRefusedWhateverElseIsInIt) {
  Bytes body;
  etf::Writer(body).version().map(2).atom("colour").integer(1).atom("protocol").integer(2);
  const Error error = decode_hello(body).error();
  EXPECT_EQ(error.code, Errc::protocol_mismatch);
  EXPECT_EQ(error.n, 2u);
  EXPECT_EQ(error.max, 1u);
}

TEST(Hello, BodyMustBeAMap) {
  Bytes body;
  etf::Writer(body).version().nil();
  EXPECT_EQ(decode_hello(body).error().code, Errc::bad_config);
}

}  // namespace
}  // namespace pyport::protocol
