#include "server/job_maker.h"

#include <gtest/gtest.h>

#include "frames.h"
#include "value/to_etf.h"

namespace pyport::server {
namespace {

using protocol::Op;

// What a pickle says, as a term.
Bytes said(const Bytes& pickle) {
  Bytes out;
  EXPECT_TRUE(value::to_etf(pickle, {}, out).ok());
  return out;
}

// Keeps the request's bytes alive beside the views into them.
struct Made {
  Made(Op op, const test::Fill& fill, std::uint16_t flags = 0) : bytes(test::body(fill)) {
    const protocol::Header header{1, op, flags, 9};
    Result<protocol::Request> request = protocol::decode_request(header, bytes);
    EXPECT_TRUE(request.ok());
    if (!request) return;
    std::visit(
        [&](const auto& what) {
          if constexpr (requires { make_job(header, what); }) result = make_job(header, what);
        },
        *request);
  }

  Bytes bytes;
  Result<python::Job> result = make_error(Errc::exists);
};

TEST(JobMaker, Call) {
  const Made made(
      Op::call,
      [](etf::Writer w) {
        w.tuple(5).integer(3).text("m").text("f");
        w.list(2).integer(1).atom("a").nil().map(1).text("k").integer(2);
      },
      protocol::kNoReply | protocol::kAny);
  ASSERT_TRUE(made.result.ok());
  const python::Job& job = *made.result;
  EXPECT_EQ(job.id, 9u);
  EXPECT_EQ(job.ns, 3u);
  EXPECT_TRUE(job.any);
  EXPECT_TRUE(job.no_reply);
  const auto& call = std::get<python::CallJob>(job.what);
  EXPECT_EQ(call.module, "m");
  EXPECT_EQ(call.function, "f");
  EXPECT_EQ(said(call.args), test::term([](etf::Writer w) { w.list(2).integer(1).text("a").nil(); }));
  EXPECT_EQ(said(call.kwargs), test::term([](etf::Writer w) { w.map(1).text("k").integer(2); }));
}

TEST(JobMaker, ConversionsAreTheJobs) {
  const auto eval = [](etf::Writer w) { w.tuple(3).integer(3).text("x").map(0); };
  EXPECT_EQ(Made(Op::eval, eval).result->convert, value::kConvertNothing);
  EXPECT_EQ(Made(Op::eval, eval, protocol::kConvertFlags).result->convert, value::kConvertAll);
  EXPECT_EQ(Made(Op::eval, eval, protocol::kConvertUuid | protocol::kAny).result->convert,
            value::kConvertUuids);
}

TEST(JobMaker, AtomsAsNamesAreTextWhateverTheyMeanAsValues) {
  const Made made(Op::eval, [](etf::Writer w) {
    w.tuple(3).integer(3).text("x").map(3);
    w.atom("true").atom("true").atom("none").integer(1).text("x").nil();
  });
  ASSERT_TRUE(made.result.ok());
  EXPECT_EQ(said(std::get<python::EvalJob>(made.result->what).vars), test::term([](etf::Writer w) {
              w.map(3).text("true").atom("true").text("none").integer(1).text("x").nil();
            }));
}

TEST(JobMaker, SameNameTwiceIsAnError) {
  const Made made(Op::exec, [](etf::Writer w) {
    w.tuple(3).integer(3).text("x").map(2).atom("a").integer(1).text("a").integer(2);
  });
  ASSERT_FALSE(made.result.ok());
  EXPECT_EQ(made.result.error().code, Errc::bad_term);
  EXPECT_EQ(made.result.error().detail, "duplicate_key");
}

TEST(JobMaker, ErrorInAnArgumentTellsWhere) {
  const Made made(Op::call, [](etf::Writer w) {
    w.tuple(5).integer(3).text("m").text("f").list(2).integer(1);
    w.map(2).atom("a").integer(1).text("a").integer(2).nil().map(0);
  });
  ASSERT_FALSE(made.result.ok());
  ASSERT_FALSE(made.result.error().path.empty());
  EXPECT_EQ(made.result.error().path[0], PathStep(2));
}

TEST(JobMaker, Run) {
  const Made made(Op::run,
                  [](etf::Writer w) { w.tuple(3).integer(3).text("a.py").list(2).text("x").text("").nil(); });
  ASSERT_TRUE(made.result.ok());
  const auto& run = std::get<python::RunJob>(made.result->what);
  EXPECT_EQ(run.file, "a.py");
  EXPECT_EQ(run.argv, (std::vector<std::string>{"x", ""}));
}

}  // namespace
}  // namespace pyport::server
