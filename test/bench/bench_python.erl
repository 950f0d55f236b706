%% Running Python from Erlang, and SharedDict inside Python.
-module(bench_python).

-export([calls/2, dict/1, processes/1]).

-define(POOL, bench_python).

%% py:call(math, sqrt, [16]) beside the echo of its bytes.
-spec calls(Echo :: file:filename(), map()) -> ok.
calls(Echo, Effort) ->
    Request = 8 + byte_size(term_to_binary({1, <<"math">>, <<"sqrt">>, [16], #{}})),
    Reply = 8 + byte_size(term_to_binary(4.0)),
    Contenders = [bench_echo:contender(echo, Echo, Request, Reply),
                  bench_measure:contender(pyport, fun() -> {ok, 4.0} = py:call(math, sqrt, [16]) end)],
    Rows = [row(Callers, bench_measure:compare(Contenders, Callers, Effort)) || Callers <- maps:get(callers, Effort)],
    bench_text:title("Erlang: py:call(math, sqrt, [16])"),
    bench_text:table(["callers", "echo, 1000/s", "py:call, 1000/s", "echo / py:call", "py:call, us a call of one caller"],
                     Rows).

row(Callers, #{echo := Echo, pyport := Pyport}) ->
    [integer_to_list(Callers),
     bench_text:thousands(bench_measure:per_second(Echo)),
     bench_text:thousands(bench_measure:per_second(Pyport)),
     bench_text:ratio(bench_measure:ratio(Pyport, Echo)),
     bench_text:us(Callers * bench_measure:us(Pyport))].

%% test/bench/python_bench.py, in an interpreter.
-spec dict(map()) -> ok.
dict(#{rounds := Rounds, slice_ms := Ms}) ->
    {ok, Dict} = py:shared_dict_new(),
    {ok, Rows} = py:call(python_bench, compare, [Dict, Rounds, Ms], #{}, infinity),
    ok = py:shared_dict_destroy(Dict),
    bench_text:title("Python: SharedDict beside a plain dict with pickle, nanoseconds an operation"),
    bench_text:table(["value", "sd[k]", "loads(d[k])", "ratio", "sd[k] again", "sd[k] = v", "d[k] = dumps(v)", "ratio"],
                     [[Name | cells(Cells)] || [Name | Cells] <- Rows]).

cells([Get, Loads, GetRatio, Again, Set, Dumps, SetRatio]) ->
    [bench_text:ns(Get), bench_text:ns(Loads), bench_text:ratio(GetRatio), bench_text:ns(Again),
     bench_text:ns(Set), bench_text:ns(Dumps), bench_text:ratio(SetRatio)].

%% OS processes at one table, each of them a Python of its own.
-spec processes(map()) -> ok.
processes(#{folder := Folder} = Effort) ->
    Count = case erlang:system_info(logical_processors_available) of N when N >= 4 -> 4; _ -> 2 end,
    ok = py:start_pool(?POOL, #{isolation => process, size => Count, python_path => [Folder]}),
    Dicts = [element(2, py:shared_dict_new()) || _ <- lists:seq(1, Count)],
    Same = [hd(Dicts) || _ <- Dicts],
    Rows = [rates(Name, What, Used, Effort)
            || {Name, What, Used} <- [{"sd[k], a dict each", <<"get">>, Dicts},
                                      {"sd[k] = v, a dict each", <<"set">>, Dicts},
                                      {"sd[k], the same key", <<"get">>, Same},
                                      {"sd[k] = v, the same key", <<"set">>, Same}]],
    ok = py:stop_pool(?POOL),
    lists:foreach(fun py:shared_dict_destroy/1, Dicts),
    bench_text:title("Python: OS processes at one table, an int, thousand operations a second"),
    bench_text:table(["operation", "1 process", io_lib:format("~b processes", [Count]), "ratio"], Rows).

rates(Name, What, [First | _] = Dicts, #{rounds := Rounds, slice_ms := Ms}) ->
    {Alone, Together} = lists:unzip([{rate(What, [First], Ms), rate(What, Dicts, Ms)} || _ <- lists:seq(1, Rounds)]),
    [Name, bench_text:thousands(bench_measure:median(Alone)), bench_text:thousands(bench_measure:median(Together)),
     bench_text:ratio(bench_measure:median(lists:zipwith(fun(A, T) -> T / A end, Alone, Together)))].

%% The pool has as many processes as there are dicts, and gives each call to one that is free.
rate(What, Dicts, Ms) ->
    Calls = [py:spawn_call(?POOL, python_bench, rate, [Dict, What, 3 * Ms / 1000]) || Dict <- Dicts],
    lists:sum([begin {ok, Rate} = py:await(Call, infinity), Rate end || Call <- Calls]).
