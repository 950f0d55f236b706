%% Transactions: all or nothing, as if there were no other process, from both languages and whoever is killed.
-module(py_transaction_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([all_or_nothing/1, every_function/1, own_writes_are_seen/1, own_values_are_as_read_back/1, is_an_ordered_map/1,
         conflicts_are_tried_again/1, retries_and_timeout/1, phantoms/1, numbers_of_others/1, what_it_raises/1, raised_of_what_never_was/1,
         errors/1, bad_arguments/1, is_over/1, nested/1, remote/1, in_python/1]).
-export([bank/1, write_skew/1, bank_with_kills/1, leaves_nothing/1]).

-include_lib("stdlib/include/assert.hrl").

-import(proper_types, [range/2, list/1, oneof/1, frequency/1]).
-define(FORALL(X, Type, Property), proper:forall(Type, fun(X) -> Property end)).

-define(HANG, 120000).   % milliseconds: a limit for what never ends, not a timing

suite() -> [{timetrap, {minutes, 5}}].

all() ->
    [all_or_nothing, every_function, own_writes_are_seen, own_values_are_as_read_back, is_an_ordered_map, conflicts_are_tried_again,
     retries_and_timeout, phantoms, numbers_of_others, what_it_raises, raised_of_what_never_was, errors, bad_arguments, is_over, nested,
     remote, in_python, bank, write_skew, bank_with_kills, leaves_nothing].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

with_dict(Fun) -> with_dict(#{}, Fun).

with_dict(Map, Fun) ->
    {ok, SD} = shared_dict:from_map(Map),
    try Fun(SD)
    after shared_dict:destroy(SD)
    end.

%%% One at a time

all_or_nothing(_Config) ->
    with_dict(#{a => 1, b => 2},
              fun(SD) ->
                      {ok, done} = py:shared_dict_transaction(SD, fun(T) ->
                          ok = shared_dict:put(T, a, 10),
                          ok = shared_dict:remove(T, b),
                          ok = shared_dict:put(T, c, 30),
                          ?assertEqual(#{<<"a">> => 1, <<"b">> => 2}, shared_dict:to_map(SD)),   % nobody sees it yet
                          done
                      end),
                      ?assertEqual([{<<"a">>, 10}, {<<"c">>, 30}], shared_dict:to_list(SD))
              end).

every_function(_Config) ->
    with_dict(#{a => 1, b => [2], n => 5},
              fun(SD) ->
                      {ok, _} = shared_dict:transaction(SD, fun(T) -> every_function_of(T, SD) end),
                      ?assertEqual(#{<<"a">> => 10, <<"n">> => 4, <<"new">> => true, <<"m">> => 1, <<"u">> => 2, 7 => <<"seven">>},
                                   shared_dict:to_map(SD))
              end).

every_function_of(T, SD) ->
    ?assertEqual(1, shared_dict:get(T, a)),
    ?assertEqual(undefined, shared_dict:get(T, no)),
    ?assertEqual(default, shared_dict:get(T, no, default)),
    ?assertEqual({ok, [2]}, shared_dict:find(T, b)),
    ?assertEqual(error, shared_dict:find(T, no)),
    ?assertEqual([2], py:shared_dict_get(T, b, undefined, #{convert => all})),
    ?assertEqual({true, false}, {shared_dict:is_key(T, a), shared_dict:is_key(T, no)}),
    ?assertEqual(3, shared_dict:size(T)),
    ?assertEqual(#{a => 1, n => 5}, shared_dict:with([a, n, no], T)),
    ?assertEqual({false, true}, {shared_dict:put_new(T, a, 9), shared_dict:put_new(T, new, true)}),
    ?assertEqual([2], shared_dict:take(T, b)),
    ?assertEqual(none, shared_dict:take(T, b, none)),
    ?assertEqual(10, shared_dict:update_with(T, a, fun(N) -> N * 10 end)),
    ?assertError({badkey, no}, shared_dict:update_with(T, no, fun(N) -> N end)),
    ?assertEqual(1, shared_dict:update_with(T, u, fun(N) -> N + 1 end, 1)),
    ?assertEqual(2, shared_dict:update_with(T, u, fun(N) -> N + 1 end, 1)),
    ?assertEqual({7, 6, 7, 5, 4}, {shared_dict:add(T, n, 2), shared_dict:sub(T, n, 1), shared_dict:'bor'(T, n, 1),
                                  shared_dict:'bxor'(T, n, 2), shared_dict:'band'(T, n, 4)}),
    ?assertEqual({4, ok, {error, 3}}, {shared_dict:swap(T, n, 9), shared_dict:cas(T, n, 9, 3), shared_dict:cas(T, n, 9, 3)}),
    ok = shared_dict:put(T, t, x),
    ?assertEqual({{error, <<"x">>}, ok}, {shared_dict:cas(T, t, <<"y">>, z), shared_dict:cas(T, t, <<"x">>, z)}),
    ?assertEqual({error, {bad_term, [], not_an_integer}}, shared_dict:add(T, t, 1)),
    ?assertEqual({error, {bad_term, [], overflow}}, shared_dict:add(T, n, (1 bsl 63) - 1)),
    ?assertEqual(4, shared_dict:add(T, n, 1)),
    ?assertEqual(1, shared_dict:add(T, m, 1)),
    ?assertEqual(ok, py:shared_dict_set_many(T, [{7, seven}, {old, 1}])),
    ?assertEqual(ok, py:shared_dict_del_many(T, [old, t, never])),
    ?assertEqual([<<"a">>, <<"n">>, <<"new">>, <<"u">>, <<"m">>, 7], shared_dict:keys(T)),
    ?assertEqual([10, 4, true, 2, 1, <<"seven">>], shared_dict:values(T)),
    ?assertEqual(6, shared_dict:size(T)),
    ?assertEqual(6, shared_dict:fold(fun(_, _, N) -> N + 1 end, 0, T)),
    ?assertEqual(#{<<"a">> => 10}, maps:with([<<"a">>], shared_dict:to_map(T))),
    with_dict(fun(Other) ->
                      ok = shared_dict:merge(Other, T),
                      ?assertEqual(shared_dict:to_map(T), shared_dict:to_map(Other)),
                      ok = shared_dict:merge(T, Other)
              end),
    ?assertEqual(3, shared_dict:size(SD)).

own_writes_are_seen(_Config) ->
    with_dict(#{a => 1},
              fun(SD) ->
                      {ok, _} = shared_dict:transaction(SD, fun(T) ->
                          ok = shared_dict:put(T, b, 2),
                          ok = shared_dict:clear(T),
                          ?assertEqual({[], 0, undefined}, {shared_dict:keys(T), shared_dict:size(T), shared_dict:get(T, a)}),
                          ok = shared_dict:put(T, c, 3)
                      end),
                      ?assertEqual(#{<<"c">> => 3}, shared_dict:to_map(SD))
              end).

%% What is written and read in the same transaction is as it will be read later.
own_values_are_as_read_back(_Config) ->
    Values = [atom, true, undefined, nil, none, {bytes, <<255>>}, [a, {b, nil}], "text", #{k => v, 1 => [x]}, 1.5, 1 bsl 80, [], {},
              self(), make_ref(), <<1:3>>, [a | b], {py_object, <<"builtins.set">>, <<"pickle">>}],
    with_dict(fun(SD) ->
                      {ok, Seen} = shared_dict:transaction(SD, fun(T) ->
                          [begin ok = shared_dict:put(T, N, Value), shared_dict:get(T, N) end
                           || {N, Value} <- lists:zip(lists:seq(1, length(Values)), Values)]
                      end),
                      ?assertEqual(Seen, shared_dict:values(SD)),
                      {ok, {true, SD}} = shared_dict:transaction(SD, fun(T) ->
                          ok = shared_dict:put(T, self, SD),
                          {shared_dict:is_key(T, self), shared_dict:get(T, self)}
                      end)
              end).

%% A transaction and the same operations one by one give the same, and leave the same.
is_an_ordered_map(_Config) ->
    true = proper:quickcheck(
             ?FORALL({Before, Ops}, {list({key(), range(0, 9)}), list(op())},
                     with_dict(maps:from_list(Before),
                               fun(SD) -> with_dict(fun(Other) ->
                                   ok = shared_dict:merge(Other, SD),
                                   {ok, Results} = shared_dict:transaction(SD, fun(T) -> [apply_to(T, Op) || Op <- Ops] end),
                                   Expected = [apply_to(Other, Op) || Op <- Ops],
                                   {Expected, shared_dict:to_map(Other)} =:= {Results, shared_dict:to_map(SD)}
                               end) end)),
             [{numtests, 300}, {on_output, fun ct:log/2}]).

key() -> oneof([<<"a">>, <<"b">>, <<"a key that is longer than sixteen bytes">>, 1, -1]).

op() ->
    frequency([{3, {put, key(), range(0, 9)}}, {3, {get, key()}}, {2, {take, key()}}, {2, {add, key(), range(-3, 3)}}, {1, size},
               {2, {remove, key()}}, {1, to_map}, {1, clear}, {1, {put_new, key(), range(0, 9)}}]).

apply_to(D, {put, Key, N}) -> shared_dict:put(D, Key, N);
apply_to(D, {get, Key}) -> shared_dict:get(D, Key);
apply_to(D, {take, Key}) -> shared_dict:take(D, Key);
apply_to(D, {add, Key, N}) -> shared_dict:add(D, Key, N);
apply_to(D, size) -> shared_dict:size(D);
apply_to(D, {remove, Key}) -> shared_dict:remove(D, Key);
apply_to(D, to_map) -> shared_dict:to_map(D);
apply_to(D, clear) -> shared_dict:clear(D);
apply_to(D, {put_new, Key, N}) -> shared_dict:put_new(D, Key, N).

%%% Conflicts

%% Attempts are counted in the process's dictionary.
attempts() -> erase(attempts).

attempt() ->
    N = case get(attempts) of undefined -> 1; Before -> Before + 1 end,
    put(attempts, N),
    N.

conflicts_are_tried_again(_Config) ->
    with_dict(#{a => 1, b => 2},
              fun(SD) ->
                      {ok, 3} = shared_dict:transaction(SD, fun(T) ->
                          A = shared_dict:get(T, a),
                          attempt() < 3 andalso shared_dict:add(SD, a, 1),
                          ok = shared_dict:put(T, b, A),
                          A
                      end),
                      ?assertEqual(3, attempts()),
                      ?assertEqual(3, shared_dict:get(SD, b)),
                      %% what was not read does not matter
                      {ok, _} = shared_dict:transaction(SD, fun(T) ->
                          attempt(),
                          _ = shared_dict:get(T, a),
                          ok = shared_dict:put(SD, b, other),
                          ok = shared_dict:put(T, b, mine)
                      end),
                      ?assertEqual({1, <<"mine">>}, {attempts(), shared_dict:get(SD, b)})
              end).

retries_and_timeout(_Config) ->
    with_dict(#{a => 0},
              fun(SD) ->
                      Never = fun(T) ->
                                      attempt(),
                                      _ = shared_dict:get(T, <<"a">>),
                                      _ = shared_dict:add(SD, a, 1),
                                      shared_dict:put(T, b, 1)
                              end,
                      ?assertEqual({error, {conflict, <<"a">>}}, shared_dict:transaction(SD, Never, #{retries => 0})),
                      ?assertEqual(1, attempts()),
                      ?assertEqual({error, {conflict, <<"a">>}}, shared_dict:transaction(SD, Never, #{retries => 7})),
                      ?assertEqual(8, attempts()),
                      ?assertEqual({error, timeout}, shared_dict:transaction(SD, Never, #{timeout => 20})),
                      ?assert(attempts() > 1),
                      ?assertEqual({error, timeout}, shared_dict:transaction(SD, Never, #{timeout => 0, retries => infinity})),
                      All = fun(T) ->
                                    _ = shared_dict:keys(T),
                                    ok = shared_dict:put(SD, make_key(), 1),
                                    shared_dict:put(T, b, 1)
                            end,
                      ?assertEqual({error, {conflict, all}}, shared_dict:transaction(SD, All, #{retries => 2})),
                      ?assertEqual(undefined, shared_dict:get(SD, b))
              end).

make_key() -> integer_to_binary(erlang:unique_integer()).

%% What is read of the dict as a whole is not what it was when a key came, went or changed; and a number, where values were read.
phantoms(_Config) ->
    Reads = [{size, fun shared_dict:size/1}, {keys, fun shared_dict:keys/1}, {to_map, fun shared_dict:to_map/1}],
    Changes = [{put, fun(SD) -> shared_dict:put(SD, new, 1) end}, {remove, fun(SD) -> shared_dict:remove(SD, a) end},
               {clear, fun shared_dict:clear/1}],
    [?assertEqual({Read, Change, {error, {conflict, all}}}, {Read, Change, once(Reading, Changing)})
     || {Read, Reading} <- Reads, {Change, Changing} <- Changes],
    Add = fun(SD) -> shared_dict:add(SD, n, 1) end,
    ?assertEqual({error, {conflict, all}}, once(fun shared_dict:to_map/1, Add)),
    ?assertEqual({ok, ok}, once(fun shared_dict:keys/1, Add)),
    Put = fun(SD) -> shared_dict:put(SD, none, 1) end,
    ?assertEqual({error, {conflict, <<"none">>}}, once(fun(T) -> shared_dict:get(T, none) end, Put)).

once(Read, Change) ->
    with_dict(#{a => 1},
              fun(SD) ->
                      1 = shared_dict:add(SD, n, 1),
                      shared_dict:transaction(SD, fun(T) ->
                          _ = Read(T),
                          _ = Change(SD),
                          shared_dict:put(T, mine, 1)
                      end, #{retries => 0})
              end).

%% Numbers that are cells change without any lock: one that was read and is another breaks the transaction.
numbers_of_others(_Config) ->
    with_dict(fun(SD) ->
                      5 = shared_dict:add(SD, n, 5),
                      {ok, {5, 6}} = shared_dict:transaction(SD, fun(T) -> {shared_dict:get(T, n), shared_dict:add(T, n, 1)} end),
                      ?assertEqual(6, shared_dict:get(SD, n)),
                      ?assertEqual({error, {conflict, <<"n">>}},
                                   shared_dict:transaction(SD, fun(T) ->
                                       Seen = shared_dict:get(T, n),
                                       8 = shared_dict:add(SD, n, 2),
                                       shared_dict:put(T, copy, Seen)
                                   end, #{retries => 0})),
                      %% a way back is none that could be told from no way
                      {ok, ok} = shared_dict:transaction(SD, fun(T) ->
                          Seen = shared_dict:get(T, n),
                          9 = shared_dict:add(SD, n, 1),
                          8 = shared_dict:sub(SD, n, 1),
                          shared_dict:put(T, copy, Seen)
                      end, #{retries => 0}),
                      ?assertEqual(10, shared_dict:add(SD, n, 2))
              end).

%%% What goes wrong

what_it_raises(_Config) ->
    with_dict(#{a => 1},
              fun(SD) ->
                      Write = fun(T) -> ok = shared_dict:put(T, a, 2) end,
                      ?assertThrow(poor, shared_dict:transaction(SD, fun(T) -> Write(T), throw(poor) end)),
                      ?assertExit(gone, shared_dict:transaction(SD, fun(T) -> Write(T), exit(gone) end)),
                      try shared_dict:transaction(SD, fun(T) -> Write(T), fails(shared_dict:get(T, a)) end) of
                          _ -> ct:fail(no_error)
                      catch
                          error:function_clause:Stack -> ?assertMatch([{?MODULE, fails, [2], _} | _], Stack)
                      end,
                      ?assertEqual(#{<<"a">> => 1}, shared_dict:to_map(SD)),
                      ?assertEqual([], get_keys(transaction))
              end).

fails(none) -> ok.

%% a and b are equal whenever one looks. An attempt that has seen otherwise is none.
raised_of_what_never_was(_Config) ->
    with_dict(#{a => 1, b => 1},
              fun(SD) ->
                      {ok, Seen} = shared_dict:transaction(SD, fun(T) ->
                          A = shared_dict:get(T, a),
                          attempt() =:= 1 andalso (ok = py:shared_dict_set_many(SD, #{a => 2, b => 2})),
                          A = shared_dict:get(T, b)
                      end),
                      ?assertEqual({2, 2}, {Seen, attempts()})
              end).

errors(_Config) ->
    with_dict(#{a => 1},
              fun(SD) ->
                      Put = fun(Value) ->
                                    shared_dict:transaction(SD, fun(T) -> ok = shared_dict:put(T, a, 2), shared_dict:put(T, b, Value) end)
                            end,
                      ?assertEqual({error, {bad_term, [<<"b">>, <<"x">>], duplicate_key}}, Put(#{x => 1, <<"x">> => 2})),
                      ?assertMatch({error, {bad_term, [<<"b">> | _], depth}},
                                   Put(lists:foldl(fun(_, Inner) -> [Inner] end, [], lists:seq(1, 600)))),
                      ?assertMatch({error, {frame_too_large, _, _}}, Put(binary:copy(<<0>>, 65 bsl 20))),
                      ?assertEqual({ok, ok}, Put(binary:copy(<<0>>, 5 bsl 20))),
                      ?assertEqual({ok, 5 bsl 20}, shared_dict:transaction(SD, fun(T) -> byte_size(shared_dict:get(T, b)) end)),
                      ?assertEqual(2, shared_dict:get(SD, a)),
                      ok = shared_dict:destroy(SD),
                      ?assertError(badarg, shared_dict:transaction(SD, fun(T) -> shared_dict:get(T, a) end)),
                      ?assertError(badarg, shared_dict:transaction(SD, fun(T) -> shared_dict:put(T, a, 1) end))
              end).

bad_arguments(_Config) ->
    with_dict(fun(SD) ->
                      Fun = fun(_) -> ok end,
                      [?assertMatch({_, Text} when Text =/= nomatch,
                                    {Call, binary:match(element(2, py_ct:badarg_text(Call)), Expected)})
                       || {Call, Expected} <-
                              [{fun() -> py:shared_dict_transaction(no, Fun) end, <<"not a SharedDict handle">>},
                               {fun() -> py:shared_dict_transaction(SD, fun() -> ok end) end, <<"function of one argument">>},
                               {fun() -> py:shared_dict_transaction(SD, Fun, #{retry => 1}) end, <<"at most the keys retries">>},
                               {fun() -> py:shared_dict_transaction(SD, Fun, #{retries => -1}) end, <<"at most the keys retries">>},
                               {fun() -> py:shared_dict_transaction(SD, Fun, []) end, <<"at most the keys retries">>},
                               {fun() -> py:shared_dict_transaction(SD, fun(T) -> py:shared_dict_name(T) end) end, <<"of dicts alone">>},
                               {fun() -> py:shared_dict_transaction(SD, fun(T) -> py:shared_dict_get(T, {}) end) end, <<"key must be">>}]]
              end).

is_over(_Config) ->
    with_dict(fun(SD) ->
                      {ok, T} = shared_dict:transaction(SD, fun(T) ->
                          {Pid, Monitor} = spawn_monitor(fun() -> exit(catch shared_dict:get(T, a)) end),
                          receive {'DOWN', Monitor, process, Pid, Why} -> ?assertMatch({'EXIT', {badarg, _}}, Why) end,
                          T
                      end),
                      {_, Text} = py_ct:badarg_text(fun() -> py:shared_dict_get(T, a) end),
                      ?assertNotEqual(nomatch, binary:match(Text, <<"the transaction is over, or is another process's">>)),
                      ?assertError(badarg, shared_dict:put(T, {}, 1)),
                      ?assertError(badarg, shared_dict:transaction(T, fun(_) -> ok end))
              end).

%% One inside is a part of the one around it.
nested(_Config) ->
    with_dict(#{a => 1},
              fun(SD) ->
                      Inner = fun(Whose, Value) -> fun(T) -> ok = shared_dict:put(T, Whose, Value), shared_dict:get(T, a) end end,
                      {ok, {A, B}} = shared_dict:transaction(SD, fun(T) ->
                          ok = shared_dict:put(T, a, 2),
                          {ok, A} = shared_dict:transaction(SD, Inner(b, 1)),
                          {ok, B} = shared_dict:transaction(T, Inner(c, 1)),
                          ?assertThrow(no, shared_dict:transaction(SD, fun(Same) ->
                              ok = shared_dict:put(Same, a, 99),
                              ok = shared_dict:put(Same, d, 99),
                              throw(no)
                          end)),
                          {A, B}
                      end),
                      ?assertEqual({2, 2}, {A, B}),
                      ?assertEqual([{<<"a">>, 2}, {<<"b">>, 1}, {<<"c">>, 1}], shared_dict:to_list(SD)),
                      %% one of another dict is its own
                      with_dict(fun(Other) ->
                                        ?assertThrow(no, shared_dict:transaction(SD, fun(_) ->
                                            {ok, _} = shared_dict:transaction(Other, Inner(a, 5)),
                                            throw(no)
                                        end)),
                                        ?assertEqual(5, shared_dict:get(Other, a))
                                end)
              end).

%% The fun runs where the caller is.
remote(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              with_dict(#{a => 1, b => 2},
                        fun(SD) ->
                                Sum = fun(T) ->
                                              Keys = shared_dict:keys(T),
                                              All = lists:sum(maps:values(shared_dict:with(Keys, T))),
                                              ok = shared_dict:put(T, sum, All),
                                              {node(), All, shared_dict:to_map(T)}
                                      end,
                                There = #{<<"a">> => 1, <<"b">> => 2, <<"sum">> => 3},
                                ?assertEqual({ok, {Node, 3, There}}, erpc:call(Node, py, shared_dict_transaction, [SD, Sum])),
                                ?assertEqual(There, shared_dict:to_map(SD)),
                                Conflict = fun(T) -> shared_dict:put(T, c, shared_dict:add(SD, a, shared_dict:get(T, a))) end,
                                ?assertEqual({error, {conflict, <<"a">>}},
                                             erpc:call(Node, py, shared_dict_transaction, [SD, Conflict, #{retries => 1}]))
                        end)
      end).

%%% With Python

python() ->
    <<"import random\n"
      "from erlang import SharedDict, TransactionConflict\n"
      "sd = SharedDict(handle)\n"
      "def move(t, a, b, n):\n"
      "    t[a] = t[a] - n\n"
      "    t[b] = t[b] + n\n"
      "def transfers(count, accounts, seed):\n"
      "    chance = random.Random(seed)\n"
      "    for number in range(count):\n"
      "        a, b = chance.sample(range(accounts), 2)\n"
      "        if number % 10 == 0:\n"
      "            assert sd.transact(lambda t: sum(t.values())) == total\n"
      "        else:\n"
      "            sd.transact(lambda t: move(t, a, b, chance.randrange(10)))\n"
      "def forever(accounts, seed):\n"
      "    transfers(10**9, accounts, seed)\n"
      "def shift(mine, other, count):\n"
      "    for number in range(count):\n"
      "        for t in sd.transactions():\n"
      "            with t:\n"
      "                t[mine] = 0 if t[mine] == t[other] == 1 else 1\n"
      "        with sd.transaction() as t:\n"
      "            assert t[mine] in (0, 1)\n">>.

in_python(_Config) ->
    with_dict(#{a => 1},
              fun(SD) ->
                      ok = py:exec(<<(python())/binary, "with sd.transaction() as t:\n    t['b'] = t['a'] + 1\n">>, #{handle => SD}),
                      ?assertEqual(#{<<"a">> => 1, <<"b">> => 2}, shared_dict:to_map(SD)),
                      ?assertMatch({error, {<<"erlang.TransactionConflict">>, #{message := <<"key 'a' was changed", _/binary>>}}},
                                   py:exec(<<"with sd.transaction() as t:\n    t['b'] = t['a']\n    sd['a'] = 5\n">>))
              end).

-define(ACCOUNTS, 8).
-define(EACH, 100).

accounts(SD) ->
    ok = py:shared_dict_set_many(SD, [{N, ?EACH} || N <- lists:seq(0, ?ACCOUNTS - 1)]),
    [_ = shared_dict:add(SD, N, 0) || N <- lists:seq(0, ?ACCOUNTS - 1, 2)],   % half of them are cells
    ok.

total() -> ?ACCOUNTS * ?EACH.

total(SD) ->
    {ok, Total} = shared_dict:transaction(SD, fun(T) -> lists:sum([shared_dict:get(T, N) || N <- lists:seq(0, ?ACCOUNTS - 1)]) end),
    Total.

transfer(SD) ->
    From = rand:uniform(?ACCOUNTS) - 1,
    To = (From + rand:uniform(?ACCOUNTS - 1)) rem ?ACCOUNTS,
    N = rand:uniform(10),
    {ok, _} = shared_dict:transaction(SD, fun(T) ->
        ok = shared_dict:put(T, From, shared_dict:get(T, From) - N),
        _ = shared_dict:add(T, To, N)
    end).

python_transfers(SD, Count, Pool) ->
    ok = py:exec(Pool, <<(python())/binary, "total = ", (integer_to_binary(total()))/binary, "\n">>, #{handle => SD}, ?HANG),
    case Count of
        infinity -> py:call(Pool, '__main__', forever, [?ACCOUNTS, rand:uniform(1000000)], #{}, infinity);
        _ -> py:call(Pool, '__main__', transfers, [Count, ?ACCOUNTS, rand:uniform(1000000)], #{}, ?HANG)
    end.

%% Runs them all at once, each in a process of its own; gives what they end with.
at_once(Funs) ->
    Running = [spawn_monitor(fun() -> exit({done, Fun()}) end) || Fun <- Funs],
    [receive {'DOWN', Monitor, process, Pid, Why} -> Why after ?HANG -> ct:fail(hang) end || {Pid, Monitor} <- Running].

%% From Erlang processes, two interpreters of one OS process, and an OS process of its own: the sum is always the same.
bank(_Config) ->
    ok = py:start_pool(bank, #{isolation => process, size => 1}),
    try
        true = proper:quickcheck(
                 ?FORALL({Erlang, Python}, {range(1, 3), range(1, 3)},
                         with_dict(fun(SD) ->
                                           ok = accounts(SD),
                                           Transfers = fun() -> [{ok, _} = transfer(SD) || _ <- lists:seq(1, 150)], ok end,
                                           Look = fun() -> lists:usort([total(SD) || _ <- lists:seq(1, 60)]) end,
                                           InPython = [fun() -> {ok, none} = python_transfers(SD, 150, Pool), ok end
                                                       || Pool <- lists:sublist([default, bank, default], Python)],
                                           Ends = at_once([Look | lists:duplicate(Erlang, Transfers) ++ InPython]),
                                           [{done, [total()]}] =:= lists:usort(Ends) -- [{done, ok}]
                                               andalso total(SD) =:= total()
                                   end)),
                 [{numtests, 8}, {on_output, fun ct:log/2}])
    after
        ok = py:stop_pool(bank)
    end.

%% Two doctors, one of whom is always on call. Each goes only when the other is there.
write_skew(_Config) ->
    [with_dict(#{alice => 1, bob => 1},
               fun(SD) ->
                       [_ = shared_dict:add(SD, Name, 0) || Cells, Name <- [alice, bob]],
                       Shift = fun(Mine, Other) ->
                                       fun() ->
                                               [{ok, _} = shared_dict:transaction(SD, fun(T) ->
                                                    Both = shared_dict:get(T, Mine) + shared_dict:get(T, Other),
                                                    ok = shared_dict:put(T, Mine, case Both of 2 -> 0; _ -> 1 end)
                                                end) || _ <- lists:seq(1, 300)],
                                               ok
                                       end
                               end,
                       InPython = fun() ->
                                          ok = py:exec(python(), #{handle => SD}),
                                          {ok, none} = py:call('__main__', shift, [bob, alice, 300], #{}, ?HANG),
                                          ok
                                  end,
                       Look = fun() ->
                                      [?assertMatch({ok, N} when N >= 1, shared_dict:transaction(SD, fun(T) ->
                                          shared_dict:get(T, alice) + shared_dict:get(T, bob)
                                      end)) || _ <- lists:seq(1, 300)],
                                      ok
                              end,
                       ?assertEqual([{done, ok}], lists:usort(at_once([Shift(alice, bob), Shift(bob, alice), InPython, Look])))
               end) || Cells <- [false, true]].

%%% Kills

%% OS processes and Erlang processes are killed amid transactions. The sum stays, and what they were at is there or not.
bank_with_kills(_Config) ->
    ok = py:start_pool(bank, #{isolation => process, size => 1}),
    try
        with_dict(fun(SD) ->
                          ok = accounts(SD),
                          [kill_amid(SD, Round) || Round <- lists:seq(1, 12)],
                          [{ok, _} = transfer(SD) || _ <- lists:seq(1, 20)],   % nobody holds anything
                          ?assertEqual(total(), total(SD))
                  end)
    after
        ok = py:stop_pool(bank)
    end.

kill_amid(SD, Round) ->
    Version = fun() -> {value, {Stamp, _}} = py_dict:keys_stamped(SD), Stamp end,
    Before = Version(),
    OsPid = py_ct:os_pid(bank),
    InErlang = spawn_monitor(fun Forever() -> _ = transfer(SD), Forever() end),
    InPython = spawn_monitor(fun() -> exit(python_transfers(SD, infinity, bank)) end),
    Enough = Before + 20 + rand:uniform(30),
    _ = py_ct:eventually(fun() -> Version() > Enough end),
    exit(element(1, InErlang), kill),
    Round rem 3 =/= 0 orelse py_ct:restart_table(),
    ok = py_ct:kill_9(OsPid),
    [receive {'DOWN', Monitor, process, Pid, _} -> ok after ?HANG -> ct:fail(hang) end || {Pid, Monitor} <- [InErlang, InPython]],
    ?assertEqual({Round, total()}, {Round, total(SD)}),
    py_ct:await_another(bank, OsPid).

%% A process that is killed in a transaction has written nothing, whatever it was at.
leaves_nothing(_Config) ->
    with_dict(#{a => 1},
              fun(SD) ->
                      Self = self(),
                      {Pid, Monitor} = spawn_monitor(fun() ->
                          shared_dict:transaction(SD, fun(T) ->
                              ok = shared_dict:put(T, a, 2),
                              Self ! inside,
                              receive never -> ok end
                          end)
                      end),
                      receive inside -> ok end,
                      exit(Pid, kill),
                      receive {'DOWN', Monitor, process, Pid, _} -> ok end,
                      ?assertEqual(#{<<"a">> => 1}, shared_dict:to_map(SD)),
                      {ok, ok} = shared_dict:transaction(SD, fun(T) -> shared_dict:put(T, a, 3) end)
              end).
