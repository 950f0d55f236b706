#include "value/improper_lists.h"

#include <algorithm>

#include "etf/reader.h"
#include "etf/tags.h"

namespace pyport::value {
namespace {

struct Open {
  std::uint64_t left;  // terms still to come
  std::uint32_t start;
  bool is_list;
};

}  // namespace

void find_improper_lists(ByteSpan term, std::vector<ImproperList>& found) {
  found.clear();
  std::vector<Open> open;
  std::size_t at = 0;
  do {
    const std::uint8_t tag = term[at];
    if (!open.empty() && --open.back().left == 0) {
      const Open last = open.back();
      open.pop_back();  // its last term may nest as deep as it likes: nothing comes after that
      if (last.is_list && tag != etf::kNil) found.push_back(last.start);
    }
    const etf::TermHead head = etf::term_head(&term[at]);
    if (head.terms > 0) open.push_back({head.terms, static_cast<std::uint32_t>(at), tag == etf::kList});
    at += head.bytes;
  } while (!open.empty());
  std::sort(found.begin(), found.end());
}

}  // namespace pyport::value
