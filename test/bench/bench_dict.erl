%% get and set from Erlang, beside ETS and the raw echo of the same bytes.
-module(bench_dict).

-export([run/2, new_and_destroy/2]).

-spec run(Echo :: file:filename(), map()) -> ok.
run(Echo, Effort) ->
    Dict = new_dict(Effort),
    [operation(Kind, Dict, Echo, Effort) || Kind <- [get, set]],
    ok.

operation(Kind, Dict, Echo, #{callers := AllCallers} = Effort) ->
    Results = [{Name, Callers, bench_measure:compare(contenders(Kind, Dict, Value, Echo, Effort), Callers, Effort)}
               || Callers <- AllCallers, {Name, Value} <- bench_values:all()],
    bench_text:title(io_lib:format("Erlang: ~s, one caller, microseconds an operation", [Kind])),
    bench_text:table(["value", "ETS", "ETF alone", "echo", "pyport", "pyport / echo"],
                     [[Name | one_caller(Result)] || {Name, 1, Result} <- Results]),
    bench_text:title(io_lib:format("Erlang: ~s, many callers, thousand operations a second", [Kind])),
    bench_text:table(["value", "callers", "ETS", "echo", "pyport", "echo / pyport"],
                     [[Name, integer_to_list(Callers) | many_callers(Result)]
                      || {Name, Callers, Result} <- Results, Callers > 1]).

one_caller(Result) ->
    [cell(fun bench_text:us/1, fun bench_measure:us/1, Name, Result) || Name <- [ets, etf, echo, pyport]]
        ++ [ratio(Result)].

many_callers(Result) ->
    [cell(fun bench_text:thousands/1, fun bench_measure:per_second/1, Name, Result)
     || Name <- [ets, echo, pyport]] ++ [ratio(Result)].

%% The same number for both tables: how many times longer pyport takes.
ratio(#{pyport := Pyport, echo := Echo}) -> bench_text:ratio(bench_measure:ratio(Pyport, Echo));
ratio(_) -> "-".

cell(Text, Number, Name, Result) ->
    case Result of
        #{Name := Rates} -> Text(Number(Rates));
        _ -> "-"
    end.

%%% Who takes part

contenders(Kind, Dict, Value, Echo, Effort) ->
    {Request, Reply} = wire_bytes(Kind, Value),
    [ets(Kind, Value), etf(Kind, Value), bench_echo:contender(echo, Echo, Request, Reply)
     | [pyport(Kind, Dict, Value) || maps:get(pyport, Effort)]].

wire_bytes(get, Value) -> bench_values:get_bytes(Value);
wire_bytes(set, Value) -> bench_values:set_bytes(Value).

%% Callers share one key, as readers of a configuration do.
ets(Kind, Value) ->
    Key = bench_values:key(),
    {ets, fun(_Callers) ->
                  Table = ets:new(bench, [public, {read_concurrency, true}, {write_concurrency, true}]),
                  ets:insert(Table, {Key, Value}),
                  Operation = case Kind of
                                  get -> fun() -> [{_, _}] = ets:lookup(Table, Key) end;
                                  set -> fun() -> ets:insert(Table, {Key, Value}) end
                              end,
                  {fun(_I) -> Operation end, fun() -> ets:delete(Table) end}
          end}.

%% What encoding or decoding the value costs in Erlang, which the echo leaves out.
etf(get, Value) ->
    Encoded = term_to_binary(Value),
    bench_measure:contender(etf, fun() -> binary_to_term(Encoded) end);
etf(set, Value) -> bench_measure:contender(etf, fun() -> term_to_binary(Value) end).

pyport(Kind, Dict, Value) ->
    Key = bench_values:key(),
    {pyport, fun(_Callers) ->
                     ok = py:shared_dict_set(Dict, Key, Value),
                     Value = py:shared_dict_get(Dict, Key),
                     Operation = case Kind of
                                     get -> fun() -> py:shared_dict_get(Dict, Key) end;
                                     set -> fun() -> ok = py:shared_dict_set(Dict, Key, Value) end
                                 end,
                     {fun(_I) -> Operation end, fun() -> ok end}
             end}.

new_dict(#{pyport := true}) ->
    {ok, Dict} = py:shared_dict_new(),
    Dict;
new_dict(_) -> none.

%%% new and destroy

-spec new_and_destroy(Echo :: file:filename(), map()) -> ok.
new_and_destroy(Echo, Effort) ->
    Contenders = [bench_measure:contender(ets, fun() -> ets:delete(ets:new(bench, [public])) end),
                  twice(bench_echo:contender(echo, Echo, 30, 8)),
                  bench_measure:contender(pyport, fun() ->
                                                          {ok, Dict} = py:shared_dict_new(),
                                                          ok = py:shared_dict_destroy(Dict)
                                                  end)],
    Rows = [begin
                Result = bench_measure:compare(Contenders, Callers, Effort),
                [integer_to_list(Callers) | many_callers(Result)]
            end || Callers <- [1, 8]],
    bench_text:title("Erlang: shared_dict_new and shared_dict_destroy, thousand pairs a second (echo: two round trips)"),
    bench_text:table(["callers", "ETS new, delete", "echo", "pyport", "echo / pyport"], Rows).

twice({Name, Start}) ->
    {Name, fun(Callers) ->
                   {Worker, Stop} = Start(Callers),
                   {fun(I) -> Operation = Worker(I), fun() -> Operation(), Operation() end end, Stop}
           end}.
