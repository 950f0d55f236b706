#include "server/table_role.h"
#include "server/change_feed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "asker.h"
#include "etf/reader.h"
#include "value/stored.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;

Bytes handle_bytes(std::uint8_t byte) { return Bytes(16, byte); }

struct TableRoleTest : ::testing::Test {
  Bytes raw(Op op, const Bytes& body = {}, std::uint16_t flags = 0) { return asker.raw(op, body, flags); }
  Frame ask(Op op, const Bytes& body = {}) { return asker.ask(op, body); }
  Op op_of(Op op, const test::Fill& fill) { return asker.op_of(op, fill); }
  Bytes error_of(Op op, const Bytes& body) { return asker.error_of(op, body); }

  void make_dict(std::uint8_t byte = 1) {
    const Bytes handle = handle_bytes(byte);
    EXPECT_EQ(op_of(Op::create, [&](etf::Writer w) { w.binary(handle); }), Op::ok);
  }

  static test::Fill at(const std::string& key, std::uint8_t dict = 1) {
    return [=](etf::Writer w) { w.tuple(2).binary(handle_bytes(dict)).text(key); };
  }

  static test::Fill put(const std::string& key, const test::Fill& value, std::uint8_t dict = 1) {
    return [=](etf::Writer w) { value(w.tuple(3).binary(handle_bytes(dict)).text(key)); };
  }

  const std::unique_ptr<table::Table> owned = *table::Table::anonymous();
  table::Table& table = *owned;
  Reaper reaper{table, std::chrono::milliseconds(0)};  // without its thread
  Outbox outbox;
  ChangeFeed feed{table, outbox, test::kAskerMax};  // without its thread
  TableRole role{table, reaper, feed, {value::NoneAtom::none, test::kAskerMax, 12345}};
  test::Asker asker{role};
};

table::Handle dict_no(std::uint8_t byte) {
  const Bytes bytes = handle_bytes(byte);
  table::Handle handle;
  std::copy(bytes.begin(), bytes.end(), handle.bits.begin());
  return handle;
}

// A map from atoms to numbers; other values are left out.
std::map<std::string, std::uint64_t> numbers_of(const Bytes& body) {
  etf::Reader reader(body);
  std::size_t pairs = 0;
  EXPECT_TRUE(reader.map(pairs));
  std::map<std::string, std::uint64_t> numbers;
  for (std::size_t i = 0; i < pairs; ++i) {
    std::string key;
    EXPECT_TRUE(reader.atom(key));
    std::uint64_t number = 0;
    if (reader.uint64(number)) {
      numbers[key] = number;
    } else {
      EXPECT_TRUE(reader.skip()) << key;
    }
  }
  return numbers;
}

TEST_F(TableRoleTest, PingIsAnswered) { EXPECT_EQ(ask(Op::ping).header.op, Op::ok); }

TEST_F(TableRoleTest, DictLivesFromNewToDestroy) {
  EXPECT_EQ(op_of(Op::get, at("k")), Op::gone);
  make_dict();
  EXPECT_EQ(op_of(Op::get, at("k")), Op::missing);
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.tuple(2).atom("true").integer(7); })), Op::ok);
  const Frame value = ask(Op::get, test::body(at("k")));
  EXPECT_EQ(value.header.op, Op::value);
  EXPECT_EQ(value.body, test::body([](etf::Writer w) { w.tuple(2).atom("true").integer(7); }));
  EXPECT_EQ(op_of(Op::del, at("k")), Op::ok);
  EXPECT_EQ(op_of(Op::del, at("k")), Op::missing);
  const Bytes handle = handle_bytes(1);
  const Bytes unknown = handle_bytes(2);
  EXPECT_EQ(op_of(Op::destroy, [&](etf::Writer w) { w.list(2).binary(handle).binary(unknown).nil(); }),
            Op::ok);
  EXPECT_EQ(op_of(Op::get, at("k")), Op::gone);
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.integer(1); })), Op::gone);
  EXPECT_EQ(op_of(Op::del, at("k")), Op::gone);
  EXPECT_EQ(op_of(Op::keys, [&](etf::Writer w) { w.binary(handle); }), Op::gone);
}

TEST_F(TableRoleTest, HandleCannotBeTakenTwice) {
  make_dict();
  const Bytes handle = handle_bytes(1);
  EXPECT_EQ(error_of(Op::create, test::body([&](etf::Writer w) { w.binary(handle); })),
            test::body([](etf::Writer w) { w.atom("exists"); }));
}

TEST_F(TableRoleTest, KeysComeInTheOrderOfInsertion) {
  make_dict();
  const Bytes handle = handle_bytes(1);
  for (const char* key : {"z", "a", "m"}) {
    EXPECT_EQ(op_of(Op::set, put(key, [](etf::Writer w) { w.integer(1); })), Op::ok);
  }
  EXPECT_EQ(op_of(Op::set, [&](etf::Writer w) { w.tuple(3).binary(handle).integer(-5).nil(); }), Op::ok);
  EXPECT_EQ(ask(Op::keys, test::body([&](etf::Writer w) { w.binary(handle); })).body,
            test::body([](etf::Writer w) { w.list(4).text("z").text("a").text("m").integer(-5).nil(); }));
}

TEST_F(TableRoleTest, ValueThatCannotBeConvertedLeavesTheOldOne) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const auto twice = [](etf::Writer w) { w.list(1).map(2).atom("a").integer(1).text("a").integer(2).nil(); };
  EXPECT_EQ(error_of(Op::set, test::body(put("k", twice))), test::body([](etf::Writer w) {
              w.tuple(3).atom("bad_term").list(2).integer(1).text("a").nil().atom("duplicate_key");
            }));
  EXPECT_EQ(ask(Op::get, test::body(at("k"))).body, test::body([](etf::Writer w) { w.integer(1); }));
}

TEST_F(TableRoleTest, ManyKeysAreSetReadAndDeletedAtOnce) {
  make_dict();
  const auto handle = [](etf::Writer w) { w.binary(handle_bytes(1)); };
  const auto pairs = [](etf::Writer w) {
    w.tuple(2).binary(handle_bytes(1)).list(3);
    w.tuple(2).text("a").integer(1).tuple(2).integer(7).atom("none").tuple(2).text("a").integer(3).nil();
  };
  EXPECT_EQ(op_of(Op::set_many, pairs), Op::ok);
  EXPECT_EQ(ask(Op::items, test::body(handle)).body, test::body([](etf::Writer w) {
              w.list(2).tuple(2).text("a").integer(3).tuple(2).integer(7).atom("none").nil();
            }));
  const auto keys = [](etf::Writer w) {
    w.tuple(2).binary(handle_bytes(1)).list(3).integer(7).text("missing").text("a").nil();
  };
  EXPECT_EQ(ask(Op::get_many, test::body(keys)).body, test::body([](etf::Writer w) {
              w.list(3).tuple(1).atom("none").tuple(0).tuple(1).integer(3).nil();
            }));
  EXPECT_EQ(op_of(Op::del_many, keys), Op::ok);
  EXPECT_EQ(ask(Op::items, test::body(handle)).body, test::body([](etf::Writer w) { w.list(0).nil(); }));
}

// Decimal('1.5') as Erlang stores what Python gave it.
void put_decimal(etf::Writer w) {
  const std::string_view pickle =
      "\x80\x05\x8c\x07"
      "decimal\x8c\x07"
      "Decimal\x93\x8c\x03"
      "1.5\x85R.";
  w.tuple(3).atom("py_object").text("decimal.Decimal").binary(as_bytes(pickle));
}

TEST_F(TableRoleTest, ReadsConvertWhatTheFlagsAskFor) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("d", put_decimal)), Op::ok);
  const auto handle = [](etf::Writer w) { w.binary(handle_bytes(1)); };
  const auto keys = [](etf::Writer w) { w.tuple(2).binary(handle_bytes(1)).list(1).text("d").nil(); };
  const auto body_of = [this](Op op, const test::Fill& fill, std::uint16_t flags) {
    return test::only_frame(raw(op, test::body(fill), flags)).body;
  };
  EXPECT_EQ(body_of(Op::get, at("d"), protocol::kConvertDecimal),
            test::body([](etf::Writer w) { w.text("1.5"); }));
  EXPECT_EQ(body_of(Op::get, at("d"), 0), test::body(put_decimal));
  EXPECT_EQ(body_of(Op::get, at("d"), protocol::kConvertFlags & ~protocol::kConvertDecimal),
            test::body(put_decimal));
  EXPECT_EQ(body_of(Op::get_many, keys, protocol::kConvertFlags),
            test::body([](etf::Writer w) { w.list(1).tuple(1).text("1.5").nil(); }));
  EXPECT_EQ(body_of(Op::items, handle, protocol::kConvertFlags),
            test::body([](etf::Writer w) { w.list(1).tuple(2).text("d").text("1.5").nil(); }));
}

TEST_F(TableRoleTest, AValueAmongManyIsNamedByItsKey) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("a", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const auto pairs = [](etf::Writer w) {
    w.tuple(2).binary(handle_bytes(1)).list(2).tuple(2).text("a").integer(2).tuple(2).integer(-5);
    w.list(1).map(2).atom("x").integer(1).text("x").integer(2).nil().nil();
  };
  EXPECT_EQ(
      error_of(Op::set_many, test::body(pairs)), test::body([](etf::Writer w) {
        w.tuple(3).atom("bad_term").list(3).integer(-5).integer(1).text("x").nil().atom("duplicate_key");
      }));
  EXPECT_EQ(ask(Op::get, test::body(at("a"))).body, test::body([](etf::Writer w) { w.integer(1); }));
}

TEST_F(TableRoleTest, ManyValuesTogetherTooLargeForAFrameAreAnError) {
  make_dict();
  const Bytes part(test::kAskerMax / 3, 'x');
  for (const char* key : {"a", "b", "c", "d"})
    EXPECT_EQ(op_of(Op::set, put(key, [&](etf::Writer w) { w.binary(part); })), Op::ok);
  const Bytes error = error_of(Op::items, test::body([](etf::Writer w) { w.binary(handle_bytes(1)); }));
  etf::Reader reader(error);
  std::uint64_t needed = 0, most = 0;
  EXPECT_TRUE(reader.tuple_of(3) && reader.atom_is("frame_too_large") && reader.uint64(needed) &&
              reader.uint64(most));
  EXPECT_GT(needed, most);
  EXPECT_EQ(most, test::kAskerMax);
}

TEST_F(TableRoleTest, ValueTooLargeForAFrameIsAnError) {
  make_dict();
  const Bytes half(test::kAskerMax / 2, 'x');
  const auto large = [&](etf::Writer w) { w.list(3).binary(half).binary(half).binary(half).nil(); };
  EXPECT_EQ(op_of(Op::set, put("k", large)), Op::ok);
  const Bytes error = error_of(Op::get, test::body(at("k")));
  etf::Reader reader(error);
  EXPECT_TRUE(reader.tuple_of(3) && reader.atom_is("frame_too_large"));
}

TEST_F(TableRoleTest, FailuresWithoutReplyAreEventsOfNamespaceZero) {
  const Bytes set = test::body(put("k", [](etf::Writer w) { w.integer(1); }));
  Frame event = test::only_frame(raw(Op::set, set, protocol::kNoReply));
  EXPECT_EQ(event.header.op, Op::cast_failed);
  EXPECT_EQ(event.body, test::body([](etf::Writer w) { w.tuple(2).integer(0).atom("gone"); }));
  event = test::only_frame(raw(Op::cancel, test::body([](etf::Writer w) { w.nil(); })));
  EXPECT_EQ(event.header.op, Op::cast_failed);
}

TEST_F(TableRoleTest, SuccessWithoutReplyIsSilent) {
  const Bytes handle = handle_bytes(1);
  EXPECT_TRUE(
      raw(Op::create, test::body([&](etf::Writer w) { w.binary(handle); }), protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::set, test::body(put("k", [](etf::Writer w) { w.nil(); })), protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::get, test::body(at("k")), protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::info, {}, protocol::kNoReply).empty());
  EXPECT_TRUE(raw(Op::ping, {}, protocol::kNoReply).empty());
}

TEST_F(TableRoleTest, InfoTellsOfTheTable) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("key", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const auto numbers = numbers_of(ask(Op::info).body);
  EXPECT_EQ(numbers.size(), 12u);
  EXPECT_EQ(numbers.at("dicts"), 1u);
  EXPECT_EQ(numbers.at("keys"), 1u);
  EXPECT_GT(numbers.at("bytes"), 3u);
  EXPECT_EQ(numbers.at("processes"), 1u);
  EXPECT_EQ(numbers.at("max_bytes"), 12345u);
  EXPECT_EQ(numbers.at("os_pid"), static_cast<std::uint64_t>(getpid()));
}

TEST_F(TableRoleTest, StatTellsOfADict) {
  const test::Fill handle = [](etf::Writer w) { w.binary(handle_bytes(1)); };
  EXPECT_EQ(op_of(Op::stat, handle), Op::gone);
  make_dict();
  EXPECT_EQ(numbers_of(ask(Op::stat, test::body(handle)).body)["keys"], 0u);
  EXPECT_EQ(op_of(Op::set, put("key", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const auto numbers = numbers_of(ask(Op::stat, test::body(handle)).body);
  EXPECT_EQ(numbers.at("keys"), 1u);
  EXPECT_GT(numbers.at("bytes"), 3u);
  EXPECT_EQ(numbers.at("pinned"), 0u);
}

// The stamp and the rest of a stamped VALUE.
std::pair<std::uint64_t, Bytes> stamped(const Frame& frame) {
  EXPECT_EQ(frame.header.op, Op::value);
  etf::Reader reader(frame.body);
  std::uint64_t stamp = 0;
  ByteSpan value;
  EXPECT_TRUE(reader.tuple_of(2) && reader.uint64(stamp) && reader.term(value));
  return {stamp, Bytes(value.begin(), value.end())};
}

TEST_F(TableRoleTest, PutIfHoldsToTheStamp) {
  make_dict();
  const auto put_if = [&](int value, std::uint64_t stamp) {
    return op_of(Op::put_if, [&](etf::Writer w) {
      w.tuple(4).binary(handle_bytes(1)).text("k").integer(value).unsigned_integer(stamp);
    });
  };
  const auto del_if = [&](std::uint64_t stamp) {
    return op_of(Op::del_if, [&](etf::Writer w) {
      w.tuple(3).binary(handle_bytes(1)).text("k").unsigned_integer(stamp);
    });
  };
  const auto look = [&] {
    return stamped(test::only_frame(raw(Op::get, test::body(at("k")), protocol::kStamped)));
  };
  EXPECT_EQ(put_if(1, 1), Op::missing);
  EXPECT_EQ(put_if(1, 0), Op::ok);
  EXPECT_EQ(put_if(2, 0), Op::missing);
  const auto [stamp, value] = look();
  EXPECT_EQ(value, (Bytes{97, 1}));
  EXPECT_EQ(put_if(3, stamp), Op::ok);
  EXPECT_EQ(put_if(4, stamp), Op::missing);
  EXPECT_EQ(del_if(stamp), Op::missing);
  EXPECT_EQ(look().second, (Bytes{97, 3}));
  EXPECT_EQ(del_if(look().first), Op::ok);
  EXPECT_EQ(op_of(Op::get, at("k")), Op::missing);
}

TEST_F(TableRoleTest, TakeGivesAndDeletes) {
  make_dict();
  EXPECT_EQ(op_of(Op::take, at("k")), Op::missing);
  EXPECT_EQ(op_of(Op::take, at("k", 9)), Op::gone);
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.integer(7); })), Op::ok);
  const Frame taken = ask(Op::take, test::body(at("k")));
  EXPECT_EQ(taken.header.op, Op::value);
  EXPECT_EQ(taken.body, test::body([](etf::Writer w) { w.integer(7); }));
  EXPECT_EQ(op_of(Op::take, at("k")), Op::missing);
}

TEST_F(TableRoleTest, TakeLeavesWhatCannotBeGiven) {
  make_dict();
  const auto left = [&](std::string_view pickle, bool plain) {
    auto blob =
        plain ? value::store_plain(table, as_bytes(pickle)) : value::store(table, as_bytes(pickle), "a.Type");
    EXPECT_TRUE(table.put(dict_no(1), as_bytes("k"), *std::move(blob)).ok());
    const Op op = op_of(Op::take, at("k"));
    EXPECT_EQ(op_of(Op::is_key, at("k")), Op::ok);
    return op;
  };
  EXPECT_EQ(left("\x80\x05\x8c\x07_erlang\x8c\x04"
                 "atom\x93\x8c\x01z\x85R.",
                 true),
            Op::ok)
      << "an atom that nobody may know";
  EXPECT_EQ(left("\x80\x05"
                 "cdecimal\nDecimal\n\x8c\x01"
                 "1\x85R.",
                 false),
            Op::ok)
      << "an object";
  EXPECT_EQ(left("\x80\x05}(\x8c\x01"
                 "aK\x01"
                 "C\x01"
                 "aK\x02u.",
                 true),
            Op::error)
      << "keys that become one";
  std::string large = "\x80\x05X";
  const std::uint32_t size = 200'000;
  large.append(reinterpret_cast<const char*>(&size), 4).append(size, 'x').append(".");
  EXPECT_EQ(left(large, true), Op::ok) << "more than a frame";
}

TEST_F(TableRoleTest, DictsAreFoundByTheirNames) {
  const auto open = [](bool create, std::uint8_t fresh) {
    return test::body([=](etf::Writer w) {
      w.tuple(4).binary(as_bytes("sessions")).integer(create ? 1 : 0).binary(handle_bytes(fresh));
      w.tuple(3).integer(0).integer(0).integer(100);
    });
  };
  const auto opened = [](std::uint8_t handle, bool is_new) {
    return test::body(
        [=](etf::Writer w) { w.tuple(2).binary(handle_bytes(handle)).integer(is_new ? 1 : 0); });
  };
  const auto name = test::body([](etf::Writer w) { w.binary(as_bytes("sessions")); });
  EXPECT_EQ(test::only_frame(raw(Op::open, open(false, 5))).header.op, Op::missing);
  EXPECT_EQ(test::only_frame(raw(Op::open, open(true, 5))).body, opened(5, true));
  EXPECT_EQ(test::only_frame(raw(Op::open, open(true, 6))).body, opened(5, false));
  EXPECT_EQ(test::only_frame(raw(Op::open, open(false, 6))).body, opened(5, false));
  EXPECT_EQ(
      op_of(Op::set,
            [](etf::Writer w) { w.tuple(3).binary(handle_bytes(5)).text("k").binary(Bytes(200, 'v')); }),
      Op::error)
      << "a value of more than 100 bytes";
  EXPECT_EQ(test::only_frame(raw(Op::remove_name, name)).header.op, Op::ok);
  EXPECT_EQ(test::only_frame(raw(Op::remove_name, name)).header.op, Op::missing);
  EXPECT_EQ(test::only_frame(raw(Op::open, open(false, 6))).header.op, Op::missing);
}

TEST_F(TableRoleTest, ValuesLiveAsLongAsTheyAreToldTo) {
  make_dict();
  const auto set = [&](std::uint64_t ttl) {
    return op_of(Op::set, [&](etf::Writer w) {
      w.tuple(4).binary(handle_bytes(1)).text("k").integer(1).unsigned_integer(ttl);
    });
  };
  EXPECT_EQ(set(3'600'000), Op::ok);
  EXPECT_EQ(op_of(Op::get, at("k")), Op::value);
  EXPECT_EQ(set(1), Op::ok);
  for (Op found = Op::value; found != Op::missing; found = op_of(Op::get, at("k")))
    ASSERT_EQ(found, Op::value);
  EXPECT_EQ(set(0), Op::ok);
  EXPECT_EQ(op_of(Op::get, at("k")), Op::value);
}

TEST_F(TableRoleTest, NumbersAreGivenBeforeAndAfter) {
  make_dict();
  const auto number = [&](int operation, std::int64_t operand, std::int64_t expected = 0) {
    return ask(
        Op::number, test::body([&](etf::Writer w) {
          w.tuple(5).binary(handle_bytes(1)).text("n").integer(operation).integer(operand).integer(expected);
        }));
  };
  const auto both = [](std::int64_t before, std::int64_t after) {
    return test::body([&](etf::Writer w) { w.tuple(2).integer(before).integer(after); });
  };
  const auto why = [](const char* what) {
    return test::body([&](etf::Writer w) { w.tuple(3).atom("bad_term").list(0).nil().atom(what); });
  };
  EXPECT_EQ(number(0, 12).body, both(0, 12));
  EXPECT_EQ(number(1, 2).body, both(12, 10));
  EXPECT_EQ(number(2, 5).body, both(10, 15));
  EXPECT_EQ(number(3, 6).body, both(15, 9));
  EXPECT_EQ(number(4, -2).body, both(9, 8));
  EXPECT_EQ(number(5, INT64_MAX).body, both(8, INT64_MAX));
  EXPECT_EQ(number(6, 1, 2).body, both(INT64_MAX, INT64_MAX));
  EXPECT_EQ(number(0, 1).body, why("overflow"));
  EXPECT_EQ(number(6, 1, INT64_MAX).body, both(INT64_MAX, 1));
  EXPECT_EQ(ask(Op::get, test::body(at("n"))).body, test::body([](etf::Writer w) { w.integer(1); }));
  EXPECT_EQ(op_of(Op::set, put("n", [](etf::Writer w) { w.text("text"); })), Op::ok);
  EXPECT_EQ(number(0, 1).body, why("not_an_integer"));
  EXPECT_EQ(number(7, 1).header.op, Op::error);
}

TEST_F(TableRoleTest, ClearAndIsKey) {
  make_dict();
  EXPECT_EQ(op_of(Op::clear, [](etf::Writer w) { w.binary(handle_bytes(1)); }), Op::ok);
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.integer(7); })), Op::ok);
  EXPECT_EQ(op_of(Op::is_key, at("k")), Op::ok);
  EXPECT_EQ(op_of(Op::clear, [](etf::Writer w) { w.binary(handle_bytes(1)); }), Op::ok);
  EXPECT_EQ(op_of(Op::is_key, at("k")), Op::missing);
  EXPECT_EQ(op_of(Op::is_key, at("k", 9)), Op::gone);
  EXPECT_EQ(op_of(Op::clear, [](etf::Writer w) { w.binary(handle_bytes(9)); }), Op::gone);
}

TEST_F(TableRoleTest, DictsAreListed) {
  EXPECT_EQ(ask(Op::dicts).body, test::body([](etf::Writer w) { w.nil(); }));
  make_dict(7);
  EXPECT_EQ(ask(Op::dicts).body, test::body([](etf::Writer w) { w.list(1).binary(handle_bytes(7)).nil(); }));
}

TEST_F(TableRoleTest, SweepIsAnswered) { EXPECT_EQ(ask(Op::sweep).header.op, Op::ok); }

TEST_F(TableRoleTest, WhatPythonIsNeededForIsUnknown) {
  const Bytes eval = test::body([](etf::Writer w) { w.tuple(3).integer(17).text("x").map(0); });
  const Bytes list = test::body([](etf::Writer w) { w.list(1).integer(1).nil(); });
  EXPECT_EQ(error_of(Op::eval, eval), test::unknown_op(Op::eval));
  EXPECT_EQ(error_of(Op::exec, eval), test::unknown_op(Op::exec));
  EXPECT_EQ(error_of(Op::ns_new, list), test::unknown_op(Op::ns_new));
  EXPECT_EQ(error_of(Op::ns_drop, list), test::unknown_op(Op::ns_drop));
  const Frame event = test::only_frame(raw(Op::cancel, test::body([](etf::Writer w) { w.integer(1); })));
  EXPECT_EQ(event.header.op, Op::cast_failed);
}

std::uint64_t number_of(const Bytes& body) {
  std::uint64_t number = 0;
  EXPECT_TRUE(etf::Reader(body).uint64(number));
  return number;
}

struct Transferring : TableRoleTest {
  // The reply to PUT_END, or what came instead of it.
  Frame send(ByteSpan content, protocol::PutForm form) {
    const Frame begun = ask(Op::put_begin, test::body([&](etf::Writer w) {
                              w.tuple(2).unsigned_integer(content.size()).integer(static_cast<int>(form));
                            }));
    if (begun.header.op != Op::value) return begun;
    const std::uint64_t put = number_of(begun.body);
    for (; !content.empty(); content = content.subspan(std::min(kPart, content.size())))
      EXPECT_EQ(
          op_of(Op::put_part,
                [&](etf::Writer w) {
                  w.tuple(2).unsigned_integer(put).binary(content.first(std::min(kPart, content.size())));
                }),
          Op::ok);
    return ask(Op::put_end, test::body([&](etf::Writer w) {
                 w.tuple(3).unsigned_integer(put).binary(handle_bytes(1)).text("k");
               }));
  }

  // What PARTS announced.
  struct Announced {
    std::uint64_t transfer = 0, size = 0;
    bool term = false;
  };

  Announced announced() {
    const Frame parts = test::only_frame(raw(Op::get, test::body(at("k")), protocol::kParts));
    EXPECT_EQ(parts.header.op, Op::parts);
    etf::Reader reader(parts.body);
    Announced all;
    EXPECT_TRUE(reader.tuple_of(3) && reader.uint64(all.transfer) && reader.uint64(all.size) &&
                reader.boolean(all.term));
    return all;
  }

  Bytes take(std::uint64_t transfer) {
    Bytes all;
    for (;;) {
      const Frame part = ask(Op::get_part, of(transfer));
      if (part.header.op != Op::value) {
        EXPECT_EQ(part.header.op, Op::ok);
        return all;
      }
      ByteSpan bytes;
      EXPECT_TRUE(etf::Reader(part.body).binary(bytes));
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
  }

  static Bytes of(std::uint64_t transfer) {
    return test::body([&](etf::Writer w) { w.unsigned_integer(transfer); });
  }

  static constexpr std::size_t kPart = 50'000;
};

TEST_F(Transferring, BinariesAboveTheFrame) {
  make_dict();
  const std::string content(200'000, 'x');
  EXPECT_EQ(send(as_bytes(content), protocol::PutForm::text_or_bytes).header.op, Op::ok);
  EXPECT_EQ(ask(Op::get, test::body(at("k"))).header.op, Op::error) << "too large, without the flag";
  const Announced parts = announced();
  EXPECT_EQ(parts.size, content.size());
  EXPECT_FALSE(parts.term);
  EXPECT_EQ(as_text(take(parts.transfer)), content);
  EXPECT_EQ(error_of(Op::get_part, of(parts.transfer)),
            test::body([](etf::Writer w) { w.atom("cancelled"); }));
  EXPECT_EQ(op_of(Op::drop_transfer, [&](etf::Writer w) { w.unsigned_integer(parts.transfer); }), Op::ok);
}

TEST_F(Transferring, PutEndHoldsToAStamp) {
  make_dict();
  const auto put_if = [&](std::uint64_t stamp) {
    const Frame begun =
        ask(Op::put_begin, test::body([](etf::Writer w) { w.tuple(2).integer(3).integer(0); }));
    const std::uint64_t put = number_of(begun.body);
    EXPECT_EQ(op_of(Op::put_part, [&](etf::Writer w) { w.tuple(2).unsigned_integer(put).text("abc"); }),
              Op::ok);
    return op_of(Op::put_end, [&](etf::Writer w) {
      w.tuple(4).unsigned_integer(put).binary(handle_bytes(1)).text("k").unsigned_integer(stamp);
    });
  };
  EXPECT_EQ(put_if(5), Op::missing);
  EXPECT_EQ(put_if(0), Op::ok);
  EXPECT_EQ(put_if(0), Op::missing);
  const auto [stamp, value] =
      stamped(test::only_frame(raw(Op::get, test::body(at("k")), protocol::kStamped | protocol::kParts)));
  EXPECT_EQ(put_if(stamp), Op::ok);
  EXPECT_EQ(put_if(stamp), Op::missing);
}

TEST_F(Transferring, PartsComeWithTheStamp) {
  make_dict();
  const std::string content(200'000, 'x');
  EXPECT_EQ(send(as_bytes(content), protocol::PutForm::text_or_bytes).header.op, Op::ok);
  const Frame parts =
      test::only_frame(raw(Op::get, test::body(at("k")), protocol::kStamped | protocol::kParts));
  etf::Reader reader(parts.body);
  std::uint64_t transfer = 0, size = 0, stamp = 0;
  bool term = false;
  EXPECT_TRUE(reader.tuple_of(4) && reader.uint64(transfer) && reader.uint64(size) && reader.boolean(term) &&
              reader.uint64(stamp));
  EXPECT_EQ(stamp, table.get_stamped(dict_no(1), as_bytes("k"))->stamp);
  EXPECT_EQ(as_text(take(transfer)), content);
}

TEST_F(Transferring, TermsAboveTheFrame) {
  make_dict();
  const Bytes term = test::body([](etf::Writer w) {
    w.list(50'000);
    for (int i = 0; i < 50'000; ++i) w.integer(i);
    w.nil();
  });
  EXPECT_EQ(send(term, protocol::PutForm::term).header.op, Op::ok);
  EXPECT_EQ(ask(Op::get, test::body(at("k"))).header.op, Op::error) << "too large, without the flag";
  const Announced parts = announced();
  EXPECT_EQ(parts.size, term.size());
  EXPECT_TRUE(parts.term);
  EXPECT_EQ(take(parts.transfer), term);
}

TEST_F(Transferring, TermsThatAreNone) {
  make_dict();
  const std::uint64_t before = table.stats().used;
  const Bytes broken(100'000, 131);
  EXPECT_EQ(send(broken, protocol::PutForm::term).header.op, Op::error);
  EXPECT_EQ(send({}, protocol::PutForm::term).header.op, Op::error);
  EXPECT_EQ(op_of(Op::get, at("k")), Op::missing);
  EXPECT_EQ(table.stats().used, before);
}

TEST_F(Transferring, SmallValuesAreWhole) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.binary(Bytes(60'000, 'x')); })), Op::ok);
  EXPECT_EQ(test::only_frame(raw(Op::get, test::body(at("k")), protocol::kParts)).header.op, Op::value);
  EXPECT_EQ(op_of(Op::set, put("k", [](etf::Writer w) { w.list(1).integer(1).nil(); })), Op::ok);
  EXPECT_EQ(test::only_frame(raw(Op::get, test::body(at("k")), protocol::kParts)).header.op, Op::value);
}

// ---- Transactions

// The body of TRANSACT: what was read, stamps of the whole, and the changes.
test::Fill transaction(const test::Fill& read, const test::Fill& all, const test::Fill& changes) {
  return [=](etf::Writer w) {
    w.tuple(4).binary(handle_bytes(1));
    read(w);
    all(w);
    changes(w);
  };
}

const test::Fill kNothing = [](etf::Writer w) { w.nil(); };

TEST_F(TableRoleTest, ATransactionChangesAllOrNothing) {
  make_dict();
  EXPECT_EQ(op_of(Op::set, put("a", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const table::Stamp stamp = table.get_stamped(dict_no(1), as_bytes("a"))->stamp;
  const auto read = [=](table::Stamp of_b) {
    return [=](etf::Writer w) {
      w.list(2).tuple(2).text("a").unsigned_integer(stamp).tuple(2).text("b").unsigned_integer(of_b).nil();
    };
  };
  const test::Fill changes = [](etf::Writer w) {
    w.list(2).tuple(2).text("b").tuple(2).integer(2).text("x").text("a").nil();
  };
  const Frame broken = ask(Op::transact, test::body(transaction(read(9), kNothing, changes)));
  EXPECT_EQ(broken.header.op, Op::value);
  EXPECT_EQ(broken.body, test::body([](etf::Writer w) { w.integer(2); })) << "the second is another";
  EXPECT_EQ(table.keys(dict_no(1))->size(), 1u);
  EXPECT_EQ(op_of(Op::transact, transaction(read(0), kNothing, changes)), Op::ok);
  EXPECT_EQ(op_of(Op::get, at("a")), Op::missing);
  EXPECT_EQ(ask(Op::get, test::body(at("b"))).body,
            test::body([](etf::Writer w) { w.tuple(2).integer(2).text("x"); }));
}

TEST_F(TableRoleTest, ATransactionThatHasReadAll) {
  make_dict();
  const Bytes handle = test::body([](etf::Writer w) { w.binary(handle_bytes(1)); });
  EXPECT_EQ(op_of(Op::set, put("a", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const table::Stamp stamp = table.stats(dict_no(1))->stamp;
  const auto stamped = [&](Op op, const Bytes& body) {
    return test::only_frame(raw(op, body, protocol::kStamped)).body;
  };
  EXPECT_EQ(stamped(Op::keys, handle),
            test::body([&](etf::Writer w) { w.tuple(2).unsigned_integer(stamp).list(1).text("a").nil(); }));
  EXPECT_EQ(stamped(Op::items, handle), test::body([&](etf::Writer w) {
              w.tuple(2).unsigned_integer(stamp).list(1).tuple(2).text("a").integer(1).nil();
            }));
  EXPECT_EQ(numbers_of(stamped(Op::stat, handle))["stamp"], stamp);
  EXPECT_EQ(numbers_of(ask(Op::stat, handle).body).count("stamp"), 0u);
  const Bytes keys = test::body(
      [](etf::Writer w) { w.tuple(2).binary(handle_bytes(1)).list(2).text("a").text("no").nil(); });
  EXPECT_EQ(stamped(Op::get_many, keys), test::body([&](etf::Writer w) {
              w.list(2).tuple(2).unsigned_integer(stamp).integer(1).tuple(0).nil();
            }));
  const test::Fill all = [=](etf::Writer w) { w.list(1).unsigned_integer(stamp).nil(); };
  EXPECT_EQ(op_of(Op::transact, transaction(kNothing, all, kNothing)), Op::ok);
  EXPECT_EQ(op_of(Op::set, put("b", [](etf::Writer w) { w.integer(1); })), Op::ok);
  const Frame broken = ask(Op::transact, test::body(transaction(kNothing, all, kNothing)));
  EXPECT_EQ(broken.body, test::body([](etf::Writer w) { w.integer(0); })) << "the dict as a whole";
}

TEST_F(TableRoleTest, AValueThatATransactionCannotStore) {
  make_dict();
  const test::Fill changes = [](etf::Writer w) {
    w.list(2)
        .tuple(2)
        .text("a")
        .integer(1)
        .tuple(2)
        .text("b")
        .map(2)
        .atom("x")
        .integer(1)
        .text("x")
        .integer(2)
        .nil();
  };
  EXPECT_EQ(error_of(Op::transact, test::body(transaction(kNothing, kNothing, changes))),
            test::body([](etf::Writer w) {
              w.tuple(3).atom("bad_term").list(2).text("b").text("x").nil().atom("duplicate_key");
            }));
  EXPECT_TRUE(table.keys(dict_no(1))->empty());
}

}  // namespace
}  // namespace pyport::server
