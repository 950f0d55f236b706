#include "protocol/hello.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "etf/writer.h"

namespace pyport::protocol {
namespace {

using Fill = std::function<void(etf::Writer&)>;

// The pairs of a good HELLO; tests change one of them.
std::map<std::string, Fill> good_pairs() {
  return {
      {"protocol", [](etf::Writer& w) { w.integer(1); }},
      {"interpreters", [](etf::Writer& w) { w.integer(4); }},
      {"python", [](etf::Writer& w) { w.text("/venv"); }},
      {"python_path", [](etf::Writer& w) { w.nil(); }},
      {"max_frame", [](etf::Writer& w) { w.integer(1 << 26); }},
      {"max_queue", [](etf::Writer& w) { w.integer(10); }},
      {"none", [](etf::Writer& w) { w.atom("nil"); }},
      {"log_credit", [](etf::Writer& w) { w.integer(0); }},
      {"node", [](etf::Writer& w) { w.atom("a@b"); }},
  };
}

Result<Hello> decode(const std::map<std::string, Fill>& pairs) {
  Bytes body;
  etf::Writer writer(body);
  writer.version().map(pairs.size());
  for (const auto& [key, fill] : pairs) fill(writer.atom(key));
  return decode_hello(body);
}

Error refusal(const std::string& key, const Fill& fill) {
  auto pairs = good_pairs();
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
}

TEST(Hello, EachMissingKeyIsNamed) {
  for (const auto& [key, fill] : good_pairs()) {
    auto pairs = good_pairs();
    pairs.erase(key);
    const Result<Hello> hello = decode(pairs);
    ASSERT_FALSE(hello.ok());
    EXPECT_EQ(hello.error().code, Errc::bad_config);
    EXPECT_EQ(hello.error().detail, key + ": missing");
  }
}

TEST(Hello, EachValueOfAWrongTypeIsNamed) {
  for (const auto& [key, fill] : good_pairs()) {
    const Error error = refusal(key, [](etf::Writer& w) { w.tuple(0); });
    EXPECT_EQ(error.code, Errc::bad_config);
    EXPECT_TRUE(error.detail.starts_with(key + ": not ")) << error.detail;
  }
}

TEST(Hello, NumbersOutOfRangeAreNamed) {
  const auto number = [](std::int64_t n) { return [=](etf::Writer& w) { w.integer(n); }; };
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
  writer.version().map(10);
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
