#include "etf/writer.h"

#include <gtest/gtest.h>

#include <string>

#include "../base/hex.h"
#include "etf/reader.h"
#include "etf/validate.h"

namespace pyport::etf {
namespace {

using test::hex;
using test::to_hex;

template <class Write>
std::string written(Write&& write) {
  Bytes out;
  Writer writer(out);
  write(writer);
  EXPECT_TRUE(validate_term(out).ok()) << to_hex(out);
  return to_hex(out);
}

TEST(Writer, WritesIntegersInTheShortestForm) {
  const struct {
    std::int64_t value;
    const char* term;
  } cases[] = {
      {0, "61 00"},
      {255, "61 ff"},
      {256, "62 00000100"},
      {-1, "62 ffffffff"},
      {INT32_MAX, "62 7fffffff"},
      {INT32_MIN, "62 80000000"},
      {std::int64_t{INT32_MAX} + 1, "6e 04 00 00000080"},
      {std::int64_t{INT32_MIN} - 1, "6e 04 01 01000080"},
      {std::int64_t{1} << 32, "6e 05 00 0000000001"},
      {INT64_MAX, "6e 08 00 ffffffffffffff7f"},
      {INT64_MIN, "6e 08 01 0000000000000080"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(written([&](Writer& out) { out.integer(test.value); }), to_hex(hex(test.term))) << test.value;
  }
  EXPECT_EQ(written([](Writer& out) { out.unsigned_integer(UINT64_MAX); }),
            to_hex(hex("6e 08 00 ffffffffffffffff")));
  EXPECT_EQ(written([](Writer& out) { out.unsigned_integer(7); }), "6107");
}

TEST(Writer, WritesAtoms) {
  EXPECT_EQ(written([](Writer& out) { out.atom("ok"); }), "77026f6b");
  EXPECT_EQ(written([](Writer& out) { out.atom(""); }), "7700");
  EXPECT_EQ(written([](Writer& out) { out.boolean(true); }), to_hex(hex("77 04 'true'")));
  EXPECT_EQ(written([](Writer& out) { out.boolean(false); }), to_hex(hex("77 05 'false'")));
  std::string wide;
  for (int i = 0; i < 255; ++i) wide += "\u00e9";
  EXPECT_EQ(written([&](Writer& out) { out.atom(wide); }).substr(0, 6), "7601fe");
}

TEST(Writer, WritesTheRest) {
  EXPECT_EQ(written([](Writer& out) { out.number(-1.5); }), "46bff8000000000000");
  EXPECT_EQ(written([](Writer& out) { out.binary(hex("0102")); }), "6d000000020102");
  EXPECT_EQ(written([](Writer& out) { out.text("x"); }), "6d0000000178");
  EXPECT_EQ(written([](Writer& out) { out.list(0).nil(); }), "6a");
  EXPECT_EQ(written([](Writer& out) { out.list(1).integer(1).nil(); }), "6c0000000161016a");
  EXPECT_EQ(written([](Writer& out) { out.map(1).atom("a").raw(hex("6a")); }), "74000000017701616a");
  EXPECT_EQ(written([](Writer& out) { out.tuple(0); }), "6800");
}

TEST(Writer, UsesTheLargeFormsWhenNeeded) {
  const auto tuple = written([](Writer& out) {
    out.tuple(256);
    for (int i = 0; i < 256; ++i) out.nil();
  });
  EXPECT_EQ(tuple.substr(0, 10), "6900000100");
  EXPECT_EQ(written([](Writer& out) { out.tuple(255).raw(Bytes(255, 0x6a)); }).substr(0, 4), "68ff");
}

TEST(Writer, AppendsABody) {
  Bytes out = hex("aa");
  Writer(out).version().tuple(2).atom("ok").integer(42);
  EXPECT_EQ(to_hex(out), "aa836802" + to_hex(hex("77 02 'ok' 61 2a")));
  EXPECT_TRUE(validate(ByteSpan(out).subspan(1)).ok());
  Reader reader(ByteSpan(out).subspan(1));
  EXPECT_TRUE(reader.tuple_of(2) && reader.atom_is("ok"));
}

}  // namespace
}  // namespace pyport::etf
