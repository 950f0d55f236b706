%% Keys that expire: how exactly, and what it costs those that do not.
-module(bench_expiry).

-export([run/1]).

-spec run(map()) -> ok.
run(Effort) ->
    exactness(Effort),
    cost(Effort).

%%% How exactly

%% Half of the keys are looked for again and again until they are gone, the others are left to whoever erases what has expired,
%% and tells so.
exactness(#{expiring := Count}) ->
    {ok, SD} = py:shared_dict_new(),
    {ok, Subscription} = py:shared_dict_subscribe(SD, all, #{max_queue => infinity}),
    Gone = [looked_for(SD, N) || N <- lists:seq(1, Count)],
    Told = told(SD, maps:from_list([set(SD, Count + N) || N <- lists:seq(1, Count)])),
    0 = py:shared_dict_size(SD),
    ok = py:shared_dict_unsubscribe(Subscription),
    ok = py:shared_dict_destroy(SD),
    bench_text:title("Keys that expire: milliseconds after their time"),
    bench_text:table(["keys", "earliest", "median", "99 %", "latest"],
                     [[io_lib:format("~b that are read until they are gone", [Count]) | spread(Gone)],
                      [io_lib:format("~b that nobody reads: erased, and told", [Count]) | spread(Told)]]).

%% The key, and its time at the earliest.
set(SD, N) ->
    Ttl = 20 + N rem 100,
    Begin = now_ms(),
    ok = py:shared_dict_set(SD, N, true, #{ttl => Ttl}),
    {N, Begin + Ttl}.

looked_for(SD, N) ->
    {N, Time} = set(SD, N),
    look(SD, N),
    now_ms() - Time.

look(SD, N) ->
    case py:shared_dict_is_key(SD, N) of
        true -> look(SD, N);
        false -> ok
    end.

told(_, Times) when map_size(Times) =:= 0 -> [];
told(SD, Times) ->
    receive
        {shared_dict, SD, {expired, N}} when is_map_key(N, Times) ->
            {Time, Others} = maps:take(N, Times),
            [now_ms() - Time | told(SD, Others)];
        {shared_dict, SD, _} -> told(SD, Times)
    end.

now_ms() -> erlang:monotonic_time(microsecond) / 1000.

spread(Times) ->
    Sorted = lists:sort(Times),
    At = fun(Share) -> lists:nth(max(1, ceil(Share * length(Sorted))), Sorted) end,
    [bench_text:us(Ms) || Ms <- [hd(Sorted), At(0.5), At(0.99), lists:last(Sorted)]].

%%% What it costs

cost(Effort) ->
    {ok, Plain} = py:shared_dict_new(),
    {ok, Beside} = py:shared_dict_new(),
    {ok, Own} = py:shared_dict_new(),
    Hour = #{ttl => 3600000},
    ok = py:shared_dict_set(Beside, other, true, Hour),
    Dicts = [{plain, Plain, fun py:shared_dict_set/3}, {beside, Beside, fun py:shared_dict_set/3},
             {own, Own, fun(SD, Key, Value) -> py:shared_dict_set(SD, Key, Value, Hour) end}],
    _ = [ok = Set(SD, key, 1) || {_, SD, Set} <- Dicts],
    Gets = compare(Dicts, fun(SD, _) -> py:shared_dict_get(SD, key) end, Effort),
    Sets = compare(Dicts, fun(SD, Set) -> Set(SD, key, 2) end, Effort),
    bench_text:title("Keys that expire: the cost, microseconds an operation of one caller"),
    bench_text:table(["a key", "get", "ratio", "set", "ratio"],
                     [[Name | row(Who, Gets) ++ row(Who, Sets)]
                      || {Name, Who} <- [{"of a dict in which none expires", plain}, {"beside one that expires", beside},
                                         {"that expires", own}]]),
    lists:foreach(fun({_, SD, _}) -> ok = py:shared_dict_destroy(SD) end, Dicts).

compare(Dicts, Operation, Effort) ->
    bench_measure:compare([bench_measure:contender(Name, fun() -> Operation(SD, Set) end) || {Name, SD, Set} <- Dicts], 1, Effort).

row(Who, #{plain := Plain} = Results) ->
    #{Who := Rates} = Results,
    [bench_text:us(bench_measure:us(Rates)), bench_text:ratio(bench_measure:ratio(Rates, Plain))].
