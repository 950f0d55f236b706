%% Properties: a dict behaves as an ordered map does, and values come back as the table of conversions says.
-module(py_prop_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([dict_is_an_ordered_map/1, broken_dicts_are_found/1, list_is_a_list/1, broken_lists_are_found/1,
         changes_tell_what_there_is/1, values_come_back/1, values_come_back_from_python/1,
         any_term_is_answered/1]).

%% What PropEr's header says of these; Debian puts the header into a package of its own.
-import(proper, [equals/2]).
-import(proper_types, [integer/0, range/2, float/0, binary/0, list/1, oneof/1, frequency/1, any/0, resize/2]).
-define(FORALL(X, Type, Property), proper:forall(Type, fun(X) -> Property end)).
-define(LET(X, Type, Generator), proper_types:bind(Type, fun(X) -> Generator end, false)).
-define(SIZED(Size, Generator), proper_types:sized(fun(Size) -> Generator end)).
-define(LAZY(Generator), proper_types:lazy(fun() -> Generator end)).

suite() -> [{timetrap, {minutes, 5}}].

all() ->
    [dict_is_an_ordered_map, broken_dicts_are_found, list_is_a_list, broken_lists_are_found, changes_tell_what_there_is,
     values_come_back, values_come_back_from_python, any_term_is_answered].

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
                           {the_rest_of_a_transaction_is_lost,
                            fun(SD, {transaction, [Op | _]}) -> apply_to_dict(SD, {transaction, [Op]});
                               (SD, Op) -> apply_to_dict(SD, Op) end},
                           {what_expires_stays, fun(SD, {expire, Key, Value}) -> py:shared_dict_set(SD, Key, Value);
                                                   (SD, Op) -> apply_to_dict(SD, Op) end},
                           {locks_stay, fun(SD, {lock, Key}) -> locked(py:shared_dict_lock(SD, Key, #{timeout => 0}));
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
               {1, {python_add, text_key(), range(-3, 3)}}, {1, {expire, key(), small_value()}}, {1, {set_for_long, key(), small_value()}},
               {1, {python_set_for_long, text_key(), small_value()}}, {1, {lock, key()}}, {1, {python_lock, text_key()}},
               {2, {transaction, list(step(key()))}}, {1, {python_transaction, list(step(text_key()))}}]).

%% The keys of a transaction: who was there keeps its place, also when it has gone meanwhile; then the others as they first came.
first_there({Order, _}, Steps) -> lists:uniq(Order ++ [Key || {set, Key, _} <- Steps]).

%% Of a transaction.
step(Key) -> frequency([{3, {set, Key, small_value()}}, {2, {get, Key}}, {1, {take, Key}}, {1, size}]).

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
apply_to_model(Model, {Set, Key, Value}) when Set =:= set_for_long; Set =:= python_set_for_long -> apply_to_model(Model, {set, Key, Value});
apply_to_model(Model, {expire, Key, _}) -> {ok, next(Model, {del, Key})};
apply_to_model({_, Map} = Model, {Lock, Key}) when Lock =:= lock; Lock =:= python_lock ->
    {case Map of #{Key := _} -> no_lock; #{} -> ok end, Model};
apply_to_model(Model, {Transaction, Steps}) when Transaction =:= transaction; Transaction =:= python_transaction ->
    {Results, {_, Map}} = lists:mapfoldl(fun(Step, Now) -> apply_to_model(Now, Step) end, Model, Steps),
    {Results, {[Key || Key <- first_there(Model, Steps), is_map_key(Key, Map)], Map}};
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
apply_to_dict(SD, python_items) -> in_python(<<"list(d.items())">>, SD, #{});
apply_to_dict(SD, {set_for_long, Key, Value}) -> py:shared_dict_set(SD, Key, Value, #{ttl => 3600000});
apply_to_dict(SD, {python_set_for_long, Key, Value}) ->
    true = in_python(<<"d.put(k, v, ttl=3600)">>, SD, #{k => Key, v => Value}),
    ok;
apply_to_dict(SD, {expire, Key, Value}) ->
    ok = py:shared_dict_set(SD, Key, Value, #{ttl => 1}),
    _ = py_ct:eventually(fun() -> not py:shared_dict_is_key(SD, Key) end),
    ok;
apply_to_dict(SD, {lock, Key}) ->
    try py:shared_dict_lock(SD, Key, #{timeout => 0}) of
        {ok, Lock} -> py:shared_dict_unlock(Lock)
    catch error:badarg -> no_lock
    end;
apply_to_dict(SD, {python_lock, Key}) ->
    case py:eval(<<"(lambda lock: (lock.acquire(0), lock.release()))(sd.lock(k))">>, #{sd => SD, k => Key}) of
        {ok, {true, none}} -> ok;
        {error, {'TypeError', _}} -> no_lock
    end;
apply_to_dict(SD, {transaction, Steps}) ->
    {ok, Results} = py:shared_dict_transaction(SD, fun(T) -> [apply_to_dict(T, Step) || Step <- Steps] end),
    Results;
apply_to_dict(SD, {python_transaction, Steps}) ->
    {ok, Results} = py:call(prop_transaction, apply, [SD, [python_step(Step) || Step <- Steps]]),
    [case Result of
         <<"ok">> -> ok;
         {<<"found">>, Value} -> Value;
         <<"missing">> -> missing;
         Size -> Size
     end || Result <- Results].

python_step(size) -> {size, none, none};
python_step({Name, Key}) -> {Name, Key, none};
python_step(Step) -> Step.

locked({ok, _}) -> ok;
locked(Other) -> Other.

found(Code, SD, Vars) ->
    case in_python(Code, SD, Vars) of
        {true, Value} -> Value;
        {false, _} -> missing
    end.

in_python(Code, SD, Vars) ->
    {ok, Result} = py:eval(<<"(lambda d: ", Code/binary, ")(__import__('erlang').SharedDict(sd))">>, Vars#{sd => SD}),
    Result.

%%% Lists: the model is a list

list_is_a_list(_Config) -> true = check(prop_list(fun apply_to_list/2), 300).

broken_lists_are_found(_Config) ->
    [{Name, false} = {Name, check(prop_list(Broken), 1000)}
     || {Name, Broken} <- [{appends_in_front, fun(L, {append, Value}) -> apply_to_list(L, {python_insert, 0, Value});
                                                 (L, Op) -> apply_to_list(L, Op) end},
                           {pops_the_first, fun(L, pop) -> apply_to_list(L, {python_pop, 0}); (L, Op) -> apply_to_list(L, Op) end},
                           {inserts_behind, fun(L, {python_insert, At, Value}) -> apply_to_list(L, {python_insert, At + 1, Value});
                                               (L, Op) -> apply_to_list(L, Op) end}]].

prop_list(Apply) ->
    ?FORALL(Ops, list(list_op()),
            begin
                {ok, SD} = py:shared_dict_new(),
                {ok, List} = py:call(prop_transaction, new_list, [SD]),
                try run_list(Ops, Apply, List, [])
                after py:shared_dict_destroy(SD)
                end
            end).

run_list([], _, _, _) -> true;
run_list([Op | Ops], Apply, List, Model) ->
    {Expected, Next} = apply_to_list_model(Model, Op),
    case Apply(List, Op) of
        Expected -> run_list(Ops, Apply, List, Next);
        Other ->
            say("~p gave ~p, not ~p~n", [Op, Other, Expected]),
            false
    end.

list_op() ->
    frequency([{4, {append, small_value()}}, {2, {python_append, small_value()}}, {2, {python_extend, list(small_value())}},
               {2, pop}, {1, {python_pop, index()}}, {2, {python_insert, index(), small_value()}}, {2, {python_get, index()}},
               {2, {python_set, index(), small_value()}}, {1, {python_del, index()}}, {1, {python_slice, index(), index()}},
               {2, to_list}, {1, size}]).

index() -> range(-4, 6).

%% The place that an index of Python means; none when it is outside.
place(At, List) when At >= 0, At < length(List) -> At;
place(At, List) when At < 0, At >= -length(List) -> length(List) + At;
place(_, _) -> none.

%% ... where it may be beyond the ends.
bound(At, List) when At < 0 -> max(0, length(List) + At);
bound(At, List) -> min(At, length(List)).

apply_to_list_model(List, {Append, Value}) when Append =:= append; Append =:= python_append -> {ok, List ++ [converted(Value)]};
apply_to_list_model(List, {python_extend, Values}) -> {ok, List ++ converted(Values)};
apply_to_list_model([], pop) -> {undefined, []};
apply_to_list_model(List, pop) -> {lists:last(List), lists:droplast(List)};
apply_to_list_model(List, {python_insert, At, Value}) ->
    {Front, Back} = lists:split(bound(At, List), List),
    {ok, Front ++ [converted(Value) | Back]};
apply_to_list_model(List, {python_slice, From, To}) ->
    Begin = bound(From, List),
    {lists:sublist(List, Begin + 1, max(0, bound(To, List) - Begin)), List};
apply_to_list_model(List, to_list) -> {List, List};
apply_to_list_model(List, size) -> {length(List), List};
apply_to_list_model(List, Op) -> at_place(place(element(2, Op), List), List, Op).

at_place(none, List, _) -> {index_error, List};
at_place(At, List, Op) ->
    {Front, [Value | Back]} = lists:split(At, List),
    case Op of
        {python_get, _} -> {Value, List};
        {python_set, _, New} -> {ok, Front ++ [converted(New) | Back]};
        {python_del, _} -> {ok, Front ++ Back};
        {python_pop, _} -> {Value, Front ++ Back}
    end.

apply_to_list(List, {append, Value}) -> py:shared_list_append(List, Value);
apply_to_list(List, pop) -> py:shared_list_pop(List);
apply_to_list(List, to_list) -> py:shared_list_to_list(List);
apply_to_list(List, size) -> py:shared_list_size(List);
apply_to_list(List, Op) ->
    [Name | Args] = tuple_to_list(Op),
    case py:call(prop_transaction, Name, [List | Args]) of
        {ok, {<<"gave">>, Value}} -> Value;
        {ok, none} -> ok;
        {error, {'IndexError', _}} -> index_error
    end.

%%% Watching: whoever follows the changes knows the keys

changes_tell_what_there_is(_Config) ->
    true = check(?FORALL(Ops, list(op()),
                         begin
                             {ok, SD} = py:shared_dict_new(),
                             {ok, Subscription} = py:shared_dict_subscribe(SD, all, #{max_queue => infinity}),
                             _ = [apply_to_dict(SD, Op) || Op <- Ops],
                             ok = py:shared_dict_set(SD, <<"the end">>, true),
                             There = maps:from_list([{Key, true} || Key <- py:shared_dict_keys(SD)]),
                             true = told(SD, #{}, There),
                             ok = py:shared_dict_unsubscribe(Subscription),
                             py:shared_dict_destroy(SD) =:= ok
                         end), 200).

%% That a key has expired is told a moment later than it is so.
told(_, There, There) -> true;
told(SD, Keys, There) ->
    receive
        {shared_dict, SD, {put, Key, _}} -> told(SD, Keys#{Key => true}, There);
        {shared_dict, SD, {delete, Key}} -> told(SD, maps:remove(Key, Keys), There);
        {shared_dict, SD, {expired, Key}} -> told(SD, maps:remove(Key, Keys), There);
        {shared_dict, SD, {clear}} -> told(SD, #{}, There)
    after 10000 -> {told, Keys, there, There}
    end.

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
