// Numbers as the tests of the table write them: decimal digits with the tag kDigits, and cells in angle
// brackets.
#pragma once

#include <charconv>
#include <cstring>
#include <string>

#include "helpers.h"

namespace pyport::table {

inline constexpr std::uint32_t kDigits = 3;

inline const NumberForm& test_numbers() {
  static const std::uint8_t kHead[] = {'<'};
  static const std::uint8_t kTail[] = {'>', '!'};
  static const NumberForm form{
      [](std::uint32_t tag, ByteSpan bytes) -> std::optional<std::int64_t> {
        std::int64_t number = 0;
        const std::string_view text = as_text(bytes);
        if (tag == kDigits && text.size() == 11 && text.front() == '<') {
          std::memcpy(&number, text.data() + 1, sizeof number);
          return number;
        }
        if (tag != kDigits || std::from_chars(text.begin(), text.end(), number).ptr != text.end())
          return std::nullopt;
        return number;
      },
      kHead, kTail, kDigits};
  return form;
}

// A blob's text, and a cell's number in angle brackets.
inline std::string shown(const BlobBytes& blob) {
  if (!blob || blob.tag() != kCellTag) return text_of(blob);
  std::int64_t number = 0;
  std::memcpy(&number, blob.bytes().data() + 1, sizeof number);
  const bool framed = blob.size() == 11 && blob.bytes()[0] == '<' && as_text(blob.bytes().subspan(9)) == ">!";
  return framed ? "<" + std::to_string(number) + ">" : "(no cell)";
}

// What readers get of a cell.
inline std::string cell_text(std::int64_t number) {
  std::string text(11, '<');
  std::memcpy(text.data() + 1, &number, sizeof number);
  return text.replace(9, 2, ">!");
}

inline std::string shown_at(const Table& table, const Handle& dict, const KeyView& key) {
  const Result<Blob> blob = table.get(dict, key);
  return blob.ok() ? shown(*blob) : "(error)";
}

inline Result<CellOutcome> change(Table& table, const Handle& dict, const KeyView& key, CellOp op,
                                  std::int64_t operand, std::int64_t expected = 0) {
  return table.change_cell(dict, key, {op, operand, expected}, test_numbers());
}

inline Status put_number(Table& table, const Handle& dict, const KeyView& key, std::int64_t number) {
  Result<NewBlob> blob = blob_of(table, std::to_string(number), kDigits);
  if (!blob.ok()) return blob.error();
  return table.put(dict, key, *std::move(blob), &test_numbers());
}

}  // namespace pyport::table
