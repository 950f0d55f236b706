-module(py_os_tests).

-include_lib("eunit/include/eunit.hrl").

sleeper() ->
    Port = open_port({spawn_executable, "/bin/sleep"}, [{args, ["1000"]}]),
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    {ok, Process} = py_os:identify(Pid),
    {Port, Pid, Process}.

kill_test() ->
    process_flag(trap_exit, true),
    {_, Pid, Process} = sleeper(),
    ?assertEqual(Pid, py_os:os_pid(Process)),
    ?assert(py_os:alive(Process)),
    ?assertEqual(still_alive, py_os:wait_gone(Process, 0)),
    ok = py_os:kill(Process),
    ?assertEqual(gone, py_os:wait_gone(Process, 10000)),
    ?assertEqual(gone, py_os:identify(Pid)),
    ok = py_os:kill(Process).

%% A child that outlives the leader of its group goes too.
group_test() ->
    Port = open_port({spawn_executable, "/bin/sh"},
                     [{args, ["-c", "sleep 1000 & echo $!; wait"]}, {line, 100}, stream]),
    Child = receive {Port, {data, {eol, Line}}} -> list_to_integer(Line) end,
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    {ok, Leader} = py_os:identify(Pid),
    {ok, Orphan} = py_os:identify(Child),
    ok = py_os:kill(Leader),
    ?assertEqual(gone, py_os:wait_gone(Leader, 10000)),
    ?assertEqual(gone, py_os:wait_gone(Orphan, 10000)).

%% The same pid with another start time is another process.
another_process_test() ->
    {ok, Own} = py_os:identify(list_to_integer(os:getpid())),
    Other = setelement(3, Own, <<"0">>),
    ?assert(py_os:alive(Own)),
    ?assertNot(py_os:alive(Other)).

nobody_test() ->
    ?assertEqual(gone, py_os:identify(1 bsl 30)).
