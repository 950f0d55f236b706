%% What is wrong with an argument is said, whichever function of dicts gets it, and nothing is lost.
-module(py_bad_input_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([no_dicts/1, no_keys/1, long_keys/1, a_key_as_long_as_may_be/1, times/1, numbers/1, names/1, funs_that_raise/1,
         a_predicate_that_never_returns/1]).

-include_lib("stdlib/include/assert.hrl").

-define(LONGEST, 65535).   % bytes of a key

suite() -> [{timetrap, {minutes, 2}}].

all() -> [no_dicts, no_keys, long_keys, a_key_as_long_as_may_be, times, numbers, names, funs_that_raise, a_predicate_that_never_returns].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

no_dicts(_Config) ->
    {ok, Gone} = py:shared_dict_new(),
    ok = py:shared_dict_destroy(Gone),
    [refused(Function, Args(Wrong, k), Text)
     || {Wrong, Text} <- [{none, <<"not a SharedDict handle">>}, {self(), <<"not a SharedDict handle">>},
                          {Gone, <<"the SharedDict has been destroyed">>}],
        {Function, Args} <- by_key() ++ by_dict()].

no_keys(_Config) ->
    with_dict(fun(SD) ->
                      %% In a transaction the function refuses it that gets it there.
                      [refused(Function, Args(SD, Wrong), <<"a binary, an atom or a 64-bit integer">>)
                       || Wrong <- [1.5, {a}, [a], self(), 1 bsl 63], {Function, Args} <- by_key(), Function =/= shared_dict_transaction]
              end).

%% They cannot be there, and cannot be put there.
long_keys(_Config) ->
    with_dict(fun(SD) ->
                      Key = binary:copy(<<"k">>, ?LONGEST + 1),
                      [?assertEqual({Function, long_key(Function)}, {Function, apply(py, Function, Args(SD, Key))})
                       || {Function, Args} <- by_key(), Function =/= shared_dict_subscribe]
              end).

long_key(Reads) when Reads =:= shared_dict_get; Reads =:= shared_dict_take -> undefined;
long_key(shared_dict_is_key) -> false;
long_key(shared_dict_get_many) -> #{word => <<"value">>};
long_key(shared_dict_del) -> ok;
long_key(shared_dict_wait) -> {error, timeout};
long_key(_) -> {error, {table_full, max_key_bytes}}.

a_key_as_long_as_may_be(_Config) ->
    with_dict(fun(SD) ->
                      Key = binary:copy(<<"k">>, ?LONGEST),
                      {ok, Subscription} = py:shared_dict_subscribe(SD),
                      ok = py:shared_dict_set(SD, Key, 1),
                      receive {shared_dict, SD, overflow} -> ok end,   % no list of changes has room for it
                      ok = py:shared_dict_unsubscribe(Subscription),
                      2 = py:shared_dict_add(SD, Key, 1),
                      {ok, 2} = py:shared_dict_wait(SD, Key, 2),
                      {ok, 2} = py:shared_dict_transaction(SD, fun(T) -> py:shared_dict_take(T, Key) end),
                      {ok, Lock} = py:shared_dict_lock(SD, Key, #{timeout => 0}),
                      ok = py:shared_dict_unlock(Lock)
              end).

times(_Config) ->
    with_dict(fun(SD) ->
                      [refused(Function, Args(SD, Wrong), Text)
                       || Wrong <- [-1, 1.5, soon, 1 bsl 70],
                          {Function, Args, Text} <-
                              [{shared_dict_set, fun(D, Ms) -> [D, word, 1, #{ttl => Ms}] end, <<"ttl">>},
                               {shared_dict_put_new, fun(D, Ms) -> [D, new, 1, #{ttl => Ms}] end, <<"ttl">>},
                               {shared_dict_lock, fun(D, Ms) -> [D, lock, #{ttl => Ms}] end, <<"ttl">>},
                               {shared_dict_lock, fun(D, Ms) -> [D, lock, #{timeout => Ms}] end, <<"timeout">>},
                               {shared_dict_wait, fun(D, Ms) -> [D, word, none, Ms] end, <<"milliseconds">>},
                               {shared_dict_transaction, fun(D, Ms) -> [D, fun(_) -> ok end, #{timeout => Ms}] end, <<"timeout">>},
                               {shared_dict_new, fun(_, Ms) -> [#{ttl => Ms}] end, <<"ttl">>},
                               {shared_dict_new, fun(_, Ms) -> [#{idle => Ms}] end, <<"idle">>},
                               {shared_dict_open, fun(_, Ms) -> [bad_input, #{create => true, ttl => Ms}] end, <<"ttl">>}],
                          Wrong =/= 1 bsl 70 orelse Function =:= shared_dict_wait]
              end),
    ?assertEqual({error, not_found}, py:shared_dict_open(bad_input)).

numbers(_Config) ->
    with_dict(fun(SD) ->
                      [begin
                           refused(Function, [SD, number, Wrong], <<"must be an integer of 64 bits">>),
                           {error, {bad_term, [], not_an_integer}} = py:Function(SD, word, 1)
                       end || Wrong <- [1.5, <<"1">>, one, 1 bsl 63],
                              Function <- [shared_dict_add, shared_dict_sub, shared_dict_bor, shared_dict_bxor, shared_dict_band,
                                           shared_dict_swap]]
              end).

names(_Config) ->
    [refused(Function, [Wrong], <<"must be a name of 1 to 64 bytes">>)
     || Wrong <- [<<>>, binary:copy(<<"n">>, 65), <<"a\nb">>, <<255>>, 7, {name}], Function <- [shared_dict_open, shared_dict_delete]].

funs_that_raise(_Config) ->
    with_dict(fun(SD) ->
                      Fail = fun() -> error(on_purpose) end,
                      [?assertError(on_purpose, apply(py, Function, Args))
                       || {Function, Args} <-
                              [{shared_dict_update_with, [SD, word, fun(_) -> Fail() end]},
                               {shared_dict_update_with, [SD, word, fun(_) -> Fail() end, 1]},
                               {shared_dict_transaction, [SD, fun(T) -> ok = py:shared_dict_set(T, word, 1), Fail() end]},
                               {shared_dict_wait, [SD, word, fun(_) -> Fail() end]},
                               {shared_dict_fold, [fun(_, _, _) -> Fail() end, 0, SD]},
                               {shared_dict_foreach, [fun(_, _) -> Fail() end, SD]}]],
                      [refused(Function, Args, <<"fun">>)
                       || {Function, Args} <- [{shared_dict_update_with, [SD, word, none]}, {shared_dict_transaction, [SD, none]},
                                               {shared_dict_fold, [none, 0, SD]}, {shared_dict_foreach, [none, SD]}]],
                      {messages, []} = process_info(self(), messages)
              end).

%% The call has its time; meanwhile nobody is kept from the dict.
a_predicate_that_never_returns(_Config) ->
    with_dict(fun(SD) ->
                      Wait = fun(Timeout) ->
                                     py:eval(<<"sd.wait('word', lambda value: [None for _ in iter(int, 1)], 0.001)">>, #{sd => SD}, Timeout)
                             end,
                      Test = self(),
                      Waiter = spawn_link(fun() -> Test ! {self(), Wait(500)} end),
                      true = py_ct:eventually(fun() -> lists:any(fun(#{busy := Busy}) -> Busy end, py_ct:interpreters(default)) end),
                      ok = py:shared_dict_set(SD, other, 1),
                      receive {Waiter, Result} -> ?assertEqual({error, timeout}, Result) end,
                      ok = py:shared_dict_del(SD, other)
              end).

%%% Functions on dicts

by_key() ->
    With = fun(Function, More) -> {Function, fun(SD, Key) -> [SD, Key | More] end} end,
    With2 = fun(Function, Make) -> {Function, fun(SD, Key) -> [SD, Make(Key)] end} end,
    [With(shared_dict_get, []), With(shared_dict_set, [1]), With(shared_dict_set, [1, #{ttl => 60000}]), With(shared_dict_del, []),
     With(shared_dict_take, []), With(shared_dict_put_new, [1]), With(shared_dict_update_with, [fun(N) -> N end, 1]),
     With(shared_dict_add, [1]), With(shared_dict_sub, [1]), With(shared_dict_bor, [1]), With(shared_dict_bxor, [1]),
     With(shared_dict_band, [1]), With(shared_dict_swap, [1]), With(shared_dict_cas, [0, 1]), With(shared_dict_is_key, []),
     With(shared_dict_lock, [#{timeout => 0}]), With(shared_dict_wait, [none, 0]),
     With2(shared_dict_get_many, fun(Key) -> [word, Key] end), With2(shared_dict_del_many, fun(Key) -> [no_such_key, Key] end),
     With2(shared_dict_set_many, fun(Key) -> [{word, 1}, {Key, 1}] end), With2(shared_dict_merge, fun(Key) -> #{word => 1, Key => 1} end),
     With2(shared_dict_subscribe, fun(Key) -> {key, Key} end),
     With2(shared_dict_transaction, fun(Key) -> fun(T) -> ok = py:shared_dict_set(T, word, 1), ok = py:shared_dict_set(T, Key, 1) end end)].

by_dict() ->
    [{Function, fun(SD, _) -> [SD] end} || Function <- [shared_dict_size, shared_dict_clear, shared_dict_keys, shared_dict_to_map,
                                                        shared_dict_subscribe, shared_dict_name]]
        ++ [{shared_dict_fold, fun(SD, _) -> [fun(_, _, Acc) -> Acc end, 0, SD] end},
            {shared_dict_foreach, fun(SD, _) -> [fun(_, _) -> ok end, SD] end}].

refused(Function, Args, Text) ->
    {{_, Named, _, _}, Said} = py_ct:badarg_text(fun() -> apply(py, Function, Args) end),
    ?assertEqual(Function, Named),
    ?assertMatch({Function, Text, {_, _}}, {Function, Text, binary:match(Said, Text)}, Said).

with_dict(Fun) ->
    {ok, SD} = py:shared_dict_new(),
    Before = #{<<"word">> => <<"value">>, <<"number">> => 7, 1 => [one]},
    ok = py:shared_dict_set_many(SD, Before),
    _ = Fun(SD),
    ?assertEqual(Before#{1 := [<<"one">>]}, py:shared_dict_to_map(SD)),
    ok = py:shared_dict_destroy(SD).
