#include "value/to_etf.h"

#include "etf/writer.h"
#include "value/etf_serializer.h"
#include "value/pickle_parser.h"
#include "value/pickle_tree.h"

namespace pyport::value {
namespace {

// Kept between calls, so that small values allocate next to nothing.
struct Scratch {
  PickleParser parser;
  PickleTree tree;
  SerializerScratch serializer;
};

// Empties the scratch when the scope ends, whatever the outcome.
class ScratchUse {
 public:
  ScratchUse() : scratch_(kept()) {}
  ~ScratchUse() {
    scratch_.parser.clear();
    scratch_.tree.clear();
    scratch_.serializer.clear();
  }
  ScratchUse(const ScratchUse&) = delete;
  ScratchUse& operator=(const ScratchUse&) = delete;
  Scratch* operator->() { return &scratch_; }

 private:
  static Scratch& kept() {
    thread_local Scratch scratch;
    return scratch;
  }
  Scratch& scratch_;
};

}  // namespace

bool is_plain(ByteSpan pickle) {
  ScratchUse scratch;
  return scratch->parser.parse(pickle, scratch->tree) == PickleParser::Outcome::plain;
}

Status to_etf(ByteSpan pickle, const ToEtfOptions& options, Bytes& out) {
  ScratchUse scratch;
  switch (scratch->parser.parse(pickle, scratch->tree, options.convert)) {
    case PickleParser::Outcome::plain:
      return EtfSerializer(scratch->tree, options, scratch->serializer, out).write(scratch->parser.root());
    case PickleParser::Outcome::cycle:
      return make_error(Errc::bad_term, "cycle");
    default:
      return make_error(Errc::bad_term, "bad_pickle");
  }
}

Status object_to_etf(std::string_view type, ByteSpan pickle, const ToEtfOptions& options, Bytes& out) {
  constexpr std::size_t kAround = 2 + 11 + 5 + 5;  // tuple, atom, headers of two binaries
  const std::size_t size = kAround + type.size() + pickle.size();
  if (size > options.max_bytes) {
    Error failure = make_error(Errc::frame_too_large, "value");
    failure.n = size;
    failure.max = options.max_bytes;
    return failure;
  }
  etf::Writer(out).tuple(3).atom("py_object").text(type).binary(pickle);
  return ok_status();
}

Status opaque_to_etf(std::string_view type, ByteSpan pickle, const ToEtfOptions& options, Bytes& out) {
  if (options.convert != kConvertNothing) {
    ScratchUse scratch;
    if (scratch->parser.parse(pickle, scratch->tree, options.convert) == PickleParser::Outcome::plain)
      return EtfSerializer(scratch->tree, options, scratch->serializer, out).write(scratch->parser.root());
  }
  return object_to_etf(type, pickle, options, out);
}

}  // namespace pyport::value
