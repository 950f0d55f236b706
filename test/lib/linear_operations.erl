%% How a client in Erlang does the operations of linear_dict, linear_list and linear_lock by the API, in two steps: what is
%% asked, and, when the time is taken, what was got as the models say it. test/ct/data/python/linear_operations.py has the same.
-module(linear_operations).

-export([encode/1, do/4, actions/2, result/2]).

%% What there is no word for in the API's answers.
-define(MISSING, '$missing').

%% @doc An argument with its values.
-spec encode(term()) -> term().
encode({value, Number}) -> linear_value:encode(Number);
encode(List) when is_list(List) -> [encode(Element) || Element <- List];
encode(Tuple) when is_tuple(Tuple) -> list_to_tuple(encode(tuple_to_list(Tuple)));
encode(Other) -> Other.

%% @doc The API's answer.
-spec do(atom(), Key :: binary(), [term()], py:shared_dict()) -> term().
do(set, _, [Key, Value], SD) -> py:shared_dict_set(SD, Key, Value);
do(set_ttl, _, [Key, Value, Ttl, _], SD) -> py:shared_dict_set(SD, Key, Value, #{ttl => Ttl});
do(get, _, [Key], SD) -> py:shared_dict_get(SD, Key, ?MISSING);
do(contains, _, [Key], SD) -> py:shared_dict_is_key(SD, Key);
do(del, _, [Key], SD) -> py:shared_dict_del(SD, Key);
do(take, _, [Key], SD) -> py:shared_dict_take(SD, Key, ?MISSING);
do(put_new, _, [Key, Value], SD) -> py:shared_dict_put_new(SD, Key, Value);
do(setdefault, _, [Key, Value], SD) -> py:shared_dict_update_with(SD, Key, fun(Found) -> Found end, Value);
do(update, _, [Key, N, Initial], SD) -> py:shared_dict_update_with(SD, Key, fun(Before) -> updated(Before, N) end, Initial);
do(cas, _, [Key, Expected, New], SD) -> py:shared_dict_cas(SD, Key, Expected, New);
do(popitem, _, [], SD) -> transaction(SD, fun popitem/1);
do(clear, _, [], SD) -> py:shared_dict_clear(SD);
do(size, <<"dict">>, [], SD) -> py:shared_dict_size(SD);
do(items, <<"dict">>, [], SD) -> items(SD);
do(get_many, _, [Keys], SD) -> py:shared_dict_get_many(SD, Keys);
do(set_many, _, [Pairs], SD) -> py:shared_dict_set_many(SD, Pairs);
do(transaction, _, [Actions], SD) -> transaction(SD, fun(T) -> actions(Actions, T) end);
do(abort, _, [Actions], SD) ->
    try transaction(SD, fun(T) -> throw({aborted, actions(Actions, T)}) end)
    catch throw:Aborted -> Aborted
    end;
do(append, _, [Value], List) -> py:shared_list_append(List, Value);
do(pop, _, [], List) ->
    case py:shared_list_pop(List) of undefined -> ?MISSING; Value -> Value end;
do(size, <<"list">>, [], List) -> py:shared_list_size(List);
do(get_at, _, [At], List) -> py:shared_dict_get(List, At, ?MISSING);
do(items, <<"list">>, [], List) -> py:shared_list_to_list(List);
do(turn, Key, [_, Wait], SD) -> turn(Key, Wait, SD);
do(leave, Key, _, _) ->
    case erase({?MODULE, Key}) of
        undefined -> nothing;
        Lock -> py:shared_dict_unlock(Lock)
    end;
do(Op, _, [Key, N], SD) -> py:(list_to_existing_atom("shared_dict_" ++ atom_to_list(Op)))(SD, Key, N).

items(SD) ->
    case py:shared_dict_fold(fun(Key, Value, Pairs) -> [{Key, Value} | Pairs] end, [], SD) of
        Pairs when is_list(Pairs) -> lists:reverse(Pairs);
        Error -> Error
    end.

updated(Before, N) when is_integer(Before) -> Before + N;
updated(_, N) -> N.

transaction(SD, Fun) ->
    case py:shared_dict_transaction(SD, Fun) of
        {ok, Result} -> Result;
        Error -> Error
    end.

popitem(T) ->
    case py:shared_dict_keys(T) of
        [] -> ?MISSING;
        Keys -> {lists:last(Keys), py:shared_dict_take(T, lists:last(Keys))}
    end.

%% @doc What the actions of a transaction read, or `ok'.
-spec actions([tuple()], py:transaction()) -> [term()].
actions(Actions, T) -> [action(T, Action) || Action <- Actions].

action(T, {get, Key}) -> py:shared_dict_get(T, Key, ?MISSING);
action(T, {put, Key, Value}) -> py:shared_dict_set(T, Key, Value);
action(T, {del, Key}) -> py:shared_dict_del(T, Key);
action(T, {inc, Key, N}) ->
    Before = py:shared_dict_get(T, Key, ?MISSING),
    ok = py:shared_dict_set(T, Key, updated(Before, N)),
    Before;
action(T, {copy, From, To}) ->
    Value = py:shared_dict_get(T, From, ?MISSING),
    _ = Value =:= ?MISSING orelse (ok = py:shared_dict_set(T, To, Value)),
    Value.

turn(Key, Wait, SD) ->
    case erase({?MODULE, Key}) of
        undefined -> locked(Key, py:shared_dict_lock(SD, Key, #{timeout => Wait}));
        Lock -> py:shared_dict_unlock(Lock)
    end.

locked(Key, {ok, #{fence := Fence} = Lock}) ->
    put({?MODULE, Key}, Lock),
    {locked, Fence};
locked(_, Error) -> Error.

%% @doc The same as the models say it. Values get their numbers again.
-spec result(atom(), term()) -> term().
result(Op, ok) when Op =:= turn; Op =:= leave -> unlocked;
result(turn, {error, timeout}) -> busy;
result(turn, Given) -> Given;
result(cas, {error, undefined}) -> {other, missing};
result(Op, {error, What}) -> error_of(Op, What);
result(_, {aborted, Read}) -> {aborted, [decode(Value) || Value <- Read]};
result(popitem, {Key, Value}) -> {Key, decode(Value)};
result(items, [{_, _} | _] = Pairs) -> [{Key, decode(Value)} || {Key, Value} <- Pairs];
result(get_many, Found) -> [{Key, decode(Value)} || {Key, Value} <- lists:sort(maps:to_list(Found))];
result(Op, Values) when Op =:= transaction; Op =:= items -> [decode(Value) || Value <- Values];
result(_, Value) -> decode(Value).

%% The only errors that leave everything as it was; cas gives what it found in the same place.
error_of(_, {bad_term, [], not_an_integer}) -> not_an_integer;
error_of(_, {bad_term, [], overflow}) -> overflow;
error_of(_, Why) when Why =:= table_full; Why =:= busy; Why =:= overloaded -> {refused, Why};
error_of(_, {table_full, _} = Why) -> {refused, Why};
error_of(cas, Current) -> {other, decode(Current)};
error_of(_, Why) -> {failed, Why}.

decode(?MISSING) -> missing;
decode(Word) when is_atom(Word); is_integer(Word) -> Word;
decode(Value) -> linear_value:decode(Value).
