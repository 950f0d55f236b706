#include "protocol/request.h"

#include <gtest/gtest.h>

#include <functional>

#include "etf/reader.h"
#include "etf/writer.h"
#include "golden.h"

namespace pyport::protocol {
namespace {

using test::golden;

HandleBits handle_from(std::uint8_t first) {
  HandleBits bits;
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint8_t>(first + i);
  return bits;
}
const HandleBits kH1 = handle_from(0);
const HandleBits kH2 = handle_from(0x80);

Result<Request> decode(ByteSpan frame) {
  const auto header = parse_header(frame);
  EXPECT_TRUE(header);
  return decode_request(*header, frame.subspan(kHeaderSize));
}

// The golden frames live as long as the program, and so do the views into them.
template <class T>
T decoded(const std::string& name) {
  Result<Request> request = decode(test::golden_frames().at(name));
  if (!request) {
    ADD_FAILURE() << name << ": " << request.error().detail;
    return T{};
  }
  const T* wanted = std::get_if<T>(&*request);
  if (wanted == nullptr) {
    ADD_FAILURE() << name << ": another request";
    return T{};
  }
  return *wanted;
}

std::string key_text(const KeyView& key) { return std::string(as_text(std::get<ByteSpan>(key))); }

TEST(GoldenRequest, EveryOneDecodes) {
  std::size_t requests = 0;
  for (const auto& [name, frame] : test::golden_frames()) {
    if (!name.starts_with("request_")) continue;
    EXPECT_TRUE(decode(frame).ok()) << name;
    ++requests;
  }
  EXPECT_GE(requests, 29u);
}

TEST(GoldenRequest, HelloOfBothRoles) {
  for (const char* name : {"request_hello_table", "request_hello_python"}) {
    const Hello hello = decoded<Hello>(name);
    EXPECT_EQ(hello.table, "/dev/shm/pyport-4710-88-0badcafe");
    EXPECT_EQ(hello.node, "shop@host");
    EXPECT_EQ(hello.node_pid, 4710u);
    EXPECT_EQ(hello.max_frame, 64u << 20);
    EXPECT_EQ(hello.none, NoneAtom::none);
    EXPECT_EQ(hello.log_credit, 500u);
  }
}

TEST(GoldenRequest, HelloOfRoleTable) {
  const Hello hello = decoded<Hello>("request_hello_table");
  EXPECT_EQ(hello.role, Role::table);
  EXPECT_EQ(hello.limits.max_table_bytes, std::uint64_t{8} << 30);
  EXPECT_EQ(hello.limits.max_dict_bytes, UINT64_MAX);
  EXPECT_EQ(hello.limits.max_dict_keys, 1000000u);
  EXPECT_EQ(hello.limits.max_key_bytes, 65535u);
  EXPECT_EQ(hello.limits.max_dicts, 100000u);
}

TEST(GoldenRequest, HelloOfRolePython) {
  const Hello hello = decoded<Hello>("request_hello_python");
  EXPECT_EQ(hello.role, Role::python);
  EXPECT_EQ(hello.pool, "science");
  EXPECT_EQ(hello.isolation, Isolation::interpreter);
  EXPECT_EQ(hello.interpreters, 2u);
  EXPECT_EQ(hello.python, "");
  EXPECT_EQ(hello.python_path, (std::vector<std::string>{"lib", "/srv/app"}));
  EXPECT_EQ(hello.max_queue, 1000u);
  EXPECT_EQ(hello.preload, std::vector<std::string>{"json"});
  EXPECT_EQ(hello.on_restart, "import shop");
  EXPECT_EQ(hello.max_memory, 0u);
  EXPECT_EQ(hello.allow_import, std::vector<std::string>{"shop_c"});
  EXPECT_EQ(hello.stderr_file, "");
}

TEST(GoldenRequest, DictOperations) {
  EXPECT_EQ(decoded<New>("request_new").handle, kH1);
  EXPECT_EQ(decoded<Keys>("request_keys").handle, kH1);
  EXPECT_EQ(decoded<Stat>("request_stat").handle, kH1);
  EXPECT_EQ(decoded<Destroy>("request_destroy").handles, (std::vector<HandleBits>{kH1, kH2}));
  EXPECT_TRUE(decoded<Destroy>("request_destroy_none").handles.empty());
  EXPECT_TRUE(parse_header(golden("request_destroy_no_reply"))->no_reply());
  EXPECT_EQ(key_text(decoded<Get>("request_get").key), "config");
  EXPECT_EQ(std::get<std::int64_t>(decoded<Get>("request_get_integer_key").key), -42);
  EXPECT_EQ(std::get<std::int64_t>(decoded<Get>("request_get_smallest_key").key), INT64_MIN);
  EXPECT_EQ(std::get<std::int64_t>(decoded<Get>("request_get_largest_key").key), INT64_MAX);
  EXPECT_EQ(key_text(decoded<Del>("request_del").key), "config");
}

TEST(GoldenRequest, Conversions) {
  EXPECT_EQ(key_text(decoded<Get>("request_get_convert").key), "config");
  EXPECT_EQ(parse_header(golden("request_get_convert"))->flags, kConvertFlags);
  EXPECT_EQ(decoded<Eval>("request_eval_convert").code, "x");
  EXPECT_EQ(parse_header(golden("request_eval_convert"))->flags, kConvertDatetime | kConvertDecimal);
}

TEST(GoldenRequest, ManyKeys) {
  const GetMany get = decoded<GetMany>("request_get_many");
  EXPECT_EQ(get.handle, kH1);
  ASSERT_EQ(get.keys.size(), 3u);
  EXPECT_EQ(key_text(get.keys[0]), "config");
  EXPECT_EQ(std::get<std::int64_t>(get.keys[1]), 7);
  EXPECT_EQ(key_text(get.keys[2]), "missing");
  const GetMany small = decoded<GetMany>("request_get_many_small");
  ASSERT_EQ(small.keys.size(), 3u);
  EXPECT_EQ(std::get<std::int64_t>(small.keys[2]), 3);
  EXPECT_EQ(decoded<DelMany>("request_del_many").keys.size(), 2u);
  EXPECT_EQ(decoded<Items>("request_items").handle, kH1);
  const SetMany set = decoded<SetMany>("request_set_many");
  ASSERT_EQ(set.pairs.size(), 2u);
  EXPECT_EQ(key_text(set.pairs[0].key), "config");
  std::size_t elements = 0;
  EXPECT_TRUE(etf::Reader(set.pairs[0].value).list_size(elements));
  EXPECT_EQ(elements, 2u);
  EXPECT_EQ(std::get<std::int64_t>(set.pairs[1].key), 7);
  EXPECT_TRUE(etf::Reader(set.pairs[1].value).atom_is("true"));
  EXPECT_TRUE(decoded<SetMany>("request_set_many_none").pairs.empty());
}

TEST(GoldenRequest, ValueOfSetIsTheRestOfTheFrame) {
  const Set set = decoded<Set>("request_set");
  EXPECT_EQ(set.handle, kH1);
  EXPECT_EQ(key_text(set.key), "config");
  etf::Reader value(set.value);
  std::size_t pairs = 0;
  EXPECT_TRUE(value.map(pairs));
  EXPECT_EQ(pairs, 2u);
  EXPECT_TRUE(etf::Reader(decoded<Set>("request_set_atom").value).atom_is("true"));
}

TEST(GoldenRequest, Call) {
  const Call call = decoded<Call>("request_call");
  EXPECT_EQ(call.ns, 17u);
  EXPECT_EQ(call.module, "math");
  EXPECT_EQ(call.function, "pow");
  EXPECT_EQ(test::to_hex(call.args), "6B0002020A");  // [2, 10] as STRING_EXT
  EXPECT_EQ(test::to_hex(call.kwargs.term), "7400000000");
  EXPECT_EQ(decoded<Call>("request_call_any").ns, kMostNamespace);
  EXPECT_TRUE(parse_header(golden("request_call_any"))->any());
  EXPECT_TRUE(parse_header(golden("request_call_cast"))->no_reply());
}

TEST(GoldenRequest, EvalExecRun) {
  EXPECT_EQ(decoded<Eval>("request_eval").code, "x + 1");
  EXPECT_FALSE(decoded<Eval>("request_eval").vars.has_atoms);
  EXPECT_EQ(decoded<Exec>("request_exec").code, "y = 1");
  const protocol::Run run = decoded<protocol::Run>("request_run");
  EXPECT_EQ(run.file, "index.py");
  EXPECT_EQ(run.argv, (std::vector<std::string_view>{"--all", "texts"}));
}

TEST(GoldenRequest, TheOthers) {
  EXPECT_EQ(decoded<Cancel>("request_cancel").id, 11u);
  EXPECT_EQ(decoded<Cancel>("request_cancel_largest").id, UINT32_MAX);
  EXPECT_EQ(decoded<NsNew>("request_ns_new").ids, (std::vector<NamespaceId>{17, 18}));
  EXPECT_EQ(decoded<NsNew>("request_ns_new_large").ids, (std::vector<NamespaceId>{kMostNamespace, 300}));
  EXPECT_EQ(decoded<NsDrop>("request_ns_drop").ids, (std::vector<NamespaceId>{17}));
  EXPECT_EQ(decoded<LogCredit>("request_log_credit").count, 1000u);
}

TEST(GoldenRequest, Transfers) {
  EXPECT_TRUE(parse_header(golden("request_get_parts"))->parts());
  EXPECT_EQ(decoded<Get>("request_get_parts").handle, kH1);
  const PutBegin begin = decoded<PutBegin>("request_put_begin");
  EXPECT_EQ(begin.size, 1u << 30);
  EXPECT_EQ(begin.form, PutForm::text_or_bytes);
  EXPECT_EQ(decoded<PutBegin>("request_put_begin_bytes").form, PutForm::bytes);
  EXPECT_EQ(decoded<PutBegin>("request_put_begin_term").form, PutForm::term);
  EXPECT_EQ(decoded<PutPart>("request_put_part").transfer, 3u);
  EXPECT_EQ(as_text(decoded<PutPart>("request_put_part").bytes), "part");
  const PutEnd end = decoded<PutEnd>("request_put_end");
  EXPECT_EQ(end.transfer, 3u);
  EXPECT_EQ(end.handle, kH1);
  EXPECT_EQ(key_text(end.key), "config");
  EXPECT_EQ(decoded<GetPart>("request_get_part").transfer, 3u);
  EXPECT_EQ(decoded<DropTransfer>("request_drop_transfer").transfer, UINT64_MAX);
}

TEST(GoldenRequest, ChangesThatDependOnWhatIsThere) {
  EXPECT_TRUE(parse_header(golden("request_get_stamped"))->stamped());
  EXPECT_TRUE(parse_header(golden("request_get_stamped"))->parts());
  EXPECT_FALSE(parse_header(golden("request_get_parts"))->stamped());
  EXPECT_EQ(decoded<PutEnd>("request_put_end").stamp, std::nullopt);
  EXPECT_EQ(decoded<PutEnd>("request_put_end_if").stamp, 7u);
  const PutIf put = decoded<PutIf>("request_put_if");
  EXPECT_EQ(put.handle, kH1);
  EXPECT_EQ(key_text(put.key), "config");
  EXPECT_EQ(test::to_hex(put.value), "6B00020102");
  EXPECT_EQ(put.stamp, std::uint64_t{1} << 40);
  EXPECT_EQ(decoded<PutIf>("request_put_if_absent").stamp, 0u);
  EXPECT_EQ(key_text(decoded<Take>("request_take").key), "config");
  EXPECT_EQ(decoded<Clear>("request_clear").handle, kH1);
  EXPECT_EQ(decoded<Subscribe>("request_subscribe").handle, kH1);
  EXPECT_EQ(decoded<Unsubscribe>("request_unsubscribe").handle, kH1);
  EXPECT_EQ(decoded<ChangesSeen>("request_changes_seen").handle, kH1);
  EXPECT_EQ(key_text(decoded<IsKey>("request_is_key").key), "config");
  EXPECT_EQ(decoded<DelIf>("request_del_if").stamp, UINT64_MAX);
  const Number number = decoded<Number>("request_number_cas");
  EXPECT_EQ(key_text(number.key), "config");
  EXPECT_EQ(number.operation, NumberOp::compare_and_swap);
  EXPECT_EQ(number.operand, INT64_MIN);
  EXPECT_EQ(number.expected, INT64_MAX);
}

TEST(GoldenRequest, HowLongThingsLiveAndWhatTheyAreCalled) {
  EXPECT_EQ(decoded<New>("request_new").options.ttl_ms, 0u);
  const New made = decoded<New>("request_new_with_options");
  EXPECT_EQ(made.handle, kH1);
  EXPECT_EQ(made.options.ttl_ms, 60'000u);
  EXPECT_TRUE(made.options.idle);
  EXPECT_EQ(made.options.max_value_bytes, 4096u);
  EXPECT_EQ(decoded<Set>("request_set_with_ttl").ttl_ms, 200u);
  EXPECT_EQ(decoded<PutIf>("request_put_if").ttl_ms, std::nullopt);
  EXPECT_EQ(decoded<PutIf>("request_put_if_with_ttl").ttl_ms, 200u);
  EXPECT_EQ(decoded<PutBegin>("request_put_begin").ttl_ms, std::nullopt);
  EXPECT_EQ(decoded<PutBegin>("request_put_begin_with_ttl").ttl_ms, 0u);
  const Open open = decoded<Open>("request_open");
  EXPECT_EQ(open.name, "sessions");
  EXPECT_FALSE(open.create);
  EXPECT_EQ(open.fresh, kH1);
  EXPECT_TRUE(decoded<Open>("request_open_create").create);
  EXPECT_EQ(decoded<Open>("request_open_create").options.ttl_ms, 60'000u);
  (void)decoded<NamesOfDicts>("request_names");
  EXPECT_EQ(decoded<RemoveName>("request_remove_name").name, "sessions");
}

TEST(GoldenRequest, Transactions) {
  for (const char* name :
       {"request_keys_stamped", "request_stat_stamped", "request_get_many_stamped", "request_items_stamped"})
    EXPECT_TRUE(parse_header(golden(name))->stamped()) << name;
  EXPECT_EQ(decoded<Keys>("request_keys_stamped").handle, kH1);
  const Transact all = decoded<Transact>("request_transact");
  EXPECT_EQ(all.handle, kH1);
  ASSERT_EQ(all.read.size(), 2u);
  EXPECT_EQ(key_text(all.read[0].key), "config");
  EXPECT_EQ(all.read[0].stamp, 7u);
  EXPECT_EQ(std::get<std::int64_t>(all.read[1].key), -42);
  EXPECT_EQ(all.read[1].stamp, 0u);
  EXPECT_EQ(all.all, (std::vector<Stamp>{UINT64_MAX, 300}));
  ASSERT_EQ(all.changes.size(), 4u);
  EXPECT_EQ(test::to_hex(*all.changes[0].value), "6B00020102");
  EXPECT_EQ(key_text(all.changes[1].key), "old");
  EXPECT_FALSE(all.changes[1].value);
  EXPECT_EQ(std::get<std::int64_t>(all.changes[2].key), 7);
  EXPECT_FALSE(all.changes[2].value);
  EXPECT_EQ(test::to_hex(*all.changes[3].value), "6800");
  EXPECT_TRUE(decoded<Transact>("request_transact_nothing").changes.empty());
  const Transact small = decoded<Transact>("request_transact_small");
  EXPECT_EQ(small.all, (std::vector<Stamp>{1, 2}));
  EXPECT_EQ(small.changes.size(), 2u);
}

// --- what is refused -------------------------------------------------------------------------------

Bytes request(Op op, const std::function<void(etf::Writer)>& body, std::uint16_t flags = 0) {
  Bytes frame;
  append_header(frame, op, 1, flags);
  body(etf::Writer(frame).version());
  return frame;
}

Error refusal(ByteSpan frame) {
  Result<Request> request = decode(frame);
  if (request.ok()) {
    ADD_FAILURE() << "was accepted";
    return make_error(Errc::exists);
  }
  return request.error();
}

TEST(BadRequest, EveryPrefixOfEveryGoldenRequestIsRefusedOrDecoded) {
  for (const auto& [name, frame] : test::golden_frames()) {
    if (!name.starts_with("request_")) continue;
    for (std::size_t size = kHeaderSize; size < frame.size(); ++size) {
      const Bytes prefix(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
      const Error error = refusal(prefix);
      EXPECT_TRUE(error.code == Errc::bad_etf || error.code == Errc::bad_frame) << name << " " << size;
    }
  }
}

TEST(BadRequest, UnknownOperationTellsItsNumber) {
  for (const int op : {0x00, 0x04, 0x28, 0x3F, 0x7F, 0x80, 0x81, 0xC0, 0xFF}) {
    const Error error = refusal(Bytes{1, static_cast<std::uint8_t>(op), 0, 0, 0, 0, 0, 1});
    EXPECT_EQ(error.code, Errc::unknown_op) << op;
    EXPECT_EQ(error.n, static_cast<std::uint64_t>(op));
  }
}

TEST(BadRequest, UnknownFlags) {
  const Error error = refusal(Bytes{1, 2, 0, 4, 0, 0, 0, 1});
  EXPECT_EQ(error.code, Errc::bad_frame);
  EXPECT_EQ(error.detail, "PING: unknown flags");
}

TEST(BadRequest, ConversionsWhereNoValueIsGiven) {
  for (const auto& [name, frame] : test::golden_frames()) {
    if (!name.starts_with("request_")) continue;
    Bytes asking = frame;
    asking[2] |= 0x10;
    const Op op = parse_header(frame)->op;
    const bool gives =
        op == Op::get || op == Op::get_many || op == Op::items || op == Op::call || op == Op::eval;
    EXPECT_EQ(decode(asking).ok(), gives) << name;
    if (!gives) {
      EXPECT_EQ(refusal(asking).detail, std::string(op_name(op)) + ": unknown flags");
    }
    asking[2] = 0x20;
    EXPECT_FALSE(decode(asking).ok()) << name;
  }
}

TEST(BadRequest, Transactions) {
  using etf::Writer;
  const auto refused = [](const std::function<void(Writer)>& lists) {
    return refusal(request(Op::transact, [&](Writer w) { lists(w.tuple(4).binary(kH1)); })).code;
  };
  const auto bad_stamp = [](Writer w) { w.list(1).tuple(2).text("k").integer(-1).nil().nil().nil(); };
  EXPECT_EQ(refused(bad_stamp), Errc::bad_frame);
  EXPECT_EQ(refused([](Writer w) { w.list(1).tuple(1).text("k").nil().nil().nil(); }), Errc::bad_frame);
  EXPECT_EQ(refused([](Writer w) { w.list(1).tuple(2).atom("k").integer(1).nil().nil().nil(); }),
            Errc::bad_key);
  EXPECT_EQ(refused([](Writer w) { w.nil().list(1).text("k").nil().nil(); }), Errc::bad_frame);
  EXPECT_EQ(refused([](Writer w) { w.nil().nil().list(1).tuple(3).text("k").nil().nil().nil(); }),
            Errc::bad_frame);
  EXPECT_EQ(refused([](Writer w) { w.nil().nil().list(1).atom("k").nil(); }), Errc::bad_key);
  EXPECT_EQ(refused([](Writer w) { w.nil().nil().text("k"); }), Errc::bad_frame);
}

TEST(BadRequest, BodyWhereNoneBelongsAndNoneWhereOneDoes) {
  EXPECT_EQ(refusal(request(Op::ping, [](etf::Writer w) { w.nil(); })).detail, "PING: has a body");
  for (const Op op : {Op::info, Op::dicts, Op::sweep}) {
    EXPECT_EQ(refusal(request(op, [](etf::Writer w) { w.nil(); })).code, Errc::bad_frame);
  }
  EXPECT_EQ(refusal(Bytes{1, 0x12, 0, 0, 0, 0, 0, 1}).detail, "GET: has no body");
}

TEST(BadRequest, WrongShapesNameTheOperation) {
  const Bytes short_handle(15, 1);
  const auto check = [&](Op op, const std::function<void(etf::Writer)>& body) {
    const Error error = refusal(request(op, body));
    EXPECT_EQ(error.code, Errc::bad_frame) << op_name(op);
    EXPECT_TRUE(error.detail.starts_with(op_name(op))) << error.detail;
  };
  for (const Op op :
       {Op::create,     Op::destroy,   Op::get,      Op::set,      Op::del,      Op::keys,
        Op::stat,       Op::call,      Op::get_many, Op::set_many, Op::del_many, Op::items,
        Op::eval,       Op::exec,      Op::run,      Op::cancel,   Op::ns_new,   Op::ns_drop,
        Op::log_credit, Op::put_begin, Op::put_part, Op::put_end,  Op::get_part, Op::drop_transfer}) {
    check(op, [](etf::Writer w) { w.atom("x"); });
    check(op, [&](etf::Writer w) { w.binary(short_handle); });
    check(op, [](etf::Writer w) { w.tuple(0); });
    check(op, [](etf::Writer w) { w.integer(-1); });
  }
  check(Op::get, [&](etf::Writer w) { w.tuple(2).binary(short_handle).text("k"); });
  check(Op::get, [&](etf::Writer w) { w.tuple(3).binary(kH1).text("k").text("k"); });
  check(Op::set, [&](etf::Writer w) { w.tuple(2).binary(kH1).text("k"); });
  for (const Op op : {Op::get_many, Op::set_many, Op::del_many}) {
    check(op, [&](etf::Writer w) { w.tuple(2).binary(kH1).text("k"); });
    check(op, [&](etf::Writer w) { w.tuple(2).binary(short_handle).nil(); });
    check(op, [&](etf::Writer w) { w.tuple(3).binary(kH1).nil().nil(); });
  }
  check(Op::set_many, [&](etf::Writer w) { w.tuple(2).binary(kH1).list(1).text("k").nil(); });
  check(Op::set_many, [&](etf::Writer w) { w.tuple(2).binary(kH1).list(1).tuple(1).text("k").nil(); });
  check(Op::set_many,
        [&](etf::Writer w) { w.tuple(2).binary(kH1).list(1).tuple(2).text("k").text("v").text("tail"); });
  check(Op::destroy, [&](etf::Writer w) { w.list(2).binary(kH1).binary(short_handle).nil(); });
  check(Op::destroy, [&](etf::Writer w) { w.list(1).binary(kH1).binary(kH1); });  // improper
  check(Op::log_credit, [](etf::Writer w) { w.integer(0); });
  check(Op::put_begin, [](etf::Writer w) { w.tuple(2).integer(-1).integer(1); });
  check(Op::put_begin, [](etf::Writer w) { w.tuple(2).integer(1).integer(3); });
  check(Op::put_begin, [](etf::Writer w) { w.tuple(2).integer(1).boolean(true); });
  check(Op::put_part, [](etf::Writer w) { w.tuple(2).integer(1).integer(1); });
  check(Op::put_end, [&](etf::Writer w) { w.tuple(3).integer(1).binary(short_handle).text("k"); });
  check(Op::cancel, [](etf::Writer w) { w.integer(std::int64_t{1} << 32); });
}

TEST(BadRequest, NamespaceIds) {
  const auto eval_in = [](std::int64_t ns) {
    return request(Op::eval, [=](etf::Writer w) { w.tuple(3).integer(ns).text("1").map(0); });
  };
  EXPECT_EQ(refusal(eval_in(0)).code, Errc::bad_frame);
  EXPECT_EQ(refusal(eval_in(-1)).code, Errc::bad_frame);
  EXPECT_EQ(refusal(eval_in(static_cast<std::int64_t>(kMostNamespace) + 1)).code, Errc::bad_frame);
  EXPECT_TRUE(decode(eval_in(1)).ok());
  // STRING_EXT <<1, 0>>
  EXPECT_EQ(refusal(Bytes{1, 0x25, 0, 0, 0, 0, 0, 1, 131, 107, 0, 2, 1, 0}).code, Errc::bad_frame);
}

TEST(BadRequest, KeysThatAreNoKeys) {
  const auto get_at = [](const std::function<void(etf::Writer)>& key) {
    return request(Op::get, [&](etf::Writer w) { key(w.tuple(2).binary(kH1)); });
  };
  EXPECT_EQ(refusal(get_at([](etf::Writer w) { w.atom("k"); })).code, Errc::bad_key);
  EXPECT_EQ(refusal(get_at([](etf::Writer w) { w.number(1.0); })).code, Errc::bad_key);
  EXPECT_EQ(refusal(get_at([](etf::Writer w) { w.unsigned_integer(std::uint64_t{1} << 63); })).code,
            Errc::bad_key);
  EXPECT_EQ(refusal(get_at([](etf::Writer w) { w.nil(); })).code, Errc::bad_key);
}

TEST(BadRequest, NamesMustBeTextOrAtoms) {
  const auto eval_with = [](const std::function<void(etf::Writer)>& name) {
    return request(Op::eval, [&](etf::Writer w) {
      w.tuple(3).integer(1).text("x").map(1);
      name(w);
      w.integer(1);
    });
  };
  EXPECT_EQ(refusal(eval_with([](etf::Writer w) { w.integer(1); })).code, Errc::bad_frame);
  EXPECT_EQ(refusal(eval_with([](etf::Writer w) { w.binary(Bytes{0xFF}); })).code, Errc::bad_frame);
  const Bytes frame = eval_with([](etf::Writer w) { w.atom("x"); });
  Result<Request> good = decode(frame);
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(std::get<Eval>(*good).vars.has_atoms);
}

TEST(BadRequest, ArgsMustBeAProperListAndCodeText) {
  const auto call = [](const std::function<void(etf::Writer&)>& args) {
    return request(Op::call, [&](etf::Writer w) {
      w.tuple(5).integer(1).text("m").text("f");
      args(w);
      w.map(0);
    });
  };
  EXPECT_EQ(refusal(call([](etf::Writer& w) { w.list(1).integer(1).integer(2); })).code, Errc::bad_frame);
  EXPECT_EQ(refusal(call([](etf::Writer& w) { w.tuple(0); })).code, Errc::bad_frame);
  EXPECT_TRUE(decode(call([](etf::Writer& w) { w.nil(); })).ok());
  const Bytes code{0xC3, 0x28};
  EXPECT_EQ(
      refusal(request(Op::exec, [&](etf::Writer w) { w.tuple(3).integer(1).binary(code).map(0); })).code,
      Errc::bad_frame);
}

TEST(BadRequest, WhatTheValidatorRefuses) {
  const auto with_body = [](Bytes body) {
    Bytes frame{1, 0x13, 0, 0, 0, 0, 0, 1};
    append(frame, body);
    return frame;
  };
  EXPECT_EQ(refusal(with_body({131, 80, 0, 0, 0, 1, 0x78, 0x9C})).code, Errc::bad_etf);  // compressed
  EXPECT_EQ(refusal(with_body({131, 108, 0x7F, 0xFF, 0xFF, 0xFF, 97})).code, Errc::bad_etf);
  EXPECT_EQ(refusal(with_body({131, 119, 2, 0xC3, 0x28})).code, Errc::bad_etf);  // atom is no UTF-8
  EXPECT_EQ(refusal(with_body({131, 200})).code, Errc::bad_etf);
  EXPECT_EQ(refusal(with_body({131, 97, 1, 97, 1})).code, Errc::bad_etf);  // bytes after the term
  EXPECT_EQ(refusal(with_body({97, 1})).code, Errc::bad_etf);              // no version
  Bytes deep{131};
  for (int i = 0; i < 1000000; ++i) append(deep, Bytes{104, 1});
  deep.push_back(106);
  EXPECT_EQ(refusal(with_body(deep)).code, Errc::bad_etf);
}

}  // namespace
}  // namespace pyport::protocol
