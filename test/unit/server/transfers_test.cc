#include "server/transfers.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "value/stored.h"

namespace pyport::server {
namespace {

using Form = value::LargeValue::Form;

const table::Handle kDict{{1}};

struct TransfersTest : ::testing::Test {
  TransfersTest() { EXPECT_TRUE(table.create(kDict).ok()); }

  std::string stored(std::int64_t key) {
    const auto blob = table.get(kDict, key);
    if (!blob.ok() || !*blob) return "(none)";
    const auto content = value::content_of(value::view(*blob).pickle);
    return content ? std::string(as_text(*content)) : "(other)";
  }

  std::uint64_t used() { return table.stats().used; }

  const std::unique_ptr<table::Table> owned = *table::Table::anonymous();
  table::Table& table = *owned;
  Transfers transfers{table};
  const Transfers::Clock::time_point now{std::chrono::hours(1)};
};

// Where frames are small, parts are of values that lie in the blob itself.
TEST_F(TransfersTest, ASmallValueMovesWithItsBlob) {
  const std::string content(1500, 'c');
  auto stored_blob =
      value::store_plain(table, as_bytes("\x80\x05\x42" + std::string("\xdc\x05\0\0", 4) + content + "."));
  ASSERT_TRUE(table.put(kDict, std::int64_t{1}, *std::move(stored_blob)).ok());
  Result<TransferId> get = make_error(Errc::cancelled);
  {
    Result<table::Blob> blob = table.get(kDict, std::int64_t{1});
    ASSERT_FALSE(blob->holds_block());
    const auto inside = value::content_of(value::view(*blob).pickle);
    ASSERT_TRUE(inside);
    get = transfers.begin_get(*std::move(blob), *inside, now);
  }
  ASSERT_TRUE(get.ok());
  (void)transfers.begin_get(Bytes(5000, 'x'), now);  // moves what may be moved
  const auto part = transfers.next(*get, 5000, now);
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(as_text(*part), content);
}

TEST_F(TransfersTest, PutThenGet) {
  const std::string content(300'000, 'c');
  const auto put = transfers.begin_put(content.size(), Form::text_or_bytes, now);
  ASSERT_TRUE(put.ok());
  for (std::size_t at = 0; at < content.size(); at += 100'000)
    EXPECT_TRUE(transfers.add(*put, as_bytes(content).subspan(at, 100'000), now).ok());
  EXPECT_EQ(stored(1), "(none)") << "nothing is seen before the end";
  EXPECT_TRUE(transfers.end_put(*put, kDict, std::int64_t{1}).ok());
  EXPECT_EQ(stored(1), content);
  EXPECT_EQ(transfers.end_put(*put, kDict, std::int64_t{1}).error().code, Errc::cancelled);

  auto blob = table.get(kDict, std::int64_t{1});
  const auto inside = value::content_of(value::view(*blob).pickle);
  const auto get = transfers.begin_get(*std::move(blob), *inside, now);
  ASSERT_TRUE(get.ok());
  EXPECT_TRUE(*table.erase(kDict, std::int64_t{1}));  // it is held
  std::string got;
  for (;;) {
    const auto part = transfers.next(*get, 70'000, now);
    ASSERT_TRUE(part.ok());
    if (part->empty()) break;
    EXPECT_LE(part->size(), 70'000U);
    got += as_text(*part);
  }
  EXPECT_EQ(got, content);
  EXPECT_EQ(transfers.next(*get, 1, now).error().code, Errc::cancelled);
  EXPECT_EQ(table.stats().pinned, 0U);
}

TEST_F(TransfersTest, AfterAnErrorNothingIsLeft) {
  const std::uint64_t before = used();
  const auto put = transfers.begin_put(100'000, Form::bytes, now);
  EXPECT_GT(used(), before);
  EXPECT_EQ(transfers.add(*put, Bytes(100'001), now).error().code, Errc::bad_frame);
  EXPECT_EQ(used(), before);
  EXPECT_EQ(transfers.add(*put, Bytes(1), now).error().code, Errc::cancelled);
  const auto few = transfers.begin_put(100'000, Form::bytes, now);
  EXPECT_EQ(transfers.end_put(*few, kDict, std::int64_t{1}).error().code, Errc::bad_frame);
  EXPECT_EQ(used(), before);
  const auto gone = transfers.begin_put(100'000, Form::bytes, now);
  EXPECT_TRUE(transfers.add(*gone, Bytes(100'000), now).ok());
  table.destroy(std::array{kDict});
  EXPECT_EQ(transfers.end_put(*gone, kDict, std::int64_t{1}).error().code, Errc::gone);
  EXPECT_LE(used(), before);
}

TEST_F(TransfersTest, WhoIsNotHeardOfIsForgotten) {
  const std::uint64_t before = used();
  const auto old = transfers.begin_put(100'000, Form::bytes, now);
  const auto later = now + Transfers::kIdle;
  const auto young = transfers.begin_put(100'000, Form::bytes, later);
  transfers.drop_idle(later);
  EXPECT_TRUE(transfers.add(*old, Bytes(1), now).ok()) << "not yet";
  transfers.drop_idle(later + std::chrono::milliseconds(1));
  EXPECT_EQ(transfers.add(*old, Bytes(1), later).error().code, Errc::cancelled);
  EXPECT_TRUE(transfers.add(*young, Bytes(1), later).ok());
  transfers.drop(*young);
  EXPECT_EQ(used(), before);
}

TEST_F(TransfersTest, AreNotWithoutNumber) {
  std::vector<TransferId> all;
  for (std::size_t i = 0; i < Transfers::kMost; ++i)
    all.push_back(*transfers.begin_put(1000, Form::bytes, now));
  EXPECT_EQ(transfers.begin_put(1000, Form::bytes, now).error().code, Errc::overloaded);
  EXPECT_TRUE(transfers.begin_put(1000, Form::bytes, now + 2 * Transfers::kIdle).ok())
      << "idle ones make room";
}

TEST_F(TransfersTest, AreOfOneKind) {
  const auto put = transfers.begin_put(1000, Form::bytes, now);
  EXPECT_EQ(transfers.next(*put, 10, now).error().code, Errc::cancelled);
  EXPECT_EQ(transfers.begin_put(UINT64_MAX, Form::bytes, now).error().code, Errc::table_full);
}

}  // namespace
}  // namespace pyport::server
