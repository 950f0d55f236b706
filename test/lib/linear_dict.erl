%% What the operations of a whole dict mean: its keys with their values, in the order in which they were inserted. For
%% module linear; as an operation may be on several keys, all of them count as operations on one thing. Pure.
%%
%% A value is an integer, or `{value, Number}' (module linear_value). An argument is the list of an operation's arguments.
%% Where the two languages say the same in different ways (del, cas), the operation may give either.
%%
%% A value with a time to live has a tag. That it ends is an operation `expire' of nobody, which takes the key away if it
%% still has that very value; linear_kind says between which times it takes place.
-module(linear_dict).

-export([model/0]).

-define(FITS(N), (N >= -(1 bsl 63) andalso N < 1 bsl 63)).

-spec model() -> linear:model().
model() ->
    #{initial => [], reads => [get, contains, size, items, get_many, abort], step => fun step/4, unseen => fun unseen/2,
      hopeless => fun(_, _, _) -> false end, results => fun results/2}.

step(Op, Arg, Result, State) ->
    {Possible, Next} = do(Op, Arg, State),
    case Result =:= unknown orelse lists:member(Result, Possible) of
        true -> {ok, Next};
        false -> no
    end.

unseen(#{op := Op}, _) -> lists:member(Op, maps:get(reads, model())).

results(#{op := Op}, History) ->
    lists:usort([Result || #{op := Other, result := Result} <- History, Other =:= Op, Result =/= unknown]
                ++ [missing || Op =:= get orelse Op =:= take]).

%% Which results there may be, and the state after it.
do(set, [Key, Value], State) -> {[ok], put(Key, Value, State)};
do(set_ttl, [Key, Value, _, Tag], State) -> {[ok], put(Key, Value, Tag, State)};
do(expire, [Key, Tag], State) ->
    case lists:keyfind(Key, 1, State) of
        {_, _, Tag} -> {[ok], remove(Key, State)};
        _ -> {[ok], State}
    end;
do(get, [Key], State) -> {[value(Key, State)], State};
do(contains, [Key], State) -> {[value(Key, State) =/= missing], State};
do(del, [Key], State) ->
    {[ok, case value(Key, State) of missing -> missing; _ -> deleted end], remove(Key, State)};
do(take, [Key], State) -> {[value(Key, State)], remove(Key, State)};
do(put_new, [Key, Value], State) ->
    case value(Key, State) of
        missing -> {[true], put(Key, Value, State)};
        _ -> {[false], State}
    end;
do(setdefault, [Key, Value], State) ->
    case value(Key, State) of
        missing -> {[Value], put(Key, Value, State)};
        Found -> {[Found], State}
    end;
do(update, [Key, N, Initial], State) ->
    New = updated(value(Key, State), N, Initial),
    {[New], put(Key, New, State)};
do(cas, [Key, Expected, New], State) ->
    case expected(value(Key, State), Expected, New) of
        Expected -> {[ok, true], put(Key, New, State)};
        Other -> {[{other, Other}, false], State}
    end;
do(popitem, [], []) -> {[missing], []};
do(popitem, [], State) ->
    {Key, Value, _} = lists:last(State),
    {[{Key, Value}], lists:droplast(State)};
do(clear, [], _) -> {[ok], []};
do(size, [], State) -> {[length(State)], State};
do(items, [], State) -> {[pairs(State)], State};
do(get_many, [Keys], State) -> {[lists:sort([Pair || {Key, _} = Pair <- pairs(State), lists:member(Key, Keys)])], State};
do(set_many, [Pairs], State) -> {[ok], lists:foldl(fun({Key, Value}, Before) -> put(Key, Value, Before) end, State, Pairs)};
do(transaction, [Actions], State) ->
    {Read, Next} = actions(Actions, State),
    {[Read], Next};
do(abort, [Actions], State) ->
    {Read, _} = actions(Actions, State),
    {[{aborted, Read}], State};
do(Op, [Key, N], State) -> number(Op, Key, N, value(Key, State), State).

number(Op, Key, N, missing, State) -> number(Op, Key, N, 0, State);
number(_, _, _, Before, State) when not (is_integer(Before) andalso ?FITS(Before)) -> {[not_an_integer], State};
number(swap, Key, N, Before, State) -> {[Before], put(Key, N, State)};
number(Op, Key, N, Before, State) ->
    case calculated(Op, Before, N) of
        New when ?FITS(New) -> {[New], put(Key, New, State)};
        _ -> {[overflow], State}
    end.

calculated(add, A, B) -> A + B;
calculated(sub, A, B) -> A - B;
calculated('bor', A, B) -> A bor B;
calculated('bxor', A, B) -> A bxor B;
calculated('band', A, B) -> A band B.

updated(missing, _, Initial) -> Initial;
updated(Before, N, _) when is_integer(Before) -> Before + N;
updated({value, _}, N, _) -> N.

%% Among integers a missing key counts as 0.
expected(missing, Expected, New) when is_integer(Expected), is_integer(New) -> 0;
expected(Found, _, _) -> Found.

%% What a transaction reads, in the order of its actions, and the state after it.
actions(Actions, State) -> lists:mapfoldl(fun action/2, State, Actions).

action({get, Key}, State) -> {value(Key, State), State};
action({put, Key, Value}, State) -> {ok, put(Key, Value, State)};
action({del, Key}, State) -> {ok, remove(Key, State)};
action({inc, Key, N}, State) ->
    Before = value(Key, State),
    {Before, put(Key, updated(Before, N, N), State)};
action({copy, From, To}, State) ->
    case value(From, State) of
        missing -> {missing, State};
        Value -> {Value, put(To, Value, State)}
    end.

value(Key, State) ->
    case lists:keyfind(Key, 1, State) of
        {_, Value, _} -> Value;
        false -> missing
    end.

%% A key keeps its place.
put(Key, Value, State) -> put(Key, Value, forever, State).

put(Key, Value, Tag, State) -> lists:keystore(Key, 1, State, {Key, Value, Tag}).

remove(Key, State) -> lists:keydelete(Key, 1, State).

pairs(State) -> [{Key, Value} || {Key, Value, _} <- State].
