%% Properties: values come back as the table of conversions says.
-module(py_prop_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([values_come_back/1, values_come_back_from_python/1, any_term_is_answered/1]).

-include("py_prop.hrl").
-import(py_prop, [check/2, converted/1, key/0]).

suite() -> [{timetrap, {minutes, 5}}].

all() -> [values_come_back, values_come_back_from_python, any_term_is_answered].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

values_come_back(_Config) ->
    with_dict(fun(SD) ->
                      true = check(?FORALL({Key, Value}, {key(), value()},
                                           begin
                                               ok = py:shared_dict_set(SD, Key, Value),
                                               equals(converted(Value), py:shared_dict_get(SD, Key))
                                           end), 1000)
              end).

%% The same by way of Python objects: what Python reads and writes again is the same value.
values_come_back_from_python(_Config) ->
    with_dict(fun(SD) ->
                      ok = py:exec(<<"from erlang import SharedDict\nsd = SharedDict(handle)\n"
                                     "def again(): sd['out'] = sd['in']">>, #{handle => SD}),
                      true = check(?FORALL(Value, value(),
                                           begin
                                               ok = py:shared_dict_set(SD, in, Value),
                                               {ok, none} = py:call('__main__', again, []),
                                               equals(converted(Value), py:shared_dict_get(SD, out))
                                           end), 300)
              end).

%% Anything at all: stored, or refused with a path, and the old value stays.
any_term_is_answered(_Config) ->
    with_dict(fun(SD) ->
                      true = check(?FORALL(Term, any_term(),
                                           begin
                                               ok = py:shared_dict_set(SD, k, old),
                                               case py:shared_dict_set(SD, k, Term) of
                                                   ok -> _ = py:shared_dict_get(SD, k), true;
                                                   {error, {bad_term, Path, Why}} ->
                                                       is_list(Path) andalso Why =/= [] andalso <<"old">> =:= py:shared_dict_get(SD, k)
                                               end
                                           end), 1000)
              end).

%%% Generators

%% What has a form on both sides.
value() -> ?SIZED(Size, value(Size)).

value(0) -> simple();
value(Size) ->
    Part = ?LAZY(resize(Size div 4, value(Size div 4))),
    frequency([{2, simple()}, {2, list(Part)}, {2, ?LET(L, list(Part), list_to_tuple(L))}, {2, map_of(Part)}]).

simple() ->
    frequency([{3, integer()}, {2, ?LET({N, S}, {integer(), range(0, 300)}, N * (1 bsl S) + 1)}, {2, finite_float()}, {3, binary()},
               {2, ?LET(S, list(range(1, 16#d7ff)), unicode:characters_to_binary(S))}, {1, {bytes, binary()}},
               {2, oneof([true, false, none, nil, undefined, ok, 'süß', ''])}, {1, oneof([self(), make_ref()])}]).

finite_float() -> ?LET(F, float(), F).

%% Keys that stay different in Python, where True is 1 is 1.0.
map_of(Part) -> ?LET(Pairs, list({oneof([range(2, 1000), binary(), {range(2, 9), binary()}]), Part}), maps:from_list(Pairs)).

%% proper's own, and what it leaves out.
any_term() ->
    frequency([{8, any()}, {2, value()}, {1, ?LET(T, any(), {bytes, T})}, {1, ?LET(T, any(), [T | T])},
               {1, ?LET(B, binary(), {py_object, <<"x">>, B})},
               {1, ?LET(T, any(), #{T => T, {T} => [T]})}, {1, oneof([fun() -> ok end, fun lists:map/2, <<1:3>>, hd(erlang:ports())])}]).

%%% Helpers

with_dict(Fun) ->
    {ok, SD} = py:shared_dict_new(),
    Fun(SD),
    ok = py:shared_dict_destroy(SD).
