%% Running Python from Erlang, and SharedDict inside Python.
-module(bench_python).

-export([calls/2, dict/1]).

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
    bench_text:table(["value", "sd[k]", "loads(d[k])", "ratio", "sd[k] = v", "d[k] = dumps(v)", "ratio"],
                     [[Name | cells(Cells)] || [Name | Cells] <- Rows]).

cells([Get, Loads, GetRatio, Set, Dumps, SetRatio]) ->
    [bench_text:ns(Get), bench_text:ns(Loads), bench_text:ratio(GetRatio),
     bench_text:ns(Set), bench_text:ns(Dumps), bench_text:ratio(SetRatio)].
