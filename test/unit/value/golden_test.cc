// Every case of test/golden/values.txt, whose head tells its format.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "../base/hex.h"
#include "etf/validate.h"
#include "path_text.h"
#include "value/to_etf.h"
#include "value/to_pickle.h"

namespace pyport::value {
namespace {

using test::hex;
using test::path_text;
using test::to_hex;

struct Case {
  std::string name, kind, etf, pickle, erlang, python;
};

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  for (std::size_t end; (end = line.find(" | ", at)) != std::string::npos; at = end + 3) {
    fields.push_back(line.substr(at, end - at));
  }
  fields.push_back(line.substr(at));
  return fields;
}

std::vector<Case> cases() {
  std::ifstream file(PYPORT_GOLDEN_DIR "/values.txt");
  std::vector<Case> found;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto fields = split(line);
    EXPECT_EQ(fields.size(), 6U) << line;
    if (fields.size() == 6)
      found.push_back({fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]});
  }
  return found;
}

std::string etf_of(const Bytes& pickle) {
  Bytes out = hex("aa");
  const Status status = to_etf(pickle, {}, out);
  if (!status.ok()) {
    EXPECT_EQ(to_hex(out), "aa");
    EXPECT_EQ(status.error().code, Errc::bad_term);
    return status.error().detail + " " + path_text(status.error().path);
  }
  EXPECT_TRUE(etf::validate_term(ByteSpan(out).subspan(1)).ok());
  return to_hex(ByteSpan(out).subspan(1));
}

std::string pickle_of(const Bytes& term) {
  EXPECT_TRUE(etf::validate_term(term).ok());
  Bytes out = hex("aa");
  const auto pickled = to_pickle(term, out);
  if (!pickled.ok()) {
    EXPECT_EQ(to_hex(out), "aa");
    EXPECT_EQ(pickled.error().code, Errc::bad_term);
    return pickled.error().detail + " " + path_text(pickled.error().path);
  }
  return to_hex(ByteSpan(out).subspan(1));
}

// The detail and the path, without the Python value behind them.
std::string refusal(const Case& golden) {
  const std::size_t path = golden.python.find(' ') + 1;
  return golden.python.substr(0, golden.python.find(' ', path));
}

TEST(Golden, EveryCase) {
  std::map<std::string, int> seen;
  for (const Case& golden : cases()) {
    SCOPED_TRACE(golden.name);
    ++seen[golden.kind];
    const Bytes etf = golden.etf == "-" ? Bytes{} : hex(golden.etf);
    const Bytes pickle = golden.pickle == "-" ? Bytes{} : hex(golden.pickle);
    if (golden.kind == "both" || golden.kind == "store") {
      EXPECT_EQ(pickle_of(etf), golden.pickle);
      EXPECT_TRUE(is_plain(pickle));
    }
    if (golden.kind == "both" || golden.kind == "fetch") {
      EXPECT_EQ(etf_of(pickle), golden.etf);
      EXPECT_TRUE(is_plain(pickle));
    }
    if (golden.kind == "refuse_term") {
      EXPECT_EQ(pickle_of(etf), golden.python);
    }
    if (golden.kind == "refuse_pickle") {
      EXPECT_EQ(etf_of(pickle), refusal(golden));
    }
    if (golden.kind == "opaque") {
      EXPECT_FALSE(is_plain(pickle));
    }
  }
  for (const char* kind : {"both", "store", "fetch", "refuse_term", "refuse_pickle", "opaque"}) {
    EXPECT_GT(seen[kind], 7) << kind;
  }
  EXPECT_EQ(seen.size(), 6U);
}

}  // namespace
}  // namespace pyport::value
