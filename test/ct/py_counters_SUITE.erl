%% Named counters: what OTP's counters do, and where these differ.
-module(py_counters_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([as_of_otp/1, named/1, not_made_before/1, without_wrapping/1, what_is_no_counter/1, wrong_arguments/1, nothing_is_lost/1,
         from_python/1, after_destroy/1, on_another_node/1]).

-define(MOST, ((1 bsl 63) - 1)).

-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [as_of_otp, named, not_made_before, without_wrapping, what_is_no_counter, wrong_arguments, nothing_is_lost, from_python,
     after_destroy, on_another_node].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

%% The same steps on both; what each step gives is the same, too.
as_of_otp(_Config) ->
    {ok, Ours} = shared_counters:new(3),
    ?assertEqual(steps(counters, counters:new(3, [atomics])), steps(shared_counters, Ours)).

steps(Module, Counters) ->
    Size = maps:with([size], Module:info(Counters)),
    [Size | [{Step, apply(Module, Step, [Counters | Args])}
             || {Step, Args} <- [{get, [1]}, {add, [1, 5]}, {sub, [2, 7]}, {get, [1]}, {get, [2]}, {get, [3]}, {put, [3, -9]},
                                 {add, [3, ?MOST]}, {get, [3]}, {put, [3, ?MOST]}, {get, [3]}, {put, [3, -?MOST - 1]}, {get, [3]},
                                 {add, [1, -100]}, {get, [1]}, {sub, [1, -100]}, {get, [1]}, {add, [2, 0]}, {get, [2]}]]].

named(_Config) ->
    {ok, Counters} = shared_counters:new([hits, <<"misses">>, 7]),
    #{size := 3, memory := Memory} = shared_counters:info(Counters),
    ?assert(Memory > 0),
    ?assertEqual(#{<<"hits">> => 0, <<"misses">> => 0, 7 => 0}, shared_dict:to_map(Counters)),
    ok = shared_counters:add(Counters, <<"hits">>, 2),
    ok = shared_counters:add(Counters, misses, 3),
    ok = shared_counters:add(Counters, 7, 4),
    ?assertEqual(#{<<"hits">> => 2, <<"misses">> => 3, 7 => 4}, shared_dict:to_map(Counters)),
    {ok, None} = shared_counters:new([]),
    ?assertMatch(#{size := 0}, shared_counters:info(None)).

%% Reading one does not make it, changing it does.
not_made_before(_Config) ->
    Counters = new(),
    ?assertEqual(0, shared_counters:get(Counters, a)),
    ?assertMatch(#{size := 0}, shared_counters:info(Counters)),
    ok = shared_counters:add(Counters, a, 5),
    ok = shared_counters:sub(Counters, b, 5),
    ok = shared_counters:put(Counters, c, 6),
    ?assertEqual([5, -5, 6], [shared_counters:get(Counters, Name) || Name <- [a, b, c]]),
    ?assertMatch(#{size := 3}, shared_counters:info(Counters)),
    ok = shared_dict:remove(Counters, a),
    ?assertEqual(0, shared_counters:get(Counters, a)).

without_wrapping(_Config) ->
    Counters = new(),
    ok = shared_counters:put(Counters, n, ?MOST),
    ?assertEqual({error, {bad_term, [], overflow}}, shared_counters:add(Counters, n, 1)),
    ?assertEqual(?MOST, shared_counters:get(Counters, n)),
    ?assertEqual({error, {bad_term, [], overflow}}, shared_counters:sub(Counters, new, -?MOST - 1)),
    ?assertMatch(#{size := 1}, shared_counters:info(Counters)).

what_is_no_counter(_Config) ->
    Counters = new(),
    [begin
         ok = shared_dict:put(Counters, k, Value),
         [?assertEqual({error, {bad_term, [], not_an_integer}}, Use(Counters))
          || Use <- [fun(C) -> shared_counters:get(C, k) end, fun(C) -> shared_counters:add(C, k, 1) end,
                     fun(C) -> shared_counters:sub(C, k, 1) end, fun(C) -> shared_counters:put(C, k, 1) end]],
         ?assertEqual(Value, shared_dict:get(Counters, k))
     end || Value <- [<<"text">>, 1.0, true, none, [1], ?MOST + 1, -?MOST - 2]].

wrong_arguments(_Config) ->
    Counters = new(),
    [begin
         {_, Text} = py_ct:badarg_text(fun() -> shared_counters:new(Names) end),
         ?assertNotEqual(nomatch, string:find(Text, "argument 1: must be a number of counters from 1 to a million"), Text)
     end || Names <- [0, -1, 1.0, a, <<"a">>, 1 bsl 30, [a | b]]],
    [?assertError(badarg, Use())
     || Use <- [fun() -> shared_counters:new([1.0]) end, fun() -> shared_counters:new([a, {}]) end,
                fun() -> shared_counters:get(nothing, n) end, fun() -> shared_counters:get(Counters, 1.0) end,
                fun() -> shared_counters:add(Counters, {}, 1) end, fun() -> shared_counters:add(Counters, n, 1.0) end,
                fun() -> shared_counters:sub(Counters, n, ?MOST + 1) end, fun() -> shared_counters:put(Counters, n, one) end,
                fun() -> shared_counters:put(nothing, n, 1) end, fun() -> shared_counters:info(nothing) end]],
    ?assertMatch(#{size := 0}, shared_counters:info(Counters)).

nothing_is_lost(_Config) ->
    {ok, Counters} = shared_counters:new([up, down]),
    Self = self(),
    Pids = [spawn_link(fun() ->
                               [begin
                                    ok = shared_counters:add(Counters, up, N),
                                    ok = shared_counters:sub(Counters, down, N)
                                end || _ <- lists:seq(1, 250)],
                               Self ! {self(), done}
                       end) || N <- [1, 2, 3, 4]],
    [receive {Pid, done} -> ok end || Pid <- Pids],
    ?assertEqual({2500, -2500}, {shared_counters:get(Counters, up), shared_counters:get(Counters, down)}).

%% Held cells and all: they are integers of a dict there.
from_python(_Config) ->
    {ok, Counters} = shared_counters:new([hits]),
    Python = py:spawn_call(builtins, exec, [<<"cell = counters.cell('hits')\n"
                                              "for _ in range(2000):\n"
                                              "    cell.add(1)\n"
                                              "    counters.inc('hits')\n">>, #{counters => Counters}]),
    [ok = shared_counters:add(Counters, hits, 1) || _ <- lists:seq(1, 500)],
    {ok, none} = py:await(Python, 60000),
    ?assertEqual(4500, shared_counters:get(Counters, hits)).

after_destroy(_Config) ->
    Counters = new(),
    ok = py:shared_dict_destroy(Counters),
    [?assertError(badarg, Use())
     || Use <- [fun() -> shared_counters:get(Counters, n) end, fun() -> shared_counters:add(Counters, n, 1) end,
                fun() -> shared_counters:sub(Counters, n, 1) end, fun() -> shared_counters:put(Counters, n, 1) end,
                fun() -> shared_counters:info(Counters) end]].

%% OTP's are refused there; these are not.
on_another_node(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              Counters = new(),   % now that this node has a name
              ok = erpc:call(Node, shared_counters, add, [Counters, n, 3]),
              ?assertEqual(3, erpc:call(Node, shared_counters, get, [Counters, n])),
              ok = shared_counters:sub(Counters, n, 1),
              ?assertEqual(2, shared_counters:get(Counters, n))
      end).

%%% Helpers

new() ->
    {ok, Counters} = shared_counters:new(),
    Counters.
