// An ETF term as Erlang text without blanks, for what conversions make. REQUIRES: validated.
#pragma once

#include <charconv>
#include <string>

#include "etf/reader.h"

namespace pyport::test {

std::string shown(etf::Reader& reader);

inline std::string shown_number(double number) {
  char text[32];
  const std::string digits(text, std::to_chars(text, text + sizeof text, number).ptr);
  return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
}

// SMALL_BIG_EXT: tag, size, sign, digits to base 256.
inline std::string shown_big(ByteSpan term) {
  if (term[0] != 'n' || term[1] > 16) return "other";
  __extension__ unsigned __int128 number = 0;
  for (std::size_t i = 3 + term[1]; i-- > 3;) number = (number << 8) | term[i];
  std::string digits;
  for (; number > 0; number /= 10)
    digits.insert(0, 1, static_cast<char>('0' + static_cast<int>(number % 10)));
  return (term[2] != 0 ? "-" : "") + digits;
}

inline std::string shown_items(etf::Reader& reader, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i > 0 ? "," : "") + shown(reader);
  return out;
}

inline std::string shown_map(etf::Reader& reader, std::size_t pairs) {
  std::string out;
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::string key = shown(reader);
    out += (i > 0 ? "," : "") + key + "=>" + shown(reader);
  }
  return "#{" + out + "}";
}

inline std::string shown(etf::Reader& reader) {
  std::int64_t small = 0;
  std::uint64_t large = 0;
  double number = 0;
  std::string text;
  ByteSpan bytes;
  std::size_t count = 0;
  if (reader.int64(small)) return std::to_string(small);
  if (reader.uint64(large)) return std::to_string(large);
  if (reader.number(number)) return shown_number(number);
  if (reader.atom(text)) return text;
  if (reader.binary(bytes)) return "<<\"" + std::string(as_text(bytes)) + "\">>";
  if (reader.tuple(count)) return "{" + shown_items(reader, count) + "}";
  if (reader.map(count)) return shown_map(reader, count);
  const bool listed = reader.list([&text](etf::Reader& element) {
    text += (text.empty() ? "" : ",") + shown(element);
    return true;
  });
  if (listed) return "[" + text + "]";
  reader.term(bytes);
  return shown_big(bytes);
}

inline std::string shown(ByteSpan term) {
  etf::Reader reader(term);
  return shown(reader);
}

}  // namespace pyport::test
