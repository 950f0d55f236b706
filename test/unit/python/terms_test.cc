#include <gtest/gtest.h>

#include "python/external_text.h"
#include "python/handle_term.h"

namespace pyport::python {
namespace {

std::string handle_etf(const std::string& tag, const std::string& node, std::size_t size) {
  std::string etf = "h\x03w" + std::string(1, static_cast<char>(tag.size())) + tag;
  etf += "w" + std::string(1, static_cast<char>(node.size())) + node + "m" + std::string(3, '\0');
  return etf + static_cast<char>(size) + std::string(size, 'x');
}

TEST(HandleTerm, Parsed) {
  const std::string etf = handle_etf("$pyport_dict", "n@h", 16);
  const auto parsed = parse_handle(as_bytes(etf));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->node, "n@h");
  for (const std::uint8_t byte : parsed->handle.bits) EXPECT_EQ(byte, 'x');
}

TEST(HandleTerm, AnythingElseIsRefused) {
  for (const std::string& etf :
       {handle_etf("$other", "n@h", 16), handle_etf("$pyport_dict", "n@h", 15), std::string("a\x01"),
        std::string(), handle_etf("$pyport_dict", "n@h", 16) + "x",
        handle_etf("$pyport_dict", "n@h", 16).substr(0, 20)}) {
    const auto parsed = parse_handle(as_bytes(etf));
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().code, Errc::bad_etf);
  }
}

// Made by erl -name demo@host: term_to_binary(...) without its first byte.
const std::string kPid(
    "Xw\x09"
    "demo@host\0\0\0\x7b\0\0\0\0\x65\x4a\x6b\x2a",
    24);
const std::string kReference(
    "Z\0\x03w\x09"
    "demo@host\x65\x4a\x6b\x2a\0\0\0\x03\0\0\0\x02\0\0\0\x01",
    30);

TEST(ExternalText, Pid) {
  EXPECT_TRUE(is_pid_term(as_bytes(kPid)));
  EXPECT_FALSE(is_reference_term(as_bytes(kPid)));
  EXPECT_EQ(pid_text(as_bytes(kPid)), "demo@host 0.123.0");
}

TEST(ExternalText, Reference) {
  EXPECT_TRUE(is_reference_term(as_bytes(kReference)));
  EXPECT_FALSE(is_pid_term(as_bytes(kReference)));
  EXPECT_EQ(reference_text(as_bytes(kReference)), "demo@host 0.1.2.3");
}

TEST(ExternalText, OtherTerms) {
  EXPECT_EQ(term_text(as_bytes(std::string("M\0\0\0\x01\x03\xa0", 7))), "bitstring, 7 bytes");
  EXPECT_EQ(term_text(as_bytes(std::string("l\0\0\0\x01"
                                           "a\x01"
                                           "a\x02",
                                           9))),
            "improper list, 9 bytes");
  EXPECT_FALSE(is_pid_term({}));
}

}  // namespace
}  // namespace pyport::python
