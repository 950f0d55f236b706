%% Two builds of pyport side by side: each in a node of its own, slice for slice in turns. Run by
%% test/bench/against.
-module(bench_against).

-export([main/1]).
-export([prepare/0, erlang_slice/3, python_slice/2]).   % called in the nodes

-define(HOLDER, bench_against_holder).

%% Arguments: what to call the earlier build, the folders that hold the applications of the earlier and of the
%% present one, and perhaps --quick.
-spec main([string()]) -> no_return().
main([Name, Earlier, Present | Options]) ->
    try
        [] = Options -- ["--quick"],
        compare(Name, [start(Earlier), start(Present)], Options =/= []),
        halt(0)
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "~s~n", [erl_error:format_exception(Class, Reason, Stack)]),
            halt(1)
    end.

start(Libraries) ->
    Paths = lists:append([["-pa", Ebin] || Ebin <- [filename:dirname(code:which(?MODULE))
                                                    | filelib:wildcard(filename:join(Libraries, "*/ebin"))]]),
    {ok, Peer, _} = peer:start_link(#{connection => standard_io, wait_boot => 60000, args => Paths}),
    ok = call(Peer, prepare, []),
    Peer.

compare(Name, Peers, Quick) ->
    {Rounds, Ms} = case Quick of true -> {3, 10}; false -> {21, 200} end,
    Rows = [row(Title, Peers, Function, Arguments ++ [Ms], Rounds) || {Title, Function, Arguments} <- rows()],
    bench_text:title(["Beside ", Name, ", nanoseconds an operation"]),
    bench_text:table(["operation", Name, "present", "ratio"], Rows).

rows() ->
    [{"Python: sd[k], an int", python_slice, [<<"get">>]},
     {"Python: sd[k] = v, an int", python_slice, [<<"put">>]},
     {"Erlang: get of an int, 1 caller", erlang_slice, [get, 1]},
     {"Erlang: set of an int, 1 caller", erlang_slice, [set, 1]},
     {"Erlang: get of an int, 32 callers", erlang_slice, [get, 32]},
     {"Erlang: set of an int, 32 callers", erlang_slice, [set, 32]}].

row(Title, Peers, Function, Arguments, Rounds) ->
    _ = [call(Peer, Function, Arguments) || Peer <- Peers],     % to warm up
    {Earlier, Present} = lists:unzip([list_to_tuple([call(Peer, Function, Arguments) || Peer <- Peers])
                                      || _ <- lists:seq(1, Rounds)]),
    [Title, bench_text:ns(bench_measure:median(Earlier)), bench_text:ns(bench_measure:median(Present)),
     bench_text:ratio(bench_measure:median(lists:zipwith(fun(A, B) -> B / A end, Earlier, Present)))].

call(Peer, Function, Arguments) -> peer:call(Peer, ?MODULE, Function, Arguments, 60000).

%%% In each of the nodes

%% A dict that stays, and the same loop in Python.
-spec prepare() -> ok.
prepare() ->
    ok = logger:set_primary_config(level, warning),
    {ok, _} = application:ensure_all_started(pyport),
    Caller = self(),
    spawn(fun() -> hold(Caller) end),
    receive {?HOLDER, Done} -> Done end.

%% The namespace and the dict are this process's own.
hold(Caller) ->
    register(?HOLDER, self()),
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, <<"k">>, 42),
    persistent_term:put(?HOLDER, SD),
    ok = py:exec(code()),
    Caller ! {?HOLDER, ok},
    serve(SD).

serve(SD) ->
    receive
        {python, Caller, What, Ms} ->
            {ok, Ns} = py:eval(<<"time_of(SharedDict(handle), what, ms)">>, #{handle => SD, what => What, ms => Ms}),
            Caller ! {?HOLDER, Ns},
            serve(SD)
    end.

code() ->
    <<"from time import perf_counter_ns\n"
      "from erlang import SharedDict\n"
      "def get(sd):\n"
      "    for _ in range(1000): sd['k']\n"
      "def put(sd):\n"
      "    for _ in range(1000): sd['k'] = 42\n"
      "def time_of(sd, what, ms):\n"
      "    operation = {'get': get, 'put': put}[what]\n"
      "    count, begin = 0, perf_counter_ns()\n"
      "    end = begin + ms * 1_000_000\n"
      "    while perf_counter_ns() < end:\n"
      "        operation(sd)\n"
      "        count += 1000\n"
      "    return (perf_counter_ns() - begin) / count\n">>.

-spec python_slice(binary(), pos_integer()) -> float().
python_slice(What, Ms) ->
    ?HOLDER ! {python, self(), What, Ms},
    receive {?HOLDER, Ns} -> Ns end.

%% Nanoseconds of an operation, all callers together.
-spec erlang_slice(get | set, pos_integer(), pos_integer()) -> float().
erlang_slice(What, Callers, Ms) ->
    SD = persistent_term:get(?HOLDER),
    Operation = case What of
                    get -> fun() -> 42 = py:shared_dict_get(SD, <<"k">>) end;
                    set -> fun() -> ok = py:shared_dict_set(SD, <<"k">>, 42) end
                end,
    #{it := [PerSecond]} =
        bench_measure:compare([bench_measure:contender(it, Operation)], Callers, #{rounds => 1, slice_ms => Ms}),
    1.0e9 / PerSecond.
