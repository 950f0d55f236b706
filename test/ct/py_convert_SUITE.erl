%% The option `convert' of calls and reads: everywhere that it may be given, and that nothing is lost without it. The
%% rows of the table are py_values_SUITE's.
-module(py_convert_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([call/1, eval/1, spawned/1, get/1, get_many/1, to_map/1, inside/1, as_keys/1, kinds_alone/1, back_to_python/1,
         rfc3339/1, sets_are_sets/1, equal_keys/1, not_converted/1, plain_values/1, bad_options/1, refused_elsewhere/1, pools/1,
         other_nodes/1, other_protocols/1, numpy/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-define(DATETIME, <<"__import__('datetime').datetime(2026, 11, 21, 10)">>).
-define(DATETIME_TERM, {{2026, 11, 21}, {10, 0, 0}}).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [call, eval, spawned, get, get_many, to_map, inside, as_keys, kinds_alone, back_to_python, rfc3339, sets_are_sets,
     equal_keys, not_converted, plain_values, bad_options, refused_elsewhere, pools, other_nodes, other_protocols, numpy].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

init_per_testcase(_Case, Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:exec(<<"import erlang, datetime\n"
                   "from datetime import *\n"
                   "from decimal import Decimal\n"
                   "from uuid import UUID\n"
                   "sd = erlang.SharedDict(handle)\n">>, #{handle => SD}),
    [{dict, SD} | Config].

end_per_testcase(_Case, Config) -> py:shared_dict_destroy(?config(dict, Config)).

%% A Python expression, its kind and its term.
objects() ->
    [{"{1, 2}", set, #{1 => [], 2 => []}},
     {"frozenset('a')", set, #{<<"a">> => []}},
     {"date(2026, 11, 21)", datetime, {2026, 11, 21}},
     {"time(10, 0, 0, 5)", datetime, {10, 0, 0, 5}},
     {"datetime(2026, 11, 21, 10)", datetime, ?DATETIME_TERM},
     {"datetime(2026, 11, 21, 10, tzinfo=timezone.utc)", datetime, <<"2026-11-21T10:00:00+00:00">>},
     {"timedelta(hours=-1)", datetime, -3600000000},
     {"Decimal('1.10')", decimal, <<"1.10">>},
     {"UUID(int=5)", uuid, <<"00000000-0000-0000-0000-000000000005">>}].

put(Config, Key, Python) ->
    ok = py:exec(["sd['", Key, "'] = ", Python]),
    ?config(dict, Config).

%%% Where it may be given

call(_Config) ->
    ?assertEqual({ok, ?DATETIME_TERM}, py:call(datetime, datetime, [2026, 11, 21, 10], #{}, #{convert => all})),
    ?assertEqual({ok, ?DATETIME_TERM},
                 py:call(default, datetime, datetime, [2026, 11, 21, 10], #{}, #{convert => [datetime], timeout => 5000})),
    ?assertMatch({ok, {py_object, <<"datetime.datetime">>, _}}, py:call(datetime, datetime, [2026, 11, 21, 10])),
    ?assertMatch({ok, {py_object, _, _}}, py:call(datetime, datetime, [2026, 11, 21, 10], #{}, #{convert => none})),
    ?assertMatch({ok, {py_object, _, _}}, py:call(datetime, datetime, [2026, 11, 21, 10], #{}, #{convert => []})).

eval(_Config) ->
    [begin
         ?assertEqual({Python, {ok, Term}}, {Python, py:eval(Python, #{}, #{convert => [Kind]})}),
         ?assertEqual({Python, {ok, Term}}, {Python, py:eval(Python, #{}, #{convert => all, timeout => infinity})}),
         ?assertMatch({Python, {ok, {py_object, _, _}}}, {Python, py:eval(Python)})
     end || {Python, Kind, Term} <- objects()].

spawned(_Config) ->
    Arguments = [2026, 11, 21, 10],
    Any = py:spawn_call(datetime, datetime, Arguments, #{}, #{convert => all}),
    Home = py:spawn_call('__main__', datetime, Arguments, #{}, #{convert => all}),
    Opaque = py:spawn_call(datetime, datetime, Arguments),
    ?assertEqual({ok, ?DATETIME_TERM}, py:await(Any)),
    ?assertEqual({ok, ?DATETIME_TERM}, py:await(Home)),
    ?assertMatch({ok, {py_object, _, _}}, py:await(Opaque)).

get(Config) ->
    [begin
         SD = put(Config, "k", Python),
         ?assertEqual({Python, Term}, {Python, py:shared_dict_get(SD, k, none, #{convert => [Kind]})}),
         ?assertEqual({Python, Term}, {Python, py:shared_dict_get(SD, k, none, #{convert => all})}),
         {py_object, _, _} = Object = py:shared_dict_get(SD, k),
         ?assertEqual(Object, py:shared_dict_get(SD, k, none, #{})),
         ?assertEqual(Object, py:shared_dict_get(SD, k, none, #{convert => none}))
     end || {Python, Kind, Term} <- objects()],
    ?assertEqual(mine, py:shared_dict_get(?config(dict, Config), missing, mine, #{convert => all})).

get_many(Config) ->
    _ = put(Config, "d", "Decimal(1)"),
    SD = put(Config, "n", "7"),
    ?assertEqual(#{d => <<"1">>, n => 7}, py:shared_dict_get_many(SD, [d, n, missing], #{convert => [decimal]})),
    ?assertMatch(#{d := {py_object, _, _}, n := 7}, py:shared_dict_get_many(SD, [d, n], #{convert => [uuid]})),
    ?assertMatch(#{d := {py_object, _, _}, n := 7}, py:shared_dict_get_many(SD, [d, n])).

to_map(Config) ->
    _ = put(Config, "d", "Decimal(1)"),
    SD = put(Config, "s", "{5}"),
    ?assertEqual(#{<<"d">> => <<"1">>, <<"s">> => #{5 => []}}, py:shared_dict_to_map(SD, #{convert => all})),
    ?assertMatch(#{<<"d">> := <<"1">>, <<"s">> := {py_object, _, _}}, py:shared_dict_to_map(SD, #{convert => [decimal]})),
    ?assertMatch(#{<<"d">> := {py_object, _, _}}, py:shared_dict_to_map(SD)).

%%% What it does

inside(Config) ->
    [begin
         Nested = ["[{'k': (1, [", Python, "])}, ", Python, "]"],
         Expected = [#{<<"k">> => {1, [Term]}}, Term],
         ?assertEqual({Python, {ok, Expected}}, {Python, py:eval(Nested, #{}, #{convert => [Kind]})}),
         ?assertEqual({Python, Expected}, {Python, py:shared_dict_get(put(Config, "k", Nested), k, none, #{convert => all})}),
         ?assertMatch({Python, {ok, {py_object, <<"list">>, _}}}, {Python, py:eval(Nested)})
     end || {Python, Kind, Term} <- objects()].

as_keys(Config) ->
    [begin
         Dict = ["{", Python, ": 1, (0, ", Python, "): 2}"],
         Expected = #{Term => 1, {0, Term} => 2},
         ?assertEqual({Python, {ok, Expected}}, {Python, py:eval(Dict, #{}, #{convert => all})}),
         ?assertEqual({Python, Expected}, {Python, py:shared_dict_get(put(Config, "k", Dict), k, none, #{convert => all})})
     end || {Python, _, Term} <- objects(), Python =/= "{1, 2}"].

kinds_alone(_Config) ->
    Kinds = [set, datetime, decimal, uuid, numpy],
    [?assertMatch({Python, {ok, {py_object, _, _}}}, {Python, py:eval(Python, #{}, #{convert => Kinds -- [Kind]})})
     || {Python, Kind, _} <- objects()].

%% Without the option nothing is lost, and reading with it changes nothing of what is stored.
back_to_python(Config) ->
    [begin
         SD = put(Config, "k", Python),
         Object = py:shared_dict_get(SD, k),
         _ = py:shared_dict_get(SD, k, none, #{convert => all}),
         Same = ["v == ", Python, " == sd['k'] and type(v) is type(", Python, ") is type(sd['k'])"],
         ?assertEqual({Python, {ok, true}}, {Python, py:eval(Same, #{v => Object})})
     end || {Python, _, _} <- objects()].

rfc3339(_Config) ->
    {ok, Text} = py:eval("datetime(2026, 11, 21, 10, 0, 0, 7, tzinfo=timezone(timedelta(hours=1)))", #{}, #{convert => all}),
    ?assertEqual(<<"2026-11-21T10:00:00.000007+01:00">>, Text),
    Seconds = calendar:datetime_to_gregorian_seconds({{2026, 11, 21}, {9, 0, 0}}) - 62167219200,
    ?assertEqual(Seconds * 1000000 + 7, calendar:rfc3339_to_system_time(binary_to_list(Text), [{unit, microsecond}])).

sets_are_sets(_Config) ->
    {ok, Set} = py:eval("{1, 'a', (2, None)}", #{}, #{convert => [set]}),
    ?assert(sets:is_set(Set)),
    ?assertEqual([1, {2, none}, <<"a">>], lists:sort(sets:to_list(Set))),
    {ok, Large} = py:eval("set(range(5000))", #{}, #{convert => all}),
    ?assertEqual(lists:seq(0, 4999), lists:sort(sets:to_list(Large))).

equal_keys(Config) ->
    [begin
         ?assertEqual({Python, {error, {bad_term, Path, duplicate_key}}}, {Python, py:eval(Python, #{}, #{convert => all})}),
         ?assertEqual({Python, {error, {bad_term, Path, duplicate_key}}},
                      {Python, py:shared_dict_get(put(Config, "k", Python), k, none, #{convert => all})}),
         ?assertMatch({Python, {ok, {py_object, _, _}}}, {Python, py:eval(Python)})
     end || {Python, Path} <- [{"{date(2026, 1, 1): 1, (2026, 1, 1): 2}", [<<"{2026,1,1}">>]},
                               {"[{'k': {timedelta(microseconds=5), 5}}]", [1, <<"k">>, 5]},
                               {"{frozenset(['a', 'b']), frozenset([b'a', b'b'])}", [<<"<map>">>]}]],
    %% In what order a set has its elements is Python's business.
    {error, {bad_term, [<<"1">>], duplicate_key}} = py:eval("{Decimal('1'), '1'}", #{}, #{convert => all}),
    Several = py:shared_dict_get_many(put(Config, "m", "{Decimal('1'), '1'}"), [m], #{convert => all}),
    ?assertEqual({error, {bad_term, [<<"m">>, <<"1">>], duplicate_key}}, Several).

not_converted(_Config) ->
    [?assertMatch({Python, {ok, {py_object, _, _}}}, {Python, py:eval(Python, #{}, #{convert => all})})
     || Python <- ["datetime(2026, 10, 25, 2, fold=1)", "time(2, fold=1)", "time(10, tzinfo=timezone.utc)",
                   "datetime(2026, 11, 21, tzinfo=timezone(timedelta(hours=1), 'CET'))",
                   "datetime(2026, 11, 21, tzinfo=timezone(timedelta(seconds=1)))",
                   "datetime(2026, 11, 21, tzinfo=__import__('zoneinfo').ZoneInfo('UTC'))",
                   "[date(2026, 1, 1), 1j]", "timezone.utc", "__import__('collections').Counter('a')",
                   "type('Cut', (set,), {'__module__': 'shop', '__reduce__': lambda self: (bytearray, ())})()"]].

%% An object that Erlang put inside a value is Erlang's.
plain_values(Config) ->
    SD = ?config(dict, Config),
    {ok, {py_object, _, _} = Object} = py:eval("Decimal(1)"),
    ok = py:shared_dict_set(SD, k, [Object]),
    ?assertEqual([Object], py:shared_dict_get(SD, k, none, #{convert => all})),
    ok = py:shared_dict_set(SD, k, Object),
    ?assertEqual(<<"1">>, py:shared_dict_get(SD, k, none, #{convert => all})),
    [begin
         ok = py:shared_dict_set(SD, k, Value),
         ?assertEqual(py:shared_dict_get(SD, k), py:shared_dict_get(SD, k, none, #{convert => all})),
         ?assertEqual(py:eval(v, #{v => Value}), py:eval(v, #{v => Value}, #{convert => all}))
     end || Value <- [1, <<"a">>, [1, {2.0, #{a => none}}], self(), SD, [a | b]]].

%%% Mistakes

bad_options(Config) ->
    SD = ?config(dict, Config),
    Must = "must be all, none or a list of set, datetime, decimal, uuid and numpy",
    Said = fun(Fun) -> unicode:characters_to_list(element(2, py_ct:badarg_text(Fun))) end,
    [begin
         contains(Must, Said(fun() -> py:eval(x, #{}, #{convert => Bad}) end)),
         contains(Must, Said(fun() -> py:call(m, f, [], #{}, #{convert => Bad, timeout => 5}) end)),
         contains(Must, Said(fun() -> py:spawn_call(m, f, [], #{}, #{convert => Bad}) end)),
         contains(Must, Said(fun() -> py:shared_dict_get(SD, k, none, #{convert => Bad}) end)),
         contains(Must, Said(fun() -> py:shared_dict_get_many(SD, [k], #{convert => Bad}) end)),
         contains(Must, Said(fun() -> py:shared_dict_to_map(SD, #{convert => Bad}) end))
     end || Bad <- [true, sets, [sets], [set | uuid], "all"]],
    contains(Must, Said(fun() -> py:shared_dict_get(SD, k, none, #{convert => all, timeout => 5}) end)),
    contains(Must, Said(fun() -> py:shared_dict_to_map(SD, all) end)),
    contains("pool, timeout and convert", Said(fun() -> py:eval(x, #{}, #{convert => all, x => 5}) end)).

%% They give no value.
refused_elsewhere(_Config) ->
    [?assertError(badarg, Call())
     || Call <- [fun() -> py:exec("x = 1", #{}, #{convert => all}) end,
                 fun() -> py:run("x.py", [], #{convert => all}) end,
                 fun() -> py:cast(math, sqrt, [1], #{}, #{convert => all}) end]].

contains(Part, Text) -> ?assertMatch([_, _ | _], string:split(Text, Part), Text).

%%% Elsewhere

pools(_Config) ->
    ok = py:start_pool(apart, #{isolation => process, size => 1}),
    try
        ?assertEqual({ok, ?DATETIME_TERM}, py:eval(apart, ?DATETIME, #{}, #{convert => all})),
        ?assertEqual({ok, ?DATETIME_TERM}, py:eval(?DATETIME, #{}, #{pool => apart, convert => all}))
    after ok = py:stop_pool(apart)
    end.

%% The handle is made when this node has its name.
other_nodes(_Config) ->
    py_ct:with_peer(
      fun(_Peer, Node) ->
              {ok, SD} = py:shared_dict_new(),
              ok = py:exec("erlang.SharedDict(handle)['d'] = Decimal(1)", #{handle => SD}),
              There = fun(Function, Args) -> erpc:call(Node, py, Function, [SD | Args]) end,
              ?assertEqual(<<"1">>, There(shared_dict_get, [d, none, #{convert => all}])),
              ?assertMatch({py_object, _, _}, There(shared_dict_get, [d, none, #{convert => [uuid]}])),
              ?assertMatch({py_object, _, _}, There(shared_dict_get, [d])),
              ?assertEqual(#{d => <<"1">>}, There(shared_dict_get_many, [[d], #{convert => all}])),
              ?assertEqual(#{<<"d">> => <<"1">>}, There(shared_dict_to_map, [#{convert => [decimal]}]))
      end).

%% What Python's own pickle module wrote, by any protocol.
other_protocols(Config) ->
    SD = ?config(dict, Config),
    [begin
         Pickle = ["__import__('pickle').dumps([", Python, "], ", integer_to_list(Protocol), ")"],
         {ok, Bytes} = py:eval(Pickle),
         ok = py:shared_dict_set(SD, k, {py_object, <<"list">>, Bytes}),
         ?assertEqual({Python, Protocol, [Term]}, {Python, Protocol, py:shared_dict_get(SD, k, none, #{convert => all})}),
         ?assertEqual({py_object, <<"list">>, Bytes}, py:shared_dict_get(SD, k))
     end || {Python, _, Term} <- objects(), Protocol <- [2, 3, 4, 5]].

numpy(Config) ->
    Venv = py_ct:venv(),
    Venv =/= none orelse ct:fail("the packages are not installed; scripts/setup test says why and tries again"),
    ok = py:start_pool(science, #{isolation => process, size => 1, python => Venv, preload => [numpy]}),
    try numpy_scalars(?config(dict, Config))
    after ok = py:stop_pool(science)
    end.

numpy_scalars(SD) ->
    ok = py:exec(science, <<"import erlang, numpy as np\nsd = erlang.SharedDict(sd)\n"
                            "def put(value):\n  sd['k'] = value\n  return value">>, #{sd => SD}),
    [begin
         ?assertEqual({Python, {ok, Term}}, {Python, py:eval(science, ["put(", Python, ")"], #{}, #{convert => [numpy]})}),
         ?assertEqual({Python, Term}, {Python, py:shared_dict_get(SD, k, none, #{convert => all})}),
         {py_object, _, _} = Object = py:shared_dict_get(SD, k),
         ?assertEqual({Python, {ok, true}}, {Python, py:eval(science, "repr(v) == repr(sd['k'])", #{v => Object})})
     end || {Python, Term} <- [{"np.bool_(True)", true}, {"np.int8(-1)", -1}, {"np.uint64(2**64 - 1)", (1 bsl 64) - 1},
                               {"np.float16(1.5)", 1.5}, {"np.float32(0.1)", 0.10000000149011612}, {"np.float64('inf')", infinity},
                               {"[np.arange(3).sum(), {np.int32(1): (np.float64(2),)}]", [3, #{1 => {2.0}}]},
                               {"np.array([1], dtype='>i4')[0]", 1}]],
    [?assertMatch({Python, {ok, {py_object, _, _}}}, {Python, py:eval(science, Python, #{}, #{convert => all})})
     || Python <- ["np.array([1])", "np.complex64(1)", "np.longdouble(1)", "np.str_('a')", "np.datetime64('2026-01-01')",
                   "np.dtype('i8')"]].
