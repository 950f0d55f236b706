#include "python/dedent.h"

#include <gtest/gtest.h>

namespace pyport::python {
namespace {

TEST(Dedent, CommonIndentationGoes) {
  EXPECT_EQ(dedent("\n    def f():\n        return 1\n    x = f()\n"), "\ndef f():\n    return 1\nx = f()\n");
}

TEST(Dedent, CodeWithAnUnindentedLineStays) {
  EXPECT_EQ(dedent("if x:\n    y = 1\n"), "if x:\n    y = 1\n");
  EXPECT_EQ(dedent("    x = 1\ny = 2"), "    x = 1\ny = 2");
}

TEST(Dedent, BlankLinesDoNotCountAndBecomeEmpty) {
  EXPECT_EQ(dedent("    a\n\n  \n    b"), "a\n\n\nb");
  EXPECT_EQ(dedent("    a\n    "), "a\n");
}

TEST(Dedent, TabsAndSpacesAreNotMixed) {
  EXPECT_EQ(dedent("\ta\n        b"), "\ta\n        b");
  EXPECT_EQ(dedent("\t a\n\t b"), "a\nb");
}

TEST(Dedent, EmptyAndBlank) {
  EXPECT_EQ(dedent(""), "");
  EXPECT_EQ(dedent("  \n \n"), "  \n \n");
}

TEST(Dedent, WindowsLineEnds) { EXPECT_EQ(dedent("  a\r\n\r\n  b\r\n"), "a\r\n\nb\r\n"); }

TEST(Strip, WhiteSpaceAroundGoes) {
  EXPECT_EQ(strip(" \n\t 1 + 2 \n"), "1 + 2");
  EXPECT_EQ(strip("\n \n"), "");
  EXPECT_EQ(strip("x"), "x");
}

}  // namespace
}  // namespace pyport::python
