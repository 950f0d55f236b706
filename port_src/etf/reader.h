// A cursor over one ETF term that etf::validate has accepted: reads headers, numbers and atoms through
// ei, hands out binaries and whole terms as views without a copy.
//
//   etf::Reader reader(body);                      // validated, with or without the version byte
//   std::size_t arity;
//   ByteSpan handle, value;
//   if (!reader.tuple(arity) || arity != 2 || !reader.binary(handle) || !reader.term(value)) return bad();
//
// Every read returns false when the next term is of another type (or does not fit the C++ type), and the
// reader has not moved then. REQUIRES everywhere: the bytes were validated; ei checks no bounds.
//
// Thread safety: values; views live as long as the bytes that were read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace pyport::etf {

enum class Type : std::uint8_t {
  none,  // nothing left to read
  integer,
  floating,
  atom,
  binary,
  bitstring,
  tuple,
  list,  // proper, improper, empty, or STRING_EXT
  map,
  pid,
  port,
  reference,
  fun,
};

class Reader {
 public:
  // REQUIRES: bytes.size() < 2 GiB (ei's index is an int; frames are capped at 1 GiB).
  explicit Reader(ByteSpan bytes);

  Type type() const;
  bool at_end() const { return position_ == bytes_.size(); }
  std::size_t position() const { return position_; }

  // Headers: the reader then stands before the first element, or the first key.
  bool tuple(std::size_t& arity);
  // True for a tuple of exactly this arity only.
  bool tuple_of(std::size_t arity);
  bool map(std::size_t& pairs);

  // Number of elements of the proper list ahead, without moving; false when there is none.
  bool list_size(std::size_t& count) const;

  // Calls `each(Reader&) -> bool` once an element of a proper list (also NIL, and STRING_EXT as a list
  // of small integers); `each` must read exactly the element. False, and back at the start, when this
  // is no proper list or `each` returned false.
  template <class Each>
  bool list(Each&& each);

  bool binary(ByteSpan& bytes);
  bool text(std::string_view& text);  // a binary that is valid UTF-8
  bool atom(std::string& text);       // UTF-8, also for Latin-1 atoms
  bool atom_is(std::string_view text);
  bool boolean(bool& value);
  bool int64(std::int64_t& value);
  bool uint64(std::uint64_t& value);
  bool number(double& value);  // a float only

  // The next term of any type, whole: its byte range (no version byte).
  bool term(ByteSpan& bytes);
  bool skip();

 private:
  std::uint8_t tag() const { return bytes_[position_]; }
  const char* data() const { return reinterpret_cast<const char*>(bytes_.data()); }
  int index() const { return static_cast<int>(position_); }

  // The two bytes of the ETF of a small integer; lives as long as the program.
  static ByteSpan small_integer(std::uint8_t value);
  // Reads the header of a STRING_EXT, LIST_EXT or NIL_EXT.
  bool list_header(std::size_t& count, bool& is_string, bool& has_tail);
  bool nil();

  ByteSpan bytes_;
  std::size_t position_ = 0;
};

// The front of a term: its own bytes, and how many terms then follow as its elements (the tail of a list
// counts; a fun is whole).
struct TermHead {
  std::size_t bytes;
  std::uint64_t terms = 0;
};

// REQUIRES: `at` is at the tag of a validated term.
TermHead term_head(const std::uint8_t* at);

// Size in bytes of the term at the front of `bytes`. Iterative (ei_skip_term recurses).
// REQUIRES: validated.
std::size_t term_size(ByteSpan bytes);

template <class Each>
bool Reader::list(Each&& each) {
  const std::size_t start = position_;
  std::size_t count = 0;
  bool is_string = false;
  bool has_tail = false;
  if (!list_header(count, is_string, has_tail)) return false;
  bool good = true;
  for (std::size_t i = 0; good && i < count; ++i) {
    if (is_string) {
      Reader element(small_integer(bytes_[position_++]));
      good = each(element);
    } else {
      good = each(*this);
    }
  }
  if (good && has_tail) good = nil();
  if (!good) position_ = start;
  return good;
}

}  // namespace pyport::etf
