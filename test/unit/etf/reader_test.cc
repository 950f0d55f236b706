#include "etf/reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../base/hex.h"
#include "etf/validate.h"

namespace pyport::etf {
namespace {

using test::hex;
using test::to_hex;

// A reader over a term that lives as long as this.
struct Term {
  explicit Term(std::string_view text) : bytes(hex(text)), reader(bytes) {
    EXPECT_TRUE(validate_term(bytes).ok()) << text;
  }
  Bytes bytes;
  Reader reader;
};

TEST(Reader, SkipsTheVersionByte) {
  const Bytes body = hex("83 6101");
  Reader reader(body);
  EXPECT_EQ(reader.position(), 1U);
  std::int64_t value = 0;
  EXPECT_TRUE(reader.int64(value));
  EXPECT_EQ(value, 1);
  EXPECT_TRUE(reader.at_end());
}

TEST(Reader, TellsTypes) {
  const struct {
    const char* term;
    Type type;
  } cases[] = {
      {"61 01", Type::integer},
      {"62 00000001", Type::integer},
      {"6e 01 00 01", Type::integer},
      {"6f 00000001 00 01", Type::integer},
      {"46 3ff0000000000000", Type::floating},
      {"77 01 'a'", Type::atom},
      {"76 0001 'a'", Type::atom},
      {"73 01 'a'", Type::atom},
      {"64 0001 'a'", Type::atom},
      {"6d 00000000", Type::binary},
      {"4d 00000001 01 80", Type::bitstring},
      {"68 00", Type::tuple},
      {"69 00000000", Type::tuple},
      {"6a", Type::list},
      {"6b 0001 01", Type::list},
      {"6c 00000001 6a 6a", Type::list},
      {"74 00000000", Type::map},
      {"67 77 01 'n' 00000001 00000002 03", Type::pid},
      {"58 77 01 'n' 00000001 00000002 00000003", Type::pid},
      {"66 77 01 'n' 00000001 03", Type::port},
      {"59 77 01 'n' 00000001 00000003", Type::port},
      {"78 77 01 'n' 0000000000000001 00000003", Type::port},
      {"65 77 01 'n' 00000001 03", Type::reference},
      {"72 0001 77 01 'n' 03 00000001", Type::reference},
      {"5a 0001 77 01 'n' 00000003 00000001", Type::reference},
      {"71 77 01 'm' 77 01 'f' 61 02", Type::fun},
  };
  for (const auto& test : cases) {
    Term term(test.term);
    EXPECT_EQ(term.reader.type(), test.type) << test.term;
    EXPECT_TRUE(term.reader.skip());
    EXPECT_EQ(term.reader.type(), Type::none) << test.term;
  }
}

TEST(Reader, ReadsIntegersThatFit) {
  const struct {
    const char* term;
    std::int64_t value;
  } cases[] = {
      {"61 ff", 255},
      {"62 ffffffff", -1},
      {"62 80000000", INT32_MIN},
      {"6e 04 00 00000080", 2147483648},
      {"6e 08 00 ffffffffffffff7f", INT64_MAX},
      {"6e 08 01 0000000000000080", INT64_MIN},
      {"6e 00 00", 0},
  };
  for (const auto& test : cases) {
    Term term(test.term);
    std::int64_t value = 77;
    EXPECT_TRUE(term.reader.int64(value)) << test.term;
    EXPECT_EQ(value, test.value) << test.term;
    EXPECT_TRUE(term.reader.at_end());
  }
}

TEST(Reader, RefusesIntegersThatDoNotFit) {
  for (const char* big :
       {"6e 08 00 0000000000000080", "6e 08 01 0100000000000080", "6e 09 00 000000000000000001"}) {
    Term term(big);
    std::int64_t value = 77;
    EXPECT_FALSE(term.reader.int64(value)) << big;
    EXPECT_EQ(term.reader.position(), 0U);
    EXPECT_EQ(value, 77);
  }
}

TEST(Reader, ReadsUnsignedIntegers) {
  std::uint64_t value = 0;
  EXPECT_TRUE(Term("6e 08 00 ffffffffffffffff").reader.uint64(value));
  EXPECT_EQ(value, UINT64_MAX);
  EXPECT_TRUE(Term("61 07").reader.uint64(value));
  EXPECT_EQ(value, 7U);
  Term negative("62 ffffffff");
  EXPECT_FALSE(negative.reader.uint64(value));
  EXPECT_EQ(negative.reader.position(), 0U);
  EXPECT_FALSE(Term("6e 09 00 000000000000000001").reader.uint64(value));
  EXPECT_FALSE(Term("6e 01 01 01").reader.uint64(value));
}

TEST(Reader, ReadsFloats) {
  double value = 0;
  EXPECT_TRUE(Term("46 bff8000000000000").reader.number(value));
  EXPECT_EQ(value, -1.5);
  EXPECT_FALSE(Term("61 01").reader.number(value));
}

TEST(Reader, ReadsAtomsOfEveryEncoding) {
  std::string text;
  for (const char* atom : {"77 02 c3a9", "76 0002 c3a9", "73 01 e9", "64 0001 e9"}) {
    Term term(atom);
    EXPECT_TRUE(term.reader.atom(text)) << atom;
    EXPECT_EQ(text, "\u00e9") << atom;
    EXPECT_TRUE(term.reader.at_end());
  }
  EXPECT_TRUE(Term("77 03 'a' 00 'b'").reader.atom(text));
  EXPECT_EQ(text, std::string("a\0b", 3));
  EXPECT_FALSE(Term("6d 00000001 'a'").reader.atom(text));
}

TEST(Reader, ComparesAtoms) {
  Term term("77 02 'ok'");
  EXPECT_FALSE(term.reader.atom_is("no"));
  EXPECT_EQ(term.reader.position(), 0U);
  EXPECT_TRUE(term.reader.atom_is("ok"));
  EXPECT_TRUE(term.reader.at_end());
}

TEST(Reader, ReadsBooleans) {
  bool value = false;
  EXPECT_TRUE(Term("77 04 'true'").reader.boolean(value));
  EXPECT_TRUE(value);
  EXPECT_TRUE(Term("64 0005 'false'").reader.boolean(value));
  EXPECT_FALSE(value);
  Term other("77 02 'ok'");
  EXPECT_FALSE(other.reader.boolean(value));
  EXPECT_EQ(other.reader.position(), 0U);
}

TEST(Reader, GivesBinariesAsViews) {
  Term term("6d 00000003 010203");
  ByteSpan view;
  EXPECT_TRUE(term.reader.binary(view));
  EXPECT_EQ(view.data(), term.bytes.data() + 5);
  EXPECT_EQ(to_hex(view), "010203");
  EXPECT_FALSE(Term("4d 00000001 01 80").reader.binary(view));
}

TEST(Reader, WantsTextToBeUtf8) {
  std::string_view text;
  EXPECT_TRUE(Term("6d 00000002 c3a9").reader.text(text));
  Term raw("6d 00000001 ff");
  EXPECT_FALSE(raw.reader.text(text));
  EXPECT_EQ(raw.reader.position(), 0U);
}

TEST(Reader, WalksATuple) {
  Term term("68 03 61 01 6d 00000001 'x' 77 01 'a'");
  std::size_t arity = 0;
  EXPECT_FALSE(term.reader.tuple_of(2));
  EXPECT_EQ(term.reader.position(), 0U);
  ASSERT_TRUE(term.reader.tuple(arity));
  EXPECT_EQ(arity, 3U);
  std::int64_t number = 0;
  ByteSpan bytes;
  EXPECT_TRUE(term.reader.int64(number));
  EXPECT_TRUE(term.reader.binary(bytes));
  EXPECT_TRUE(term.reader.atom_is("a"));
  EXPECT_TRUE(term.reader.at_end());
  EXPECT_TRUE(Term("69 00000002 6a 6a").reader.tuple_of(2));
}

TEST(Reader, WalksAMap) {
  Term term("74 00000002 77 01 'a' 61 01 77 01 'b' 61 02");
  std::size_t pairs = 0;
  ASSERT_TRUE(term.reader.map(pairs));
  EXPECT_EQ(pairs, 2U);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    std::string key;
    std::int64_t value = 0;
    EXPECT_TRUE(term.reader.atom(key));
    EXPECT_TRUE(term.reader.int64(value));
    sum += value;
  }
  EXPECT_EQ(sum, 3);
  EXPECT_TRUE(term.reader.at_end());
}

std::vector<std::int64_t> integers(Reader& reader, bool& good) {
  std::vector<std::int64_t> found;
  good = reader.list([&found](Reader& element) {
    std::int64_t value = 0;
    if (!element.int64(value)) return false;
    found.push_back(value);
    return true;
  });
  return found;
}

TEST(Reader, ReadsEveryFormOfAProperList) {
  bool good = false;
  Term list("6c 00000002 61 01 62 00000400 6a");
  EXPECT_EQ(integers(list.reader, good), (std::vector<std::int64_t>{1, 1024}));
  EXPECT_TRUE(good && list.reader.at_end());
  Term string("6b 0003 000aff");
  EXPECT_EQ(integers(string.reader, good), (std::vector<std::int64_t>{0, 10, 255}));
  EXPECT_TRUE(good && string.reader.at_end());
  Term nil("6a");
  EXPECT_TRUE(integers(nil.reader, good).empty());
  EXPECT_TRUE(good && nil.reader.at_end());
}

TEST(Reader, StaysBeforeAListThatIsNoneOrNotAsWanted) {
  bool good = true;
  for (const char* bad : {"6c 00000001 61 01 61 02", "6c 00000002 61 01 6a 6a", "68 00", "6d 00000000"}) {
    Term term(bad);
    integers(term.reader, good);
    EXPECT_FALSE(good) << bad;
    EXPECT_EQ(term.reader.position(), 0U) << bad;
  }
}

TEST(Reader, GivesElementsOfAStringAsTerms) {
  Term term("6b 0002 0107");
  std::vector<std::string> terms;
  EXPECT_TRUE(term.reader.list([&terms](Reader& element) {
    ByteSpan bytes;
    if (!element.term(bytes)) return false;
    terms.push_back(to_hex(bytes));
    return true;
  }));
  EXPECT_EQ(terms, (std::vector<std::string>{"6101", "6107"}));
}

TEST(Reader, CountsListsWithoutMoving) {
  std::size_t count = 0;
  Term list("6c 00000002 61 01 61 02 6a");
  EXPECT_TRUE(list.reader.list_size(count));
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(list.reader.position(), 0U);
  EXPECT_TRUE(Term("6b 0003 010203").reader.list_size(count));
  EXPECT_EQ(count, 3U);
  EXPECT_FALSE(Term("6c 00000001 61 01 61 02").reader.list_size(count));
}

TEST(Reader, NothingIsReadAtTheEnd) {
  Reader reader(ByteSpan{});
  std::size_t count = 0;
  std::int64_t number = 0;
  std::uint64_t natural = 0;
  double real = 0;
  bool truth = false;
  std::string text;
  ByteSpan bytes;
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.tuple(count) || reader.map(count) || reader.list_size(count) || reader.int64(number) ||
               reader.uint64(natural) || reader.number(real) || reader.boolean(truth) || reader.atom(text) ||
               reader.binary(bytes) || reader.term(bytes) || reader.skip());
}

TEST(TermSize, SpansDeepAndWideTerms) {
  Term term(
      "68 02 6c 00000002 74 00000001 61 01 6b 0002 0102 5a 0001 77 01 'n' 00000003 00000001 6a 46 "
      "0000000000000000");
  EXPECT_EQ(term_size(term.bytes), term.bytes.size());
  ASSERT_TRUE(term.reader.tuple_of(2));
  ByteSpan list;
  EXPECT_TRUE(term.reader.term(list));
  EXPECT_EQ(list.size(), term.bytes.size() - 2 - 9);
  Bytes deep(1024, 0x68);
  for (std::size_t i = 1; i < deep.size(); i += 2) deep[i] = 1;
  deep.push_back(0x6a);
  EXPECT_TRUE(validate_term(deep).ok());
  EXPECT_EQ(term_size(deep), deep.size());
}

}  // namespace
}  // namespace pyport::etf
