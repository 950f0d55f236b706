#!/usr/bin/env escript
%% -*- erlang -*-
%% Prints test/golden/frames.txt. Run from the repository's root:
%%   escript test/golden/frames.escript > test/golden/frames.txt
%% The terms below are the meaning of the frames; the C++ and the Erlang tests both read the result.

-mode(compile).

-define(H1, <<16#000102030405060708090a0b0c0d0e0f:128>>).
-define(H2, <<16#808182838485868788898a8b8c8d8e8f:128>>).

main(_) ->
    ok = io:setopts([{encoding, unicode}]),
    head(),
    lists:foreach(fun print/1, requests() ++ replies() ++ errors() ++ events()).

head() ->
    io:put_chars(
      "# Golden frames of docs/protocol.md, read by the C++ and the Erlang tests.\n"
      "# Made by test/golden/frames.escript; the terms are written there.\n"
      "#\n"
      "# A line is `name hex`: the whole frame without the four length bytes of {packet, 4}.\n"
      "# A comment line above a frame gives its operation, flags, id and body.\n"
      "# Names begin with request_, reply_ or event_. Requests are as term_to_binary(T, [{minor_version, 2}])\n"
      "# makes them (a list of bytes is a STRING_EXT), but for the map of HELLO, whose keys are in the order of\n"
      "# docs/protocol.md. Replies and events are exactly what the port program sends.\n").

%% {Name, Op, Flags, Id, Body}, Body is `none` or {term, T}; {pairs, L} in T is a map in that order.

requests() ->
    [{request_hello_table, 16#01, 0, 1, {term, {pairs, hello_table()}}},
     {request_hello_python, 16#01, 0, 1, {term, {pairs, hello_python()}}},
     {request_ping, 16#02, 0, 2, none},
     {request_info, 16#03, 0, 3, none},
     {request_new, 16#10, 0, 4, {term, ?H1}},
     {request_destroy, 16#11, 0, 5, {term, [?H1, ?H2]}},
     {request_destroy_none, 16#11, 0, 5, {term, []}},
     {request_destroy_no_reply, 16#11, 1, 0, {term, [?H1]}},
     {request_get, 16#12, 0, 6, {term, {?H1, <<"config">>}}},
     {request_get_integer_key, 16#12, 0, 16#fffffffe, {term, {?H1, -42}}},
     {request_get_smallest_key, 16#12, 0, 7, {term, {?H1, -(1 bsl 63)}}},
     {request_get_largest_key, 16#12, 0, 7, {term, {?H1, (1 bsl 63) - 1}}},
     {request_get_convert, 16#12, 16#1f00, 6, {term, {?H1, <<"config">>}}},
     {request_set, 16#13, 0, 8, {term, {?H1, <<"config">>, #{<<"host">> => <<"localhost">>, <<"port">> => 8080}}}},
     {request_set_atom, 16#13, 0, 8, {term, {?H1, <<>>, true}}},
     {request_del, 16#14, 0, 9, {term, {?H1, <<"config">>}}},
     {request_keys, 16#15, 0, 10, {term, ?H1}},
     {request_stat, 16#16, 0, 10, {term, ?H1}},
     {request_get_many, 16#19, 0, 10, {term, {?H1, [<<"config">>, 7, <<"missing">>]}}},
     {request_get_many_small, 16#19, 0, 10, {term, {?H1, [1, 2, 3]}}},
     {request_set_many, 16#1a, 0, 10, {term, {?H1, [{<<"config">>, [1, 2]}, {7, true}]}}},
     {request_set_many_none, 16#1a, 0, 10, {term, {?H1, []}}},
     {request_del_many, 16#1b, 0, 10, {term, {?H1, [<<"config">>, 7]}}},
     {request_items, 16#1c, 0, 10, {term, ?H1}},
     {request_dicts, 16#17, 0, 10, none},
     {request_sweep, 16#18, 0, 10, none},
     {request_call, 16#20, 0, 11, {term, {17, <<"math">>, <<"pow">>, [2, 10], #{}}}},
     {request_call_any, 16#20, 2, 11,
      {term, {1 bsl 60, <<"json">>, <<"dumps">>, [[<<"x">>]], #{<<"indent">> => 2}}}},
     {request_call_cast, 16#20, 1, 0, {term, {17, <<"shop">>, <<"tick">>, [], #{}}}},
     {request_eval, 16#21, 0, 12, {term, {17, <<"x + 1">>, #{<<"x">> => 41}}}},
     {request_eval_convert, 16#21, 16#0600, 12, {term, {17, <<"x">>, #{}}}},
     {request_exec, 16#22, 0, 13, {term, {17, <<"y = 1">>, #{}}}},
     {request_run, 16#23, 0, 14, {term, {17, <<"index.py">>, [<<"--all">>, <<"texts">>]}}},
     {request_cancel, 16#24, 0, 15, {term, 11}},
     {request_cancel_largest, 16#24, 0, 15, {term, 16#ffffffff}},
     {request_ns_new, 16#25, 0, 16, {term, [17, 18]}},
     {request_ns_new_large, 16#25, 0, 16, {term, [1 bsl 60, 300]}},
     {request_ns_drop, 16#26, 0, 17, {term, [17]}},
     {request_log_credit, 16#27, 0, 0, {term, 1000}},
     {request_get_parts, 16#12, 4, 6, {term, {?H1, <<"config">>}}},
     {request_put_begin, 16#1d, 0, 18, {term, {1 bsl 30, 0}}},
     {request_put_begin_bytes, 16#1d, 0, 18, {term, {0, 1}}},
     {request_put_begin_term, 16#1d, 0, 18, {term, {1 bsl 31, 2}}},
     {request_put_part, 16#1e, 0, 19, {term, {3, <<"part">>}}},
     {request_put_end, 16#1f, 0, 20, {term, {3, ?H1, <<"config">>}}},
     {request_get_part, 16#30, 0, 21, {term, 3}},
     {request_drop_transfer, 16#31, 0, 22, {term, (1 bsl 64) - 1}},
     {request_get_stamped, 16#12, 12, 6, {term, {?H1, <<"config">>}}},
     {request_put_end_if, 16#1f, 0, 20, {term, {3, ?H1, <<"config">>, 7}}},
     {request_put_if, 16#32, 0, 23, {term, {?H1, <<"config">>, [1, 2], 1 bsl 40}}},
     {request_put_if_absent, 16#32, 0, 23, {term, {?H1, -42, true, 0}}},
     {request_take, 16#33, 0, 24, {term, {?H1, <<"config">>}}},
     {request_clear, 16#34, 0, 25, {term, ?H1}},
     {request_is_key, 16#35, 0, 26, {term, {?H1, <<"config">>}}},
     {request_del_if, 16#36, 0, 27, {term, {?H1, <<"config">>, (1 bsl 64) - 1}}},
     {request_number_add, 16#37, 0, 28, {term, {?H1, 7, 0, -1, 0}}},
     {request_number_cas, 16#37, 0, 28, {term, {?H1, <<"config">>, 6, -(1 bsl 63), (1 bsl 63) - 1}}},
     {request_new_with_options, 16#10, 0, 4, {term, {?H1, {60000, 1, 4096}}}},
     {request_set_with_ttl, 16#13, 0, 7, {term, {?H1, <<"config">>, [1, 2], 200}}},
     {request_put_if_with_ttl, 16#32, 0, 23, {term, {?H1, <<"config">>, [1, 2], 0, 200}}},
     {request_put_begin_with_ttl, 16#1d, 0, 18, {term, {1 bsl 30, 0, 0}}},
     {request_open, 16#3b, 0, 29, {term, {<<"sessions">>, 0, ?H1, {0, 0, 0}}}},
     {request_open_create, 16#3b, 0, 29, {term, {<<"sessions">>, 1, ?H1, {60000, 1, 4096}}}},
     {request_names, 16#3c, 0, 30, none},
     {request_remove_name, 16#3d, 0, 31, {term, <<"sessions">>}},
     {request_keys_stamped, 16#15, 8, 10, {term, ?H1}},
     {request_stat_stamped, 16#16, 8, 10, {term, ?H1}},
     {request_get_many_stamped, 16#19, 16#1f08, 10, {term, {?H1, [<<"config">>]}}},
     {request_items_stamped, 16#1c, 8, 10, {term, ?H1}},
     {request_transact, 16#38, 0, 29,
      {term, {?H1, [{<<"config">>, 7}, {-42, 0}], [(1 bsl 64) - 1, 300], [{<<"config">>, [1, 2]}, <<"old">>, 7, {8, {}}]}}},
     {request_transact_nothing, 16#38, 0, 29, {term, {?H1, [], [], []}}},
     {request_transact_small, 16#38, 0, 29, {term, {?H1, [], [1, 2], [1, 2]}}},
     {request_subscribe, 16#39, 0, 32, {term, ?H1}},
     {request_unsubscribe, 16#3a, 0, 33, {term, ?H1}},
     {request_changes_seen, 16#3e, 1, 0, {term, ?H1}}].

hello_table() ->
    hello(table) ++
        [{limits, {pairs, [{max_table_bytes, 8 bsl 30}, {max_dict_bytes, (1 bsl 64) - 1}, {max_dict_keys, 1000000},
                           {max_key_bytes, 65535}, {max_dicts, 100000}]}}].

hello_python() ->
    hello(python) ++
        [{pool, science}, {isolation, interpreter}, {interpreters, 2}, {python, <<>>},
         {python_path, [<<"lib">>, <<"/srv/app">>]}, {max_queue, 1000}, {preload, [<<"json">>]},
         {on_restart, <<"import shop">>}, {max_memory, 0}, {allow_import, [<<"shop_c">>]}, {stderr, <<>>}].

hello(Role) ->
    [{protocol, 1}, {role, Role}, {table, <<"/dev/shm/pyport-4710-88-0badcafe">>}, {node, 'shop@host'},
     {node_pid, 4710}, {max_frame, 64 bsl 20}, {none, none}, {log_credit, 500}].

replies() ->
    [{reply_ok, 16#80, 0, 4, none},
     {reply_value, 16#81, 0, 6, {term, 42}},
     {reply_missing, 16#82, 0, 6, none},
     {reply_gone, 16#85, 0, 6, none},
     {reply_parts, 16#86, 0, 6, {term, {3, 1 bsl 30, false}}},
     {reply_parts_of_a_term, 16#86, 0, 6, {term, {3, 1 bsl 31, true}}},
     {reply_parts_with_stamp, 16#86, 0, 6, {term, {3, 1 bsl 30, false, 7}}},
     {reply_hello, 16#81, 0, 1,
      {term, {pairs, [{protocol, 1}, {version, <<"0.1.0">>}, {python, <<"3.13.5">>}, {os_pid, 4711},
                      {interpreters, 2}]}}},
     {reply_hello_table, 16#81, 0, 1,
      {term, {pairs, [{protocol, 1}, {version, <<"0.1.0">>}, {python, <<>>}, {os_pid, 4711}, {interpreters, 0}]}}},
     {reply_info_table, 16#81, 0, 3,
      {term, {pairs, [{dicts, 3}, {keys, 1000}, {bytes, 1 bsl 40}, {used, 2000}, {free, 48}, {pinned, 5},
                      {repairs, 6}, {processes, 7}, {file_bytes, 4096}, {max_bytes, 8 bsl 30}, {os_pid, 4711},
                      {uptime_ms, 60000}]}}},
     {reply_info_python, 16#81, 0, 3,
      {term, {pairs, [{os_pid, 4711}, {uptime_ms, 60000}, {rss, 50000000}, {calls, 20}, {namespaces, 2},
                      {interpreters, [interpreter(1, true), interpreter(2, false)]}]}}},
     {reply_stat, 16#81, 0, 10, {term, {pairs, [{keys, 3}, {bytes, 120}, {pinned, 1}, {created, 1700000000}, {owner, process}]}}},
     {reply_stat_of_all, 16#81, 0, 10,
      {term, {pairs, [{keys, 3}, {bytes, 120}, {pinned, 1}, {created, 1700000000}, {last_use, 1700000001}, {idle, 60000},
                      {max_value_bytes, 4096}, {owner, node}, {name, <<"sessions">>}]}}},
     {reply_opened, 16#81, 0, 29, {term, {?H1, 1}}},
     {reply_names, 16#81, 0, 30, {term, [{<<"sessions">>, ?H1}, {<<"other">>, ?H2}]}},
     {reply_dicts, 16#81, 0, 10, {term, [?H1, ?H2]}},
     {reply_dicts_none, 16#81, 0, 10, {term, []}},
     {reply_keys, 16#81, 0, 10, {term, [<<"config">>, -42, <<>>]}},
     {reply_keys_none, 16#81, 0, 10, {term, []}},
     {reply_exception, 16#84, 0, 11,
      {term, {<<"KeyError">>, true, <<"'x'">>,
              [<<"  File \"<string>\", line 1, in <module>">>, <<"KeyError: 'x'">>]}}},
     {reply_exception_qualified, 16#84, 0, 11, {term, {<<"shop.Sold">>, false, <<"out">>, []}}}].

interpreter(Id, Busy) ->
    {pairs, [{id, Id}, {jobs_done, 10}, {jobs_waiting, 0}, {busy, Busy}, {busy_us, 5000000000}, {namespaces, 1}]}.

errors() ->
    [{Name, 16#83, 0, 20, {term, Term}} || {Name, Term} <-
        [{reply_error_bad_frame, {bad_frame, <<"GET: body is not {Handle, Key}">>}},
         {reply_error_bad_etf, {bad_etf, <<"truncated binary at byte 17">>}},
         {reply_error_unknown_op, {unknown_op, 16#7f}},
         {reply_error_protocol_mismatch, {protocol_mismatch, 2, 1}},
         {reply_error_frame_too_large, {frame_too_large, 70000000, 64 bsl 20}},
         {reply_error_bad_config, {bad_config, <<"interpreters: not an integer from 1 to 64">>}},
         {reply_error_bad_key, bad_key},
         {reply_error_bad_term, {bad_term, [<<"users">>, 3, -1, <<"name">>], duplicate_key}},
         {reply_error_bad_term_top, {bad_term, [], depth}},
         {reply_error_bad_term_unpicklable, {bad_term, [], {unpicklable, <<"cannot pickle 'module' object">>}}},
         {reply_error_exists, exists},
         {reply_error_table_full, {table_full, <<"memory">>}},
         {reply_error_corrupt, {corrupt, <<"key block at 4096">>}},
         {reply_error_busy, busy},
         {reply_error_no_namespace, no_namespace},
         {reply_error_overloaded, overloaded},
         {reply_error_cancelled, cancelled},
         {reply_error_shutting_down, shutting_down}]].

events() ->
    [{event_log, 16#c0, 0, 0, {term, {stdout, info, <<>>, 1, <<"hello">>}}},
     {event_log_logger, 16#c0, 0, 0, {term, {log, critical, <<"shop.stock">>, 2, <<"süß"/utf8>>}}},
     {event_destroyed, 16#c1, 0, 0, {term, [?H1, ?H2]}},
     {event_cast_failed_exception, 16#c2, 0, 0, {term, {17, {<<"ValueError">>, true, <<"no">>, []}}}},
     {event_cast_failed_gone, 16#c2, 0, 0, {term, {0, gone}}},
     {event_cast_failed_error, 16#c2, 0, 0, {term, {1 bsl 60, no_namespace}}},
     {event_stuck, 16#c3, 0, 0, {term, {11}}},
     {event_changes, 16#c4, 0, 0,
      {term, {?H1, [{put, <<"config">>, 7}, {delete, -1, 8}, {expired, <<>>, (1 bsl 63) + 9}, clear, overflow, destroyed]}}}].

print({Name, Op, Flags, Id, Body}) ->
    Frame = [<<1, Op, Flags:16, Id:32>>, body(Body)],
    io:format("# ~2.16.0b flags ~b id ~b: ~ts~n~s ~s~n",
              [Op, Flags, Id, text(Body), Name, binary:encode_hex(iolist_to_binary(Frame))]).

text(none) -> "no body";
text({term, T}) -> re:replace(io_lib:format("~0tp", [shown(T)]), "\n *", " ", [global, unicode]).

shown({pairs, L}) -> maps:from_list([{K, shown(V)} || {K, V} <- L]);
shown(L) when is_list(L) -> [shown(T) || T <- L];
shown(T) -> T.

body(none) -> <<>>;
body({term, T}) -> [131, term(T)].

term({pairs, L}) -> [<<116, (length(L)):32>>, [[term(K), term(V)] || {K, V} <- L]];
term([{pairs, _} | _] = L) -> [<<108, (length(L)):32>>, [term(T) || T <- L], 106];
term(T) ->
    <<131, Bytes/binary>> = term_to_binary(T, [{minor_version, 2}]),
    Bytes.
