%% What the suites share: starting and stopping pyport, waiting for something to become true, and counting
%% what must not be left over.
-module(py_ct).

-export([start/1, start/2, stop/1, restart/1, program/0, data/1, venv/0, golden/1, unhex/1]).
-export([eventually/1, eventually/2, ms/1, pid_fds/1, is_alive/1, kill_9/1, signal/2]).
-export([workers/1, os_pids/1, os_pid/0, os_pid/1, table_pid/0, interpreters/0, interpreters/1, is_idle/1, port_server/1]).
-export([restart_port_program/0, restart_table/0, await_another/1, await_another/2, await_another_table/1]).
-export([children/0, files/0, badarg_text/1, await_gone/1, flush/0, with_peer/1]).
-export([cpu_waits/0, watch_machine/0, watched_machine/1, watch/0, longest_gap/0]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

start(Config) -> start(Config, []).

%% Starts the application and remembers how things stand, for stop/1 to compare. Everything that costs a
%% descriptor once has been used once before the count.
start(Config, Options) ->
    _ = application:stop(pyport),
    _ = application:load(pyport),
    Set = [{interpreters, 2}, {python_path, [data("python")]} | Options],
    [ok = application:set_env(pyport, Key, Value) || {Key, Value} <- Set],
    Before = children(),
    {ok, _} = application:ensure_all_started(pyport),
    warm_up(),
    [{pyport_set, Set}, {pyport_pid, os_pid()}, {pyport_fds, pid_fds(os_pid())}, {pyport_before, Before} | Config].

warm_up() ->
    Interpreters = interpreters(),
    in_process(fun() ->
                       Calls = [py:spawn_call(os, getpid, []) || _ <- Interpreters],
                       [{ok, _} = py:await(Call) || Call <- Calls],
                       {ok, SD} = py:shared_dict_new(),
                       ok = py:shared_dict_set(SD, <<"k">>, 1)
               end).

in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(Fun),
    receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end.

%% A fresh start with the same configuration.
restart(Config) ->
    ok = application:stop(pyport),
    {ok, _} = application:ensure_all_started(pyport),
    Config.

%% Fails when anything is left: dicts, namespaces, owners, requests, descriptors, OS processes.
stop(Config) ->
    Leaks = [{What, eventually_zero(Count)} || {What, Count} <- counts(Config)],
    Started = children() -- ?config(pyport_before, Config),
    ok = application:stop(pyport),
    [application:unset_env(pyport, Key) || {Key, _} <- ?config(pyport_set, Config)],
    Left = [Pid || Pid <- Started, is_alive(Pid)],
    ?assertEqual([], Left, "an OS process outlives the application"),
    ?assertEqual([], files()),
    ?assertEqual([], [Leak || {_, N} = Leak <- Leaks, N =/= 0]),
    ok.

counts(Config) ->
    [{dicts, fun() -> maps:get(dicts, py:info()) end},
     {namespaces, fun() -> maps:get(namespaces, py:info()) end},
     {owners, fun() -> maps:get(owners, py_owner:count()) end},
     {rows, fun() -> length(py_tables:dicts()) + length(py_tables:namespaces()) end},
     {in_flight, fun() -> maps:get(in_flight, py:info()) end},
     {monitors, fun() -> {monitors, M} = process_info(whereis(py_owner), monitors), length(M) end}]
        ++ [{descriptors, fun() -> max(0, pid_fds(os_pid()) - ?config(pyport_fds, Config)) end}
            || os_pid() =:= ?config(pyport_pid, Config)].

eventually_zero(Count) ->
    case wait_for(fun() -> Count() =:= 0 end, 10000) of
        true -> 0;
        false -> Count()
    end.

program() -> filename:join(code:priv_dir(pyport), "pyport").

%% The virtual environment with the packages, or none.
venv() ->
    case [Venv || Root <- roots(data("python")), Venv <- [filename:join([Root, ".setup", "packages"])],
                  filelib:is_regular(filename:join(Venv, "complete"))] of
        [Venv | _] -> Venv;
        [] -> none
    end.

roots("/") -> [];
roots(Folder) -> [Folder | roots(filename:dirname(Folder))].

%% A file or folder below test/ct/data. The suites may run from a copy of them.
data(Name) ->
    Folders = [filename:dirname(code:which(?MODULE)), filename:absname(filename:dirname(?FILE)), element(2, file:get_cwd())],
    hd([Path || Folder <- Folders, {ok, Path} <- [find(Folder, Name)]]).

find("/", _) -> none;
find(Folder, Name) ->
    Tries = [filename:join([Folder, "data", Name]), filename:join([Folder, "test", "ct", "data", Name])],
    case [Path || Path <- Tries, filelib:is_file(Path)] of
        [Path | _] -> {ok, Path};
        [] -> find(filename:dirname(Folder), Name)
    end.

%% The lines of a file of test/golden that are no comments.
golden(Name) ->
    {ok, Text} = file:read_file(find_golden(filename:dirname(data("python")), Name)),
    [Line || Line <- binary:split(Text, <<"\n">>, [global, trim_all]), binary:first(Line) =/= $#].

find_golden("/", Name) -> ct:fail({no_golden, Name});
find_golden(Folder, Name) ->
    Tries = [filename:join([Folder, "golden", Name]), filename:join([Folder, "test", "golden", Name])],
    case lists:filter(fun filelib:is_regular/1, Tries) of
        [Path | _] -> Path;
        [] -> find_golden(filename:dirname(Folder), Name)
    end.

unhex(<<"-">>) -> none;
unhex(Hex) -> << <<(binary_to_integer(Byte, 16))>> || <<Byte:2/binary>> <= Hex >>.

%%% Waiting

eventually(Fun) -> eventually(Fun, 10000).

eventually(Fun, Millis) -> wait_for(Fun, Millis) orelse ct:fail({never, erlang:fun_info(Fun, name)}).

wait_for(Fun, Millis) -> wait_until(Fun, ms(0) + Millis).

wait_until(Fun, Deadline) ->
    case Fun() of
        true -> true;
        _ ->
            case ms(0) > Deadline of
                true -> false;
                false ->
                    timer:sleep(5),
                    wait_until(Fun, Deadline)
            end
    end.

%% Milliseconds since a moment.
ms(Since) -> erlang:monotonic_time(millisecond) - Since.

flush() ->
    receive Message -> [Message | flush()]
    after 0 -> []
    end.

%%% OS processes

pid_fds(Pid) ->
    {ok, Names} = file:list_dir(["/proc/", integer_to_list(Pid), "/fd"]),
    length(Names).

is_alive(Pid) -> py_os:identify(Pid) =/= gone.

kill_9(Pid) -> signal("KILL", Pid).

signal(Name, Pid) ->
    "" = os:cmd(lists:flatten(io_lib:format("kill -~s ~b", [Name, Pid]))),
    ok.

%%% Port programs

%% What py:info/0 tells of the OS processes of a pool that answer.
workers(Pool) ->
    #{pools := #{Pool := #{workers := Workers}}} = py:info(),
    [Worker || #{os_pid := _, status := up} = Worker <- Workers].

os_pids(Pool) -> [Pid || #{os_pid := Pid} <- workers(Pool)].

%% The OS process of the pool `default', or the oldest.
os_pid() -> os_pid(default).

os_pid(Pool) -> hd(os_pids(Pool)).

table_pid() ->
    #{table := #{os_pid := Pid}} = py:info(),
    Pid.

interpreters() -> interpreters(default).

interpreters(Pool) -> lists:append([Interpreters || #{interpreters := Interpreters} <- workers(Pool)]).

%% Nothing runs in it.
is_idle(Pool) -> not lists:any(fun(#{busy := Busy}) -> Busy end, interpreters(Pool)).

%% The py_port of the pool's one OS process.
port_server(Pool) ->
    [Context] = py_context:ports(Pool),
    element(6, Context).

%% Kills the OS process of the default pool and waits for the next one.
restart_port_program() ->
    Pid = os_pid(),
    ok = kill_9(Pid),
    await_another(Pid).

%% Until a port program other than this one answers.
await_another(Pid) -> await_another(default, Pid).

await_another(Pool, Pid) ->
    eventually(fun() ->
                       Now = try os_pids(Pool) catch exit:{port_down, _} -> [] end,
                       Now =/= [] andalso not lists:member(Pid, Now)
               end, 60000).

%% The same of the table's.
restart_table() ->
    Pid = table_pid(),
    ok = kill_9(Pid),
    await_another_table(Pid).

await_another_table(Pid) ->
    eventually(fun() -> try table_pid() =/= Pid catch exit:{port_down, _} -> false end end, 60000).

%% The files of this node.
files() ->
    {ok, Names} = file:list_dir("/dev/shm"),
    [Name || Name <- Names, lists:prefix("pyport-" ++ os:getpid() ++ "-", Name)].

%% The port programs below this node: {Pid, ...} of all processes called pyport that descend from it.
children() ->
    Parents = maps:from_list([{Pid, Parent} || {Pid, _, Parent} <- processes_of_machine()]),
    Own = list_to_integer(os:getpid()),
    [Pid || {Pid, <<"pyport">>, _} <- processes_of_machine(), descends(Pid, Own, Parents)].

descends(Own, Own, _) -> true;
descends(Pid, Own, Parents) ->
    case Parents of
        #{Pid := Parent} when Parent > 1 -> descends(Parent, Own, Parents);
        #{} -> false
    end.

processes_of_machine() ->
    {ok, Names} = file:list_dir("/proc"),
    lists:append([stat(list_to_integer(Name)) || Name <- Names, lists:all(fun(C) -> C >= $0 andalso C =< $9 end, Name)]).

stat(Pid) ->
    case file:read_file(["/proc/", integer_to_list(Pid), "/stat"]) of
        {ok, Stat} ->
            [Head, Tail] = binary:split(Stat, <<") ">>),
            [_, Name] = binary:split(Head, <<"(">>),
            case binary:split(Tail, <<" ">>, [global]) of
                [State, Parent | _] when State =/= <<"Z">> -> [{Pid, Name, binary_to_integer(Parent)}];
                _ -> []
            end;
        {error, _} -> []
    end.

%%% What the machine does meanwhile

%% Milliseconds in which something on this machine waited for a CPU, ever since it was started; 0 where the
%% kernel does not tell. What a time limit of the product is allowed more on a machine that is busy.
cpu_waits() ->
    case file:read_file("/proc/pressure/cpu") of
        {ok, <<"some ", Line/binary>>} ->
            {match, [Micros]} = re:run(Line, "total=([0-9]+)", [{capture, all_but_first, list}]),
            list_to_integer(Micros) div 1000;
        _ -> 0
    end.

%% Watches, from a node of its own that has nothing to do with pyport, how long the machine leaves processes
%% without a turn: a byte goes to another OS process and back without a rest; the longest time between two. (Whoever
%% rests is given the next turn at once, and would see nothing of what busy processes wait.)
watch_machine() ->
    {ok, Peer, _} = peer:start(#{connection => standard_io, args => ["-pa" | code:get_path()], wait_boot => 60000}),
    true = peer:call(Peer, ?MODULE, watch, []),
    Peer.

%% The longest time in microseconds; ends the watch.
watched_machine(Peer) ->
    Longest = peer:call(Peer, ?MODULE, longest_gap, [], 60000),
    peer:stop(Peer),
    Longest.

watch() -> register(?MODULE, spawn(fun() -> echo(open_port({spawn_executable, "/bin/cat"}, [binary, stream]), now_us(), 0) end)).

longest_gap() ->
    ?MODULE ! {longest, self()},
    receive {longest, Micros} -> Micros end.

echo(Cat, Last, Longest) ->
    receive {longest, From} -> From ! {longest, Longest}
    after 0 ->
        port_command(Cat, <<"x">>),
        receive {Cat, {data, _}} -> ok end,
        Now = now_us(),
        echo(Cat, Now, max(Longest, Now - Last))
    end.

now_us() -> erlang:monotonic_time(microsecond).

%%% Nodes

%% Runs Fun(Peer, Node) with another node, connected by distribution.
with_peer(Fun) ->
    distribute(),
    {ok, Peer, Node} = peer:start(#{name => peer:random_name(), args => ["-pa" | code:get_path()], wait_boot => 60000}),
    try Fun(Peer, Node)
    after
        try peer:stop(Peer) catch _:_ -> ok end
    end.

distribute() ->
    case erlang:is_alive() of
        true -> ok;
        false ->
            _ = os:cmd("epmd -daemon"),
            {ok, _} = net_kernel:start([list_to_atom(peer:random_name("pyport_ct")), shortnames]),
            ok
    end.

%%% Errors

%% What the shell says of a badarg that Fun raises, and on which function.
badarg_text(Fun) ->
    try Fun() of
        Value -> ct:fail({no_badarg, Value})
    catch
        error:badarg:Stack ->
            Text = erl_error:format_exception(error, badarg, Stack),
            {hd(Stack), unicode:characters_to_binary(Text)}
    end.

%% Waits until a dict is no more.
await_gone(SD) ->
    eventually(fun() ->
                       try py:shared_dict_keys(SD) of
                           _ -> false
                       catch
                           error:badarg -> true
                       end
               end).
