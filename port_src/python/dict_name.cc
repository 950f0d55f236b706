#include "python/dict_name.h"

#include <filesystem>
#include <optional>

#include "base/utf8.h"

namespace pyport::python {
namespace {

constexpr std::string_view kFolder = "/dev/shm/";
constexpr std::size_t kDigits = 32;
constexpr std::size_t kMaxNode = 255;  // characters of an atom are at most as many bytes here

std::optional<std::uint8_t> digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<table::Handle> handle_of(std::string_view digits) {
  table::Handle handle;
  if (digits.size() != kDigits) return std::nullopt;
  for (std::size_t i = 0; i < kDigits; ++i) {
    const auto digit = digit_of(digits[i]);
    if (!digit) return std::nullopt;
    std::uint8_t& byte = handle.bits[i / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | *digit);
  }
  return handle;
}

bool is_node(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNode && is_utf8(as_bytes(text));
}

// The text as one whose handle's digits follow the colon at `colon`.
std::optional<DictName> read_at(std::string_view text, std::size_t colon) {
  const std::string_view rest = text.substr(colon + 1);
  const auto handle = handle_of(rest.substr(0, kDigits));
  if (!handle || colon == 0) return std::nullopt;
  DictName name{table_path(text.substr(0, colon)), *handle, {}};
  if (rest.size() == kDigits) return name;
  if (rest[kDigits] != ':' || !is_node(rest.substr(kDigits + 1))) return std::nullopt;
  name.node = rest.substr(kDigits + 1);
  return name;
}

}  // namespace

std::string table_path(std::string_view given) {
  if (given.find('/') == std::string_view::npos) return std::string(kFolder) + std::string(given);
  std::error_code failure;
  const std::filesystem::path path = std::filesystem::absolute(given, failure);
  return failure ? std::string(given) : path.lexically_normal().string();
}

std::string hex_of(const table::Handle& handle) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : handle.bits) text += {kHex[byte >> 4], kHex[byte & 15]};
  return text;
}

std::string dict_name(const DictName& name) {
  std::string_view table = name.path;
  const bool short_name =
      table.starts_with(kFolder) && table.find('/', kFolder.size()) == std::string_view::npos;
  if (short_name) table.remove_prefix(kFolder.size());
  std::string text = std::string(table) + ":" + hex_of(name.handle);
  return name.node.empty() ? text : text + ":" + name.node;
}

Result<DictName> parse_dict_name(std::string_view text) {
  const bool possible = text.find('\0') == std::string_view::npos;
  // From behind: a path may have colons, too.
  for (std::size_t colon = text.rfind(':'); possible && colon != std::string_view::npos && colon > 0;
       colon = text.rfind(':', colon - 1)) {
    if (auto name = read_at(text, colon)) return *std::move(name);
  }
  return make_error(Errc::bad_term,
                    "not the name of a SharedDict: it has a table's file, a colon and 32 hexadecimal digits");
}

}  // namespace pyport::python
