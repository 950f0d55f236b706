%% Python that does its worst. Where it can be survived, its OS process survives it; where not, it is
%% started anew. The node, the dicts and the other callers never suffer.
-module(py_hostile_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([prints/1, writes_to_fd_1/1, children_and_fd_1/1, reads_stdin/1, sys_exit/1, os_exit/1, segfault/1, abort/1, endless_recursion/1,
         odd_exceptions/1, huge_allocation/1, deep_results/1, threads_left_running/1, signal_handlers/1, signals/1,
         closes_fds/1, closes_streams/1, wrong_keys/1, bad_handles/1, unpicklable_values/1, meddling_values/1,
         destroyed_while_storing/1, finalizers/1, reentrant_keys/1, forks/1,
         never_gives_up/1, blocked_in_c/1, endless_lines/1, broken_builtins/1,
         readers_and_writers/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [prints, writes_to_fd_1, children_and_fd_1, reads_stdin, sys_exit, os_exit, segfault, abort, endless_recursion,
     odd_exceptions, huge_allocation, deep_results, threads_left_running, signal_handlers, signals,
     closes_fds, closes_streams, wrong_keys, bad_handles, unpicklable_values, meddling_values,
     destroyed_while_storing, finalizers, reentrant_keys, forks,
     never_gives_up, blocked_in_c, endless_lines, broken_builtins,
     readers_and_writers].

%% Each case has a port program of its own, and leaves nothing of it.
init_per_testcase(_Case, Config) -> py_ct:start(Config, [{interpreters, 4}, {heartbeat_interval, 500}, {heartbeat_timeout, 30000}]).

end_per_testcase(_Case, Config) ->
    Started = py_ct:children() -- ?config(pyport_before, Config),
    ok = application:stop(pyport),
    [application:unset_env(pyport, Key) || {Key, _} <- ?config(pyport_set, Config)],
    case [Pid || Pid <- Started, py_ct:is_alive(Pid)] of
        [] -> ok;
        Alive -> {fail, {left_over, Alive}}
    end.

%%% Output and input

prints(Config) ->
    ?assertEqual({ok, <<"printed">>}, hostile(print_everywhere, [])),
    unharmed(Config).

writes_to_fd_1(Config) ->
    ?assertEqual({ok, <<"written">>}, hostile(write_to_fd_1, [])),
    ?assertEqual({ok, <<"put">>}, hostile(puts_in_c, [])),
    [{ok, none} = py:call(builtins, print, [N]) || N <- lists:seq(1, 100)],
    unharmed(Config).

children_and_fd_1(Config) ->
    ?assertEqual({ok, 0}, hostile(child_writes_to_fd_1, [])),
    ?assertEqual({ok, 0}, hostile(child_reads_stdin, [])),
    unharmed(Config).

reads_stdin(Config) ->
    ?assertEqual({ok, [<<>>, <<>>]}, hostile(read_stdin, [])),
    ?assertMatch({error, {'EOFError', _}}, py:call(builtins, input, [])),
    unharmed(Config).

%%% The end

sys_exit(Config) ->
    [?assertMatch({error, {'SystemExit', _}}, hostile(exit_politely, [Code])) || Code <- [0, 1, none, <<"words">>]],
    ?assertMatch({error, {'SystemExit', _}}, py:exec(<<"raise SystemExit">>)),
    ?assertMatch({error, {'SystemExit', _}}, py:call(builtins, exit, [])),
    ?assertEqual({ok, <<"still here">>}, hostile(exit_in_a_thread, [])),
    unharmed(Config).

os_exit(Config) ->
    ?assertMatch({error, {worker_died, #{reason := exited, exit_status := 7}}}, hostile(exit_rudely, [7])),
    restarted(Config).

segfault(Config) ->
    ?assertMatch({error, {worker_died, #{reason := signal, signal := 11}}}, hostile(segfault, [])),
    restarted(Config).

abort(Config) ->
    ?assertMatch({error, {worker_died, #{reason := signal, signal := 6}}}, hostile(abort, [])),
    restarted(Config).

%%% Exceptions and memory

endless_recursion(Config) ->
    ?assertMatch({error, {'RecursionError', #{traceback := [_ | _]}}}, hostile(recurse, [])),
    ?assertMatch({error, {'RecursionError', _}}, hostile(recurse_in_repr, [])),
    unharmed(Config).

odd_exceptions(Config) ->
    ?assertMatch({error, {<<"hostile.Odd">>, #{message := <<"odd">>}}}, hostile(raise_odd, [])),
    ?assertMatch({error, {<<"hostile.Mute">>,
                          #{message := <<"<no message: str() of the exception raised ValueError>">>}}},
                 hostile(raise_mute, [])),
    ?assertMatch({error, {'ValueError', #{message := <<"half a pair: ", _/binary>>}}}, hostile(raise_surrogate, [])),
    ?assertMatch({error, {'ValueError', #{message := <<"xxx", _/binary>>}}}, hostile(raise_huge, [])),
    ?assertMatch({error, {'KeyError', #{message := <<"'second'">>}}}, hostile(raise_nested, [])),
    [?assertMatch({error, {Name, _}}, hostile(raise_base, [Name])) || Name <- ['KeyboardInterrupt', 'GeneratorExit', 'SystemError']],
    unharmed(Config).

huge_allocation(Config) ->
    ?assertMatch({error, {'MemoryError', _}}, hostile(allocate, [1 bsl 40])),
    ?assertMatch({error, {'OverflowError', _}}, hostile(allocate, [1 bsl 80])),
    unharmed(Config).

deep_results(Config) ->
    {ok, _} = hostile(deep_list, [300]),
    ?assertMatch({error, _}, hostile(deep_list, [600])),
    ?assertMatch({error, _}, hostile(deep_list, [1000000])),
    %% a list that holds itself has no form here, but goes back as it came
    {ok, {py_object, <<"list">>, _} = Cycle} = py:eval(<<"(lambda a: a.append(a) or a)([])">>),
    ?assertEqual({ok, true}, py:eval(<<"x[0] is x">>, #{x => Cycle})),
    unharmed(Config).

%%% Things that stay

threads_left_running(Config) ->
    {ok, _} = hostile(leave_threads, [2]),
    unharmed(Config).

signal_handlers(Config) ->
    {ok, _} = hostile(change_signals, []),
    unharmed(Config).

%% Such a signal may end the port program; it is started anew then.
signals(Config) ->
    Pid = py_ct:os_pid(),
    _ = hostile(raise_signal, [15]),
    py_ct:eventually(fun() -> py:eval(<<"1">>, #{}, 1000) =:= {ok, 1} end),
    case py_ct:os_pid() of
        Pid -> unharmed(Config);
        _ -> restarted(Config)
    end.

closes_fds(Config) ->
    ?assertEqual({ok, <<"closed">>}, hostile(close_fds, [])),
    unharmed(Config).

closes_streams(Config) ->
    ?assertEqual({ok, <<"closed">>}, hostile(close_streams, [])),
    ?assertEqual({ok, none}, py:call(builtins, print, [<<"as before">>])),
    ?assertEqual({ok, <<"replaced">>}, hostile(replace_streams, [])),
    ?assertEqual({ok, none}, py:call(builtins, print, [<<"into nothing">>])),
    ?assertMatch({error, {'ValueError', _}}, py:call(math, sqrt, [-1])),
    unharmed(Config).

%%% Dicts

wrong_keys(Config) ->
    {ok, SD} = py:shared_dict_new(),
    {ok, Told} = hostile(wrong_keys, [SD]),
    ?assertNot(lists:member(<<"accepted">>, Told)),
    ?assertEqual([], py:shared_dict_keys(SD)),
    unharmed(Config).

bad_handles(Config) ->
    {ok, Told} = hostile(bad_handles, []),
    ?assertEqual([<<"TypeError">>], lists:usort(Told)),
    unharmed(Config).

unpicklable_values(Config) ->
    {ok, SD} = py:shared_dict_new(),
    {ok, [<<"old">>, Told]} = hostile(store_unpicklable, [SD]),
    ?assertEqual(5, length(Told)),
    ?assertNot(lists:member(<<"accepted">>, Told)),
    ?assertEqual(<<"old">>, py:shared_dict_get(SD, k)),
    unharmed(Config).

%% __reduce__ and __setstate__ that use the same dict and the same key.
meddling_values(Config) ->
    {ok, SD} = py:shared_dict_new(),
    [begin
         ?assertEqual({ok, <<"note">>}, hostile(meddle, [SD])),
         ?assertEqual(<<"note">>, py:shared_dict_get(SD, reduced)),
         ?assertEqual(#{<<"note">> => <<"note">>}, py:shared_dict_get(SD, set)),
         ?assertEqual(<<"written by __setstate__">>, py:shared_dict_get(SD, k))
     end || _ <- lists:seq(1, 20)],
    Calls = [py:spawn_call(hostile, meddle, [SD]) || _ <- lists:seq(1, 40)],
    [?assertMatch({_, _}, py:await(Call)) || Call <- Calls],
    unharmed(Config).

destroyed_while_storing(Config) ->
    {ok, SD} = py:shared_dict_new(),
    ?assertMatch({error, {'RuntimeError', #{message := <<"SharedDict has been destroyed">>}}}, hostile(destroy_while_storing, [SD])),
    ?assertError(badarg, py:shared_dict_get(SD, k)),
    unharmed(Config).

%% What dies with its namespace may still use a dict.
finalizers(Config) ->
    {ok, SD} = py:shared_dict_new(),
    {Pid, Monitor} = spawn_monitor(fun() -> ok = py:exec(<<"import hostile\nm = hostile.Mourner(sd)">>, #{sd => SD}) end),
    receive {'DOWN', Monitor, process, Pid, normal} -> ok end,
    py_ct:eventually(fun() -> py:shared_dict_get(SD, mourned) =:= true end),
    unharmed(Config).

%% __hash__, __eq__ and __del__ that use the dict, while one of its values is loaded. A key's own are not asked.
reentrant_keys(Config) ->
    {ok, SD} = py:shared_dict_new(),
    [?assertEqual({ok, [[2, true, true, true] || _ <- [dict, set, frozenset]]}, hostile(reenter, [SD])) || _ <- lists:seq(1, 20)],
    ?assertEqual({ok, [1, 1, true, 1]}, hostile(evil_key, [SD])),
    unharmed(Config).

%%% Processes and loops

%% An interpreter of its own may refuse to fork; if it forks, the child must not touch the protocol.
forks(Config) ->
    case hostile(fork_and_go, []) of
        {ok, 0} -> ok;
        {error, {'RuntimeError', _}} -> ok
    end,
    unharmed(Config).

%% Code that catches every interrupt goes with its OS process; nothing else does.
never_gives_up(Config) -> ends_at_its_timeout(never_give_up, Config).

%% So does code that waits in C for ever.
blocked_in_c(Config) -> ends_at_its_timeout(wait_for_ever, Config).

ends_at_its_timeout(Function, Config) ->
    {ok, SD} = py:shared_dict_new(),
    {Pid, Monitor} = spawn_monitor(fun() -> exit(py:call(hostile, Function, [SD], #{}, 500)) end),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, begun) =:= true end),
    receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual({error, timeout}, Why) end,
    ?assertEqual({ok, 2.0}, py:call(math, sqrt, [4])),
    ?assertEqual(true, py:shared_dict_get(SD, begun)),
    restarted(Config).

endless_lines(Config) ->
    ?assertEqual({ok, <<"printed">>}, py:call(hostile, long_line, [5000000])),
    ?assertEqual({ok, <<"printed">>}, py:call(hostile, lines_without_end, [100000])),
    unharmed(Config).

%% One interpreter is spoilt; the others and the dicts are not.
broken_builtins(Config) ->
    {ok, SD} = py:shared_dict_new(),
    _ = py:exec(<<"import builtins, sys\nfor n in ('len', 'str', 'isinstance', 'repr', '__import__', 'compile', 'print'):\n"
                  "    setattr(builtins, n, None)\nsys.modules.clear()">>),
    _ = py:eval(<<"1">>),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    py_ct:eventually(fun() ->
                             {_, Monitor} = spawn_monitor(fun() -> exit(catch py:eval(<<"len('four')">>)) end),
                             receive {'DOWN', Monitor, _, _, Why} -> Why =:= {ok, 4} end
                     end),
    ?assertEqual(?config(pyport_pid, Config), py_ct:os_pid()).

%%% 8 readers here, 4 writers there, for 10 seconds

%% A node that has nothing to do with ours tells how long the machine leaves processes without a turn
%% meanwhile. At worst an operation waits for four such turns: the node's, the port program's, that of
%% a Python thread that was sent to sleep with the dict's lock in its hand, and the node's again.
readers_and_writers(Config) ->
    {ok, SD} = py:shared_dict_new(),
    Seconds = 10,
    Watch = py_ct:watch_machine(),
    Calls = [py:spawn_call(hostile, write_in_a_loop, [SD, Seconds], #{}, 60000) || _ <- lists:seq(1, 4)],
    End = py_ct:ms(0) + Seconds * 1000,
    Test = self(),
    Readers = [spawn_link(fun() -> Test ! {self(), read_until(SD, End, 0, 0)} end) || _ <- lists:seq(1, 8)],
    Reads = [receive {Reader, Told} -> Told end || Reader <- Readers],
    Writes = [begin {ok, {Rounds, Longest}} = py:await(Call), {Rounds, round(Longest * 1.0e6)} end || Call <- Calls],
    Machine = py_ct:watched_machine(Watch),
    ct:pal("reads and the longest in us: ~w~nrounds of writes and the longest: ~w~nlongest time without a turn: ~b us",
           [Reads, Writes, Machine]),
    [begin
         ?assert(Count > 100),
         ?assert(Longest < 100000 + 4 * Machine)
     end || {Count, Longest} <- Reads ++ Writes],
    unharmed(Config).

read_until(SD, End, Count, Longest) ->
    Micros = lists:max([element(1, timer:tc(fun() -> read(SD, Key) end)) || Key <- [<<"a">>, <<"b">>, <<"c">>]]),
    case py_ct:ms(0) > End of
        true -> {Count + 1, max(Longest, Micros)};
        false -> read_until(SD, End, Count + 1, max(Longest, Micros))
    end.

%% Never half of a value.
read(SD, Key) ->
    case py:shared_dict_get(SD, Key) of
        undefined -> ok;
        #{<<"n">> := N, <<"list">> := List, <<"text">> := _} -> ?assertEqual(lists:duplicate(10, N), List)
    end.

%%% Helpers

hostile(Function, Args) -> py:call(hostile, Function, Args, #{}, 30000).

%% The same port program, all of its interpreters at work, dicts in order.
unharmed(Config) ->
    ?assertEqual(?config(pyport_pid, Config), py_ct:os_pid()),
    works().

restarted(Config) ->
    py_ct:await_another(?config(pyport_pid, Config)),
    works().

works() ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, [1, #{a => 2.5}]),
    ?assertEqual([1, #{<<"a">> => 2.5}], py:shared_dict_get(SD, k)),
    Calls = [py:spawn_call(math, sqrt, [N * N]) || N <- lists:seq(1, 40)],
    ?assertEqual([{ok, float(N)} || N <- lists:seq(1, 40)], [py:await(Call) || Call <- Calls]),
    {_, Monitor} = spawn_monitor(fun() -> exit(py:eval(<<"2 + 2">>)) end),
    receive {'DOWN', Monitor, _, _, Why} -> ?assertEqual({ok, 4}, Why) end,
    ok = py:shared_dict_destroy(SD).
