// Any bytes as a pickle. Nothing but a refusal or a valid term may come out, within the size limit, and
// is_plain must say beforehand which of the two it can be. With all conversions it is a term, an object or an
// error, and the very same term when the pickle is plain.
#include "check.h"
#include "etf/validate.h"
#include "value/to_etf.h"
#include "value/to_pickle.h"

namespace {

void convert(pyport::ByteSpan pickle, const pyport::Bytes& plain_term) {
  using namespace pyport;
  const value::ToEtfOptions options{value::NoneAtom::none, 1U << 14, value::kConvertAll};
  Bytes term;
  const auto status = value::opaque_to_etf("a.B", pickle, options, term);
  if (!status.ok()) {
    CHECK(term.empty());
    CHECK(status.error().code == Errc::bad_term || status.error().code == Errc::frame_too_large);
    return;
  }
  CHECK(term.size() <= options.max_bytes);
  CHECK(etf::validate_term(term).ok());
  if (!plain_term.empty()) CHECK(term == plain_term);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pyport::Errc;
  const pyport::ByteSpan pickle(data, size);
  const pyport::value::ToEtfOptions options{pyport::value::NoneAtom::none, 1U << 14};
  const bool plain = pyport::value::is_plain(pickle);
  pyport::Bytes term;
  const auto status = pyport::value::to_etf(pickle, options, term);
  convert(pickle, term);
  if (!status.ok()) {
    const pyport::Error& error = status.error();
    CHECK(term.empty());
    CHECK(error.code == Errc::bad_term || error.code == Errc::frame_too_large);
    CHECK(plain == (error.detail != "bad_pickle" && error.detail != "cycle"));
    if (error.code == Errc::frame_too_large) CHECK(error.n > error.max);
    return 0;
  }
  CHECK(plain);
  CHECK(term.size() <= options.max_bytes);
  CHECK(pyport::etf::validate_term(term).ok());
  pyport::Bytes again;
  const auto pickled = pyport::value::to_pickle(term, again);
  CHECK(!pickled.ok() || pyport::value::is_plain(again));
  return 0;
}
