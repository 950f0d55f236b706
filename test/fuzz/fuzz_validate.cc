// Any bytes as a frame's body. What the validator accepts must be safe for all that comes after it: the
// reader (and ei below it), the way to a pickle, and the way back, whose result must be valid again.
#include <string>

#include "check.h"
#include "etf/reader.h"
#include "etf/validate.h"
#include "value/to_etf.h"
#include "value/to_pickle.h"

namespace {

using pyport::Bytes;
using pyport::ByteSpan;
using pyport::etf::Reader;

// Every read at one position: a read that fails has not moved, one that succeeds has.
void read_one(const Reader& here) {
  const auto try_read = [&here](auto&& read) {
    Reader reader = here;
    CHECK(read(reader) == (reader.position() != here.position()));
  };
  std::size_t count = 0;
  std::int64_t number = 0;
  std::uint64_t natural = 0;
  double real = 0;
  bool truth = false;
  std::string name;
  std::string_view text;
  ByteSpan bytes;
  try_read([&](Reader& reader) { return reader.tuple(count); });
  try_read([&](Reader& reader) { return reader.map(count); });
  try_read([&](Reader& reader) { return reader.int64(number); });
  try_read([&](Reader& reader) { return reader.uint64(natural); });
  try_read([&](Reader& reader) { return reader.number(real); });
  try_read([&](Reader& reader) { return reader.boolean(truth); });
  try_read([&](Reader& reader) { return reader.atom(name); });
  try_read([&](Reader& reader) { return reader.text(text); });
  try_read([&](Reader& reader) { return reader.binary(bytes); });
  try_read([&](Reader& reader) { return reader.list([](Reader& element) { return element.skip(); }); });
}

// All terms of the tree in order: whatever is no container is skipped.
void read_all(ByteSpan body) {
  constexpr int kReads = 200;  // each position is read in a dozen ways
  Reader reader(body);
  for (int reads = 0; !reader.at_end(); ++reads) {
    if (reads < kReads) read_one(reader);
    std::size_t count = 0;
    if (!reader.tuple(count) && !reader.map(count)) CHECK(reader.skip());
  }
}

void there_and_back(ByteSpan term) {
  Bytes pickle;
  const auto pickled = pyport::value::to_pickle(term, pickle);
  if (!pickled.ok()) {
    CHECK(pickled.error().code == pyport::Errc::bad_term);
    CHECK(pickle.empty());
    return;
  }
  CHECK(pyport::value::is_plain(pickle));
  Bytes back;
  const auto status = pyport::value::to_etf(pickle, {}, back);
  if (status.ok()) {
    CHECK(pyport::etf::validate_term(back).ok());
    // What came back is settled: it becomes the same term again.
    Bytes again;
    Bytes settled;
    if (pyport::value::to_pickle(back, again).ok() && pyport::value::to_etf(again, {}, settled).ok()) {
      CHECK(settled == back);
    }
  } else {
    CHECK(back.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan body(data, size);
  if (!pyport::etf::validate(body).ok()) return 0;
  CHECK(pyport::etf::term_size(body.subspan(1)) == size - 1);
  read_all(body);
  there_and_back(body.subspan(1));
  return 0;
}
