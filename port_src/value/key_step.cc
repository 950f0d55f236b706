#include "value/key_step.h"

#include <charconv>
#include <string>

#include "base/utf8.h"
#include "etf/reader.h"

namespace pyport::value {
namespace {

constexpr std::size_t kMaxText = 120;
constexpr int kMaxNesting = 6;

void print(etf::Reader& reader, int nesting, std::string& out);

void print_integer(etf::Reader& reader, std::string& out) {
  std::int64_t small = 0;
  std::uint64_t large = 0;
  ByteSpan term;
  if (reader.int64(small)) {
    out += std::to_string(small);
  } else if (reader.uint64(large)) {
    out += std::to_string(large);
  } else if (reader.term(term)) {
    out += "<integer of " + std::to_string(term.size()) + " bytes>";
  }
}

void print_float(etf::Reader& reader, std::string& out) {
  double number = 0;
  reader.number(number);
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  const std::string_view digits(text, static_cast<std::size_t>(end - text));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void print_binary(etf::Reader& reader, std::string& out) {
  ByteSpan bytes;
  reader.binary(bytes);
  if (is_utf8(bytes)) {
    out.append("<<\"").append(as_text(bytes)).append("\">>");
  } else {
    out += "<" + std::to_string(bytes.size()) + " bytes>";
  }
}

void print_tuple(etf::Reader& reader, int nesting, std::string& out) {
  std::size_t arity = 0;
  reader.tuple(arity);
  out += '{';
  for (std::size_t i = 0; i < arity && out.size() < kMaxText; ++i) {
    if (i > 0) out += ',';
    print(reader, nesting + 1, out);
  }
  out += '}';
}

const char* opaque_name(etf::Type type) {
  switch (type) {
    case etf::Type::bitstring:
      return "<bitstring>";
    case etf::Type::tuple:
      return "<tuple>";
    case etf::Type::list:
      return "<list>";
    case etf::Type::map:
      return "<map>";
    case etf::Type::pid:
      return "<pid>";
    case etf::Type::port:
      return "<port>";
    case etf::Type::reference:
      return "<reference>";
    default:
      return "<fun>";
  }
}

// Stops in the middle of a term once the text is long enough, so the reader is only good for printing.
void print(etf::Reader& reader, int nesting, std::string& out) {
  std::string name;
  std::size_t size = 0;
  switch (reader.type()) {
    case etf::Type::integer:
      return print_integer(reader, out);
    case etf::Type::floating:
      return print_float(reader, out);
    case etf::Type::atom:
      reader.atom(name);
      out += name;
      return;
    case etf::Type::binary:
      return print_binary(reader, out);
    case etf::Type::tuple:
      if (nesting < kMaxNesting) return print_tuple(reader, nesting, out);
      break;
    case etf::Type::list:
      if (reader.list_size(size) && size == 0) {
        out += "[]";
        reader.skip();
        return;
      }
      break;
    default:
      break;
  }
  out += opaque_name(reader.type());
  reader.skip();
}

// Cuts between characters.
void shorten(std::string& text) {
  if (text.size() <= kMaxText) return;
  std::size_t size = kMaxText;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  text.resize(size);
  text += "...";
}

}  // namespace

PathStep key_step(ByteSpan key) {
  etf::Reader reader(key);
  ByteSpan bytes;
  if (reader.binary(bytes)) return std::string(as_text(bytes));
  std::int64_t number = 0;
  if (reader.int64(number)) return number;
  std::string text;
  print(reader, 0, text);
  shorten(text);
  return text;
}

}  // namespace pyport::value
