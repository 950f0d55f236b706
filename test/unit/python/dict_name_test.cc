#include "python/dict_name.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace pyport::python {
namespace {

const std::string kDigits = "0123456789abcdef00ff0123456789ab";

table::Handle handle() { return parse_dict_name("t:" + kDigits)->handle; }

TEST(DictName, IsWrittenAsItIsRead) {
  for (const std::string& text : {"orders:" + kDigits, "orders:" + kDigits + ":shop@host",
                                  "/tmp/a:b/t:" + kDigits, "/dev/shm/sub/t:" + kDigits + ":n@h",
                                  "with blank:" + kDigits, "\xc3\xa4:" + kDigits + ":\xc3\xa4@h"}) {
    const Result<DictName> name = parse_dict_name(text);
    ASSERT_TRUE(name.ok()) << text;
    EXPECT_EQ(dict_name(*name), text);
  }
}

TEST(DictName, Parts) {
  const Result<DictName> name = parse_dict_name("orders:" + kDigits + ":shop@host");
  EXPECT_EQ(name->path, "/dev/shm/orders");
  EXPECT_EQ(hex_of(name->handle), kDigits);
  EXPECT_EQ(name->handle.bits[0], 0x01);
  EXPECT_EQ(name->handle.bits[15], 0xab);
  EXPECT_EQ(name->node, "shop@host");
  EXPECT_EQ(parse_dict_name("t:0123456789ABCDEF00FF0123456789AB")->handle, handle());
}

TEST(DictName, TheLastHandleCounts) {
  const std::string other(32, '0');
  const Result<DictName> name = parse_dict_name("/tmp/t:" + other + ":" + kDigits);
  EXPECT_EQ(name->path, "/tmp/t:" + other);
  EXPECT_EQ(name->handle, handle());
}

TEST(DictName, Refused) {
  const std::string nul(1, '\0');
  for (const std::string& text :
       {std::string(), std::string(":"), kDigits, ":" + kDigits, "t" + kDigits, "t:" + kDigits.substr(1),
        "t:" + kDigits + "0", "t:" + kDigits + ":", "t:" + kDigits + ":\xff", "t:g" + kDigits.substr(1),
        "t:" + kDigits + ":" + std::string(256, 'n'), "t" + nul + ":" + kDigits}) {
    const Result<DictName> name = parse_dict_name(text);
    ASSERT_FALSE(name.ok()) << text;
    EXPECT_EQ(name.error().code, Errc::bad_term);
  }
}

TEST(DictName, Paths) {
  EXPECT_EQ(table_path("orders"), "/dev/shm/orders");
  EXPECT_EQ(table_path("/tmp/./x/../orders"), "/tmp/orders");
  EXPECT_EQ(table_path("./orders"), (std::filesystem::current_path() / "orders").string());
  EXPECT_EQ(table_path("a/b"), (std::filesystem::current_path() / "a" / "b").string());
}

}  // namespace
}  // namespace pyport::python
