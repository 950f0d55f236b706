%% test/golden/values.txt through the whole of pyport: what Erlang stores is the Python value that stands
%% beside it, what Python stores is the Erlang term, and what has no form on the other side says why.
-module(py_golden_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([terms_become_values/1, values_become_terms/1, arguments_and_results/1, refused_terms/1, refused_values/1,
         opaque_values/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() -> [terms_become_values, values_become_terms, arguments_and_results, refused_terms, refused_values, opaque_values].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

%% Python looks at types and signs: 1 is not True, 0.0 is not -0.0.
terms_become_values(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = define(),
    [begin
         ok = py:shared_dict_set(SD, k, term(Case)),
         ?assertEqual({Name, {ok, true}}, {Name, py:call('__main__', holds, [SD, maps:get(python, Case)])})
     end || #{name := Name} = Case <- cases([both, store]), writes_it_so(Case)].

%% What Python holds as the bytes of its ETF is compared by them, and a node writes pids, ports and the
%% like in the form of its release.
writes_it_so(#{python := <<"_erlang", _/binary>>, etf := Etf} = Case) -> py_protocol:encode(term(Case)) =:= <<131, Etf/binary>>;
writes_it_so(_) -> true.

%% The case "object" is left out where Python loads it: its pickle is None, whatever its name says.
values_become_terms(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = define(),
    [begin
         {ok, none} = py:call('__main__', put, [SD, maps:get(python, Case)]),
         Term = term(Case),   % first, so that the node knows its atoms
         ?assertEqual({Name, Term}, {Name, py:shared_dict_get(SD, k)})
     end || #{name := Name} = Case <- cases([both, fetch]), Name =/= <<"object">>].

%% The same on the other way: as a variable, and as a result.
arguments_and_results(_Config) ->
    [begin
         ?assertEqual({Name, {ok, term(Case)}}, {Name, py:eval(maps:get(python, Case), #{'_erlang' => none})})
     end || #{name := Name, python := Python} = Case <- cases([both, fetch]), binary:match(Python, <<"_erlang">>) =:= nomatch],
    [?assertEqual({Name, {ok, term(Case)}}, {Name, py:eval(<<"x">>, #{x => term(Case)})})
     || #{name := Name} = Case <- cases([both]), Name =/= <<"object">>].

%% The old value stays, and the error is the same as a variable's.
refused_terms(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, old),
    [begin
         {error, {bad_term, Path, Why}} = py:shared_dict_set(SD, k, term(Case)),
         ?assertEqual({Name, without_culprit(Refusal)}, {Name, without_culprit(told(Why, Path))}),
         ?assertEqual(<<"old">>, py:shared_dict_get(SD, k)),
         ?assertMatch({error, {bad_term, _, Why}}, py:eval(<<"x">>, #{x => term(Case)}))
     end || #{name := Name, python := Refusal} = Case <- cases([refuse_term])].

refused_values(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = define(),
    Cases = [{Name, <<Why/binary, " ", Path/binary>>, Python}
             || #{name := Name, python := Text} <- cases([refuse_pickle]),
                [Why, Path, Python] <- [split_twice(Text)], Python =/= <<"-">>],
    ?assert(length(Cases) > 3),
    [begin
         {ok, none} = py:call('__main__', put, [SD, Python]),
         {error, {bad_term, Path, Why}} = py:shared_dict_get(SD, k),
         ?assertEqual({Name, Refusal}, {Name, told(Why, Path)}),
         ?assertEqual({error, {bad_term, Path, Why}}, py:eval(Python)),
         %% Python still has it
         ?assertEqual({ok, true}, py:call('__main__', holds, [SD, Python]))
     end || {Name, Refusal, Python} <- Cases].

%% Erlang carries a pickle that it cannot read; nobody loads it on the way.
opaque_values(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    [begin
         Object = {py_object, <<"any.Type">>, Pickle},
         ok = py:shared_dict_set(SD, k, [Object]),
         ?assertEqual({Name, [Object]}, {Name, py:shared_dict_get(SD, k)})
     end || #{name := Name, pickle := Pickle} <- cases([opaque])].

%%% Helpers

%% Both take the Python value as text.
define() ->
    py:exec(<<"
              import _erlang
              from erlang import SharedDict

              def put(sd, text):
                  SharedDict(sd)['k'] = eval(text)

              def shape(v):
                  if isinstance(v, (list, tuple)):
                      return type(v), [shape(x) for x in v]
                  if isinstance(v, dict):  # in any order: an Erlang map has none
                      return dict, sorted((repr(shape(k)), repr(shape(x))) for k, x in v.items())
                  return type(v), v.hex() if type(v) is float else v

              def holds(sd, text):
                  return shape(SharedDict(sd)['k']) == shape(eval(text))
              ">>).

term(#{etf := Etf}) -> binary_to_term(<<131, Etf/binary>>).

%% An error as values.txt writes it.
told(Why, Path) -> iolist_to_binary([atom_to_binary(Why), " [", lists:join(",", [step(Step) || Step <- Path]), "]"]).

%% Of two keys that become one, the later is the culprit; the node orders a map's keys as it likes.
without_culprit(<<"duplicate_key ", Path/binary>>) -> {duplicate_key, lists:droplast(split_path(Path))};
without_culprit(Told) -> Told.

%% The comma in a tuple is no separator.
split_path(Path) -> re:split(Path, <<",(?![^{]*})">>).

step(Step) when is_integer(Step) -> integer_to_binary(Step);
step(Step) -> [printable(Byte) || <<Byte>> <= Step].

printable(Byte) when Byte > 32, Byte < 127 -> Byte;
printable(Byte) -> io_lib:format("\\x~2.16.0b", [Byte]).

split_twice(Text) ->
    [Why, Rest] = binary:split(Text, <<" ">>),
    [Why | binary:split(Rest, <<" ">>)].

cases(Kinds) ->
    Cases = [golden(binary:split(Line, <<" | ">>, [global])) || Line <- py_ct:golden("values.txt")],
    Found = [Case || #{kind := Kind} = Case <- Cases, lists:member(Kind, Kinds)],
    ?assert(length(Found) > 7),
    Found.

golden([Name, Kind, Etf, Pickle, _Erlang, Python]) ->
    #{name => Name, kind => binary_to_atom(Kind), etf => py_ct:unhex(Etf), pickle => py_ct:unhex(Pickle), python => Python}.
