#include "table/blob.h"

#include <gtest/gtest.h>

#include "helpers.h"

namespace pyport::table {
namespace {

TEST(Blob, KeepsBytesAndTag) {
  const Blob blob = blob_of("some bytes", 7);
  EXPECT_EQ(text_of(blob), "some bytes");
  EXPECT_EQ(blob.size(), 10u);
  EXPECT_EQ(blob.tag(), 7u);
}

TEST(Blob, MayHaveNoBytes) {
  const Blob blob = blob_of("");
  EXPECT_TRUE(blob);
  EXPECT_EQ(blob.bytes().size(), 0u);
}

TEST(Blob, DefaultIsEmpty) { EXPECT_FALSE(Blob()); }

TEST(Blob, CopiesShareTheBytes) {
  Blob first = blob_of("shared");
  const Blob second = first;
  EXPECT_EQ(first.bytes().data(), second.bytes().data());
  first = Blob();
  EXPECT_FALSE(first);
  EXPECT_EQ(text_of(second), "shared");
}

TEST(Blob, MovingLeavesAnEmptyOne) {
  Blob first = blob_of("moved");
  const Blob second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(text_of(second), "moved");
}

TEST(Blob, AssigningItselfKeepsTheBytes) {
  Blob blob = blob_of("self");
  const Blob& same = blob;
  blob = same;
  EXPECT_EQ(text_of(blob), "self");
}

TEST(BlobWriter, DroppedWithoutFinishGivesItsBlockBack) {
  Result<BlobWriter> writer = BlobWriter::make(1 << 20);  // LeakSanitizer watches
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer->bytes().size(), std::size_t{1} << 20);
}

TEST(BlobWriter, TooLargeIsTableFull) {
  for (const std::size_t size : {kMaxBlobBytes + 1, SIZE_MAX, SIZE_MAX - 15}) {
    const Result<BlobWriter> writer = BlobWriter::make(size);
    ASSERT_FALSE(writer.ok());
    EXPECT_EQ(writer.error().code, Errc::table_full);
    EXPECT_FALSE(writer.error().detail.empty());
  }
}

}  // namespace
}  // namespace pyport::table
