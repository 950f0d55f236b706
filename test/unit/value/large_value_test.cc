#include "value/large_value.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "value/stored.h"

namespace pyport::value {
namespace {

using Form = LargeValue::Form;

struct LargeValues : ::testing::Test {
  // The value as a pickle, filled in parts of `part` bytes.
  std::string pickle(std::string_view content, Form form, std::size_t part) {
    auto binary = LargeValue::begin(table, content.size(), form);
    EXPECT_TRUE(binary.ok());
    for (std::size_t at = 0; at < content.size(); at += part)
      EXPECT_TRUE(binary->add(as_bytes(content.substr(at, part))).ok());
    const auto blob = (*std::move(binary)).finish();
    EXPECT_TRUE(blob.ok());
    EXPECT_TRUE(is_plain(view(*blob).pickle));
    return std::string(as_text(view(*blob).pickle));
  }

  const std::unique_ptr<table::Table> owned = *table::Table::anonymous();
  table::Table& table = *owned;
};

std::string length(std::uint64_t size) { return {reinterpret_cast<const char*>(&size), 8}; }

TEST_F(LargeValues, AreTextWhereTheyCanBe) {
  std::string text;
  while (text.size() < 5000) text += "k\xC3\xA4se \xF0\x9F\x90\x8D ";
  for (const std::size_t part : {1, 2, 3, 5, 1000, 10000})
    EXPECT_EQ(pickle(text, Form::text_or_bytes, part), "\x80\x05\x8D" + length(text.size()) + text + ".");
  EXPECT_EQ(pickle(text, Form::bytes, 100), "\x80\x05\x8E" + length(text.size()) + text + ".");
  text += "\xC3";
  EXPECT_EQ(pickle(text, Form::text_or_bytes, 100), "\x80\x05\x8E" + length(text.size()) + text + ".");
  EXPECT_EQ(pickle("", Form::text_or_bytes, 1), "\x80\x05\x8D" + length(0) + ".");
}

TEST_F(LargeValues, HaveTheSizeThatWasAnnounced) {
  auto binary = LargeValue::begin(table, 3, Form::bytes);
  EXPECT_EQ(binary->add(as_bytes("abcd")).error().code, Errc::bad_frame);
  EXPECT_TRUE(binary->add(as_bytes("ab")).ok());
  EXPECT_EQ((*std::move(binary)).finish().error().code, Errc::bad_frame);
  EXPECT_EQ(LargeValue::begin(table, UINT64_MAX, Form::bytes).error().code, Errc::table_full);
  EXPECT_EQ(LargeValue::begin(table, table::kMaxBlobBytes, Form::bytes).error().code, Errc::table_full);
}

}  // namespace
}  // namespace pyport::value
