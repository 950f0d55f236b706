%% Changes that depend on what is there, and whole dicts: from Erlang, and against Python.
-module(py_change_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([take/1, take_of_all_kinds/1, take_loses_nothing/1, one_takes_it/1, put_new/1, put_new_of_all_kinds/1, one_puts_it/1,
         update_with/1, update_with_init/1, update_with_raises/1, update_with_loses_nothing/1, update_with_against_python/1,
         update_with_large_values/1, is_key_and_size/1, clear/1, clear_gives_memory_back/1, clear_between_others/1, from_map/1,
         merge/1, fold_and_foreach/1, a_fold_sees_one_moment/1, wrong_arguments/1, after_destroy/1, on_another_node/1,
         python_pops_what_erlang_puts/1, names_of_maps/1, numbers/1, numbers_that_do_not_fit/1, cas/1, numbers_lose_nothing/1,
         numbers_and_update_with/1]).

-define(MOST, ((1 bsl 63) - 1)).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [take, take_of_all_kinds, take_loses_nothing, one_takes_it, put_new, put_new_of_all_kinds, one_puts_it,
     update_with, update_with_init, update_with_raises, update_with_loses_nothing, update_with_against_python,
     update_with_large_values, is_key_and_size, clear, clear_gives_memory_back, clear_between_others, from_map,
     merge, fold_and_foreach, a_fold_sees_one_moment, wrong_arguments, after_destroy, on_another_node,
     python_pops_what_erlang_puts, names_of_maps, numbers, numbers_that_do_not_fit, cas, numbers_lose_nothing,
     numbers_and_update_with].

init_per_suite(Config) -> py_ct:start(Config, [{max_frame, 1 bsl 20}]).

end_per_suite(Config) -> py_ct:stop(Config).

%% With max_frame, some go in one frame and some in parts.
values() ->
    [1, 1 bsl 100, 1.5, <<"text">>, <<0, 255>>, [1, [2]], {a_tuple, 1}, #{<<"k">> => 1}, none, true, binary:copy(<<"v">>, 100),
     binary:copy(<<"v">>, 5000), binary:copy(<<"v">>, 3 bsl 20), lists:duplicate(300000, 1000), self(), make_ref(),
     {py_object, <<"any.Type">>, <<128, 5, $N, $.>>}].

in_erlang({a_tuple, N}) -> {<<"a_tuple">>, N};
in_erlang(Value) -> Value.

take(_Config) ->
    SD = new(),
    ?assertEqual(undefined, py:shared_dict_take(SD, k)),
    ?assertEqual(default, py:shared_dict_take(SD, k, default)),
    ok = py:shared_dict_set(SD, k, 1),
    ok = py:shared_dict_set(SD, other, 2),
    ?assertEqual(1, py:shared_dict_take(SD, k)),
    ?assertEqual(undefined, py:shared_dict_take(SD, k)),
    ok = py:shared_dict_set(SD, k, none),
    ?assertEqual(none, py:shared_dict_take(SD, k, default)),
    ?assertEqual([<<"other">>], py:shared_dict_keys(SD)).

take_of_all_kinds(_Config) ->
    SD = new(),
    [begin
         ok = py:shared_dict_set(SD, k, Value),
         ?assertEqual(in_erlang(Value), py:shared_dict_take(SD, k)),
         ?assertEqual(false, py:shared_dict_is_key(SD, k))
     end || Value <- values()].

%% What this node cannot read stays for those who can.
take_loses_nothing(_Config) ->
    SD = new(),
    ok = py:exec(<<"from erlang import Atom, SharedDict\n"
                   "sd = SharedDict(sd)\n"
                   "sd['atom'] = Atom('no_such_atom_' + 'on_this_node')\n"
                   "sd['keys'] = {'a': 1, b'a': 2}\n"
                   "sd['nested'] = [Atom('no_such_atom_' + 'on_this_node')]\n">>, #{sd => SD}),
    [begin
         {error, {bad_term, _, _}} = py:shared_dict_take(SD, Key),
         ?assertEqual(true, py:shared_dict_is_key(SD, Key))
     end || Key <- [atom, keys, nested]].

one_takes_it(_Config) ->
    SD = new(),
    Keys = lists:seq(1, 300),
    [ok = py:shared_dict_set(SD, Key, if Key rem 10 =:= 0 -> self(); true -> Key end) || Key <- Keys],
    Taken = at_once(6, fun(_) -> [Key || Key <- Keys, py:shared_dict_take(SD, Key) =/= undefined] end),
    ?assertEqual(Keys, lists:sort(lists:append(Taken))).

put_new(_Config) ->
    SD = new(),
    ?assertEqual(true, py:shared_dict_put_new(SD, k, 1)),
    ?assertEqual(false, py:shared_dict_put_new(SD, k, 2)),
    ?assertEqual(false, py:shared_dict_put_new(SD, <<"k">>, 2)),
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    ok = py:shared_dict_del(SD, k),
    ?assertEqual(true, py:shared_dict_put_new(SD, k, 3)),
    ?assertMatch({error, {bad_term, [<<"a">>], duplicate_key}}, py:shared_dict_put_new(SD, new, #{a => 1, <<"a">> => 2})),
    ?assertEqual([<<"k">>], py:shared_dict_keys(SD)).

put_new_of_all_kinds(_Config) ->
    SD = new(),
    [begin
         ?assertEqual(true, py:shared_dict_put_new(SD, k, Value)),
         ?assertEqual(false, py:shared_dict_put_new(SD, k, Value)),
         ?assertEqual(in_erlang(Value), py:shared_dict_take(SD, k))
     end || Value <- values()].

one_puts_it(_Config) ->
    SD = new(),
    Keys = lists:seq(1, 300),
    Put = at_once(6, fun(N) -> [{Key, N} || Key <- Keys, py:shared_dict_put_new(SD, Key, N)] end),
    ?assertEqual(lists:sort(maps:to_list(py:shared_dict_to_map(SD))), lists:sort(lists:append(Put))).

update_with(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, port, 8080),
    ?assertEqual(8081, py:shared_dict_update_with(SD, port, fun(Port) -> Port + 1 end)),
    ?assertEqual(8081, py:shared_dict_get(SD, port)),
    ?assertError({badkey, nothing}, py:shared_dict_update_with(SD, nothing, fun(N) -> N end)),
    ?assertMatch({error, {bad_term, [<<"a">>], duplicate_key}},
                 py:shared_dict_update_with(SD, port, fun(_) -> #{a => 1, <<"a">> => 2} end)),
    ?assertEqual(8081, py:shared_dict_get(SD, port)).

update_with_init(_Config) ->
    SD = new(),
    Add = fun(N) -> N + 1 end,
    ?assertEqual([1, 2, 3], [py:shared_dict_update_with(SD, k, Add, 1) || _ <- lists:seq(1, 3)]),
    ok = py:shared_dict_del(SD, k),
    ?assertEqual([7, 8], [py:shared_dict_update_with(SD, k, Add, 7) || _ <- lists:seq(1, 2)]).

update_with_raises(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertError(mine, py:shared_dict_update_with(SD, k, fun(_) -> error(mine) end)),
    ?assertThrow(mine, py:shared_dict_update_with(SD, k, fun(_) -> throw(mine) end, 0)),
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    %% it may use the same dict, and its own change of the key makes it be asked again
    2 = py:shared_dict_update_with(SD, k, fun(1) -> ok = py:shared_dict_set(SD, k, 0), -1;
                                             (0) -> 2 end).

update_with_loses_nothing(_Config) ->
    SD = new(),
    Add = fun(N) -> N + 1 end,
    Results = lists:append(at_once(6, fun(_) -> [py:shared_dict_update_with(SD, n, Add, 1) || _ <- lists:seq(1, 200)] end)),
    ?assertEqual(1200, py:shared_dict_get(SD, n)),
    ?assertEqual(lists:seq(1, 1200), lists:sort(Results)).   % each result once

%% Python's own read-modify-write is popping and putting back where nothing is.
update_with_against_python(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, n, 0),
    Python = py:spawn_call(builtins, exec, [<<"def add(sd, times):\n"
                                              "    missing = object()\n"
                                              "    while times:\n"
                                              "        n = sd.pop('n', missing)\n"
                                              "        if n is not missing:\n"
                                              "            times -= sd.put('n', n + 1, skip_if_exists=True)\n"
                                              "add(sd, 500)\n">>, #{sd => SD}]),
    Add = fun Again() ->
                  try py:shared_dict_update_with(SD, n, fun(N) -> N + 1 end)
                  catch error:{badkey, n} -> Again()   % just popped
                  end
          end,
    _ = at_once(2, fun(_) -> [Add() || _ <- lists:seq(1, 250)] end),
    {ok, none} = py:await(Python, 60000),
    ?assertEqual(1000, py:shared_dict_get(SD, n)).

update_with_large_values(_Config) ->
    SD = new(),
    Big = binary:copy(<<"v">>, 3 bsl 20),
    ok = py:shared_dict_set(SD, k, Big),
    Longer = <<Big/binary, "!">>,
    ?assertEqual(Longer, py:shared_dict_update_with(SD, k, fun(Old) -> <<Old/binary, "!">> end)),
    ?assertEqual(Longer, py:shared_dict_get(SD, k)),
    Long = lists:duplicate(300000, 1000),
    ?assertEqual(Long, py:shared_dict_update_with(SD, k, fun(_) -> Long end)),
    ?assertEqual([1 | Long], py:shared_dict_update_with(SD, k, fun(Old) -> [1 | Old] end)),
    %% another comes first
    ok = py:shared_dict_set(SD, k, Big),
    ?assertEqual({last, 2},
                 begin
                     py:shared_dict_update_with(SD, k, fun(Old) when Old =:= Big -> ok = py:shared_dict_set(SD, k, 2), Big;
                                                          (2) -> {last, 2} end)
                 end),
    ?assertEqual({<<"last">>, 2}, py:shared_dict_get(SD, k)).

is_key_and_size(_Config) ->
    SD = new(),
    ?assertEqual({false, 0}, {py:shared_dict_is_key(SD, k), py:shared_dict_size(SD)}),
    ok = py:shared_dict_set_many(SD, #{k => none, 7 => 1}),
    ?assertEqual({true, true, true, false, 2},
                 {py:shared_dict_is_key(SD, k), py:shared_dict_is_key(SD, <<"k">>), py:shared_dict_is_key(SD, 7),
                  py:shared_dict_is_key(SD, <<"7">>), py:shared_dict_size(SD)}).

clear(_Config) ->
    SD = new(),
    ?assertEqual(ok, py:shared_dict_clear(SD)),
    ok = py:shared_dict_set_many(SD, [{Key, Key} || Key <- lists:seq(1, 1000)]),
    ?assertEqual(ok, py:shared_dict_clear(SD)),
    ?assertEqual({[], 0, undefined}, {py:shared_dict_keys(SD), py:shared_dict_size(SD), py:shared_dict_get(SD, 1)}),
    ok = py:shared_dict_set(SD, again, 1),
    ?assertEqual({ok, [<<"again">>]}, py:eval(<<"list(__import__('erlang').SharedDict(sd))">>, #{sd => SD})),
    %% it is still its owner's
    ok = py:shared_dict_destroy(SD),
    ?assertError(badarg, py:shared_dict_clear(SD)).

clear_gives_memory_back(_Config) ->
    SD = new(),
    Before = used(),
    [begin
         ok = py:shared_dict_set_many(SD, [{Key, binary:copy(<<"v">>, 1000)} || Key <- lists:seq(1, 500)]),
         ok = py:shared_dict_clear(SD)
     end || _ <- lists:seq(1, 20)],
    py_ct:eventually(fun() -> used() =< Before + 100000 end).

used() ->
    #{used := Used} = py:info(),
    Used.

%% Whoever works on the dict meanwhile sees all of it or nothing, and no error.
clear_between_others(_Config) ->
    SD = new(),
    Pairs = [{Key, Key} || Key <- lists:seq(1, 20)],
    Writer = spawn_monitor(fun() -> [ok = py:shared_dict_set_many(SD, Pairs) || _ <- lists:seq(1, 500)] end),
    Cleaner = spawn_monitor(fun() -> [ok = py:shared_dict_clear(SD) || _ <- lists:seq(1, 500)] end),
    Sizes = [py:shared_dict_size(SD) || _ <- lists:seq(1, 1000)],
    ?assertEqual([], lists:usort(Sizes) -- [0, 20]),
    [receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end || {Pid, Monitor} <- [Writer, Cleaner]].

from_map(_Config) ->
    {ok, SD} = py:shared_dict_from_map(#{host => <<"localhost">>, 7 => [1]}),
    ?assertEqual(#{<<"host">> => <<"localhost">>, 7 => [1]}, py:shared_dict_to_map(SD)),
    Dicts = dicts(),
    ?assertMatch({error, {bad_term, [<<"k">>, <<"a">>], duplicate_key}}, py:shared_dict_from_map(#{k => #{a => 1, <<"a">> => 2}})),
    {_, Text} = py_ct:badarg_text(fun() -> py:shared_dict_from_map(#{1.5 => 1}) end),
    contains(Text, <<"argument 1: must be a map or list of pairs">>),
    ?assertError(badarg, py:shared_dict_from_map([{a, 1}])),
    ?assertEqual(Dicts, dicts()).

dicts() ->
    #{dicts := Dicts} = py:info(),
    Dicts.

merge(_Config) ->
    {ok, SD} = py:shared_dict_from_map(#{a => 1, b => 1}),
    {ok, Other} = py:shared_dict_from_map(#{b => 2, c => 2}),
    ?assertEqual(ok, py:shared_dict_merge(SD, Other)),
    ?assertEqual(ok, py:shared_dict_merge(SD, #{c => 3, d => 3})),
    ?assertEqual(ok, py:shared_dict_merge(SD, [{d, 4}, {e, 4}])),
    ?assertEqual(#{<<"a">> => 1, <<"b">> => 2, <<"c">> => 3, <<"d">> => 4, <<"e">> => 4}, py:shared_dict_to_map(SD)),
    ?assertEqual(#{<<"b">> => 2, <<"c">> => 2}, py:shared_dict_to_map(Other)),
    ok = py:shared_dict_destroy(Other),
    {_, Text} = py_ct:badarg_text(fun() -> py:shared_dict_merge(SD, Other) end),
    contains(Text, <<"argument 2: the SharedDict has been destroyed">>).

fold_and_foreach(_Config) ->
    SD = new(),
    [ok = py:shared_dict_set(SD, Key, Value) || {Key, Value} <- [{b, 1}, {a, 2}, {3, 3}]],
    ?assertEqual([{3, 3}, {<<"a">>, 2}, {<<"b">>, 1}],
                 py:shared_dict_fold(fun(Key, Value, Pairs) -> [{Key, Value} | Pairs] end, [], SD)),
    ?assertEqual(ok, py:shared_dict_foreach(fun(Key, Value) -> self() ! {Key, Value} end, SD)),
    ?assertEqual([{<<"b">>, 1}, {<<"a">>, 2}, {3, 3}], [receive Pair -> Pair after 0 -> nothing end || _ <- [1, 2, 3]]),
    ?assertEqual(none, py:shared_dict_fold(fun(_, _, _) -> some end, none, new())).

a_fold_sees_one_moment(_Config) ->
    SD = new(),
    ok = py:shared_dict_set_many(SD, [{Key, 0} || Key <- lists:seq(1, 100)]),
    Seen = py:shared_dict_fold(fun(Key, 0, Sum) -> ok = py:shared_dict_clear(SD), Key + Sum end, 0, SD),
    ?assertEqual({5050, 0}, {Seen, py:shared_dict_size(SD)}).

wrong_arguments(_Config) ->
    SD = new(),
    [begin
         {{py, Function, Args, _}, Text} = py_ct:badarg_text(fun() -> apply(py, Function, Args) end),
         contains(Text, Words)
     end || {Function, Args, Words} <-
                [{shared_dict_update_with, [SD, k, not_a_fun], <<"argument 3: must be a function of one argument">>},
                 {shared_dict_update_with, [SD, k, fun() -> 1 end, 1], <<"argument 3: must be a function of one argument">>},
                 {shared_dict_fold, [fun(_) -> 1 end, 0, SD], <<"argument 1: must be a function of three arguments">>},
                 {shared_dict_foreach, [fun(_) -> 1 end, SD], <<"argument 1: must be a function of two arguments">>},
                 {shared_dict_fold, [fun(_, _, _) -> 1 end, 0, nothing], <<"argument 3: not a SharedDict handle">>},
                 {shared_dict_foreach, [fun(_, _) -> 1 end, nothing], <<"argument 2: not a SharedDict handle">>},
                 {shared_dict_merge, [SD, nothing], <<"argument 2: must be a map or list of pairs">>},
                 {shared_dict_take, [SD, 1.5], <<"argument 2: key must be">>},
                 {shared_dict_put_new, [nothing, k, 1], <<"argument 1: not a SharedDict handle">>}]].

after_destroy(_Config) ->
    SD = new(),
    ok = py:shared_dict_destroy(SD),
    Id = fun(X) -> X end,
    [begin
         {{py, Function, Args, _}, Text} = py_ct:badarg_text(fun() -> apply(py, Function, Args) end),
         contains(Text, <<"the SharedDict has been destroyed">>)
     end || {Function, Args} <-
                [{shared_dict_take, [SD, k]}, {shared_dict_take, [SD, k, 1]}, {shared_dict_put_new, [SD, k, 1]},
                 {shared_dict_update_with, [SD, k, Id]}, {shared_dict_update_with, [SD, k, Id, 1]},
                 {shared_dict_is_key, [SD, k]}, {shared_dict_size, [SD]}, {shared_dict_clear, [SD]},
                 {shared_dict_merge, [SD, #{}]}, {shared_dict_fold, [fun(_, _, _) -> 1 end, 0, SD]},
                 {shared_dict_foreach, [fun(_, _) -> 1 end, SD]}]].

%% Handles work from everywhere.
on_another_node(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              SD = new(),   % now that this node has a name
              There = fun(Function, Args) -> erpc:call(Node, py, Function, Args) end,
              ?assertEqual(true, There(shared_dict_put_new, [SD, k, 1])),
              ?assertEqual(<<"1">>, There(shared_dict_update_with, [SD, k, fun erlang:integer_to_binary/1])),
              ?assertEqual({true, 1}, {There(shared_dict_is_key, [SD, k]), There(shared_dict_size, [SD])}),
              ?assertEqual(<<"1">>, There(shared_dict_take, [SD, k])),
              ok = py:shared_dict_set(SD, pid, self()),
              ?assertEqual(self(), There(shared_dict_take, [SD, pid])),
              ok = There(shared_dict_set, [SD, k, 1]),
              ?assertEqual(ok, There(shared_dict_clear, [SD])),
              ?assertEqual(0, py:shared_dict_size(SD))
      end).

python_pops_what_erlang_puts(_Config) ->
    SD = new(),
    Python = py:spawn_call(builtins, exec, [<<"left = 300\n"
                                              "while left:\n"
                                              "    try:\n"
                                              "        key, value = sd.popitem()\n"
                                              "    except KeyError:\n"
                                              "        continue\n"
                                              "    assert key == value['key'], value\n"
                                              "    left -= 1\n">>, #{sd => SD}]),
    [true = py:shared_dict_put_new(SD, Key, #{key => Key, more => binary:copy(<<"v">>, Key * 20)})
     || Key <- lists:seq(1, 300)],
    ?assertEqual({ok, none}, py:await(Python, 60000)),
    ?assertEqual(0, py:shared_dict_size(SD)).

%% Module shared_dict: each function once.
names_of_maps(_Config) ->
    {ok, SD} = shared_dict:new(),
    ok = shared_dict:put(SD, a, 1),
    true = shared_dict:put_new(SD, b, 2),
    false = shared_dict:put_new(SD, b, 3),
    ?assertEqual({1, undefined, default}, {shared_dict:get(SD, a), shared_dict:get(SD, c), shared_dict:get(SD, c, default)}),
    ?assertEqual({{ok, 1}, error}, {shared_dict:find(SD, a), shared_dict:find(SD, c)}),
    ?assertEqual({true, false, 2}, {shared_dict:is_key(SD, a), shared_dict:is_key(SD, c), shared_dict:size(SD)}),
    ?assertEqual(2, shared_dict:update_with(SD, a, fun(N) -> N + 1 end)),
    ?assertEqual(5, shared_dict:update_with(SD, c, fun(N) -> N + 1 end, 5)),
    ?assertEqual({[<<"a">>, <<"b">>, <<"c">>], [2, 2, 5]}, {shared_dict:keys(SD), shared_dict:values(SD)}),
    ?assertEqual([{<<"a">>, 2}, {<<"b">>, 2}, {<<"c">>, 5}], shared_dict:to_list(SD)),
    ?assertEqual(#{<<"a">> => 2, <<"b">> => 2, <<"c">> => 5}, shared_dict:to_map(SD)),
    ?assertEqual({#{a => 2}, #{<<"c">> => 5}}, {shared_dict:with([a, x], SD), shared_dict:without([a, <<"b">>], SD)}),
    ?assertEqual(9, shared_dict:fold(fun(_, N, Sum) -> N + Sum end, 0, SD)),
    ok = shared_dict:foreach(fun(Key, _) -> shared_dict:remove(SD, Key) end, SD),
    ?assertEqual({0, [], []}, {shared_dict:size(SD), shared_dict:to_list(SD), shared_dict:values(SD)}),
    {ok, Other} = shared_dict:from_map(#{x => 1}),
    ok = shared_dict:merge(SD, Other),
    ?assertEqual({1, undefined, none}, {shared_dict:take(SD, x), shared_dict:take(SD, x), shared_dict:take(SD, x, none)}),
    ok = shared_dict:clear(Other),
    ?assert(is_binary(shared_dict:name(Other))),
    ?assertMatch(#{keys := 0}, shared_dict:info(Other)),
    ok = shared_dict:destroy(Other),
    ?assertError(badarg, shared_dict:get(Other, x)).

numbers(_Config) ->
    SD = new(),
    ?assertEqual([5, 3, 7, 6, 4, 4, 9],
                 [py:shared_dict_add(SD, n, 5), py:shared_dict_sub(SD, n, 2), py:shared_dict_bor(SD, n, 4),
                  py:shared_dict_bxor(SD, n, 1), py:shared_dict_band(SD, n, 12), py:shared_dict_swap(SD, n, 9),
                  py:shared_dict_get(SD, n)]),
    ok = py:shared_dict_set(SD, n, -1),
    ?assertEqual(#{<<"n">> => -1}, py:shared_dict_to_map(SD)),
    ?assertEqual({ok, [-1, 0, 1]}, py:eval(<<"(lambda d: [d['n'], d.inc('n'), d.add('n', 1)])(__import__('erlang').SharedDict(sd))">>,
                                           #{sd => SD})),
    ?assertEqual([2, 1, 3, 2, 0, 0, 8, ok],
                 [shared_dict:add(SD, n, 1), shared_dict:sub(SD, n, 1), shared_dict:'bor'(SD, n, 2), shared_dict:'bxor'(SD, n, 1),
                  shared_dict:'band'(SD, n, 4), shared_dict:swap(SD, n, 8), shared_dict:get(SD, n), shared_dict:cas(SD, n, 8, 9)]),
    ?assertEqual(9, py:shared_dict_take(SD, n)).

numbers_that_do_not_fit(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, n, ?MOST),
    ?assertEqual({error, {bad_term, [], overflow}}, py:shared_dict_add(SD, n, 1)),
    ?assertEqual({error, {bad_term, [], overflow}}, py:shared_dict_sub(SD, missing, -?MOST - 1)),
    ?assertEqual(?MOST, py:shared_dict_get(SD, n)),
    [begin
         ok = py:shared_dict_set(SD, k, Value),
         ?assertEqual({error, {bad_term, [], not_an_integer}}, py:shared_dict_add(SD, k, 1)),
         ?assertEqual(in_erlang(Value), py:shared_dict_get(SD, k))
     end || Value <- values(), not (is_integer(Value) andalso Value =< ?MOST)],
    [begin
         {_, Text} = py_ct:badarg_text(fun() -> py:shared_dict_add(SD, n, N) end),
         contains(Text, <<"argument 3: must be an integer of 64 bits">>)
     end || N <- [1.0, <<"1">>, ?MOST + 1, one]],
    ?assertError(badarg, py:shared_dict_add(nothing, n, 1)),
    ?assertEqual([<<"n">>, <<"k">>], py:shared_dict_keys(SD)).

cas(_Config) ->
    SD = new(),
    ?assertEqual({error, undefined}, py:shared_dict_cas(SD, k, a, b)),
    ?assertEqual({error, 0}, py:shared_dict_cas(SD, n, 3, 5)),
    {ok, {error, 0}} = py:shared_dict_transaction(SD, fun(T) -> py:shared_dict_cas(T, n, 3, 5) end),
    ?assertNot(py:shared_dict_is_key(SD, n)),
    ?assertEqual(ok, py:shared_dict_cas(SD, n, 0, 5)),
    ?assertEqual({error, 5}, py:shared_dict_cas(SD, n, 0, 6)),
    ?assertEqual(ok, py:shared_dict_cas(SD, n, 5, <<"text">>)),
    ?assertEqual({error, <<"text">>}, py:shared_dict_cas(SD, n, 5, 6)),
    [begin
         ok = py:shared_dict_set(SD, k, Value),
         ?assertEqual({error, in_erlang(Value)}, py:shared_dict_cas(SD, k, <<"another">>, 0)),
         ?assertEqual(ok, py:shared_dict_cas(SD, k, in_erlang(Value), new)),
         ?assertEqual(<<"new">>, py:shared_dict_get(SD, k))
     end || Value <- values()],
    {error, {bad_term, _, duplicate_key}} = py:shared_dict_cas(SD, k, <<"new">>, #{a => 1, <<"a">> => 2}),
    ?assertEqual(<<"new">>, py:shared_dict_get(SD, k)).

numbers_lose_nothing(_Config) ->
    SD = new(),
    Python = [py:spawn_call(builtins, exec, [<<"cell = sd.cell('n')\n"
                                               "for _ in range(5000):\n"
                                               "    cell.add(1)\n"
                                               "    sd.add('n', 1)\n">>, #{sd => SD}]) || _ <- [1, 2]],
    Results = lists:append(at_once(4, fun(_) -> [py:shared_dict_add(SD, n, 1) || _ <- lists:seq(1, 250)] end)),
    [{ok, none} = py:await(Call, 60000) || Call <- Python],
    ?assertEqual(21000, py:shared_dict_get(SD, n)),
    ?assertEqual(1000, length(lists:usort(Results))).

%% An addition between its reading and its writing makes update_with begin anew.
numbers_and_update_with(_Config) ->
    SD = new(),
    0 = py:shared_dict_add(SD, n, 0),
    _ = at_once(4, fun(N) ->
                           [case N rem 2 of
                                0 -> py:shared_dict_update_with(SD, n, fun(Old) -> Old + 1 end);
                                1 -> py:shared_dict_add(SD, n, 1)
                            end || _ <- lists:seq(1, 250)]
                   end),
    ?assertEqual(1000, py:shared_dict_get(SD, n)).

%%% Helpers

new() ->
    {ok, SD} = py:shared_dict_new(),
    SD.

contains(Text, Words) -> ?assertNotEqual(nomatch, string:find(Text, Words), Text).

%% What each of so many processes gives, which do it at the same time.
at_once(Processes, Work) ->
    Self = self(),
    Pids = [spawn_link(fun() -> Self ! {self(), Work(N)} end) || N <- lists:seq(1, Processes)],
    [receive {Pid, Result} -> Result end || Pid <- Pids].
