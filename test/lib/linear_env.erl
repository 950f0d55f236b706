%% Where the linearizability tests run: three OS processes with Python in them, beside that of the table; which
%% of them are killed; and how to see that all are there again.
-module(linear_env).

-export([start/0, stop/0, env/4, os_pid/1]).

-define(PATIENCE, 30000).   % milliseconds after which something is not slow but missing

%% The default pool, which has more than one interpreter, and two pools of one OS process each.
places() -> [default, linear_one, linear_two].

%% @doc Starts the pools; pyport runs, with test/ct/data/python in its Python path.
-spec start() -> ok.
start() ->
    [ok = py:start_pool(Pool, #{isolation => process, size => 1}) || Pool <- places(), Pool =/= default],
    recovered().

-spec stop() -> ok.
stop() ->
    [ok = py:stop_pool(Pool) || Pool <- places(), Pool =/= default],
    ok.

%% @doc For linear_run:run/2. In `Kills' of so many programs a victim is killed, or two.
-spec env([register | linear_steps:theme()], Fault, Fault, {non_neg_integer(), pos_integer()}) -> map() when
      Fault :: linear_faults:fault() | linear_whole_faults:fault().
env(Themes, ErlangFault, PythonFault, Kills) ->
    #{themes => Themes, places => places(), victims => [table | places()], kills => Kills, call => fun call/3, os_pid => fun os_pid/1,
      recovered => fun recovered/0, erlang_fault => ErlangFault, python_fault => PythonFault}.

call(Pool, Function, Args) ->
    try py:await(py:spawn_call(Pool, linear_client, Function, Args, #{}, 60000))
    catch exit:Why -> {exit, Why}
    end.

%% @doc Of a pool, or of the table; none while it is being started anew.
-spec os_pid(linear_program:victim()) -> pos_integer() | none.
os_pid(Victim) ->
    try {Victim, py:info()} of
        {table, #{table := #{os_pid := Pid}}} -> Pid;
        {Pool, #{pools := Pools}} -> worker(maps:get(Pool, Pools, none))
    catch exit:{port_down, _} -> none
    end.

worker(#{workers := [#{os_pid := Pid} | _]}) -> Pid;
worker(_) -> none.

recovered() -> recovered(erlang:monotonic_time(millisecond) + ?PATIENCE).

recovered(Deadline) ->
    case lists:all(fun(Victim) -> os_pid(Victim) =/= none end, [table | places()]) of
        true -> ok;
        false ->
            erlang:monotonic_time(millisecond) < Deadline orelse error({not_recovered, py:info()}),
            timer:sleep(2),
            recovered(Deadline)
    end.
