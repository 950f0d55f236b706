%% Histories of a simulated register and of clients that use it at once, made from a seed: linearizable by the way
%% they are made, or wrong in one known way.
-module(linear_simulation).

-export([history/2, watched/2]).

-define(CLIENTS, 8).
-define(OPERATIONS, 20).

%% @doc Each operation takes place at a moment between its invocation and its return. Some are never answered.
%% With a fault, one in four of the operations that can have it does have it.
history(Seed, Fault) ->
    _ = rand:seed(exsss, Seed),
    Keys = [<<"key ", ($0 + N)>> || N <- lists:seq(1, 1 + rand:uniform(3) - 1)],
    Operations = lists:append([client(Client, Keys) || Client <- lists:seq(1, 1 + rand:uniform(?CLIENTS - 1))]),
    take_place(Operations, Fault, fun() -> rand:uniform(4) =:= 1 end).

%% @doc One client, and a fault that its last two operations are sure to show.
watched(Seed, Fault) ->
    _ = rand:seed(exsss, Seed),
    Before = [Operation || {_, #{op := Op}} = Operation <- client(1, [<<"k">>]), Op =/= del],
    Time = lists:max([0 | [maps:get(invoked, O) || {_, O} <- Before]]) + 1000,
    Show = [operation(1, <<"k">>, Op, Arg, Time + Later)
            || {Op, Arg, Later} <- [{set, 3000001, 0}, {set, 3000002, 100}, {get, none, 200}]],
    Calm = take_place(Before, none, fun() -> false end),
    Calm ++ take_place(Show, Fault, fun() -> true end).

client(Client, Keys) -> client(Client, Keys, rand:uniform(?OPERATIONS), rand:uniform(50)).

client(_, _, 0, _) -> [];
client(Client, Keys, N, Time) ->
    Key = lists:nth(rand:uniform(length(Keys)), Keys),
    {Op, Arg} = case rand:uniform(10) of
                    R when R < 5 -> {set, Client * 1000 + N};
                    R when R < 9 -> {get, none};
                    9 -> {contains, none};
                    10 -> {del, none}
                end,
    {_, #{returned := Returned}} = Operation = operation(Client, Key, Op, Arg, Time),
    [Operation | client(Client, Keys, N - 1, Returned + rand:uniform(20))].

operation(Client, Key, Op, Arg, Time) ->
    Returned = Time + rand:uniform(60),
    {Time + rand:uniform(Returned - Time + 1) - 1,
     #{process => Client, key => Key, op => Op, arg => Arg, invoked => Time, returned => Returned}}.

take_place(Operations, Fault, IsHit) ->
    {History, _} = lists:mapfoldl(fun({_, Operation}, State) -> answer(Operation, State, Fault, IsHit) end, #{},
                                  lists:keysort(1, Operations)),
    lists:append(History).

%% Some clients are killed: before it took place, or before they hear of it.
answer(Operation, States, none, _) ->
    case rand:uniform(20) of
        1 -> {[unanswered(Operation)], States};
        2 ->
            {_, After} = place(Operation, States, false),
            {[unanswered(Operation)], After};
        _ -> place(Operation, States, false)
    end;
answer(#{key := Key, op := Op} = Operation, States, Fault, IsHit) ->
    place(Operation, States, IsHit() andalso wrong(Fault, Op, maps:get(Key, States, [missing]))).

unanswered(Operation) -> Operation#{result => unknown, returned := infinity}.

place(#{key := Key, op := Op, arg := Arg} = Operation, States, Wrong) ->
    [State | _] = Past = maps:get(Key, States, [missing]),
    {Result, Next} = case Wrong of
                         false -> right(Op, Arg, State);
                         _ -> Wrong
                     end,
    {[Operation#{result => Result}], States#{Key => [Next | Past]}}.

right(set, Arg, _) -> {ok, {value, Arg}};
right(get, _, State) -> {State, State};
right(contains, _, State) -> {State =/= missing, State};
right(del, _, missing) -> {missing, missing};
right(del, _, _) -> {deleted, missing}.

wrong(lost_update, set, [State | _]) -> {ok, State};
wrong(stale_read, get, [State | Past]) ->
    case [Old || Old <- Past, Old =/= State] of
        [Old | _] -> {Old, State};
        [] -> false
    end;
wrong(half_write, get, [{value, New} = State, {value, Old} | _]) when New =/= Old -> {{broken, {New, Old}}, State};
wrong(_, _, _) -> false.
