#include "value/to_pickle.h"

#include <span>
#include <string>
#include <vector>

#include "etf/latin1.h"
#include "etf/reader.h"
#include "etf/validate.h"
#include "value/appender.h"
#include "value/etf_atom.h"
#include "value/improper_lists.h"
#include "value/key_step.h"
#include "value/pickle_writer.h"
#include "value/python_key.h"
#include "value/special_tuple.h"
#include "value/text.h"

namespace pyport::value {
namespace {

enum class Container : std::uint8_t { list, tuple, map };

// A container whose elements are being converted.
struct Frame {
  Container kind;
  bool in_key;              // part of a map key, so that it must be hashable
  std::uint16_t key_kinds;  // tuple: of the elements so far
  KeyKinds seen;            // map: of the keys so far
  std::uint64_t terms;      // elements, or keys and values
  std::uint64_t done;       // of them, converted
  std::uint32_t key;        // map: offset of the key that was begun last
  std::size_t first_key;    // map: where its keys begin in Scratch::keys
};

// Kept between calls, so that small values allocate nothing.
struct Scratch {
  std::vector<Frame> frames;
  std::vector<std::uint32_t> keys;  // offsets of all keys of the open maps
  std::vector<ImproperList> improper;
  Bytes canonical;
  std::string text;

  void trim() {
    constexpr std::size_t kKept = std::size_t{64} << 10;
    if (keys.capacity() > kKept) keys = {};
    if (canonical.capacity() > kKept) canonical = {};
    if (improper.capacity() > kKept) improper = {};
    frames.clear();
    keys.clear();
    improper.clear();
  }
};

Scratch& scratch() {
  thread_local Scratch kept;
  return kept;
}

// One pass from front to back. Whether a list is proper is known only at its end, so the first pass
// takes every list for a proper one; the rare term with an improper list is converted again, knowing them.
class Converter {
 public:
  Converter(ByteSpan term, Bytes& out, Scratch& scratch)
      : term_(term), at_(term.data()), out_(out), pickle_(out_), scratch_(scratch) {}

  // False: error() says why, and `out` may have a part of the pickle.
  bool run();
  bool plain() const { return plain_; }
  Error error();

 private:
  std::vector<Frame>& frames() { return scratch_.frames; }
  std::uint32_t offset() const { return static_cast<std::uint32_t>(at_ - term_.data()); }
  ByteSpan rest(std::uint32_t from) const { return term_.subspan(from); }
  bool fail(const char* why) {
    why_ = why;
    return false;
  }

  bool one_term();
  bool done(std::uint16_t key_kinds);
  bool close(Frame& frame, std::uint16_t& key_kinds);

  bool scalar(std::uint8_t tag);
  bool atom();
  bool big(std::size_t header, std::size_t digits);
  bool binary();
  bool string();
  bool float_number();
  bool opaque(Builtin which);

  bool list();
  bool map();
  bool tuple();
  bool special(const SpecialTuple& found);
  bool open(Container kind, std::uint64_t terms, std::size_t header);

  bool key_expected() const {
    return !scratch_.frames.empty() && scratch_.frames.back().kind == Container::map &&
           scratch_.frames.back().done % 2 == 0;
  }
  bool in_key() const {
    return !scratch_.frames.empty() && (scratch_.frames.back().in_key || key_expected());
  }
  bool known_improper();
  bool keys_differ(Frame& frame);

  ByteSpan term_;
  const std::uint8_t* at_;
  Appender out_;
  PickleWriter pickle_;
  Scratch& scratch_;
  std::size_t next_improper_ = 0;  // in Scratch::improper
  bool plain_ = true;
  const char* why_ = "";
};

bool Converter::run() {
  pickle_.proto();
  do {
    if (!one_term()) return false;
  } while (!frames().empty());
  pickle_.op(kStop);
  out_.flush();
  return true;
}

bool Converter::one_term() {
  if (key_expected()) {
    frames().back().key = offset();
    scratch_.keys.push_back(offset());
  }
  const std::uint8_t tag = *at_;
  switch (tag) {
    case etf::kNil:
    case etf::kString:
    case etf::kList:
      return list();
    case etf::kMap:
      return map();
    case etf::kSmallTuple:
    case etf::kLargeTuple:
      return tuple();
    default:
      return scalar(tag);
  }
}

bool Converter::scalar(std::uint8_t tag) {
  switch (tag) {
    case etf::kSmallInteger:
      pickle_.integer(at_[1]);
      at_ += 2;
      return done(KeyKinds::integer);
    case etf::kInteger:
      pickle_.integer(static_cast<std::int32_t>(load_u32(at_ + 1)));
      at_ += 5;
      return done(KeyKinds::integer);
    case etf::kSmallBig:
      return big(3, at_[1]);
    case etf::kLargeBig:
      return big(6, load_u32(at_ + 1));
    case etf::kNewFloat:
      return float_number();
    case etf::kBinary:
      return binary();
    case etf::kSmallAtomUtf8:
    case etf::kAtomUtf8:
    case etf::kSmallAtomLatin1:
    case etf::kAtomLatin1:
      return atom();
    case etf::kPid:
    case etf::kNewPid:
      return opaque(Builtin::pid);
    case etf::kReference:
    case etf::kNewReference:
    case etf::kNewerReference:
      return opaque(Builtin::reference);
    default:
      return opaque(Builtin::term);
  }
}

// Sign and digits are the last bytes of a big integer, the sign before the digits.
bool Converter::big(std::size_t header, std::size_t digits) {
  pickle_.integer({at_ + header, digits}, at_[header - 1] != 0);
  at_ += header + digits;
  return done(KeyKinds::integer);
}

bool Converter::float_number() {
  const std::uint8_t* const ieee754 = at_ + 1;
  pickle_.number(ieee754);
  at_ += 9;
  return done(in_key() ? float_kinds(ieee754) : std::uint16_t{KeyKinds::other});
}

bool Converter::atom() {
  const AtomView atom = atom_at(at_);
  at_ += atom.size;
  if (atom.name == "true" || atom.name == "false") {
    pickle_.op(atom.name == "true" ? kNewTrue : kNewFalse);
    return done(KeyKinds::boolean);
  }
  if (is_none(atom.name)) {
    pickle_.op(kNone);
    return done(KeyKinds::none);
  }
  if (!atom.latin1) {
    pickle_.text(as_bytes(atom.name));
  } else {
    scratch_.text.clear();
    etf::append_latin1(as_bytes(atom.name), scratch_.text);
    pickle_.text(as_bytes(scratch_.text));
  }
  return done(KeyKinds::atom_text);
}

bool Converter::binary() {
  const ByteSpan bytes(at_ + 5, load_u32(at_ + 1));
  at_ += 5 + bytes.size();
  if (is_text(bytes)) {
    pickle_.text(bytes);
    return done(KeyKinds::text);
  }
  pickle_.bytes(bytes);
  return done(KeyKinds::raw);
}

// The term at at_, whole, as the argument of a callable of `_erlang`.
bool Converter::opaque(Builtin which) {
  const std::size_t size = etf::term_size(rest(offset()));
  pickle_.builtin(which);
  pickle_.bytes({at_, size});
  pickle_.ops(kTuple1, kReduce);
  at_ += size;
  return done(KeyKinds::other);
}

bool Converter::special(const SpecialTuple& found) {
  switch (found.kind) {
    case SpecialTuple::Kind::bytes:
      pickle_.bytes(found.first);
      at_ += found.size;
      return done(KeyKinds::bytes_tuple);
    case SpecialTuple::Kind::object:
      plain_ = false;
      pickle_.builtin(Builtin::object);
      pickle_.text(found.first);
      pickle_.bytes(found.second);
      pickle_.ops(kTuple2, kReduce);
      at_ += found.size;
      return done(KeyKinds::other);
    default:
      return opaque(Builtin::dict);
  }
}

bool Converter::tuple() {
  const bool small = *at_ == etf::kSmallTuple;
  const std::uint64_t arity = small ? at_[1] : load_u32(at_ + 1);
  const SpecialTuple found = special_tuple(at_);
  if (found.kind != SpecialTuple::Kind::none) return special(found);
  return open(Container::tuple, arity, small ? 2 : 5);
}

bool Converter::map() {
  if (in_key()) return fail("unhashable_key");
  return open(Container::map, std::uint64_t{load_u32(at_ + 1)} * 2, 5);
}

bool Converter::list() {
  if (*at_ == etf::kList && known_improper()) return opaque(Builtin::term);
  if (in_key()) return fail("unhashable_key");
  if (*at_ == etf::kString) return string();
  if (*at_ == etf::kList) return open(Container::list, load_u32(at_ + 1), 5);
  ++at_;
  pickle_.op(kEmptyList);
  return done(KeyKinds::other);
}

bool Converter::string() {
  const ByteSpan items(at_ + 3, load_u16(at_ + 1));
  at_ += 3 + items.size();
  pickle_.op(kEmptyList);
  if (!items.empty()) {
    pickle_.op(kMark);
    for (const std::uint8_t item : items) pickle_.integer(item);
    pickle_.op(kAppends);
  }
  return done(KeyKinds::other);
}

// Begins a container; one without elements is finished at once.
bool Converter::open(Container kind, std::uint64_t terms, std::size_t header) {
  const Frame frame{kind, in_key(), KeyKinds::other, {}, terms, 0, 0, scratch_.keys.size()};
  at_ += header;
  switch (kind) {
    case Container::list:
      pickle_.ops(kEmptyList, kMark);
      break;
    case Container::map:
      pickle_.op(kEmptyDict);
      if (terms > 0) pickle_.op(kMark);
      break;
    case Container::tuple:
      if (PickleWriter::mark_needed(terms)) pickle_.op(kMark);
      if (terms == 0) pickle_.op(kEmptyTuple);
      break;
  }
  if (terms == 0) return done(KeyKinds::other);
  if (frames().size() == etf::kMaxDepth) return fail("depth");
  frames().push_back(frame);
  return true;
}

// A term is done: tells its container, and closes all containers that end with it.
bool Converter::done(std::uint16_t key_kinds) {
  while (!frames().empty()) {
    Frame& top = frames().back();
    if (top.kind == Container::tuple) {
      top.key_kinds = static_cast<std::uint16_t>(top.key_kinds | key_kinds);
    } else if (top.kind == Container::map && top.done % 2 == 0) {
      top.seen.add(key_kinds);
    }
    if (++top.done < top.terms) return true;
    if (!close(top, key_kinds)) return false;
  }
  return true;
}

bool Converter::close(Frame& frame, std::uint16_t& key_kinds) {
  key_kinds = KeyKinds::other;
  switch (frame.kind) {
    case Container::tuple:
      key_kinds = frame.key_kinds;
      pickle_.close_tuple(frame.terms);
      break;
    case Container::map:
      if (frame.seen.may_collide() && !keys_differ(frame)) return false;
      scratch_.keys.resize(frame.first_key);
      pickle_.op(kSetItems);
      break;
    case Container::list:
      if (*at_ != etf::kNil) return fail("improper_list");
      ++at_;
      pickle_.op(kAppends);
      break;
  }
  frames().pop_back();
  return true;
}

// True when the list at at_ was found to be improper; they are looked up in the order of the term.
bool Converter::known_improper() {
  const auto& improper = scratch_.improper;
  while (next_improper_ < improper.size() && improper[next_improper_] < offset()) ++next_improper_;
  return next_improper_ < improper.size() && improper[next_improper_] == offset();
}

// Compares the keys of a finished map as Python will. On a duplicate the frame's key is the later one.
bool Converter::keys_differ(Frame& frame) {
  const auto keys = std::span(scratch_.keys).subspan(frame.first_key);
  const auto twin = duplicate_python_key(term_, keys, scratch_.canonical);
  if (!twin.has_value()) return true;
  frame.key = *twin;
  return fail("duplicate_key");
}

// The way to the term that failed: a map's step is its current key, and the way ends in a key that is
// itself at fault.
Error Converter::error() {
  Error failure = make_error(Errc::bad_term, why_);
  for (const Frame& frame : frames()) {
    if (frame.kind == Container::map) {
      failure.path.push_back(key_step(rest(frame.key)));
      if (frame.done % 2 == 0) break;
    } else {
      failure.path.emplace_back(static_cast<std::int64_t>(frame.done + 1));
    }
  }
  return failure;
}

}  // namespace

Result<Pickled> to_pickle(ByteSpan term, Bytes& out) {
  Scratch& kept = scratch();
  const std::size_t start = out.size();
  Converter first(term, out, kept);
  if (first.run()) {
    kept.trim();
    return Pickled{first.plain()};
  }
  Error failure = first.error();
  out.resize(start);
  kept.trim();
  find_improper_lists(term, kept.improper);
  if (kept.improper.empty()) return failure;
  Converter second(term, out, kept);
  const bool good = second.run();
  if (!good) {
    failure = second.error();
    out.resize(start);
  }
  kept.trim();
  if (!good) return failure;
  return Pickled{second.plain()};
}

}  // namespace pyport::value
