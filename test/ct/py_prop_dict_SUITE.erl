%% Properties: a dict behaves as an ordered map does, whichever language changes it, and who watches it learns what is there.
-module(py_prop_dict_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([dict_is_an_ordered_map/1, broken_dicts_are_found/1, changes_tell_what_there_is/1]).

-include("py_prop.hrl").
-import(py_prop, [check/2, converted/1, text_key/0, key/0, small_value/0]).

-define(MAX, 9223372036854775807).

suite() -> [{timetrap, {minutes, 5}}].

all() -> [dict_is_an_ordered_map, broken_dicts_are_found, changes_tell_what_there_is].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

dict_is_an_ordered_map(_Config) -> true = check(prop_dict(fun apply_to_dict/2), 500).

broken_dicts_are_found(_Config) -> py_prop:are_found(fun prop_dict/1, fun apply_to_dict/2, broken()).

prop_dict(Apply) ->
    ?FORALL(Ops, list(op()),
            with_dict(fun(SD) -> py_prop:agrees(Ops, {[], #{}}, fun apply_to_model/2, fun(Op) -> Apply(SD, Op) end) end)).

with_dict(Fun) ->
    {ok, SD} = py:shared_dict_new(),
    try Fun(SD)
    after ok = py:shared_dict_destroy(SD)
    end.

%% Each is another way to do an operation.
broken() ->
    [{del_keeps_a_key, fun(_, {del, <<"b">>}) -> ok end},
     {keys_are_sorted, fun(SD, keys) -> lists:sort(apply_to_dict(SD, keys)) end},
     {empty_lists_are_lost, fun(_, {set, _, []}) -> ok end},
     {taken_twice, fun(SD, {take, Key}) -> py:shared_dict_get(SD, Key, missing) end},
     {put_new_replaces, fun(SD, {put_new, Key, Value}) -> py:shared_dict_set(SD, Key, Value), true end},
     {cas_stores_in_any_case, fun(SD, {cas, Key, _, New}) -> py:shared_dict_set(SD, Key, New) end},
     {swap_gives_what_is_after, fun(SD, {number, swap, Key, N}) -> apply_to_dict(SD, {number, swap, Key, N}), N end},
     {sub_adds, fun(SD, {number, sub, Key, N}) -> apply_to_dict(SD, {number, add, Key, N}) end},
     {cells_give_what_is_after, fun(SD, {python, cell_add, Key, N}) -> apply_to_dict(SD, {number, add, Key, N}) end},
     {the_rest_of_a_batch_is_lost, fun(SD, {set_many, [Pair | _]}) -> py:shared_dict_set_many(SD, [Pair]) end},
     {one_is_not_deleted, fun(SD, {del_many, [_ | Keys]}) -> py:shared_dict_del_many(SD, Keys) end},
     {update_forgets, fun(SD, {python, update, [Pair | _]}) -> apply_to_dict(SD, {python, update, [Pair]}) end},
     {the_rest_of_a_transaction_is_lost, fun(SD, {transaction, [Op | _]}) -> apply_to_dict(SD, {transaction, [Op]}) end},
     {what_expires_stays, fun(SD, {expire, Key, Value}) -> py:shared_dict_set(SD, Key, Value) end},
     {locks_stay, fun(SD, {lock, Key}) ->
                          case apply_to_dict(SD, {lock, Key}) of
                              ok -> apply_to_dict(SD, {set, Key, held});
                              no_lock -> no_lock
                          end
                  end},
     {clear_does_nothing, fun(_, clear) -> ok end},
     {integers_are_texts, fun(SD, {Op, N}) when is_integer(N) -> apply_to_dict(SD, {Op, integer_to_binary(N)}) end}].

%%% Operations

%% {python, ...} are those of properties.py.
op() -> frequency([{12, simple()}, {6, conditional()}, {5, number()}, {4, many()}, {3, view()}, {3, expiring()}, {2, lock()},
                   {3, transaction()}, {8, python()}]).

simple() -> frequency([{4, {set, key(), small_value()}}, {3, {get, key()}}, {1, {is_key, key()}}, {2, {del, key()}}, {1, {take, key()}},
                       {1, {update, key(), small_value()}}]).

conditional() -> oneof([{put_new, key(), small_value()}, cas(key())]).

%% Often what is there is what is expected.
cas(Key) -> oneof([{cas, Key, small_value(), small_value()}, {cas, Key, few(), few()}]).

few() -> oneof([0, 1, [], true, <<>>]).

number() -> {number, number_op(), key(), operand()}.

number_op() -> oneof([add, sub, 'bor', 'bxor', 'band', swap]).

operand() -> frequency([{9, range(-3, 3)}, {1, oneof([?MAX, -?MAX - 1])}]).

many() -> oneof([{set_many, pairs(key())}, {merge, pairs(key())}, {get_many, list(key())}, {del_many, list(key())}]).

pairs(Key) -> list({Key, small_value()}).

view() -> frequency([{3, keys}, {1, size}, {1, to_map}, {1, fold}, {1, clear}]).

expiring() -> oneof([{expire, key(), small_value()}, {set_for_long, key(), small_value()}]).

lock() -> {lock, key()}.

transaction() -> oneof([{transaction, list(step(key()))}, {python_transaction, list(step(text_key()))}]).

step(Key) -> frequency([{3, {set, Key, small_value()}}, {2, {get, Key}}, {1, {take, Key}}, {1, size}]).

python() ->
    frequency([{3, {python, set, text_key(), small_value()}}, {2, {python, get, text_key()}}, {1, {python, contains, text_key()}},
               {2, {python, del, text_key()}}, {1, {python, pop, text_key()}}, {1, {python, setdefault, text_key(), small_value()}},
               {1, {python, put_new, text_key(), small_value()}}, {1, {python, cas, text_key(), few(), few()}},
               {2, {python, number, number_op(), text_key(), operand()}}, {1, {python, cell_add, text_key(), operand()}},
               {1, {python, update, pairs(text_key())}}, {1, {python, merge, pairs(text_key())}}, {1, {python, get_many, list(text_key())}},
               {1, {python, popitem}}, {1, {python, keys}}, {1, {python, items}}, {1, {python, size}}, {1, {python, equals_its_copy}},
               {1, {python, clear}}, {1, {python, set_for_long, text_key(), small_value()}}, {1, {python, lock, text_key()}}]).

%%% The model: keys in order, and a map

apply_to_model({Order, Map}, {set, Key, Value}) ->
    case Map of
        #{Key := _} -> {ok, {Order, Map#{Key := converted(Value)}}};
        #{} -> {ok, {Order ++ [Key], Map#{Key => converted(Value)}}}
    end;
apply_to_model({_, Map} = Model, {get, Key}) -> {maps:get(Key, Map, missing), Model};
apply_to_model({_, Map} = Model, {is_key, Key}) -> {is_map_key(Key, Map), Model};
apply_to_model({Order, Map}, {del, Key}) -> {ok, {lists:delete(Key, Order), maps:remove(Key, Map)}};
apply_to_model({_, Map} = Model, {take, Key}) -> {maps:get(Key, Map, missing), next(Model, {del, Key})};
apply_to_model({_, Map} = Model, {update, Key, Value}) -> {maps:get(Key, Map, missing), next(Model, {set, Key, Value})};
apply_to_model({_, Map} = Model, {put_new, Key, Value}) ->
    case Map of
        #{Key := _} -> {false, Model};
        #{} -> {true, next(Model, {set, Key, Value})}
    end;
apply_to_model({_, Map} = Model, {cas, Key, Expected, New}) ->
    Current = maps:get(Key, Map, absent(Expected, New)),
    case converted(Expected) of
        Current -> {ok, next(Model, {set, Key, New})};
        _ -> {{error, Current}, Model}
    end;
apply_to_model({_, Map} = Model, {number, Op, Key, N}) ->
    case maps:get(Key, Map, 0) of
        Before when is_integer(Before), Before >= -?MAX - 1, Before =< ?MAX -> changed(Op, Before, number(Op, Before, N), Key, Model);
        _ -> {{error, not_an_integer}, Model}
    end;
apply_to_model(Model, {Many, Pairs}) when Many =:= set_many; Many =:= merge ->
    {ok, lists:foldl(fun({Key, Value}, Before) -> next(Before, {set, Key, Value}) end, Model, Pairs)};
apply_to_model({_, Map} = Model, {get_many, Keys}) -> {maps:with(Keys, Map), Model};
apply_to_model(Model, {del_many, Keys}) -> {ok, lists:foldl(fun(Key, Before) -> next(Before, {del, Key}) end, Model, Keys)};
apply_to_model({Order, _} = Model, keys) -> {Order, Model};
apply_to_model({Order, _} = Model, size) -> {length(Order), Model};
apply_to_model({_, Map} = Model, to_map) -> {Map, Model};
apply_to_model({Order, Map} = Model, fold) -> {[{Key, maps:get(Key, Map)} || Key <- Order], Model};
apply_to_model(_, clear) -> {ok, {[], #{}}};
apply_to_model(Model, {set_for_long, Key, Value}) -> apply_to_model(Model, {set, Key, Value});
apply_to_model(Model, {expire, Key, _}) -> {ok, next(Model, {del, Key})};
apply_to_model({_, Map} = Model, {lock, Key}) -> {case Map of #{Key := _} -> no_lock; #{} -> ok end, Model};
apply_to_model(Model, {Transaction, Steps}) when Transaction =:= transaction; Transaction =:= python_transaction ->
    {Results, {_, Map}} = lists:mapfoldl(fun(Step, Now) -> apply_to_model(Now, Step) end, Model, Steps),
    {Results, {[Key || Key <- first_there(Model, Steps), is_map_key(Key, Map)], Map}};
apply_to_model({_, Map} = Model, {python, setdefault, Key, Value}) ->
    case Map of
        #{Key := Known} -> {Known, Model};
        #{} -> {converted(Value), next(Model, {set, Key, Value})}
    end;
apply_to_model(Model, {python, cas, Key, Expected, New}) ->
    {Result, Next} = apply_to_model(Model, {cas, Key, Expected, New}),
    {Result =:= ok, Next};
apply_to_model({_, Map} = Model, {python, cell_add, Key, N}) ->
    case apply_to_model(Model, {number, add, Key, N}) of
        {{error, _}, _} = Refused -> Refused;
        {_, Next} -> {maps:get(Key, Map, 0), Next}
    end;
apply_to_model({[], _} = Model, {python, popitem}) -> {missing, Model};
apply_to_model({Order, Map} = Model, {python, popitem}) ->
    Last = lists:last(Order),
    {{Last, maps:get(Last, Map)}, next(Model, {del, Last})};
apply_to_model(Model, {python, items}) -> apply_to_model(Model, fold);
apply_to_model(Model, {python, equals_its_copy}) -> {true, Model};
apply_to_model(Model, {python, pop, Key}) -> apply_to_model(Model, {take, Key});
apply_to_model(Model, {python, contains, Key}) -> apply_to_model(Model, {is_key, Key});
apply_to_model(Model, {python, update, Pairs}) -> apply_to_model(Model, {merge, Pairs});
apply_to_model(Model, {python, Same}) -> apply_to_model(Model, Same);
apply_to_model(Model, Python) when element(1, Python) =:= python -> apply_to_model(Model, erlang:delete_element(1, Python)).

next(Model, Op) -> element(2, apply_to_model(Model, Op)).

%% What a missing key is taken for.
absent(Expected, New) when is_integer(Expected), is_integer(New) -> 0;
absent(_, _) -> undefined.

number(add, Before, N) -> Before + N;
number(sub, Before, N) -> Before - N;
number(swap, _, N) -> N;
number(Op, Before, N) -> erlang:Op(Before, N).

changed(_, _, After, _, Model) when After < -?MAX - 1; After > ?MAX -> {{error, overflow}, Model};
changed(swap, Before, After, Key, Model) -> {Before, next(Model, {set, Key, After})};
changed(_, _, After, Key, Model) -> {After, next(Model, {set, Key, After})}.

%% The keys of a transaction: who was there keeps its place, also when it has gone meanwhile; then the others as they first came.
first_there({Order, _}, Steps) -> lists:uniq(Order ++ [Key || {set, Key, _} <- Steps]).

%%% The dict

apply_to_dict(SD, {set, Key, Value}) -> py:shared_dict_set(SD, Key, Value);
apply_to_dict(SD, {get, Key}) -> py:shared_dict_get(SD, Key, missing);
apply_to_dict(SD, {is_key, Key}) -> py:shared_dict_is_key(SD, Key);
apply_to_dict(SD, {del, Key}) -> py:shared_dict_del(SD, Key);
apply_to_dict(SD, {take, Key}) -> py:shared_dict_take(SD, Key, missing);
%% Gives what was there before.
apply_to_dict(SD, {update, Key, Value}) ->
    _ = py:shared_dict_update_with(SD, Key, fun(Old) -> put(old, {Old}), Value end, Value),
    case erase(old) of
        undefined -> missing;
        {Old} -> Old
    end;
apply_to_dict(SD, {put_new, Key, Value}) -> py:shared_dict_put_new(SD, Key, Value);
apply_to_dict(SD, {cas, Key, Expected, New}) -> py:shared_dict_cas(SD, Key, Expected, New);
apply_to_dict(SD, {number, Op, Key, N}) ->
    case py:(number_function(Op))(SD, Key, N) of
        {error, {bad_term, [], Why}} -> {error, Why};
        Number -> Number
    end;
apply_to_dict(SD, {set_many, Pairs}) -> py:shared_dict_set_many(SD, Pairs);
apply_to_dict(SD, {merge, Pairs}) -> py:shared_dict_merge(SD, Pairs);
apply_to_dict(SD, {get_many, Keys}) -> py:shared_dict_get_many(SD, Keys);
apply_to_dict(SD, {del_many, Keys}) -> py:shared_dict_del_many(SD, Keys);
apply_to_dict(SD, keys) -> py:shared_dict_keys(SD);
apply_to_dict(SD, size) -> py:shared_dict_size(SD);
apply_to_dict(SD, to_map) -> py:shared_dict_to_map(SD);
apply_to_dict(SD, fold) -> lists:reverse(py:shared_dict_fold(fun(Key, Value, Before) -> [{Key, Value} | Before] end, [], SD));
apply_to_dict(SD, clear) -> py:shared_dict_clear(SD);
apply_to_dict(SD, {set_for_long, Key, Value}) -> py:shared_dict_set(SD, Key, Value, #{ttl => 3600000});
apply_to_dict(SD, {expire, Key, Value}) ->
    ok = py:shared_dict_set(SD, Key, Value, #{ttl => 1}),
    _ = py_ct:eventually(fun() -> not py:shared_dict_is_key(SD, Key) end),
    ok;
apply_to_dict(SD, {lock, Key}) ->
    try py:shared_dict_lock(SD, Key, #{timeout => 0}) of
        {ok, Lock} -> py:shared_dict_unlock(Lock)
    catch error:badarg -> no_lock
    end;
apply_to_dict(SD, {transaction, Steps}) ->
    {ok, Results} = py:shared_dict_transaction(SD, fun(T) -> [apply_to_dict(T, Step) || Step <- Steps] end),
    Results;
apply_to_dict(SD, {python_transaction, Steps}) ->
    {ok, Results} = py:call(properties, transact, [SD, [python_step(Step) || Step <- Steps]]),
    [result(Result) || Result <- Results];
apply_to_dict(SD, Python) when element(1, Python) =:= python ->
    [python, Name | Args] = tuple_to_list(Python),
    case py:call(properties, on_dict, [SD, Name | Args]) of
        {ok, Result} -> result(Result);
        {error, {Type, _}} -> python_error(Type, Name)
    end.

python_step(size) -> {size};
python_step(Step) -> Step.

number_function(Op) -> list_to_existing_atom("shared_dict_" ++ atom_to_list(Op)).

result(none) -> ok;
result(<<"missing">>) -> missing;
result({<<"gave">>, Value}) -> Value.

python_error('OverflowError', _) -> {error, overflow};
python_error('TypeError', lock) -> no_lock;
python_error('TypeError', _) -> {error, not_an_integer}.

%%% Watching: whoever follows the changes knows the keys

changes_tell_what_there_is(_Config) ->
    true = check(?FORALL(Ops, list(op()),
                         with_dict(fun(SD) ->
                                           {ok, Subscription} = py:shared_dict_subscribe(SD, all, #{max_queue => infinity}),
                                           _ = [apply_to_dict(SD, Op) || Op <- Ops],
                                           ok = py:shared_dict_set(SD, <<"the end">>, true),
                                           There = maps:from_keys(py:shared_dict_keys(SD), true),
                                           true = told(SD, #{}, There),
                                           ok =:= py:shared_dict_unsubscribe(Subscription)
                                   end)), 200).

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
