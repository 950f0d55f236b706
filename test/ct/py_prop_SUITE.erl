%% Properties: a dict behaves as an ordered map does, and values come back as the table of conversions says.
-module(py_prop_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([dict_is_an_ordered_map/1, broken_dicts_are_found/1, values_come_back/1, values_come_back_from_python/1,
         any_term_is_answered/1]).

%% What PropEr's header says of these; Debian puts the header into a package of its own.
-import(proper, [equals/2]).
-import(proper_types, [integer/0, range/2, float/0, binary/0, list/1, oneof/1, frequency/1, any/0, resize/2]).
-define(FORALL(X, Type, Property), proper:forall(Type, fun(X) -> Property end)).
-define(LET(X, Type, Generator), proper_types:bind(Type, fun(X) -> Generator end, false)).
-define(SIZED(Size, Generator), proper_types:sized(fun(Size) -> Generator end)).
-define(LAZY(Generator), proper_types:lazy(fun() -> Generator end)).

suite() -> [{timetrap, {minutes, 5}}].

all() -> [dict_is_an_ordered_map, broken_dicts_are_found, values_come_back, values_come_back_from_python, any_term_is_answered].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

dict_is_an_ordered_map(_Config) -> true = check(prop_dict(fun apply_to_dict/2), 300).

%% The property is worth something only if it fails for dicts that are wrong in a small way.
broken_dicts_are_found(_Config) ->
    [{Name, false} = {Name, check(prop_dict(Broken), 1000)}
     || {Name, Broken} <- [{del_keeps_a_key, fun(_, {del, <<"b">>}) -> ok; (SD, Op) -> apply_to_dict(SD, Op) end},
                           {keys_are_sorted, fun(SD, keys) -> lists:sort(apply_to_dict(SD, keys)); (SD, Op) -> apply_to_dict(SD, Op) end},
                           {empty_lists_are_lost, fun(_, {set, _, []}) -> ok; (SD, Op) -> apply_to_dict(SD, Op) end},
                           {taken_twice, fun(SD, {take, Key}) -> py:shared_dict_get(SD, Key, missing);
                                            (SD, Op) -> apply_to_dict(SD, Op) end},
                           {put_new_replaces, fun(SD, {put_new, Key, Value}) -> py:shared_dict_set(SD, Key, Value), true;
                                                 (SD, Op) -> apply_to_dict(SD, Op) end},
                           {clear_does_nothing, fun(_, clear) -> ok; (SD, Op) -> apply_to_dict(SD, Op) end},
                           {integers_are_texts, fun(SD, {Op, N}) when is_integer(N) -> apply_to_dict(SD, {Op, integer_to_binary(N)});
                                                   (SD, Op) -> apply_to_dict(SD, Op)
                                                end}]].

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

%%% The model: keys in order, and a map

prop_dict(Apply) ->
    ?FORALL(Ops, list(op()),
            begin
                {ok, SD} = py:shared_dict_new(),
                try run(Ops, Apply, SD, {[], #{}})
                after py:shared_dict_destroy(SD)
                end
            end).

run([], _, _, _) -> true;
run([Op | Ops], Apply, SD, Model) ->
    {Expected, Next} = apply_to_model(Model, Op),
    case Apply(SD, Op) of
        Expected -> run(Ops, Apply, SD, Next);
        Other ->
            say("~p gave ~p, not ~p~n", [Op, Other, Expected]),
            false
    end.

op() ->
    frequency([{6, {set, key(), small_value()}}, {5, {get, key()}}, {3, {del, key()}}, {2, keys},
               {1, {python_set, text_key(), small_value()}}, {1, {python_get, text_key()}}, {1, {python_del, text_key()}},
               {1, python_keys}, {2, {take, key()}}, {2, {put_new, key(), small_value()}}, {2, {update, key(), small_value()}},
               {1, clear}, {1, size}, {1, {merge, list({key(), small_value()})}}, {1, {python_pop, text_key()}},
               {1, {python_setdefault, text_key(), small_value()}}, {2, python_popitem}, {1, python_items}, {2, {add, key(), range(-3, 3)}},
               {1, {python_add, text_key(), range(-3, 3)}}]).

not_an_integer() -> {error, {bad_term, [], not_an_integer}}.

apply_to_model({Order, Map}, {Set, Key, Value}) when Set =:= set; Set =:= python_set ->
    case Map of
        #{Key := _} -> {ok, {Order, Map#{Key := converted(Value)}}};
        #{} -> {ok, {Order ++ [Key], Map#{Key => converted(Value)}}}
    end;
apply_to_model({_, Map} = Model, {Get, Key}) when Get =:= get; Get =:= python_get ->
    {maps:get(Key, Map, missing), Model};
apply_to_model({Order, Map}, {Del, Key}) when Del =:= del; Del =:= python_del ->
    {ok, {lists:delete(Key, Order), maps:remove(Key, Map)}};
apply_to_model({Order, _} = Model, Keys) when Keys =:= keys; Keys =:= python_keys -> {Order, Model};
apply_to_model({_, Map} = Model, {Take, Key}) when Take =:= take; Take =:= python_pop ->
    {ok, Next} = apply_to_model(Model, {del, Key}),
    {maps:get(Key, Map, missing), Next};
apply_to_model({_, Map} = Model, {put_new, Key, Value}) ->
    case Map of
        #{Key := _} -> {false, Model};
        #{} -> {true, next(Model, {set, Key, Value})}
    end;
apply_to_model({_, Map} = Model, {python_setdefault, Key, Value}) ->
    case Map of
        #{Key := Known} -> {Known, Model};
        #{} -> {converted(Value), next(Model, {set, Key, Value})}
    end;
apply_to_model({_, Map} = Model, {update, Key, Value}) ->
    {maps:get(Key, Map, missing), next(Model, {set, Key, Value})};
apply_to_model({_, Map} = Model, {Add, Key, N}) when Add =:= add; Add =:= python_add ->
    case maps:get(Key, Map, 0) of
        Known when is_integer(Known) -> {Known + N, next(Model, {set, Key, Known + N})};
        _ -> {not_an_integer(), Model}
    end;
apply_to_model(_, clear) -> {ok, {[], #{}}};
apply_to_model({Order, _} = Model, size) -> {length(Order), Model};
apply_to_model(Model, {merge, Pairs}) ->
    {ok, lists:foldl(fun({Key, Value}, Before) -> next(Before, {set, Key, Value}) end, Model, Pairs)};
apply_to_model({[], _} = Model, python_popitem) -> {missing, Model};
apply_to_model({Order, Map} = Model, python_popitem) ->
    Last = lists:last(Order),
    {{Last, maps:get(Last, Map)}, next(Model, {del, Last})};
apply_to_model({Order, Map} = Model, python_items) -> {[{Key, maps:get(Key, Map)} || Key <- Order], Model}.

next(Model, Op) -> element(2, apply_to_model(Model, Op)).

apply_to_dict(SD, {set, Key, Value}) -> py:shared_dict_set(SD, Key, Value);
apply_to_dict(SD, {get, Key}) -> py:shared_dict_get(SD, Key, missing);
apply_to_dict(SD, {del, Key}) -> py:shared_dict_del(SD, Key);
apply_to_dict(SD, keys) -> py:shared_dict_keys(SD);
apply_to_dict(SD, {python_set, Key, Value}) ->
    py:exec(<<"from erlang import SharedDict\nSharedDict(sd)[k] = v">>, #{sd => SD, k => Key, v => Value});
apply_to_dict(SD, {python_get, Key}) ->
    case py:eval(<<"(lambda d: (k in d, d.get(k)))(__import__('erlang').SharedDict(sd))">>, #{sd => SD, k => Key}) of
        {ok, {true, Value}} -> Value;
        {ok, {false, none}} -> missing
    end;
apply_to_dict(SD, {python_del, Key}) ->
    py:exec(<<"from erlang import SharedDict\nd = SharedDict(sd)\nif k in d: del d[k]">>, #{sd => SD, k => Key});
apply_to_dict(SD, python_keys) ->
    {ok, Keys} = py:eval(<<"list(__import__('erlang').SharedDict(sd).keys())">>, #{sd => SD}),
    Keys;
apply_to_dict(SD, {take, Key}) -> py:shared_dict_take(SD, Key, missing);
apply_to_dict(SD, {put_new, Key, Value}) -> py:shared_dict_put_new(SD, Key, Value);
%% Gives what was there before.
apply_to_dict(SD, {update, Key, Value}) ->
    _ = py:shared_dict_update_with(SD, Key, fun(Old) -> put(old, Old), Value end, Value),
    case erase(old) of
        undefined -> missing;
        Old -> Old
    end;
apply_to_dict(SD, {add, Key, N}) -> py:shared_dict_add(SD, Key, N);
apply_to_dict(SD, {python_add, Key, N}) ->
    case py:eval(<<"__import__('erlang').SharedDict(sd).add(k, n)">>, #{sd => SD, k => Key, n => N}) of
        {ok, Sum} -> Sum;
        {error, {'TypeError', _}} -> not_an_integer()
    end;
apply_to_dict(SD, clear) -> py:shared_dict_clear(SD);
apply_to_dict(SD, size) -> py:shared_dict_size(SD);
apply_to_dict(SD, {merge, Pairs}) -> py:shared_dict_merge(SD, Pairs);
apply_to_dict(SD, {python_pop, Key}) -> found(<<"(k in d, d.pop(k, None))">>, SD, #{k => Key});
apply_to_dict(SD, {python_setdefault, Key, Value}) -> in_python(<<"d.setdefault(k, v)">>, SD, #{k => Key, v => Value});
apply_to_dict(SD, python_popitem) -> found(<<"(bool(d), d and d.popitem())">>, SD, #{});
apply_to_dict(SD, python_items) -> in_python(<<"list(d.items())">>, SD, #{}).

found(Code, SD, Vars) ->
    case in_python(Code, SD, Vars) of
        {true, Value} -> Value;
        {false, _} -> missing
    end.

in_python(Code, SD, Vars) ->
    {ok, Result} = py:eval(<<"(lambda d: ", Code/binary, ")(__import__('erlang').SharedDict(sd))">>, Vars#{sd => SD}),
    Result.

%%% Generators

text_key() -> oneof([<<"a">>, <<"b">>, <<"c">>, <<>>, <<"süß"/utf8>>]).

key() -> frequency([{4, text_key()}, {2, oneof([0, 1, -1, 255, 256, 1 bsl 40, (1 bsl 63) - 1, -(1 bsl 63)])},
                    {1, <<255, 0>>}, {1, <<"1">>}]).

small_value() -> oneof([integer(), [], true, none, binary(), {integer(), [binary()]}, ?LET(N, integer(), #{<<"k">> => N})]).

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

%%% The table of conversions

converted(Atom) when Atom =:= true; Atom =:= false -> Atom;
converted(Atom) when Atom =:= none; Atom =:= nil; Atom =:= undefined -> none;
converted(Atom) when is_atom(Atom) -> atom_to_binary(Atom, utf8);
converted({bytes, Bytes}) when is_binary(Bytes) -> Bytes;
converted(Tuple) when is_tuple(Tuple) -> list_to_tuple([converted(T) || T <- tuple_to_list(Tuple)]);
converted(List) when is_list(List) -> [converted(T) || T <- List];
converted(Map) when is_map(Map) -> maps:from_list([{converted(K), converted(V)} || {K, V} <- maps:to_list(Map)]);
converted(Other) -> Other.

%%% Helpers

%% PropEr's words are kept for the test's own log.
check(Property, Times) ->
    Result = proper:quickcheck(Property, [{numtests, Times}, {max_size, 40}, {on_output, fun say/2}]),
    ct:log("~ts", [lists:reverse(case erase(said) of undefined -> []; Said -> Said end)]),
    Result.

say(Format, Args) ->
    put(said, [io_lib:format(Format, Args) | case get(said) of undefined -> []; Said -> Said end]),
    ok.

with_dict(Fun) ->
    {ok, SD} = py:shared_dict_new(),
    Fun(SD),
    ok = py:shared_dict_destroy(SD).
