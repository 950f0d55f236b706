-module(py_protocol_tests).

-include_lib("eunit/include/eunit.hrl").
-include("../../erl_src/py_protocol.hrl").

-define(H1, <<16#000102030405060708090a0b0c0d0e0f:128>>).
-define(H2, <<16#808182838485868788898a8b8c8d8e8f:128>>).
-define(BIG_NS, (1 bsl 60)).

%%% Golden frames, out: our bytes are the golden ones

requests() ->
    Encode = fun py_protocol:encode/1,
    [{"request_ping", ?OP_PING, 0, 2, []},
     {"request_info", ?OP_INFO, 0, 3, []},
     {"request_new", ?OP_NEW, 0, 4, Encode(?H1)},
     {"request_destroy", ?OP_DESTROY, 0, 5, Encode([?H1, ?H2])},
     {"request_destroy_none", ?OP_DESTROY, 0, 5, Encode([])},
     {"request_destroy_no_reply", ?OP_DESTROY, ?FLAG_NO_REPLY, 0, Encode([?H1])},
     {"request_get", ?OP_GET, 0, 6, py_protocol:get(?H1, <<"config">>)},
     {"request_get_integer_key", ?OP_GET, 0, 16#fffffffe, py_protocol:get(?H1, -42)},
     {"request_get_smallest_key", ?OP_GET, 0, 7, py_protocol:get(?H1, -(1 bsl 63))},
     {"request_get_largest_key", ?OP_GET, 0, 7, py_protocol:get(?H1, (1 bsl 63) - 1)},
     {"request_get_convert", ?OP_GET, ?FLAGS_CONVERT, 6, py_protocol:get(?H1, <<"config">>)},
     {"request_set", ?OP_SET, 0, 8, py_protocol:set(?H1, <<"config">>, #{<<"host">> => <<"localhost">>, <<"port">> => 8080})},
     {"request_set_atom", ?OP_SET, 0, 8, py_protocol:set(?H1, <<>>, true)},
     {"request_del", ?OP_DEL, 0, 9, py_protocol:get(?H1, <<"config">>)},
     {"request_keys", ?OP_KEYS, 0, 10, Encode(?H1)},
     {"request_stat", ?OP_STAT, 0, 10, Encode(?H1)},
     {"request_get_many", ?OP_GET_MANY, 0, 10, Encode({?H1, [<<"config">>, 7, <<"missing">>]})},
     {"request_get_many_small", ?OP_GET_MANY, 0, 10, Encode({?H1, [1, 2, 3]})},
     {"request_set_many", ?OP_SET_MANY, 0, 10, Encode({?H1, [{<<"config">>, [1, 2]}, {7, true}]})},
     {"request_set_many_none", ?OP_SET_MANY, 0, 10, Encode({?H1, []})},
     {"request_del_many", ?OP_DEL_MANY, 0, 10, Encode({?H1, [<<"config">>, 7]})},
     {"request_items", ?OP_ITEMS, 0, 10, Encode(?H1)},
     {"request_dicts", ?OP_DICTS, 0, 10, []},
     {"request_sweep", ?OP_SWEEP, 0, 10, []},
     {"request_call", ?OP_CALL, 0, 11, Encode({17, <<"math">>, <<"pow">>, [2, 10], #{}})},
     {"request_call_any", ?OP_CALL, ?FLAG_ANY, 11,
      Encode({?BIG_NS, <<"json">>, <<"dumps">>, [[<<"x">>]], #{<<"indent">> => 2}})},
     {"request_call_cast", ?OP_CALL, ?FLAG_NO_REPLY, 0, Encode({17, <<"shop">>, <<"tick">>, [], #{}})},
     {"request_eval", ?OP_EVAL, 0, 12, Encode({17, <<"x + 1">>, #{<<"x">> => 41}})},
     {"request_eval_convert", ?OP_EVAL, ?FLAG_CONVERT_DATETIME bor ?FLAG_CONVERT_DECIMAL, 12, Encode({17, <<"x">>, #{}})},
     {"request_exec", ?OP_EXEC, 0, 13, Encode({17, <<"y = 1">>, #{}})},
     {"request_run", ?OP_RUN, 0, 14, Encode({17, <<"index.py">>, [<<"--all">>, <<"texts">>]})},
     {"request_cancel", ?OP_CANCEL, 0, 15, Encode(11)},
     {"request_cancel_largest", ?OP_CANCEL, 0, 15, Encode(16#ffffffff)},
     {"request_ns_new", ?OP_NS_NEW, 0, 16, Encode([17, 18])},
     {"request_ns_new_large", ?OP_NS_NEW, 0, 16, Encode([?BIG_NS, 300])},
     {"request_ns_drop", ?OP_NS_DROP, 0, 17, Encode([17])},
     {"request_log_credit", ?OP_LOG_CREDIT, 0, 0, Encode(1000)},
     {"request_get_parts", ?OP_GET, ?FLAG_PARTS, 6, py_protocol:get(?H1, <<"config">>)},
     {"request_put_begin", ?OP_PUT_BEGIN, 0, 18, Encode({1 bsl 30, ?PUT_TEXT_OR_BYTES})},
     {"request_put_begin_bytes", ?OP_PUT_BEGIN, 0, 18, Encode({0, ?PUT_BYTES})},
     {"request_put_begin_term", ?OP_PUT_BEGIN, 0, 18, Encode({1 bsl 31, ?PUT_TERM})},
     {"request_put_part", ?OP_PUT_PART, 0, 19, py_protocol:part(3, <<"part">>)},
     {"request_put_end", ?OP_PUT_END, 0, 20, Encode({3, ?H1, <<"config">>})},
     {"request_get_part", ?OP_GET_PART, 0, 21, Encode(3)},
     {"request_drop_transfer", ?OP_DROP_TRANSFER, 0, 22, Encode((1 bsl 64) - 1)},
     {"request_get_stamped", ?OP_GET, ?FLAG_STAMPED bor ?FLAG_PARTS, 6, py_protocol:get(?H1, <<"config">>)},
     {"request_put_end_if", ?OP_PUT_END, 0, 20, Encode({3, ?H1, <<"config">>, 7})},
     {"request_put_if", ?OP_PUT_IF, 0, 23, Encode({?H1, <<"config">>, [1, 2], 1 bsl 40})},
     {"request_put_if_absent", ?OP_PUT_IF, 0, 23, Encode({?H1, -42, true, ?ABSENT})},
     {"request_take", ?OP_TAKE, 0, 24, py_protocol:get(?H1, <<"config">>)},
     {"request_clear", ?OP_CLEAR, 0, 25, Encode(?H1)},
     {"request_is_key", ?OP_IS_KEY, 0, 26, py_protocol:get(?H1, <<"config">>)},
     {"request_del_if", ?OP_DEL_IF, 0, 27, Encode({?H1, <<"config">>, (1 bsl 64) - 1})},
     {"request_number_add", ?OP_NUMBER, 0, 28, Encode({?H1, 7, ?NUMBER_ADD, -1, 0})},
     {"request_number_cas", ?OP_NUMBER, 0, 28, Encode({?H1, <<"config">>, ?NUMBER_CAS, -(1 bsl 63), (1 bsl 63) - 1})},
     {"request_keys_stamped", ?OP_KEYS, ?FLAG_STAMPED, 10, Encode(?H1)},
     {"request_stat_stamped", ?OP_STAT, ?FLAG_STAMPED, 10, Encode(?H1)},
     {"request_get_many_stamped", ?OP_GET_MANY, ?FLAG_STAMPED bor ?FLAGS_CONVERT, 10, Encode({?H1, [<<"config">>]})},
     {"request_items_stamped", ?OP_ITEMS, ?FLAG_STAMPED, 10, Encode(?H1)},
     {"request_transact", ?OP_TRANSACT, 0, 29,
      Encode({?H1, [{<<"config">>, 7}, {-42, ?ABSENT}], [(1 bsl 64) - 1, 300], [{<<"config">>, [1, 2]}, <<"old">>, 7, {8, {}}]})},
     {"request_transact_nothing", ?OP_TRANSACT, 0, 29, Encode({?H1, [], [], []})},
     {"request_transact_small", ?OP_TRANSACT, 0, 29, Encode({?H1, [], [1, 2], [1, 2]})},
     {"request_new_with_options", ?OP_NEW, 0, 4, Encode({?H1, {60000, 1, 4096}})},
     {"request_set_with_ttl", ?OP_SET, 0, 7, Encode({?H1, <<"config">>, [1, 2], 200})},
     {"request_put_if_with_ttl", ?OP_PUT_IF, 0, 23, Encode({?H1, <<"config">>, [1, 2], ?ABSENT, 200})},
     {"request_put_begin_with_ttl", ?OP_PUT_BEGIN, 0, 18, Encode({1 bsl 30, ?PUT_TEXT_OR_BYTES, 0})},
     {"request_open", ?OP_OPEN, 0, 29, Encode({<<"sessions">>, 0, ?H1, {0, 0, 0}})},
     {"request_open_create", ?OP_OPEN, 0, 29, Encode({<<"sessions">>, 1, ?H1, {60000, 1, 4096}})},
     {"request_names", ?OP_NAMES, 0, 30, <<>>},
     {"request_remove_name", ?OP_REMOVE_NAME, 0, 31, Encode(<<"sessions">>)},
     {"request_subscribe", ?OP_SUBSCRIBE, 0, 32, Encode(?H1)},
     {"request_unsubscribe", ?OP_UNSUBSCRIBE, 0, 33, Encode(?H1)},
     {"request_changes_seen", ?OP_CHANGES_SEEN, ?FLAG_NO_REPLY, 0, Encode(?H1)}].

golden_requests_test_() ->
    Golden = maps:from_list(golden:frames()),
    [{Name, ?_assertEqual(maps:get(Name, Golden),
                          iolist_to_binary([py_protocol:header(Op, Flags, Id) | Body]))}
     || {Name, Op, Flags, Id, Body} <- requests()].

%% The order of a map's keys is free, so HELLO is compared as a term.
golden_hello_test_() ->
    Header = py_protocol:header(?OP_HELLO, 0, 1),
    [{Name, fun() ->
                    <<Header:8/binary, Body/binary>> = proplists:get_value(Name, golden:frames()),
                    ?assertEqual(binary_to_term(Body), binary_to_term(py_protocol:hello(Hello)))
            end} || {Name, Hello} <- [{"request_hello_table", hello_table()}, {"request_hello_python", hello_python()}]].

hello_table() ->
    (hello(table))#{limits => #{max_table_bytes => 8 bsl 30, max_dict_bytes => (1 bsl 64) - 1, max_dict_keys => 1000000,
                                max_key_bytes => 65535, max_dicts => 100000}}.

hello_python() ->
    (hello(python))#{pool => science, isolation => interpreter, interpreters => 2, python => <<>>,
                     python_path => [<<"lib">>, <<"/srv/app">>], max_queue => 1000, preload => [<<"json">>],
                     on_restart => <<"import shop">>, max_memory => 0, allow_import => [<<"shop_c">>], stderr => <<>>}.

hello(Role) ->
    #{role => Role, table => <<"/dev/shm/pyport-4710-88-0badcafe">>, node => 'shop@host', node_pid => 4710,
      max_frame => 64 bsl 20, none => none, log_credit => 500}.

%% A key that is missing, or none of the role's, is a mistake of ours.
hello_keys_test_() ->
    [?_assertError({badmatch, _}, py_protocol:hello(Hello))
     || Hello <- [maps:remove(limits, hello_table()), maps:remove(pool, hello_python()), (hello_table())#{pool => x},
                  (hello_python())#{limits => #{}}]].

every_golden_request_is_made_test() ->
    Golden = [Name || {"request_" ++ _ = Name, _} <- golden:frames()],
    Made = ["request_hello_table", "request_hello_python" | [Name || {Name, _, _, _, _} <- requests()]],
    ?assertEqual([], Golden -- Made).

%%% Golden frames, in: their meaning

replies() ->
    Value = fun py_protocol:value/1,
    Failure = fun py_protocol:failure/1,
    Exception = fun py_protocol:exception/1,
    [{"reply_ok", ?REPLY_OK, 4, fun(B) -> B end, <<>>},
     {"reply_missing", ?REPLY_MISSING, 6, fun(B) -> B end, <<>>},
     {"reply_gone", ?REPLY_GONE, 6, fun(B) -> B end, <<>>},
     {"reply_parts", ?REPLY_PARTS, 6, fun py_protocol:term/1, {3, 1 bsl 30, false}},
     {"reply_parts_of_a_term", ?REPLY_PARTS, 6, fun py_protocol:term/1, {3, 1 bsl 31, true}},
     {"reply_parts_with_stamp", ?REPLY_PARTS, 6, fun py_protocol:term/1, {3, 1 bsl 30, false, 7}},
     {"reply_value", ?REPLY_VALUE, 6, Value, {ok, 42}},
     {"reply_hello", ?REPLY_VALUE, 1, Value,
      {ok, #{protocol => 1, version => <<"0.1.0">>, python => <<"3.13.5">>, os_pid => 4711, interpreters => 2}}},
     {"reply_hello_table", ?REPLY_VALUE, 1, Value,
      {ok, #{protocol => 1, version => <<"0.1.0">>, python => <<>>, os_pid => 4711, interpreters => 0}}},
     {"reply_stat", ?REPLY_VALUE, 10, Value,
      {ok, #{keys => 3, bytes => 120, pinned => 1, created => 1700000000, owner => process}}},
     {"reply_stat_of_all", ?REPLY_VALUE, 10, Value,
      {ok, #{keys => 3, bytes => 120, pinned => 1, created => 1700000000, last_use => 1700000001, idle => 60000,
             max_value_bytes => 4096, owner => node, name => <<"sessions">>}}},
     {"reply_opened", ?REPLY_VALUE, 29, Value, {ok, {?H1, 1}}},
     {"reply_names", ?REPLY_VALUE, 30, Value, {ok, [{<<"sessions">>, ?H1}, {<<"other">>, ?H2}]}},
     {"reply_dicts", ?REPLY_VALUE, 10, fun py_protocol:destroyed/1, [?H1, ?H2]},
     {"reply_dicts_none", ?REPLY_VALUE, 10, fun py_protocol:destroyed/1, []},
     {"reply_keys", ?REPLY_VALUE, 10, Value, {ok, [<<"config">>, -42, <<>>]}},
     {"reply_keys_none", ?REPLY_VALUE, 10, Value, {ok, []}},
     {"reply_exception", ?REPLY_EXCEPTION, 11, Exception,
      {'KeyError', #{message => <<"'x'">>,
                     traceback => [<<"  File \"<string>\", line 1, in <module>">>, <<"KeyError: 'x'">>]}}},
     {"reply_exception_qualified", ?REPLY_EXCEPTION, 11, Exception,
      {<<"shop.Sold">>, #{message => <<"out">>, traceback => []}}},
     {"reply_error_bad_frame", ?REPLY_ERROR, 20, Failure, {error, {bad_frame, <<"GET: body is not {Handle, Key}">>}}},
     {"reply_error_bad_etf", ?REPLY_ERROR, 20, Failure, {error, {bad_etf, <<"truncated binary at byte 17">>}}},
     {"reply_error_unknown_op", ?REPLY_ERROR, 20, Failure, {error, {unknown_op, 127}}},
     {"reply_error_protocol_mismatch", ?REPLY_ERROR, 20, Failure, {error, {protocol_mismatch, 2, 1}}},
     {"reply_error_frame_too_large", ?REPLY_ERROR, 20, Failure, {error, {frame_too_large, 70000000, 67108864}}},
     {"reply_error_bad_config", ?REPLY_ERROR, 20, Failure,
      {error, {bad_config, <<"interpreters: not an integer from 1 to 64">>}}},
     {"reply_error_bad_key", ?REPLY_ERROR, 20, Failure, {badarg, bad_key}},
     {"reply_error_bad_term", ?REPLY_ERROR, 20, Failure,
      {error, {bad_term, [<<"users">>, 3, -1, <<"name">>], duplicate_key}}},
     {"reply_error_bad_term_top", ?REPLY_ERROR, 20, Failure, {error, {bad_term, [], depth}}},
     {"reply_error_bad_term_unpicklable", ?REPLY_ERROR, 20, Failure,
      {error, {bad_term, [], {unpicklable, <<"cannot pickle 'module' object">>}}}},
     {"reply_error_exists", ?REPLY_ERROR, 20, Failure, {error, exists}},
     {"reply_error_table_full", ?REPLY_ERROR, 20, Failure, {error, {table_full, memory}}},
     {"reply_error_corrupt", ?REPLY_ERROR, 20, Failure, {error, {corrupt, <<"key block at 4096">>}}},
     {"reply_error_busy", ?REPLY_ERROR, 20, Failure, {error, busy}},
     {"reply_error_no_namespace", ?REPLY_ERROR, 20, Failure, {error, no_namespace}},
     {"reply_error_overloaded", ?REPLY_ERROR, 20, Failure, {error, overloaded}},
     {"reply_error_cancelled", ?REPLY_ERROR, 20, Failure, {error, cancelled}},
     {"reply_error_shutting_down", ?REPLY_ERROR, 20, Failure, {down, shutting_down}},
     {"event_log", ?EVENT_LOG, 0, fun py_protocol:log/1,
      #{stream => stdout, level => info, logger => <<>>, interpreter => 1, text => <<"hello">>}},
     {"event_log_logger", ?EVENT_LOG, 0, fun py_protocol:log/1,
      #{stream => log, level => critical, logger => <<"shop.stock">>, interpreter => 2, text => <<"süß"/utf8>>}},
     {"event_changes", ?EVENT_CHANGES, 0, fun py_protocol:changes/1,
      {?H1, [{put, <<"config">>, 7}, {delete, -1, 8}, {expired, <<>>, (1 bsl 63) + 9}, clear, overflow, destroyed]}},
     {"event_destroyed", ?EVENT_DESTROYED, 0, fun py_protocol:destroyed/1, [?H1, ?H2]},
     {"event_cast_failed_exception", ?EVENT_CAST_FAILED, 0, fun py_protocol:cast_failed/1,
      {exception, {'ValueError', #{message => <<"no">>, traceback => []}}}},
     {"event_cast_failed_gone", ?EVENT_CAST_FAILED, 0, fun py_protocol:cast_failed/1, {error, gone}},
     {"event_cast_failed_error", ?EVENT_CAST_FAILED, 0, fun py_protocol:cast_failed/1, {error, no_namespace}},
     {"event_stuck", ?EVENT_STUCK, 0, fun py_protocol:stuck/1, 11}].

golden_replies_test_() ->
    Golden = maps:from_list(golden:frames()),
    [{Name, fun() ->
                    <<?PROTOCOL_VERSION, GoldenOp, 0:16, GoldenId:32, Body/binary>> = maps:get(Name, Golden),
                    ?assertEqual({Op, Id}, {GoldenOp, GoldenId}),
                    ?assertEqual(Meaning, Decode(Body))
            end} || {Name, Op, Id, Decode, Meaning} <- replies()].

golden_info_test_() ->
    [fun() ->
             <<?PROTOCOL_VERSION, ?REPLY_VALUE, 0:16, 3:32, Body/binary>> = proplists:get_value(Name, golden:frames()),
             {ok, Info} = py_protocol:value(Body),
             ?assertEqual(Keys, lists:sort(maps:keys(Info)))
     end || {Name, Keys} <- [{"reply_info_table", [bytes, dicts, file_bytes, free, keys, max_bytes, os_pid, pinned, processes,
                                                   repairs, uptime_ms, used]},
                             {"reply_info_python", [calls, interpreters, namespaces, os_pid, rss, uptime_ms]}]].

every_golden_reply_is_read_test() ->
    Golden = [Name || {Name, _} <- golden:frames(), not lists:prefix("request_", Name)],
    Read = ["reply_info_table", "reply_info_python" | [Name || {Name, _, _, _, _} <- replies()]],
    ?assertEqual([], Golden -- Read).

%% The limit's name reaches users as the atom that configures it.
limits_test_() ->
    [?_assertEqual({error, {table_full, Atom}}, py_protocol:failure(term_to_binary({table_full, Name})))
     || {Name, Atom} <- [{<<"max_table_bytes">>, max_table_bytes}, {<<"max_dict_bytes">>, max_dict_bytes},
                         {<<"max_dict_keys">>, max_dict_keys}, {<<"max_key_bytes">>, max_key_bytes},
                         {<<"max_dicts">>, max_dicts}, {<<"memory">>, memory}, {<<"shared memory">>, shared_memory},
                         {<<"one of tomorrow">>, <<"one of tomorrow">>}]].

%%% Values

%% The hand-made body of GET is what term_to_binary/2 makes.
get_body_test_() ->
    [?_assertEqual(py_protocol:encode({?H1, Key}), py_protocol:get(?H1, Key))
     || Key <- [<<>>, <<"k">>, <<0, 255>>, binary:copy(<<"x">>, 70000), 0, -1, 1 bsl 40]].

%% So is that of a SET whose value is not copied.
set_body_test_() ->
    [?_assertEqual(py_protocol:encode({?H1, Key, Value}), iolist_to_binary(py_protocol:set(?H1, Key, Value)))
     || Key <- [<<>>, <<"k">>, 7, -(1 bsl 63)],
        Value <- [<<>>, <<"v">>, binary:copy(<<"v">>, 4096), binary:copy(<<"v">>, 4097), binary:copy(<<"v">>, 100000), [a]]].

large_set_is_not_copied_test() ->
    Value = binary:copy(<<"v">>, 100000),
    ?assert(lists:any(fun(Part) -> Part =:= Value andalso binary:referenced_byte_size(Part) =:= 100000 end,
                      py_protocol:set(?H1, <<"k">>, Value))).

value_test_() ->
    [?_assertEqual({ok, Term}, py_protocol:value(term_to_binary(Term)))
     || Term <- [1, 1.5, <<>>, binary:copy(<<"b">>, 511), binary:copy(<<"b">>, 512), binary:copy(<<"b">>, 100000),
                 [], "abc", {a, [b]}, #{1 => 2}, self(), make_ref()]].

%% A large binary is a part of its frame, not a copy of it.
large_value_is_not_copied_test() ->
    Body = term_to_binary(binary:copy(<<"b">>, 100000)),
    {ok, Value} = py_protocol:value(Body),
    ?assertEqual(byte_size(Body), binary:referenced_byte_size(Value)).

unknown_atom_test() ->
    Name = <<"no_such_atom_", (integer_to_binary(erlang:unique_integer([positive])))/binary>>,
    Before = erlang:system_info(atom_count),
    Body = <<131, 104, 2, 97, 1, 119, (byte_size(Name)), Name/binary>>,
    ?assertEqual({error, {bad_term, [], {unknown_atom, Name}}}, py_protocol:value(Body)),
    ?assertEqual(Before, erlang:system_info(atom_count)).

unreadable_test() ->
    ?assertEqual({error, {bad_term, [], bad_external}}, py_protocol:value(<<131, 109, 5:32, "abc">>)).

known_atoms_test() ->
    ?assert(lists:all(fun is_atom/1, py_protocol:known_atoms())).
