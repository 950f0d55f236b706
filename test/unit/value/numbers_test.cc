#include "value/numbers.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

#include "value/stored.h"

namespace pyport::value {
namespace {

std::optional<std::int64_t> number_in(std::string_view pickle, std::uint32_t tag = kPlain) {
  return kNumbers.number_of(tag, as_bytes(pickle));
}

std::string with_zeros(const char* text, std::size_t size) { return {text, size}; }

TEST(Numbers, InAllFormsThatPicklesHave) {
  EXPECT_EQ(number_in("\x80\x05K\xff."), 255);
  EXPECT_EQ(number_in("\x80\x05M\xfe\xff."), 65534);
  EXPECT_EQ(number_in("\x80\x05J\xfe\xff\xff\xff."), -2);
  EXPECT_EQ(number_in(with_zeros("\x80\x05\x8a\0.", 5)), 0);
  EXPECT_EQ(number_in("\x80\x05\x8a\x01\xff."), -1);
  EXPECT_EQ(number_in("\x80\x05\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(number_in(with_zeros("\x80\x05\x8a\x08\0\0\0\0\0\0\0\x80.", 13)),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(number_in(with_zeros("\x80\x05\x95\x03\0\0\0\0\0\0\0K\x07.", 14)), 7) << "with a frame";
}

TEST(Numbers, NothingElseIsOne) {
  for (const char* pickle : {"", "\x80\x05", "\x80\x05.", "\x80\x05K.", "\x80\x05K\x01", "\x80\x05K\x01\x02.",
                             "\x80\x05M\x01.", "\x80\x05N.", "\x80\x05\x88.", "\x80\x05\x8a\x02\x01.",
                             "\x80\x05\x8a.", "\x80\x05\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01.",
                             "\x80\x05\x8c\x01"
                             "1."})
    EXPECT_EQ(number_in(pickle), std::nullopt) << pickle;
  EXPECT_EQ(number_in("\x80\x05K\x01.", kOpaque), std::nullopt);
}

TEST(Numbers, CellsAreReadAsPickles) {
  const std::unique_ptr<table::Table> table = *table::Table::anonymous();
  const table::Handle dict{{1}};
  ASSERT_TRUE(table->create(dict).ok());
  ASSERT_TRUE(table->change_cell(dict, as_bytes("n"), {table::CellOp::sub, 2, 0}, kNumbers).ok());
  const auto blob = table->get(dict, as_bytes("n"));
  const StoredView seen = view(*blob);
  EXPECT_TRUE(seen.plain);
  EXPECT_EQ(number_in(as_text(seen.pickle)), -2);
  Bytes term;
  ASSERT_TRUE(append_value(*blob, {}, term).ok());
  EXPECT_EQ(term, (Bytes{98, 0xff, 0xff, 0xff, 0xfe}));
}

}  // namespace
}  // namespace pyport::value
