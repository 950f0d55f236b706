// Objects that become Erlang's usual forms: what CPython and numpy write (test/golden/conversions.txt), and
// what somebody may have damaged or forged.
#include "value/conversions.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "../base/hex.h"
#include "etf/validate.h"
#include "path_text.h"
#include "shown.h"
#include "value/to_etf.h"

namespace pyport::value {
namespace {

using test::hex;
using test::path_text;
using test::shown;

struct Row {
  Conversions kind = kConvertAll;
  std::string python, erlang;
  std::vector<Bytes> pickles;
};

Conversions kind_of(const std::string& name) {
  if (name == "set") return kConvertSets;
  if (name == "datetime") return kConvertDatetimes;
  if (name == "decimal") return kConvertDecimals;
  if (name == "uuid") return kConvertUuids;
  return name == "numpy" ? kConvertNumpy : kConvertAll;
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> found;
  std::size_t at = 0;
  for (std::size_t end = 0; (end = line.find(" | ", at)) != std::string::npos; at = end + 3) {
    found.push_back(line.substr(at, end - at));
  }
  found.push_back(line.substr(at));
  return found;
}

std::vector<Row> golden_rows() {
  std::ifstream file(PYPORT_GOLDEN_DIR "/conversions.txt");
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> parts = fields(line);
    Row row{kind_of(parts.at(0)), parts.at(1), parts.at(2), {}};
    std::istringstream pickles(parts.at(3));
    for (std::string pickle; pickles >> pickle;) row.pickles.push_back(hex(pickle));
    rows.push_back(row);
  }
  return rows;
}

ToEtfOptions converting(Conversions kinds) { return {NoneAtom::none, std::size_t{1} << 20, kinds}; }

// What Erlang reads of an opaque value: its text, "object", or the error.
std::string read(ByteSpan pickle, Conversions kinds = kConvertAll) {
  Bytes out = hex("ff");
  const Status status = opaque_to_etf("a.B", pickle, converting(kinds), out);
  if (!status.ok()) {
    EXPECT_EQ(out, hex("ff"));
    return status.error().detail + " " + path_text(status.error().path);
  }
  const ByteSpan term = ByteSpan(out).subspan(1);
  EXPECT_TRUE(etf::validate_term(term).ok());
  Bytes object;
  EXPECT_TRUE(object_to_etf("a.B", pickle, {}, object).ok());
  return Bytes(term.begin(), term.end()) == object ? "object" : shown(term);
}

std::string read(std::string_view text, Conversions kinds = kConvertAll) { return read(hex(text), kinds); }

TEST(Conversions, AreThoseOfTheTable) {
  const std::vector<Row> rows = golden_rows();
  ASSERT_GE(rows.size(), 80U);
  for (const Row& row : rows) {
    for (const Bytes& pickle : row.pickles) {
      EXPECT_EQ(read(pickle, row.kind), row.erlang) << row.python << " " << int{pickle[1]};
    }
  }
}

TEST(Conversions, AreDoneWhenAskedFor) {
  for (const Row& row : golden_rows()) {
    for (const Bytes& pickle : row.pickles) {
      EXPECT_EQ(read(pickle, kConvertNothing), "object") << row.python;
      EXPECT_FALSE(is_plain(pickle)) << row.python;
      const auto others = static_cast<Conversions>(kConvertAll & ~row.kind);
      EXPECT_EQ(read(pickle, others), "object") << row.python;
      if (row.erlang == "object") continue;
      EXPECT_EQ(read(pickle, kConvertAll), row.erlang) << row.python;
    }
  }
}

TEST(Conversions, AreNotOfHalfAPickle) {
  for (const Row& row : golden_rows()) {
    for (const Bytes& pickle : row.pickles) {
      for (std::size_t size = 0; size < pickle.size(); ++size) {
        EXPECT_EQ(read(ByteSpan(pickle).first(size)), "object") << row.python << " " << size;
      }
    }
  }
}

// Whatever a damaged pickle says, it is a term, an object or an error.
TEST(Conversions, StandDamage) {
  for (const Row& row : golden_rows()) {
    for (Bytes pickle : row.pickles) {
      for (std::uint8_t& byte : pickle) {
        const std::uint8_t before = byte;
        for (const int change : {1, 0x80, 0xFF}) {
          byte = static_cast<std::uint8_t>(before ^ change);
          EXPECT_FALSE(read(pickle).empty());
        }
        byte = before;
      }
    }
  }
}

// --- what two keys or elements may become ----------------------------------------------------------

constexpr const char* kDate = "8c08'datetime' 8c04'date' 93 4304 07ea0101 85 52";  // (2026, 1, 1)
constexpr const char* kDateTuple = "4dea07 4b01 4b01 87";
constexpr const char* kDecimal = "8c07'decimal' 8c07'Decimal' 93 8c01'1' 85 52";           // '1'
constexpr const char* kSecond = "8c08'datetime' 8c09'timedelta' 93 4b00 4b00 4b05 87 52";  // 5

std::string pickle_of(std::initializer_list<const char*> parts) {
  std::string text = "8005 ";
  for (const char* part : parts) text.append(part).append(" ");
  return text + "2e";
}

TEST(ConvertedKeys, AreComparedWithAllOthers) {
  EXPECT_EQ(read(pickle_of({"7d 28", kDate, "4b01", kDateTuple, "4b02 75"})), "duplicate_key [{2026,1,1}]");
  EXPECT_EQ(read(pickle_of({"7d", kDateTuple, "4b01 73", kDate, "4b02 73"})), "duplicate_key [{2026,1,1}]");
  EXPECT_EQ(read(pickle_of({"8f 28", kDecimal, "8c01'1' 90"})), "duplicate_key [1]");
  EXPECT_EQ(read(pickle_of({"8f 28", kSecond, "4b05 90"})), "duplicate_key [5]");
  EXPECT_EQ(read(pickle_of({"5d 8f 28", kSecond, "4b05 90 61"})), "duplicate_key [1,5]");
  // Below a tuple that is the key.
  EXPECT_EQ(read(pickle_of({"7d 28", kDate, "85 4b01", kDateTuple, "85 4b02 75"})),
            "duplicate_key [{{2026,1,1}}]");
  EXPECT_EQ(read(pickle_of({"8f 28", kDecimal, "4b01", kSecond, "90"})), "#{<<\"1\">>=>[],1=>[],5=>[]}");
}

TEST(ConvertedKeys, AreComparedInFrozensetsWhateverTheirOrder) {
  // {frozenset(['a', 'b']), frozenset([b'b', b'a'])}: two objects, and one map in Erlang.
  EXPECT_EQ(read("8005 8f 28 28 8c01'a' 8c01'b' 91 28 4301'b' 4301'a' 91 90 2e"), "duplicate_key [<map>]");
  EXPECT_EQ(read("8005 8f 28 28 8c01'a' 8c01'b' 91 28 4301'b' 4301'c' 91 90 2e"),
            "#{#{<<\"a\">>=>[],<<\"b\">>=>[]}=>[],#{<<\"b\">>=>[],<<\"c\">>=>[]}=>[]}");
  EXPECT_EQ(read("8005 28 8c01'b' 8c01'a' 91 2e"), "#{<<\"a\">>=>[],<<\"b\">>=>[]}");
  EXPECT_EQ(read("8005 28 8c01'b' 4301'b' 91 2e"), "duplicate_key [b]");
  // Longer and nested elements keep their places.
  EXPECT_EQ(read("8005 28 28 4b02 4b01 91 8c05'abcde' 29 91 2e"),
            "#{{}=>[],<<\"abcde\">>=>[],#{1=>[],2=>[]}=>[]}");
}

// --- objects that are not what they look like ------------------------------------------------------

std::string uuid_of(std::string_view state) {
  return "8005 8c04'uuid' 8c04'UUID' 93 29 81 94 7d 28 " + std::string(state) + " 75 62 2e";
}

TEST(ConvertedUuid, IsMadeOfItsNumber) {
  EXPECT_EQ(read(uuid_of("8c03'int' 4b05")), "<<\"00000000-0000-0000-0000-000000000005\">>");
  for (const char* state :
       {"", "8c03'int' 8c01'5'", "8c03'int' 4affffffff", "8c03'nit' 4b05", "4b01 4b05", "8c07'is_safe' 4b00",
        "8c03'int' 4b05 8c07'is_safe' 4b02", "8c03'int' 4b05 8c07'is_safe' 4e", "8c03'int' 4b05 8c01'x' 4b00",
        "8c03'int' 8a11 0000000000000000000000000000000001",
        "8c03'int' 4b05 8c07'is_safe' 4b00 8c03'int' 4b05"}) {
    EXPECT_EQ(read(uuid_of(state)), "object") << state;
  }
}

TEST(ConvertedUuid, IsNothingUntilItIsBuilt) {
  const std::string bare = "8005 8c04'uuid' 8c04'UUID' 93 29 81 94 ";
  const std::string state = "7d 8c03'int' 4b05 73 ";
  EXPECT_EQ(read(bare + "2e"), "object");
  EXPECT_EQ(read(bare + "85 2e"), "object");
  EXPECT_EQ(read("8005 5d 8c04'uuid' 8c04'UUID' 93 29 81 61 2e"), "object");
  EXPECT_EQ(read("8005 8f 28 8c04'uuid' 8c04'UUID' 93 29 81 90 2e"), "object");
  EXPECT_EQ(read("8005 7d 4b01 8c04'uuid' 8c04'UUID' 93 29 81 73 2e"), "object");
  EXPECT_EQ(read(bare + state + "62 " + state + "62 2e"), "object");                         // twice
  EXPECT_EQ(read("8005 8c04'uuid' 8c04'UUID' 93 4b01 85 81 " + state + "62 2e"), "object");  // arguments
  EXPECT_EQ(read("8005 8c07'decimal' 8c07'Decimal' 93 29 81 " + state + "62 2e"), "object");
  EXPECT_EQ(read("8005 5d " + state + "62 2e"), "object");
  // In the memo before it was built.
  EXPECT_EQ(read(bare + state + "62 6800 86 2e"),
            "{<<\"00000000-0000-0000-0000-000000000005\">>,"
            "<<\"00000000-0000-0000-0000-000000000005\">>}");
}

std::string datetime_of(std::string_view arguments) {
  return "8005 8c08'datetime' 8c08'datetime' 93 " + std::string(arguments) + " 52 2e";
}

TEST(ConvertedDatetime, HasNoFoldAndNothingOutOfRange) {
  EXPECT_EQ(read(datetime_of("430a 07ea0b150a0000000000 85")), "{{2026,11,21},{10,0,0}}");
  for (const char* bytes :
       {"07ea8b150a0000000000",  // fold=1
        "07ea0b158a0000000000", "07ea0d150a0000000000", "07ea00150a0000000000", "07ea0b000a0000000000",
        "07ea0b1f0a0000000000", "07ea021d0a0000000000", "00000b150a0000000000", "27100b150a0000000000",
        "07ea0b15180000000000", "07ea0b150a3c00000000", "07ea0b150a003c000000", "07ea0b150a00000f4240"}) {
    EXPECT_EQ(read(datetime_of("430a " + std::string(bytes) + " 85")), "object") << bytes;
  }
  EXPECT_EQ(read("8005 8c08'datetime' 8c04'time' 93 4306 8a0000000000 85 52 2e"), "object");  // fold=1
  EXPECT_EQ(read("8005 8c08'datetime' 8c04'time' 93 4306 0a0000000000 85 52 2e"), "{10,0,0}");
  for (const char* arguments : {"29", "4e 85", "4b01 85", "4309 07ea0b150a00000000 85",
                                "430b 07ea0b150a000000000000 85", "430a 07ea0b150a0000000000 4e 86",
                                "430a 07ea0b150a0000000000 4b00 86", "430a 07ea0b150a0000000000 4e 4e 87"}) {
    EXPECT_EQ(read(datetime_of(arguments)), "object") << arguments;
  }
}

std::string at_offset(std::string_view offset) {
  return datetime_of("430a 07ea0b150a0000000000 8c08'datetime' 8c08'timezone' 93 " + std::string(offset) +
                     " 85 52 86");
}

std::string delta(std::string_view parts) {
  return "8c08'datetime' 8c09'timedelta' 93 " + std::string(parts) + " 52";
}

TEST(ConvertedDatetime, HasAnOffsetOfMinutesWithinADay) {
  EXPECT_EQ(read(at_offset(delta("4b00 4d100e 4b00 87"))), "<<\"2026-11-21T10:00:00+01:00\">>");
  for (const char* parts : {"4b00 4d110e 4b00 87",      // a second more
                            "4b00 4d100e 4b01 87",      // a microsecond more
                            "4b01 4b00 4b00 87",        // a day
                            "4affffffff 4b00 4b00 87",  // a day back
                            "4b00 4d100e 86"}) {
    EXPECT_EQ(read(at_offset(delta(parts))), "object") << parts;
  }
  EXPECT_EQ(read(at_offset("4b00")), "object");  // an integer is no timedelta
}

TEST(ConvertedTimedelta, IsInPythonsNormalForm) {
  EXPECT_EQ(read("8005 " + delta("4b00 4b00 4b05 87") + " 2e"), "5");
  for (const char* parts : {"4b00 4affffffff 4b05 87", "4b00 4a80510100 4b05 87", "4b00 4b00 4a40420f00 87",
                            "4a00ca9a3b 4b00 4b00 87", "8a08 ffffffffffffff7f 4b00 4b00 87",
                            "8a09 ffffffffffffffff7f 4b00 4b00 87", "4e 4b00 4b05 87", "4b05 85"}) {
    EXPECT_EQ(read("8005 " + delta(parts) + " 2e"), "object") << parts;
  }
}

TEST(ConvertedDecimal, IsTheTextOfANumber) {
  for (const char* argument : {"8c00", "8c01'x'", "4b01", "4301'1'", "8c03'1 1'"}) {
    EXPECT_EQ(read("8005 8c07'decimal' 8c07'Decimal' 93 " + std::string(argument) + " 85 52 2e"), "object")
        << argument;
  }
}

std::string scalar_of(std::string_view type, std::string_view state, std::string_view data) {
  return "8005 8c16'numpy._core.multiarray' 8c06'scalar' 93 8c05'numpy' 8c05'dtype' 93 " + std::string(type) +
         " 89 88 87 52 " + std::string(state) + " " + std::string(data) + " 86 52 2e";
}

constexpr const char* kLittle = "28 4b03 8c01'<' 4e4e4e 4affffffff 4affffffff 4b00 74 62";
constexpr const char* kBig = "28 4b03 8c01'>' 4e4e4e 4affffffff 4affffffff 4b00 74 62";
constexpr const char* kNoOrder = "28 4b03 8c01'|' 4e4e4e 4affffffff 4affffffff 4b00 74 62";

TEST(ConvertedNumpyScalar, HasEitherByteOrder) {
  EXPECT_EQ(read(scalar_of("8c02'i4'", kLittle, "4304 01020304")), "67305985");
  EXPECT_EQ(read(scalar_of("8c02'i4'", kBig, "4304 01020304")), "16909060");
  EXPECT_EQ(read(scalar_of("8c02'i2'", kBig, "4302 fffe")), "-2");
  EXPECT_EQ(read(scalar_of("8c02'u8'", kBig, "4308 8000000000000000")), "9223372036854775808");
  EXPECT_EQ(read(scalar_of("8c02'f4'", kBig, "4304 3fc00000")), "1.5");
  EXPECT_EQ(read(scalar_of("8c02'f8'", kBig, "4308 3ff8000000000000")), "1.5");
  EXPECT_EQ(read(scalar_of("8c02'f2'", kBig, "4302 3e00")), "1.5");
  EXPECT_EQ(read(scalar_of("8c02'u1'", kNoOrder, "4301 ff")), "255");
}

TEST(ConvertedNumpyScalar, OfNumpy1HasItsOldName) {
  const std::string rest = std::string("8c05'numpy' 8c05'dtype' 93 8c02'u1' 89 88 87 52 ") + kNoOrder;
  EXPECT_EQ(read("8005 8c15'numpy.core.multiarray' 8c06'scalar' 93 " + rest + " 4301 ff 86 52 2e"), "255");
}

TEST(ConvertedNumpyScalar, IsOfANumbersTypeAndSize) {
  EXPECT_EQ(read(scalar_of("8c02'i4'", kLittle, "4303 010203")), "object");
  EXPECT_EQ(read(scalar_of("8c02'i4'", kLittle, "4b01")), "object");
  EXPECT_EQ(read(scalar_of("8c02'i4'", kNoOrder, "4304 01020304")), "object");
  EXPECT_EQ(read(scalar_of("8c02'i4'", "", "4304 01020304")), "object");  // not built
  EXPECT_EQ(read(scalar_of("8c02'i3'", kLittle, "4303 010203")), "object");
  EXPECT_EQ(read(scalar_of("8c02'M8'", kLittle, "4308 0000000000000000")), "object");
  for (const char* state : {"28 4b04 8c01'<' 4e4e4e 4affffffff 4affffffff 4b00 74 62",
                            "28 4b03 8c01'x' 4e4e4e 4affffffff 4affffffff 4b00 74 62",
                            "28 4b03 8c01'<' 4b014e4e 4affffffff 4affffffff 4b00 74 62",
                            "28 4b03 8c01'<' 4e4e4e 4b01 4affffffff 4b00 74 62",
                            "28 4b03 8c01'<' 4e4e4e 4affffffff 4affffffff 4b01 74 62",
                            "28 4b03 8c01'<' 4e4e4e 4affffffff 4affffffff 74 62", "4e 62", "29 62"}) {
    EXPECT_EQ(read(scalar_of("8c02'i4'", state, "4304 01020304")), "object") << state;
  }
}

TEST(ConvertedSet, HasHashableElements) {
  EXPECT_EQ(read("8005 8f 28 5d 90 2e"), "object");
  EXPECT_EQ(read("8005 8f 28 8f 90 2e"), "object");
  EXPECT_EQ(read("8005 28 7d 85 91 2e"), "object");
  EXPECT_EQ(read("8003 63'builtins' 0a 'set' 0a 5d 5d 61 85 52 2e"), "object");
  EXPECT_EQ(read("8005 7d 8f 4b01 73 2e"), "object");  // a set as a key
  EXPECT_EQ(read("8005 7d 28 91 4b01 73 2e"), "#{#{}=>1}");
}

TEST(ConvertedSet, IsNoDictAndNoList) {
  for (const char* bad :
       {"8005 8f 4b01 4b02 73 2e", "8005 7d 28 4b01 90 2e", "8005 5d 28 4b01 90 2e", "8005 90 2e",
        "8005 28 90 2e", "8005 91 2e", "8005 8f 28 4b01 91 28 90 2e",
        "8005 28 4b01 91 28 4b02 90 2e",  // a frozenset is as it is
        "8003 63'builtins' 0a 'set' 0a 29 52 2e", "8003 63'builtins' 0a 'set' 0a 8f 85 52 2e",
        "8003 63'builtins' 0a 'set' 0a 28 4b01 74 85 52 2e"}) {
    EXPECT_EQ(read(bad), "object") << bad;
  }
}

TEST(ConvertedSet, OfAListMayHaveNoTwins) {
  EXPECT_EQ(read("8003 63'builtins' 0a 'set' 0a 5d 28 4b01 4b01 65 85 52 2e"), "duplicate_key [1]");
}

TEST(ConvertedSet, ThatHoldsItselfIsACycle) {
  // s = set(); l = [s]; s has the tuple of a frozenset of s: forged, but nothing may turn endlessly.
  EXPECT_EQ(read("8005 8f94 28 6800 85 90 2e"), "object");
  EXPECT_EQ(read("8005 5d94 8f 61 2e"), "[#{}]");
  EXPECT_EQ(read("8005 5d94 6800 61 2e"), "object");  // a cycle that is opaque
}

// The list of one set again and again: more elements than the pickle has bytes.
TEST(ConvertedSet, TakesNoMoreThanThePickleHas) {
  const auto sets = [](int count) {
    std::string pickle = "8003 5d94 28 ";
    for (int i = 0; i < 200; ++i) pickle += "4b" + test::to_hex(Bytes{static_cast<std::uint8_t>(i)}) + " ";
    pickle += "65 30 63'builtins' 0a 'frozenset' 0a 94 30 28 ";
    for (int i = 0; i < count; ++i) pickle += "6801 6800 85 52 ";
    return read(pickle + "74 2e");
  };
  EXPECT_EQ(sets(1).substr(0, 8), "{#{0=>[]");
  EXPECT_EQ(sets(200), "object");
}

TEST(Conversions, KeepWhatACallableIs) {
  for (const char* bad :
       {"8005 8c08'datetime' 8c04'date' 93 2e", "8005 5d 8c08'datetime' 8c04'date' 93 61 2e",
        "8005 8c08'datetime' 8c04'date' 93 85 2e", "8005 8c05'numpy' 8c05'dtype' 93 8c02'i4' 89 88 87 52 2e",
        "8005 8c05'numpy' 8c05'dtype' 93 8c02'i4' 89 89 87 52 2e"}) {
    EXPECT_EQ(read(bad), "object") << bad;
  }
  // In a tuple of arguments that nothing takes.
  const std::string dtype = std::string("8c05'numpy' 8c05'dtype' 93 8c02'i4' 89 88 87 52 ") + kLittle;
  EXPECT_EQ(read("8005 " + dtype + " 2e"), "object");
  EXPECT_EQ(read("8005 " + dtype + " 85 2e"), "object");
  EXPECT_EQ(read("8005 5d " + dtype + " 85 61 2e"), "object");
  EXPECT_EQ(read("8005 " + dtype + " 85 85 2e"), "object");
}

TEST(Conversions, KeepToTheSizeLimit) {
  Bytes out;
  const Bytes pickle = hex(pickle_of({kDate}));
  EXPECT_TRUE(opaque_to_etf("a.B", pickle, {NoneAtom::none, 12, kConvertAll}, out).ok());
  const Status status = opaque_to_etf("a.B", pickle, {NoneAtom::none, 10, kConvertAll}, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::frame_too_large);
}

}  // namespace
}  // namespace pyport::value
