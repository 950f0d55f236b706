#include "table/blob.h"

#include <gtest/gtest.h>

#include "helpers.h"

namespace pyport::table {
namespace {

TEST(Blob, DefaultIsEmpty) { EXPECT_FALSE(Blob()); }

}  // namespace
}  // namespace pyport::table
