#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace pyport {
namespace {

Result<std::string> half(int number) {
  if (number % 2 != 0) return make_error(Errc::bad_config, "odd");
  return std::to_string(number / 2);
}

TEST(Result, HoldsAValue) {
  auto result = half(8);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(*result, "4");
  EXPECT_EQ(result->size(), 1U);
  EXPECT_EQ(std::move(result).value(), "4");
}

TEST(Result, HoldsAnError) {
  const auto result = half(3);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Errc::bad_config);
  EXPECT_EQ(result.error().detail, "odd");
  EXPECT_TRUE(result.error().path.empty());
}

TEST(Result, CarriesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Status, IsOkOrAnError) {
  EXPECT_TRUE(ok_status().ok());
  const Status failed = make_error(Errc::table_full);
  EXPECT_FALSE(failed.ok());
}

}  // namespace
}  // namespace pyport
