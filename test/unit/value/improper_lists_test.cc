#include "value/improper_lists.h"

#include <gtest/gtest.h>

#include "../base/hex.h"
#include "etf/validate.h"

namespace pyport::value {
namespace {

std::vector<ImproperList> found(const char* text) {
  const Bytes term = test::hex(text);
  EXPECT_TRUE(etf::validate_term(term).ok());
  std::vector<ImproperList> lists = {77};
  find_improper_lists(term, lists);
  return lists;
}

using Offsets = std::vector<ImproperList>;

TEST(ImproperLists, AreFoundWhereverTheyAre) {
  EXPECT_EQ(found("61 01"), Offsets{});
  EXPECT_EQ(found("6c 00000001 61 01 6a"), Offsets{});
  EXPECT_EQ(found("6c 00000001 61 01 61 02"), Offsets{0});
  EXPECT_EQ(found("68 02 61 01 6c 00000001 61 01 61 02"), Offsets{4});
  EXPECT_EQ(found("74 00000001 6c 00000001 6a 61 02 61 01"), Offsets{5});
  // One in the other, one after the other; as tail of a proper one it makes that improper.
  EXPECT_EQ(found("6c 00000001 6c 00000001 61 01 61 02 61 03"), (Offsets{0, 5}));
  EXPECT_EQ(found("68 02 6c 00000001 6a 61 02 6c 00000001 6a 61 03"), (Offsets{2, 10}));
  EXPECT_EQ(found("6c 00000001 61 01 6c 00000001 61 02 61 03"), (Offsets{0, 7}));
}

}  // namespace
}  // namespace pyport::value
