%% Every row of every table in docs/values.md.
-module(py_values_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([every_table_is_run/1, there_and_back/1, terms_that_python_has_no_type_for/1, from_python/1, objects/1, conversions/1,
         conversions_of_numpy/1, not_converted/1, refused_when_converted/1, refused/1, refused_on_the_way_out/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [every_table_is_run, there_and_back, terms_that_python_has_no_type_for, from_python, objects, conversions, conversions_of_numpy,
     not_converted, refused_when_converted, refused, refused_on_the_way_out].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

every_table_is_run(_Config) -> ?assertEqual([24, 6, 7, 9, 20, 7, 2, 4, 2], [length(rows(N)) || N <- lists:seq(1, tables())]).

%% As the value of a key, below others, as a key where Python allows it, as an argument and a variable.
there_and_back(_Config) ->
    SD = new(),
    [begin
         Term = term(Erlang),
         Back = term(Again),
         Told = {Erlang, Python},
         ok = py:shared_dict_set(SD, k, Term),
         ?assertEqual({Told, {ok, true}}, {Told, py:call('__main__', holds, [SD, Python])}),
         ?assertEqual({Told, Back}, {Told, py:shared_dict_get(SD, k)}),
         ?assertEqual({Told, {ok, true}}, {Told, py:call('__main__', same, [Term, Python])}),
         ?assertEqual({Told, {ok, Back}}, {Told, py:eval(<<"x">>, #{x => Term})}),
         ok = py:shared_dict_set(SD, k, #{in => [{Term}]}),
         ?assertEqual({Told, #{<<"in">> => [{Back}]}}, {Told, py:shared_dict_get(SD, k)}),
         as_key(SD, Told, Term, Back)
     end || [Erlang, Python, Again] <- rows(1)].

as_key(SD, Told, Term, Back) ->
    case py:shared_dict_set(SD, k, #{Term => 1}) of
        ok -> ?assertEqual({Told, #{Back => 1}}, {Told, py:shared_dict_get(SD, k)});
        {error, {bad_term, _, unhashable_key}} -> ?assert(is_list(Term) orelse is_map(Term))
    end.

terms_that_python_has_no_type_for(_Config) ->
    SD = new(),
    [begin
         Term = term(Erlang),
         ok = py:shared_dict_set(SD, k, [Term]),
         ?assertEqual({Erlang, [Term]}, {Erlang, py:shared_dict_get(SD, k)}),
         ?assertEqual({Erlang, {ok, true}},
                      {Erlang, py:eval([Condition, <<" and v == sd['k'][0] and hash(v) == hash(sd['k'][0])">>], #{v => Term, sd => SD})}),
         ?assertEqual({Erlang, {ok, Term}}, {Erlang, py:eval(<<"v">>, #{v => Term})})
     end || [Erlang, Condition] <- rows(2)].

from_python(_Config) ->
    SD = new(),
    [begin
         Term = term(Erlang),
         ?assertEqual({Python, {ok, Term}}, {Python, py:eval(Python)}),
         {ok, none} = py:call('__main__', put, [SD, Python]),
         ?assertEqual({Python, Term}, {Python, py:shared_dict_get(SD, k)})
     end || [Python, Erlang] <- rows(3)].

objects(_Config) ->
    SD = new(),
    [begin
         Name = term(Type),
         {ok, {py_object, Name, _} = Object} = py:eval(Python),
         ok = py:shared_dict_set(SD, k, Object),
         ?assertEqual({Python, {ok, true}}, {Python, py:call('__main__', holds, [SD, Python])}),
         ?assertMatch({py_object, Name, _}, py:shared_dict_get(SD, k)),
         ?assertEqual({Python, {ok, true}}, {Python, py:call('__main__', same, [Object, Python])})
     end || [Python, Type] <- rows(4)].

conversions(_Config) ->
    SD = new(),
    [converted(SD, default, Kind, Python, Erlang) || [Kind, Python, Erlang] <- rows(5), Kind =/= <<"numpy">>].

conversions_of_numpy(_Config) ->
    Venv = py_ct:venv(),
    Venv =/= none orelse ct:fail("the packages are not installed; scripts/setup test says why and tries again"),
    ok = py:start_pool(science, #{isolation => process, size => 1, python => Venv}),
    try
        SD = new(science),
        ok = py:exec(science, <<"import numpy">>),
        [converted(SD, science, Kind, Python, Erlang) || [<<"numpy">> = Kind, Python, Erlang] <- rows(5)]
    after ok = py:stop_pool(science)
    end.

%% Read from a call and from a dict, with the kind alone and with all of them; without it, or with the others, an object.
converted(SD, Pool, Kind, Python, Erlang) ->
    Term = term(Erlang),
    {ok, none} = py:call(Pool, '__main__', put, [SD, Python]),
    [begin
         ?assertEqual({Python, {ok, Term}}, {Python, py:eval(Pool, Python, #{}, #{convert => Convert})}),
         ?assertEqual({Python, Term}, {Python, py:shared_dict_get(SD, k, none, #{convert => Convert})})
     end || Convert <- [all, [term(Kind)]]],
    [begin
         ?assertMatch({Python, {ok, {py_object, _, _}}}, {Python, py:eval(Pool, Python, #{}, #{convert => Convert})}),
         ?assertMatch({Python, {py_object, _, _}}, {Python, py:shared_dict_get(SD, k, none, #{convert => Convert})})
     end || Convert <- [none, [set, datetime, decimal, uuid, numpy] -- [term(Kind)]]].

not_converted(_Config) ->
    SD = new(),
    [begin
         Name = term(Type),
         {ok, none} = py:call('__main__', put, [SD, Python]),
         ?assertMatch({Python, {ok, {py_object, Name, _}}}, {Python, py:eval(Python, #{}, #{convert => all})}),
         ?assertMatch({Python, {py_object, Name, _}}, {Python, py:shared_dict_get(SD, k, none, #{convert => all})})
     end || [Python, Type] <- rows(6)].

refused_when_converted(_Config) ->
    SD = new(),
    [begin
         {ok, none} = py:call('__main__', put, [SD, Python]),
         Refused = {bad_term, term(Path), term(Why)},
         ?assertEqual({Python, {error, Refused}}, {Python, py:eval(Python, #{}, #{convert => all})}),
         ?assertEqual({Python, {error, Refused}}, {Python, py:shared_dict_get(SD, k, none, #{convert => all})})
     end || [Python, Path, Why] <- rows(7)].

refused(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, old),
    [begin
         ?assertEqual({error, {bad_term, term(Path), term(Why)}}, py:shared_dict_set(SD, k, term(Erlang))),
         ?assertEqual(<<"old">>, py:shared_dict_get(SD, k))
     end || [Erlang, Path, Why] <- rows(8)].

refused_on_the_way_out(_Config) ->
    SD = new(),
    [begin
         {ok, none} = py:call('__main__', put, [SD, Python]),
         ?assertEqual({error, {bad_term, term(Path), term(Why)}}, py:shared_dict_get(SD, k)),
         ?assertEqual({ok, true}, py:call('__main__', holds, [SD, Python]))
     end || [Python, Path, Why] <- rows(9)].

%%% Python's half, and the page

%% What has the same text has the same types and zeros, too; the order of a map's keys is the VM's business.
new() -> new(default).

new(Pool) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:exec(Pool, <<"import erlang\n"
                         "from datetime import *\n"
                         "from decimal import Decimal\n"
                         "from uuid import UUID\n"
                         "def by_key(pairs): return sorted(pairs.items(), key=lambda pair: repr(pair[0]))\n"
                         "def alike(a, b):\n"
                         "  if type(a) is not type(b): return False\n"
                         "  if isinstance(a, dict): return alike(by_key(a), by_key(b))\n"
                         "  if isinstance(a, (list, tuple)): return len(a) == len(b) and all(map(alike, a, b))\n"
                         "  return a == b and (isinstance(a, (set, frozenset)) or repr(a) == repr(b))\n"
                         "def same(value, code): return alike(value, eval(code))\n"
                         "def holds(handle, code): return same(erlang.SharedDict(handle)['k'], code)\n"
                         "def put(handle, code): erlang.SharedDict(handle)['k'] = eval(code)\n"
                         "sd = erlang.SharedDict(handle)\n">>, #{handle => SD}),
    SD.

term(Text) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list([Text, "."])),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, Term, _} = erl_eval:exprs(Expressions, []),
    Term.

tables() -> length(page()).

%% The rows of the Nth table, each a list of the code in its cells.
rows(N) -> lists:nth(N, page()).

page() ->
    {ok, Text} = file:read_file(found(py_ct:data("python"))),
    [_ | Parts] = binary:split(Text, <<"<!-- rows: ">>, [global]),
    [[cells(Line) || <<"| `", _/binary>> = Line <- tl(table(Part))] || Part <- Parts].

%% The page in the nearest folder above: the suites may run from a copy of them.
found(Folder) ->
    Page = filename:join([Folder, "docs", "values.md"]),
    case filelib:is_regular(Page) of
        true -> Page;
        false when Folder =/= "/" -> found(filename:dirname(Folder))
    end.

table(Part) -> [Line || <<"|", _/binary>> = Line <- binary:split(Part, <<"\n">>, [global])].

cells(Line) ->
    {match, Cells} = re:run(Line, <<"`([^`]*)`">>, [global, {capture, all_but_first, binary}]),
    [binary:replace(Cell, <<"\\|">>, <<"|">>) || [Cell] <- Cells].
