#include "protocol/reply.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/version.h"
#include "golden.h"
#include "protocol/event.h"

namespace pyport::protocol {
namespace {

using test::golden;
using test::to_hex;

constexpr std::size_t kMax = 64 << 20;

// The one frame in `out`, its length checked and taken off.
Bytes only_frame(const Bytes& out) {
  EXPECT_GE(out.size(), kLengthSize + kHeaderSize);
  EXPECT_EQ(load_u32(out.data()), out.size() - kLengthSize);
  return Bytes(out.begin() + kLengthSize, out.end());
}

void expect_golden(const std::string& name, const std::function<void(Bytes&)>& append) {
  Bytes out;
  append(out);
  EXPECT_EQ(to_hex(only_frame(out)), to_hex(golden(name))) << name;
}

void expect_error(const std::string& name, const Error& error) {
  expect_golden("reply_error_" + name, [&](Bytes& out) { append_error(out, 20, error, kMax); });
}

std::array<HandleBits, 2> two_handles() {
  std::array<HandleBits, 2> handles;
  for (std::uint8_t i = 0; i < 16; ++i) {
    handles[0][i] = i;
    handles[1][i] = static_cast<std::uint8_t>(0x80 + i);
  }
  return handles;
}

Error numbers(Errc code, std::uint64_t n, std::uint64_t max) { return Error{code, {}, {}, n, max}; }

TEST(GoldenReply, WithoutBody) {
  expect_golden("reply_ok", [](Bytes& out) { append_ok(out, 4); });
  expect_golden("reply_missing", [](Bytes& out) { append_missing(out, 6); });
  expect_golden("reply_gone", [](Bytes& out) { append_error(out, 6, make_error(Errc::gone), kMax); });
}

TEST(GoldenReply, Parts) {
  expect_golden("reply_parts", [](Bytes& out) { append_parts(out, 6, {3, 1U << 30, false, {}}); });
  expect_golden("reply_parts_of_a_term", [](Bytes& out) { append_parts(out, 6, {3, 1U << 31, true, {}}); });
  expect_golden("reply_parts_with_stamp", [](Bytes& out) { append_parts(out, 6, {3, 1U << 30, false, 7}); });
}

TEST(GoldenReply, Value) {
  expect_golden("reply_value", [](Bytes& out) {
    EXPECT_TRUE(append_value(out, 6, kMax, [](Bytes& body) {
      etf::Writer(body).integer(42);
      return ok_status();
    }));
  });
}

TEST(GoldenReply, Hello) {
  ASSERT_STREQ(kProgramVersion, "0.1.0") << "update the golden frame with the version";
  expect_golden("reply_hello", [](Bytes& out) { append_hello(out, 1, {"3.13.5", 4711, 2}, kMax); });
  expect_golden("reply_hello_table", [](Bytes& out) { append_hello(out, 1, {"", 4711, 0}, kMax); });
}

TEST(GoldenReply, InfoOfRoleTable) {
  const TableInfoReply info{3, 1000, std::uint64_t{1} << 40, 2000, 48,   5, 6,
                            7, 4096, std::uint64_t{8} << 30, 4711, 60000};
  expect_golden("reply_info_table", [&](Bytes& out) { append_info(out, 3, info, kMax); });
}

TEST(GoldenReply, InfoOfRolePython) {
  PythonInfoReply info{4711, 60000, 50000000, 20, 2, {}};
  info.interpreters = {{1, 10, 0, true, 5000000000, 1}, {2, 10, 0, false, 5000000000, 1}};
  expect_golden("reply_info_python", [&](Bytes& out) { append_info(out, 3, info, kMax); });
}

TEST(GoldenReply, Stat) {
  StatReply stat;
  stat.keys = 3;
  stat.bytes = 120;
  stat.pinned = 1;
  stat.created = 1'700'000'000;
  stat.owner = "process";
  expect_golden("reply_stat", [&](Bytes& out) { append_stat(out, 10, stat, kMax); });
  stat.last_use = 1'700'000'001;
  stat.ttl_ms = 60'000;
  stat.idle = true;
  stat.max_value_bytes = 4096;
  stat.owner = "node";
  stat.name = "sessions";
  expect_golden("reply_stat_of_all", [&](Bytes& out) { append_stat(out, 10, stat, kMax); });
}

TEST(GoldenReply, Names) {
  const auto handles = two_handles();
  expect_golden("reply_opened", [&](Bytes& out) { append_opened(out, 29, handles[0], true, kMax); });
  const std::vector<std::pair<std::string, HandleBits>> names{{"sessions", handles[0]},
                                                              {"other", handles[1]}};
  expect_golden("reply_names", [&](Bytes& out) { append_names(out, 30, names, kMax); });
}

TEST(GoldenReply, Dicts) {
  expect_golden("reply_dicts", [](Bytes& out) { append_handles(out, 10, two_handles(), kMax); });
  expect_golden("reply_dicts_none", [](Bytes& out) { append_handles(out, 10, {}, kMax); });
}

TEST(GoldenReply, Keys) {
  const std::vector<KeyName> keys = {"config", -42, ""};
  expect_golden("reply_keys", [&](Bytes& out) { append_keys(out, 10, keys, kMax); });
  expect_golden("reply_keys_none", [](Bytes& out) { append_keys(out, 10, {}, kMax); });
}

const Exception kKeyError{
    "KeyError", true, "'x'", {"  File \"<string>\", line 1, in <module>", "KeyError: 'x'"}};

TEST(GoldenReply, Exception) {
  expect_golden("reply_exception", [](Bytes& out) { append_exception(out, 11, kKeyError, kMax); });
  expect_golden("reply_exception_qualified", [](Bytes& out) {
    append_exception(out, 11, {"shop.Sold", false, "out", {}}, kMax);
  });
}

TEST(GoldenReply, EveryError) {
  expect_error("bad_frame", make_error(Errc::bad_frame, "GET: body is not {Handle, Key}"));
  expect_error("bad_etf", make_error(Errc::bad_etf, "truncated binary at byte 17"));
  expect_error("unknown_op", numbers(Errc::unknown_op, 0x7F, 0));
  expect_error("protocol_mismatch", numbers(Errc::protocol_mismatch, 2, 1));
  expect_error("frame_too_large", numbers(Errc::frame_too_large, 70000000, kMax));
  expect_error("bad_config", make_error(Errc::bad_config, "interpreters: not an integer from 1 to 64"));
  expect_error("bad_key", make_error(Errc::bad_key));
  expect_error("bad_term", {Errc::bad_term, "duplicate_key", {"users", 3, -1, "name"}});
  expect_error("bad_term_top", make_error(Errc::bad_term, "depth"));
  expect_error("bad_term_unpicklable",
               make_error(Errc::bad_term, "unpicklable: cannot pickle 'module' object"));
  expect_error("exists", make_error(Errc::exists));
  expect_error("table_full", make_error(Errc::table_full, "memory"));
  expect_error("corrupt", make_error(Errc::corrupt, "key block at 4096"));
  expect_error("busy", make_error(Errc::busy));
  expect_error("no_namespace", make_error(Errc::no_namespace));
  expect_error("overloaded", make_error(Errc::overloaded));
  expect_error("cancelled", make_error(Errc::cancelled));
  expect_error("shutting_down", make_error(Errc::shutting_down));
}

TEST(GoldenReply, BadTermOfAnotherDetailIsUnpicklableWithAMessage) {
  expect_error("bad_term_unpicklable", make_error(Errc::bad_term, "cannot pickle 'module' object"));
}

TEST(GoldenEvent, Log) {
  expect_golden("event_log", [](Bytes& out) { append_log(out, {"stdout", "info", "", 1, "hello"}, kMax); });
  expect_golden("event_log_logger", [](Bytes& out) {
    append_log(out, {"log", "critical", "shop.stock", 2, "s\xC3\xBC\xC3\x9F"}, kMax);
  });
}

TEST(GoldenEvent, Destroyed) {
  expect_golden("event_destroyed", [](Bytes& out) { append_destroyed(out, two_handles()); });
}

TEST(GoldenEvent, CastFailed) {
  const Exception exception{"ValueError", true, "no", {}};
  expect_golden("event_cast_failed_exception",
                [&](Bytes& out) { append_cast_failed(out, 17, exception, kMax); });
  expect_golden("event_cast_failed_error", [](Bytes& out) {
    append_cast_failed(out, kMostNamespace, make_error(Errc::no_namespace), kMax);
  });
  expect_golden("event_cast_failed_gone",
                [](Bytes& out) { append_cast_failed(out, 0, make_error(Errc::gone), kMax); });
}

TEST(GoldenEvent, Changes) {
  const ChangeEvent changes[] = {{"put", as_bytes("config"), 7},
                                 {"delete", std::int64_t{-1}, 8},
                                 {"expired", as_bytes(""), (std::uint64_t{1} << 63) + 9},
                                 {"clear", std::nullopt, 0},
                                 {"overflow", std::nullopt, 0},
                                 {"destroyed", std::nullopt, 0}};
  expect_golden("event_changes", [&](Bytes& out) { append_changes(out, two_handles()[0], changes, kMax); });
}

TEST(Event, ChangesTravelInSeveralFramesAndWhatFitsNoneIsAnOverflow) {
  const std::string key(400, 'k'), large(2000, 'k');
  const std::vector<ChangeEvent> changes{
      {"put", as_bytes(key), 1}, {"put", as_bytes(large), 2}, {"put", as_bytes(key), 3}};
  Bytes out;
  append_changes(out, two_handles()[0], changes, 1024);
  std::vector<std::string> frames;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t size = load_u32(&out[at]);
    EXPECT_LE(size, 1024u);
    frames.emplace_back(as_text(ByteSpan(out).subspan(at + kLengthSize, size)));
    at += kLengthSize + size;
  }
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_NE(frames[0].find(key), std::string::npos);
  EXPECT_NE(frames[1].find("overflow"), std::string::npos);
  EXPECT_NE(frames[2].find(key), std::string::npos);
}

TEST(GoldenEvent, Stuck) {
  expect_golden("event_stuck", [](Bytes& out) { append_stuck(out, 11); });
}

// --- limits ----------------------------------------------------------------------------------------

TEST(ReplyLimit, TooLargeReplyBecomesAnErrorWithBothSizes) {
  Bytes large;
  append_exception(large, 11, {"E", true, std::string(5000, 'x'), {}}, 1024);
  Bytes error;
  append_error(error, 11, numbers(Errc::frame_too_large, 8 + 1 + 2 + 6 + 2 + 4 + 5 + 5000 + 1, 1024), 1024);
  EXPECT_EQ(to_hex(large), to_hex(error));
}

TEST(ReplyLimit, ValueTooLargeIsTakenBack) {
  Bytes out{1, 2, 3};
  const Status status = append_value(out, 6, 1024, [](Bytes& body) {
    etf::Writer(body).text(std::string(2000, 'x'));
    return ok_status();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::frame_too_large);
  EXPECT_EQ(status.error().n, 8u + 1 + 5 + 2000);
  EXPECT_EQ(status.error().max, 1024u);
  EXPECT_EQ(out, (Bytes{1, 2, 3}));
}

TEST(ReplyLimit, ErrorOfTheValueIsTakenBackAndCountsTheWholeFrame) {
  Bytes out{1, 2, 3};
  const Status status = append_value(out, 6, 1024, [](Bytes& body) -> Status {
    body.push_back(1);
    return Error{Errc::frame_too_large, {}, {}, most_value_bytes(1024) + 1, most_value_bytes(1024)};
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().n, 1025u);
  EXPECT_EQ(status.error().max, 1024u);
  EXPECT_EQ(out, (Bytes{1, 2, 3}));
}

TEST(ReplyLimit, ValueOfExactlyTheCapFits) {
  Bytes out;
  EXPECT_TRUE(append_value(out, 6, 1024, [](Bytes& body) {
    etf::Writer(body).text(std::string(most_value_bytes(1024) - 5, 'x'));
    return ok_status();
  }));
  EXPECT_EQ(only_frame(out).size(), 1024u);
}

TEST(ReplyLimit, LogTextIsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 5000) text += "\xE2\x82\xAC";
  for (std::size_t max = 1024; max < 1030; ++max) {
    Bytes out;
    append_log(out, {"stderr", "critical", std::string(3000, 'l'), 64, text}, max);
    const Bytes frame = only_frame(out);
    EXPECT_LE(frame.size(), max);
    EXPECT_EQ(frame[frame.size() - 3], 0xE2);  // ends with a whole character
  }
}

TEST(ReplyLimit, CastFailedTooLargeBecomesAnError) {
  Bytes large;
  append_cast_failed(large, 17, make_error(Errc::bad_frame, std::string(3000, 'x')), 1024);
  EXPECT_LE(large.size(), 1024u);
  EXPECT_NE(as_text(large).find("frame_too_large"), std::string_view::npos);
}

}  // namespace
}  // namespace pyport::protocol
