#include "python/dedent.h"

#include <algorithm>
#include <optional>

namespace pyport::python {
namespace {

constexpr std::string_view kIndent = " \t";
constexpr std::string_view kBlank = " \t\r\n\f\v";

// Calls each(line) with every line, its line end included.
template <class Each>
void for_each_line(std::string_view code, Each&& each) {
  while (!code.empty()) {
    const std::size_t end = code.find('\n');
    const std::string_view line = code.substr(0, end == std::string_view::npos ? code.size() : end + 1);
    each(line);
    code.remove_prefix(line.size());
  }
}

bool is_blank(std::string_view line) { return line.find_first_not_of(kBlank) == std::string_view::npos; }

std::string_view common_front(std::string_view one, std::string_view other) {
  const auto [end, ignored] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return one.substr(0, static_cast<std::size_t>(end - one.begin()));
}

std::size_t common_indent(std::string_view code) {
  std::optional<std::string_view> common;
  for_each_line(code, [&](std::string_view line) {
    if (is_blank(line)) return;
    const std::string_view indent = line.substr(0, line.find_first_not_of(kIndent));
    common = common ? common_front(*common, indent) : indent;
  });
  return common ? common->size() : 0;
}

}  // namespace

std::string dedent(std::string_view code) {
  const std::size_t indent = common_indent(code);
  if (indent == 0) return std::string(code);
  std::string result;
  result.reserve(code.size());
  for_each_line(code, [&](std::string_view line) {
    if (!is_blank(line)) {
      result += line.substr(indent);
    } else if (line.back() == '\n') {
      result += '\n';
    }
  });
  return result;
}

std::string_view strip(std::string_view code) {
  const std::size_t start = code.find_first_not_of(kBlank);
  if (start == std::string_view::npos) return {};
  return code.substr(start, code.find_last_not_of(kBlank) - start + 1);
}

}  // namespace pyport::python
