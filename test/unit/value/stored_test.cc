#include "value/stored.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "../base/hex.h"

namespace pyport::value {
namespace {

using test::hex;
using test::to_hex;

class Stored : public ::testing::Test {
 protected:
  std::string value_of(const table::BlobBytes& blob) {
    Bytes out;
    const Status status = append_value(blob, {}, out);
    return status.ok() ? to_hex(out) : status.error().detail;
  }

  table::NewBlob blob_of(ByteSpan bytes, std::uint32_t tag) {
    auto writer = table_.allocate(bytes.size());
    std::copy(bytes.begin(), bytes.end(), writer->bytes().begin());
    return (*std::move(writer)).finish(tag);
  }

  const std::unique_ptr<table::Table> owned_ = *table::Table::anonymous();
  table::Table& table_ = *owned_;
};

const char* const kObject = "68 03 77 09 'py_object' 6d 00000003 'a.B' 6d 00000004 80054e2e";

TEST_F(Stored, KeepsPlainPicklesAsTheyAre) {
  const Bytes pickle = hex("8005 4b07 2e");
  const auto blob = store(table_, pickle, "builtins.int");
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(blob->tag(), kPlain);
  const StoredView seen = view(*blob);
  EXPECT_TRUE(seen.plain);
  EXPECT_TRUE(seen.type.empty());
  EXPECT_EQ(to_hex(seen.pickle), to_hex(pickle));
  EXPECT_EQ(value_of(*blob), "6107");
}

TEST_F(Stored, KeepsTheTypeOfOtherPickles) {
  const Bytes pickle = hex("8005 8f 2e");  // an empty set
  const auto blob = store(table_, pickle, "builtins.set");
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(blob->tag(), kOpaque);
  const StoredView seen = view(*blob);
  EXPECT_FALSE(seen.plain);
  EXPECT_EQ(seen.type, "builtins.set");
  EXPECT_EQ(to_hex(seen.pickle), to_hex(pickle));
  EXPECT_EQ(value_of(*blob),
            to_hex(hex("68 03 77 09 'py_object' 6d 0000000c 'builtins.set' 6d 00000004 80058f2e")));
}

TEST_F(Stored, CutsAnEndlessTypeNameBetweenCharacters) {
  std::string type(65534, 'x');
  type += "\u20ac and more";
  const Bytes pickle = hex("8005 8f 2e");
  const auto blob = store(table_, pickle, type);
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(view(*blob).type, std::string(65534, 'x'));
  EXPECT_EQ(to_hex(view(*blob).pickle), to_hex(pickle));
  const auto whole = store(table_, pickle, std::string(65535, 'x'));
  EXPECT_EQ(view(*whole).type.size(), 65535U);
}

TEST_F(Stored, StoresTermsAsPickles) {
  const auto blob = store_term(table_, hex("74 00000001 77 04 'host' 61 07"));
  ASSERT_TRUE(blob.ok());
  EXPECT_TRUE(view(*blob).plain);
  EXPECT_EQ(to_hex(view(*blob).pickle), to_hex(hex("8005 7d 28 8c 04 'host' 4b07 75 2e")));
  EXPECT_EQ(value_of(*blob), to_hex(hex("74 00000001 6d 00000004 'host' 61 07")));
}

TEST_F(Stored, StoresAnObjectAsWhatItCameFrom) {
  const auto blob = store_term(table_, hex(kObject));
  ASSERT_TRUE(blob.ok());
  EXPECT_FALSE(view(*blob).plain);
  EXPECT_EQ(view(*blob).type, "a.B");
  EXPECT_EQ(to_hex(view(*blob).pickle), "80054e2e");
  EXPECT_EQ(value_of(*blob), to_hex(hex(kObject)));
}

TEST_F(Stored, StoresObjectsInsideOtherTerms) {
  const std::string list = std::string("6c 00000001 ") + kObject + " 6a";
  const auto blob = store_term(table_, hex(list));
  ASSERT_TRUE(blob.ok());
  EXPECT_TRUE(view(*blob).plain);  // it has an Erlang form
  EXPECT_TRUE(is_plain(view(*blob).pickle));
  EXPECT_EQ(value_of(*blob), to_hex(hex(list)));
}

TEST_F(Stored, StoresAnObjectWithAnEndlessTypeName) {
  Bytes term = hex("68 03 77 09 'py_object' 6d 00010000");
  term.insert(term.end(), 65536, 'x');
  append(term, hex("6d 00000001 'P'"));
  const auto blob = store_term(table_, term);
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(value_of(*blob), to_hex(term));
}

TEST_F(Stored, IsTheSameAfterItWasInTheTable) {
  const table::Handle handle{{1}};
  const table::KeyView key = std::int64_t{1};
  ASSERT_TRUE(table_.create(handle));
  ASSERT_TRUE(table_.put(handle, key, *store_term(table_, hex(kObject))));
  const auto blob = table_.get(handle, key);
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(view(*blob).type, "a.B");
  EXPECT_EQ(value_of(*blob), to_hex(hex(kObject)));
}

TEST_F(Stored, DamagedOnesAreNamedAndNothingOutsideIsRead) {
  const auto damaged = [&](const std::string& bytes, std::uint32_t tag) {
    const table::NewBlob blob = blob_of(hex(bytes), tag);
    EXPECT_TRUE(view(blob).pickle.empty());
    Bytes out{1};
    const Status status = append_value(blob, {}, out);
    EXPECT_EQ(out.size(), 1U);
    return status.ok() ? Errc::exists : status.error().code;
  };
  EXPECT_EQ(damaged("00", kOpaque), Errc::corrupt);
  EXPECT_EQ(damaged("0002 61", kOpaque), Errc::corrupt);
  EXPECT_EQ(damaged("ffff 61", kOpaque), Errc::corrupt);
  EXPECT_EQ(damaged("0001 61", kOpaque), Errc::corrupt);
  EXPECT_EQ(damaged("80054e2e", 7), Errc::corrupt);
}

TEST_F(Stored, RefusesTermsWithoutAPythonForm) {
  const auto blob = store_term(table_, hex("74 00000001 6a 61 07"));
  ASSERT_FALSE(blob.ok());
  EXPECT_EQ(blob.error().code, Errc::bad_term);
  EXPECT_EQ(blob.error().detail, "unhashable_key");
}

TEST_F(Stored, RefusesValuesWithoutAnErlangForm) {
  const auto blob = store(table_, hex("8005 8c03 eda080 2e"), "builtins.str");
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(value_of(*blob), "surrogate");
  Bytes out;
  const Status status = append_value(*store(table_, hex("8005 8f 2e"), "set"), {NoneAtom::none, 10}, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::frame_too_large);
}

Bytes many(std::size_t size, std::uint8_t first) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(first + i * 7);
  return bytes;
}

TEST_F(Stored, KeepsLargeBuffersBesideThePickle) {
  const Bytes large = many(100'001, 1), small = many(10, 2), larger = many(5000, 3);
  const Bytes pickle = hex("8005 5d 28 97 97 98 97 98 65 2e");
  const auto blob =
      store_with_buffers(table_, pickle, "m.Array", {{large, false}, {small, true}, {larger, true}});
  ASSERT_TRUE(blob.ok());
  ASSERT_EQ(blob->tag(), kBuffers);
  const StoredView seen = view(*blob);
  EXPECT_EQ(seen.type, "m.Array");
  const auto buffers = buffers_of(seen);
  ASSERT_TRUE(buffers.ok());
  ASSERT_EQ(buffers->size(), 2U);
  EXPECT_TRUE(std::ranges::equal((*buffers)[0].bytes, large));
  EXPECT_TRUE(std::ranges::equal((*buffers)[1].bytes, larger));
  EXPECT_FALSE((*buffers)[0].read_only);
  EXPECT_TRUE((*buffers)[1].read_only);
  for (const Buffer& buffer : *buffers)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.bytes.data()) % kAlignment, 0U);
  EXPECT_EQ(to_hex(seen.pickle),
            to_hex(hex("8005 5d 28 97 8e 0a00000000000000")) + to_hex(small) + to_hex(hex("97 98 65 2e")));
}

TEST_F(Stored, ErlangGetsBuffersInsideThePickle) {
  const Bytes large = many(5000, 1);
  const auto blob = store_with_buffers(table_, hex("8005 97 2e"), "a.B", {{large, false}});
  Bytes out, expected;
  ASSERT_TRUE(append_value(*blob, {}, out).ok());
  const Bytes whole = hex("8005 96 8813000000000000" + std::string(to_hex(large)) + "2e");
  ASSERT_TRUE(object_to_etf("a.B", whole, {}, expected).ok());
  EXPECT_EQ(to_hex(out), to_hex(expected));
  ToEtfOptions options;
  options.max_bytes = 4999;
  const Status refused = append_value(*blob, options, out);
  EXPECT_EQ(refused.error().code, Errc::frame_too_large);
}

TEST_F(Stored, SmallBuffersAloneAreAPickle) {
  const Bytes small = many(kLeastBuffer - 1, 1), least = many(kLeastBuffer, 1);
  EXPECT_EQ(store_with_buffers(table_, hex("8005 97 2e"), "a.B", {{small, false}})->tag(), kOpaque);
  EXPECT_EQ(store_with_buffers(table_, hex("8005 97 2e"), "a.B", {{least, false}})->tag(), kBuffers);
}

// Another process may have written anything into it: nothing outside of the blob is read.
TEST_F(Stored, DamagedBuffersAreErrorsOrOtherValues) {
  const Bytes large = many(4096, 1);
  const auto whole = store_with_buffers(table_, hex("8005 97 2e"), "a.B", {{large, false}});
  const Bytes good(whole->bytes().begin(), whole->bytes().end());
  for (std::size_t at = 0; at < 40; ++at) {
    for (const int change : {1, 2, 16, 127, 128, 255}) {
      Bytes bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ change);
      const auto blob = blob_of(bad, kBuffers);
      Bytes out;
      const Status status = append_value(blob, {}, out);
      const Errc code = status.ok() ? Errc::corrupt : status.error().code;
      EXPECT_TRUE(code == Errc::corrupt || code == Errc::frame_too_large);
      (void)content_of(view(blob).pickle);
    }
  }
  for (std::size_t size = 0; size < 64; ++size) {
    Bytes out;
    EXPECT_FALSE(append_value(blob_of(ByteSpan(good).first(size), kBuffers), {}, out).ok()) << size;
  }
}

}  // namespace
}  // namespace pyport::value
