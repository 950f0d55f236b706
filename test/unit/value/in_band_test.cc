#include "value/in_band.h"

#include <gtest/gtest.h>

#include <string>

#include "../base/hex.h"
#include "value/stored.h"

namespace pyport::value {
namespace {

using test::hex;
using test::to_hex;

// As CPython writes them; "97" asks for the next buffer, "98" makes it read-only.
const char* const kTwo = "8005 95 0000000000000000 5d 94 28 97 97 98 65 2e";

std::vector<Buffer> buffers(ByteSpan first, ByteSpan second) { return {{first, false}, {second, true}}; }

std::string put_in(const char* pickle, const std::vector<Buffer>& all, std::size_t largest = SIZE_MAX) {
  Bytes out = hex("ff");
  const Status status = in_band(hex(pickle), all, largest, out);
  if (!status.ok()) return out == hex("ff") ? status.error().detail : "something was left";
  return to_hex(ByteSpan(out).subspan(1));
}

TEST(InBand, PutsBuffersInAsCPythonDoes) {
  const Bytes first = hex("0102"), second = hex("03");
  EXPECT_EQ(put_in(kTwo, buffers(first, second)),
            to_hex(hex("8005 5d 94 28 96 0200000000000000 0102 8e 0100000000000000 03 65 2e")));
  EXPECT_LE(to_hex(hex("8005 5d 94 28 96 0200000000000000 0102 8e 0100000000000000 03 65 2e")).size() / 2,
            in_band_size(hex(kTwo), buffers(first, second)));
}

TEST(InBand, LeavesLargeOnesOut) {
  const Bytes first = hex("0102"), second = hex("03");
  EXPECT_EQ(put_in(kTwo, buffers(first, second), 1),
            to_hex(hex("8005 5d 94 28 97 8e 0100000000000000 03 65 2e")));
  EXPECT_EQ(put_in(kTwo, buffers(second, first), 1),
            to_hex(hex("8005 5d 94 28 96 0100000000000000 03 97 98 65 2e")));
}

TEST(InBand, RefusesAnotherNumberOfBuffers) {
  const Bytes one = hex("01");
  EXPECT_EQ(put_in(kTwo, {{one, false}}), "a pickle with buffers");
  EXPECT_EQ(put_in("8005 4e 2e", {{one, false}}), "a pickle with buffers");
}

// Every opcode with its argument, and every way of breaking off in the middle of one.
TEST(InBand, KnowsWhereEachOpcodeEnds) {
  const char* const kAll[] = {"49 31320a",
                              "4a 01020304",
                              "4b 01",
                              "4d 0102",
                              "4c 314c0a",
                              "8a 02 97 97",
                              "8b 02000000 97 97",
                              "53 27970a",
                              "54 02000000 97 97",
                              "55 02 97 97",
                              "42 02000000 97 97",
                              "43 02 97 97",
                              "8e 0200000000000000 97 97",
                              "96 0200000000000000 97 97",
                              "4e",
                              "88",
                              "89",
                              "56 970a",
                              "8c 02 97 97",
                              "58 02000000 97 97",
                              "8d 0200000000000000 97 97",
                              "46 312e350a",
                              "47 9797979797979797",
                              "5d",
                              "61",
                              "65",
                              "6c",
                              "29",
                              "74",
                              "85",
                              "86",
                              "87",
                              "7d",
                              "64",
                              "73",
                              "75",
                              "8f",
                              "90",
                              "91",
                              "30",
                              "32",
                              "28",
                              "31",
                              "67 970a",
                              "68 97",
                              "6a 97979797",
                              "70 970a",
                              "71 97",
                              "72 97979797",
                              "94",
                              "82 97",
                              "83 9797",
                              "84 97979797",
                              "63 970a 970a",
                              "93",
                              "52",
                              "62",
                              "69 970a 970a",
                              "6f",
                              "81",
                              "92",
                              "80 97",
                              "2e",
                              "50 970a",
                              "51"};
  for (const char* const opcode : kAll) {
    const Bytes bytes = hex(opcode);
    Bytes out;
    EXPECT_TRUE(in_band(bytes, {}, SIZE_MAX, out).ok()) << opcode;
    EXPECT_EQ(to_hex(out), to_hex(bytes)) << opcode;
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      out.clear();
      EXPECT_FALSE(in_band(ByteSpan(bytes).first(size), {}, SIZE_MAX, out).ok()) << opcode << " " << size;
    }
  }
  Bytes out;
  for (const char* const unknown : {"00", "7f", "99", "ff", "8e ffffffffffffffff"})
    EXPECT_FALSE(in_band(hex(unknown), {}, SIZE_MAX, out).ok()) << unknown;
}

TEST(ContentOf, BytesAndText) {
  const auto content = [](const char* pickle) {
    const Bytes bytes = hex(pickle);
    const auto found = content_of(bytes);
    return found ? to_hex(*found) : std::string("none");
  };
  for (const char* const pickle :
       {"8005 43 02 0102 2e", "8005 43 02 0102 94 2e", "8005 95 0600000000000000 43 02 0102 94 2e",
        "8003 42 02000000 0102 71 00 2e", "8005 8e 0200000000000000 0102 94 2e",
        "8005 96 0200000000000000 0102 95 0200000000000000 94 2e", "8005 8c 02 0102 94 2e",
        "8005 58 02000000 0102 94 2e", "8005 8d 0200000000000000 0102 94 2e"})
    EXPECT_EQ(content(pickle), "0102") << pickle;
  EXPECT_EQ(content("8005 43 00 2e"), "");
  for (const char* const pickle :
       {"", "8005 2e", "8005 4e 2e", "8005 4b 01 2e", "8005 43 02 0102", "8005 43 02 0102 94",
        "8005 43 02 01", "8005 43 02 0102 2e 2e", "8005 43 02 0102 43 02 0102 2e",
        "8005 5d 94 43 02 0102 94 61 2e", "8005 43 02 0102 85 94 2e", "8005 97 2e"})
    EXPECT_EQ(content(pickle), "none") << pickle;
}

}  // namespace
}  // namespace pyport::value
