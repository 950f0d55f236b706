#include "value/key_step.h"

#include <gtest/gtest.h>

#include <string>

#include "../base/hex.h"
#include "etf/validate.h"

namespace pyport::value {
namespace {

using test::hex;

std::string printed(const Bytes& key) {
  EXPECT_TRUE(etf::validate_term(key).ok());
  const PathStep step = key_step(key);
  EXPECT_TRUE(std::holds_alternative<std::string>(step));
  return std::get<std::string>(step);
}

TEST(KeyStep, KeepsBinariesAndIntegers) {
  EXPECT_EQ(std::get<std::int64_t>(key_step(hex("62 ffffffff"))), -1);
  EXPECT_EQ(std::get<std::int64_t>(key_step(hex("6e 08 01 0000000000000080"))), INT64_MIN);
  EXPECT_EQ(printed(hex("6d 00000002 fffe")), "\xff\xfe");
  const std::string text(1000, 'x');
  Bytes key = hex("6d 000003e8");
  append(key, as_bytes(text));
  EXPECT_EQ(printed(key), text);
}

TEST(KeyStep, PrintsTheRest) {
  EXPECT_EQ(printed(hex("77 02 'ok'")), "ok");
  EXPECT_EQ(printed(hex("73 01 e9")), "\u00e9");
  EXPECT_EQ(printed(hex("46 3ff8000000000000")), "1.5");
  EXPECT_EQ(printed(hex("46 4000000000000000")), "2.0");
  EXPECT_EQ(printed(hex("6e 08 00 ffffffffffffffff")), "18446744073709551615");
  EXPECT_EQ(printed(hex("6e 09 00 000000000000000001")), "<integer of 12 bytes>");
  EXPECT_EQ(printed(hex("68 04 61 01 77 01 'a' 6d 00000001 'b' 6d 00000001 ff")),
            "{1,a,<<\"b\">>,<1 bytes>}");
  EXPECT_EQ(printed(hex("68 05 6a 6b 0001 01 74 00000000 4d 00000001 01 80 68 00")),
            "{[],<list>,<map>,<bitstring>,{}}");
  EXPECT_EQ(printed(hex("58 77 01 'n' 00000001 00000002 00000003")), "<pid>");
  EXPECT_EQ(printed(hex("59 77 01 'n' 00000001 00000003")), "<port>");
  EXPECT_EQ(printed(hex("5a 0001 77 01 'n' 00000003 00000001")), "<reference>");
  EXPECT_EQ(printed(hex("71 77 01 'm' 77 01 'f' 61 02")), "<fun>");
}

TEST(KeyStep, CutsWhatIsLongOrDeep) {
  Bytes wide = hex("69 00010000");
  for (int i = 0; i < 65536; ++i) append(wide, hex("73 02 e9e9"));
  const std::string text = printed(wide);
  EXPECT_LT(text.size(), 130U);
  EXPECT_EQ(text.substr(text.size() - 3), "...");
  Bytes deep;
  for (int i = 0; i < 500; ++i) append(deep, hex("68 01"));
  deep.push_back(0x6a);
  EXPECT_EQ(printed(deep), "{{{{{{<tuple>}}}}}}");
}

}  // namespace
}  // namespace pyport::value
