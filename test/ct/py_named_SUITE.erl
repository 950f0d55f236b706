%% Dicts that have a name, and keys that expire: from Erlang, against Python, on other nodes.
-module(py_named_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([one_for_all/1, outlives_its_maker/1, outlives_the_tables_port/1, missing/1, delete/1, destroy/1, info/1,
         names_that_are_none/1, options_that_are_none/1, python_finds_it/1, python_makes_it/1, global/1, global_race/1,
         ttl_of_a_key/1, ttl_of_a_large_value/1, ttl_of_a_dict/1, idle/1, put_new_with_ttl/1, set_forgets/1, sizes/1,
         from_map/1, memory_comes_back/1]).

-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [one_for_all, outlives_its_maker, outlives_the_tables_port, missing, delete, destroy, info, names_that_are_none,
     options_that_are_none, python_finds_it, python_makes_it, global, global_race, ttl_of_a_key, ttl_of_a_large_value,
     ttl_of_a_dict, idle, put_new_with_ttl, set_forgets, sizes, from_map, memory_comes_back].

init_per_suite(Config) -> py_ct:start(Config, [{max_frame, 1 bsl 20}]).

end_per_suite(Config) -> py_ct:stop(Config).

end_per_testcase(_, _Config) -> [ok = py:shared_dict_delete(Name) || Name <- py:shared_dict_names()].

one_for_all(_Config) ->
    {ok, SD} = made(sessions),
    ok = py:shared_dict_set(SD, k, 1),
    [begin
         {ok, Found} = py:shared_dict_open(Name),
         ?assertEqual(1, py:shared_dict_get(Found, k))
     end || Name <- [sessions, <<"sessions">>, "sessions"]],
    ?assertEqual({ok, SD}, made(sessions)),
    {ok, Other} = shared_dict:open(other, #{create => true}),
    ?assertEqual(0, shared_dict:size(Other)),
    ?assertEqual([<<"sessions">>, <<"other">>], py:shared_dict_names()).

outlives_its_maker(_Config) ->
    {Maker, Monitor} = spawn_monitor(fun() ->
                                             {ok, SD} = made(sessions),
                                             ok = py:shared_dict_set(SD, k, 1)
                                     end),
    receive {'DOWN', Monitor, process, Maker, Why} -> ?assertEqual(normal, Why) end,
    %% A dict of that process is gone by now.
    #{owners := _} = py_owner:count(),
    {ok, Found} = py:shared_dict_open(sessions),
    ?assertEqual(1, py:shared_dict_get(Found, k)).

outlives_the_tables_port(_Config) ->
    {ok, SD} = made(sessions),
    ok = py:shared_dict_set(SD, k, 1),
    py_ct:restart_table(),
    {ok, Found} = py:shared_dict_open(sessions),
    ?assertEqual(1, py:shared_dict_get(Found, k)),
    ?assertEqual([<<"sessions">>], py:shared_dict_names()).

missing(_Config) ->
    ?assertEqual({error, not_found}, py:shared_dict_open(nobody)),
    ?assertEqual({error, not_found}, py:shared_dict_open(nobody, #{create => false})),
    ?assertEqual({error, not_found}, py:shared_dict_open(nobody, #{global => true})),
    ?assertEqual({error, not_found}, py:shared_dict_delete(nobody)),
    ?assertEqual([], py:shared_dict_names()).

delete(_Config) ->
    {ok, SD} = made(k),
    ok = py:shared_dict_delete(k),
    ?assertError(badarg, py:shared_dict_get(SD, k)),
    ?assertEqual({error, not_found}, py:shared_dict_open(k)),
    {ok, Again} = made(k),
    ?assertNotEqual(SD, Again),
    ?assertEqual([], py:shared_dict_keys(Again)).

destroy(_Config) ->
    {ok, SD} = made(k),
    ok = py:shared_dict_destroy(SD),
    ?assertEqual([], py:shared_dict_names()),
    ?assertEqual({error, not_found}, py:shared_dict_open(k)).

info(_Config) ->
    {ok, SD} = py:shared_dict_open(k, #{create => true, idle => 60000, max_value_bytes => 1000}),
    #{name := <<"k">>, owner := node, idle := 60000, max_value_bytes := 1000, created := Created, last_use := Used} = py:info(SD),
    Now = erlang:system_time(second),
    ?assert(abs(Now - Created) < 60),
    ?assert(abs(Now - Used) < 60),
    {ok, Own} = py:shared_dict_new(),
    #{owner := process} = Info = py:info(Own),
    ?assertEqual(#{}, maps:with([name, ttl, idle, max_value_bytes, last_use], Info)).

names_that_are_none(_Config) ->
    [begin
         ?assertError(badarg, py:shared_dict_open(Bad, #{create => true})),
         ?assertError(badarg, py:shared_dict_delete(Bad))
     end || Bad <- ['', <<>>, "", binary:copy(<<"n">>, 65), <<"a\nb">>, <<0>>, <<255>>, 1, {a}, [a]]],
    [{ok, _} = made(Good) || Good <- [binary:copy(<<"n">>, 64), <<"Grüße, 1:2/3"/utf8>>, "ä"]].

options_that_are_none(_Config) ->
    Dict = [#{ttl => 0}, #{ttl => -1}, #{ttl => 1.5}, #{idle => infinity}, #{ttl => 1, idle => 1}, #{max_value_bytes => 0},
            #{unknown => 1}, [], none],
    [?assertError(badarg, py:shared_dict_new(Options)) || Options <- Dict],
    [?assertError(badarg, py:shared_dict_from_map(#{}, Options)) || Options <- Dict],
    [?assertError(badarg, py:shared_dict_open(k, Options)) || Options <- [#{create => 1}, #{global => yes} | Dict]],
    {ok, SD} = py:shared_dict_new(),
    [begin
         ?assertError(badarg, py:shared_dict_set(SD, k, 1, Options)),
         ?assertError(badarg, py:shared_dict_put_new(SD, k, 1, Options))
     end || Options <- [#{ttl => 0}, #{ttl => -5}, #{ttl => soon}, #{idle => 1}, none]],
    ?assertEqual([], py:shared_dict_keys(SD)).

python_finds_it(_Config) ->
    {ok, SD} = made(sessions),
    ok = py:shared_dict_set(SD, k, 7),
    ?assertEqual({ok, 7}, py:eval(<<"__import__('erlang').SharedDict.from_name('sessions')['k']">>)),
    ?assertEqual({ok, [<<"sessions">>]}, py:eval(<<"__import__('erlang').SharedDict.names()">>)),
    ?assertMatch({error, {'KeyError', _}}, py:eval(<<"__import__('erlang').SharedDict.from_name('nobody')">>)).

python_makes_it(_Config) ->
    ok = py:exec(<<"from erlang import SharedDict\n"
                           "SharedDict.from_name('jobs', create_if_missing=True, ttl=3600)['k'] = 'v'">>),
    {ok, SD} = py:shared_dict_open(jobs),
    ?assertEqual(<<"v">>, py:shared_dict_get(SD, k)),
    #{ttl := 3600000, owner := node} = py:info(SD),
    ok = py:exec(<<"from erlang import SharedDict\nSharedDict.delete('jobs')">>),
    ?assertEqual({error, not_found}, py:shared_dict_open(jobs)),
    ?assertError(badarg, py:shared_dict_get(SD, k)).

%% One dict for all nodes, on the one that makes it first.
global(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, _} = erpc:call(Node, application, ensure_all_started, [pyport]),
              ok = global:sync(),
              {ok, SD} = erpc:call(Node, py, shared_dict_open, [cluster, #{create => true, global => true}]),
              ok = py:shared_dict_set(SD, k, 1),
              {ok, Here} = py:shared_dict_open(cluster, #{create => true, global => true}),
              ?assertEqual(1, py:shared_dict_get(Here, k)),
              ?assertEqual([], py:shared_dict_names()),
              ?assertEqual([<<"cluster">>], erpc:call(Node, py, shared_dict_names, [])),
              ok = erpc:call(Node, py, shared_dict_delete, [cluster]),
              ?assertEqual({error, not_found}, py:shared_dict_open(cluster, #{global => true}))
      end).

global_race(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, _} = erpc:call(Node, application, ensure_all_started, [pyport]),
              ok = global:sync(),
              [begin
                   Name = <<"race", (integer_to_binary(N))/binary>>,
                   Options = #{create => true, global => true},
                   Calls = [erpc:send_request(Where, py, shared_dict_open, [Name, Options]) || Where <- [node(), Node, node(), Node]],
                   Opened = [erpc:receive_response(Call) || Call <- Calls],
                   ?assertMatch([{ok, _}], lists:usort(Opened))
               end || N <- lists:seq(1, 10)]
      end).

ttl_of_a_key(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    Began = erlang:monotonic_time(millisecond),
    ok = py:shared_dict_set(SD, k, 1, #{ttl => 50}),
    ok = py:shared_dict_set(SD, stays, 2, #{ttl => 3600000}),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, k) =:= undefined end, 60000),
    ?assert(erlang:monotonic_time(millisecond) - Began >= 50),
    ?assertEqual([<<"stays">>], py:shared_dict_keys(SD)),
    ?assertEqual(1, py:shared_dict_size(SD)),
    ?assertEqual(false, py:shared_dict_is_key(SD, k)),
    ?assertEqual(#{<<"stays">> => 2}, py:shared_dict_to_map(SD)),
    ?assertEqual(undefined, py:shared_dict_take(SD, k)),
    ?assertEqual(3, py:shared_dict_add(SD, k, 3)).

ttl_of_a_large_value(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    Large = binary:copy(<<"v">>, 3 bsl 20),
    ok = py:shared_dict_set(SD, k, Large, #{ttl => 3600000}),
    ?assertEqual(Large, py:shared_dict_get(SD, k)),
    ok = py:shared_dict_set(SD, k, Large, #{ttl => 20}),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, k) =:= undefined end, 60000).

ttl_of_a_dict(_Config) ->
    {ok, SD} = py:shared_dict_new(#{ttl => 20}),
    ok = py:shared_dict_set(SD, k, 1),
    ok = py:shared_dict_set_many(SD, #{a => 1, b => [2]}),
    ok = py:shared_dict_set(SD, longer, 1, #{ttl => 3600000}),
    ok = py:shared_dict_set(SD, stays, 1, #{ttl => infinity}),
    py_ct:eventually(fun() -> py:shared_dict_size(SD) =:= 2 end, 60000),
    ?assertEqual([<<"longer">>, <<"stays">>], py:shared_dict_keys(SD)).

idle(_Config) ->
    {ok, SD} = py:shared_dict_new(#{idle => 100}),
    ok = py:shared_dict_set(SD, k, 1),
    py_ct:eventually(fun() -> not py:shared_dict_is_key(SD, k) end, 60000).

put_new_with_ttl(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ?assertEqual(true, py:shared_dict_put_new(SD, k, 1, #{ttl => 3600000})),
    ?assertEqual(false, py:shared_dict_put_new(SD, k, 2, #{ttl => 1})),
    ok = py:shared_dict_set(SD, k, 1, #{ttl => 20}),
    py_ct:eventually(fun() -> py:shared_dict_put_new(SD, k, 3) end, 60000),
    ?assertEqual(3, py:shared_dict_get(SD, k)).

set_forgets(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, 1, #{ttl => 20}),
    ok = py:shared_dict_set(SD, k, 2),
    ok = py:shared_dict_set(SD, other, 1, #{ttl => 20}),
    py_ct:eventually(fun() -> not py:shared_dict_is_key(SD, other) end, 60000),
    ?assertEqual(2, py:shared_dict_get(SD, k)).

sizes(_Config) ->
    {ok, SD} = py:shared_dict_new(#{max_value_bytes => 1000}),
    ok = py:shared_dict_set(SD, k, <<"small">>),
    TooLarge = {error, {table_full, max_value_bytes}},
    ?assertEqual(TooLarge, py:shared_dict_set(SD, k, binary:copy(<<"v">>, 2000))),
    ?assertEqual(TooLarge, py:shared_dict_set(SD, k, binary:copy(<<"v">>, 3 bsl 20))),
    ?assertEqual(TooLarge, py:shared_dict_put_new(SD, l, binary:copy(<<"v">>, 2000))),
    ?assertEqual(TooLarge, py:shared_dict_set_many(SD, #{a => 1, b => binary:copy(<<"v">>, 2000)})),
    ?assertEqual(#{<<"k">> => <<"small">>}, py:shared_dict_to_map(SD)).

from_map(_Config) ->
    {ok, SD} = py:shared_dict_from_map(#{a => 1}, #{ttl => 20}),
    py_ct:eventually(fun() -> py:shared_dict_size(SD) =:= 0 end, 60000),
    ?assertEqual({error, {table_full, max_value_bytes}},
                 py:shared_dict_from_map(#{a => binary:copy(<<"v">>, 100)}, #{max_value_bytes => 10})).

%% Nobody looks at the keys: the port program does.
memory_comes_back(_Config) ->
    {ok, SD} = py:shared_dict_new(#{ttl => 1}),
    ok = py:shared_dict_set_many(SD, maps:from_list([{N, binary:copy(<<"v">>, 1000)} || N <- lists:seq(1, 1000)])),
    py_ct:eventually(fun() -> maps:get(bytes, py:info()) < 100000 end, 60000).

made(Name) -> py:shared_dict_open(Name, #{create => true}).
