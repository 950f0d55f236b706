#include "value/text.h"

#include <gtest/gtest.h>

#include <string>

#include "../base/hex.h"
#include "value/surrogates.h"

namespace pyport::value {
namespace {

using test::hex;

TEST(Text, AgreesWithIsUtf8AtEveryOffset) {
  const Bytes inserts[] = {hex("c3a9"), hex("f09f9880"), hex("ff"), hex("eda080"), hex("c3"), {}};
  for (const Bytes& insert : inserts) {
    for (std::size_t at = 0; at < 200; ++at) {
      Bytes text(200, 'x');
      text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), insert.begin(), insert.end());
      EXPECT_EQ(is_text(text), is_utf8(text)) << at;
    }
  }
}

TEST(Surrogates, MayStandAnywhereInOtherwiseValidText) {
  for (const char* good :
       {"", "'plain'", "eda080", "edbfbf", "'a' eda080 'b' edb080", "c3a9 eda080 c3a9", "ed9fbf"}) {
    EXPECT_TRUE(is_utf8_with_surrogates(hex(good))) << good;
  }
  for (const char* bad :
       {"ff", "eda0", "eda0 41", "c3 eda080", "eda080 ff", "e2 82 eda080", "f0 9f eda080 80"}) {
    EXPECT_FALSE(is_utf8_with_surrogates(hex(bad))) << bad;
  }
}

TEST(Surrogates, AreEscapedAsPythonDoes) {
  EXPECT_EQ(escape_surrogates(hex("'a' eda080 'b' edbfbf c3a9")), "a\\ud800b\\udfff\u00e9");
  EXPECT_EQ(escape_surrogates(hex("'plain'")), "plain");
}

}  // namespace
}  // namespace pyport::value
