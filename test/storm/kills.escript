#!/usr/bin/env escript
%% -*- erlang -*-
%% Kills port programs and nodes with SIGKILL at random moments, under load, and counts what was lost.
%%
%%     ERL_LIBS=_build/default/lib escript test/storm/kills.escript PYTHON TABLE ALL NODE
%%
%% PYTHON kills of one python port each, TABLE of the table's port, ALL of all port programs at once, NODE of a whole
%% node. Meanwhile eight Erlang processes set, get and delete in dicts of their own and know what must be in them, and
%% three Python loops in OS processes of their own count in a dict; each loop writes down what it has done behind each
%% store, in a file that outlives it. What was acknowledged must be there, whoever was killed; what was under way may be there or
%% not. Closes with the figures and `N passed, N failed'.
-mode(compile).

-define(CALLERS, 8).
-define(LOOPS, 3).
-define(KEYS, 12).
-define(PATIENCE, 30000).   % milliseconds after which an answer is missing, not slow
-define(NODE_GRACE, 1000).  % milliseconds after a node's death in which its files and OS processes must go

main(["node", Folder]) -> be_a_node(Folder);
main([_, _, _, _] = Counts) ->
    [Python, Table, All, Nodes] = [list_to_integer(Count) || Count <- Counts],
    ok = logger:set_primary_config(level, none),   % deaths are the point here
    Folder = filename:join("/tmp", "pyport-kills-" ++ os:getpid()),
    ok = filelib:ensure_path(Folder),
    Kills = [{python, Python}, {table, Table}, {all, All}],
    Results = [storm(Folder, Kills), whole_nodes(Folder, Nodes)],
    _ = file:del_dir_r(Folder),
    report(maps:merge(hd(Results), lists:last(Results)));
main(_) ->
    io:format(standard_error, "usage: kills.escript PYTHON TABLE ALL NODE~n", []),
    halt(2).

%%% One node, whose port programs are killed

storm(Folder, Kills) ->
    start(),
    Shared = #{stop => atomics:new(1, []), done => counters:new(3, []), folder => Folder},
    Owner = self(),
    Actors = [spawn_monitor(fun() -> caller(Shared, new_dict()) end) || _ <- lists:seq(1, ?CALLERS)]
        ++ [spawn_monitor(fun() -> loop(Shared, N, new_dict(), 0) end) || N <- lists:seq(1, ?LOOPS)],
    await_load(Shared),
    {ok, Probe} = py:shared_dict_new(),
    ok = py:shared_dict_set(Probe, <<"since the beginning">>, Owner),
    Recoveries = lists:append([[kill(Kind, Probe) || _ <- lists:seq(1, Count)] || {Kind, Count} <- Kills]),
    atomics:put(maps:get(stop, Shared), 1, 1),
    Ends = [ended(Actor) || Actor <- Actors],
    Good = maps:get(stray, lists:foldl(fun merge/2, #{stray => 0}, Ends)),
    Leaked = leaked(),
    Files = own_files(),
    Pids = port_pids(),
    ok = application:stop(pyport),
    #{kills => Kills, recoveries => Recoveries, stray => Good,
      writes => counters:get(maps:get(done, Shared), 1), loops => counters:get(maps:get(done, Shared), 2),
      deaths => counters:get(maps:get(done, Shared), 3),
      lost => [Lost || {lost, Lost} <- Ends], hanging => [Hang || {hanging, Hang} <- Ends], failed => [F || {failed, F} <- Ends],
      leaked => Leaked, processes => [Pid || Pid <- Pids, is_pyport(Pid)], files => [F || F <- Files, filelib:is_file(F)]}.

merge(#{stray := N}, #{stray := M}) -> #{stray => N + M};
merge(_, Sum) -> Sum.

start() ->
    ok = application:load(pyport),
    [ok = application:set_env(pyport, Key, Value) || {Key, Value} <- [{interpreters, 2}, {heartbeat_interval, 500}]],
    {ok, _} = application:ensure_all_started(pyport),
    ok = py:start_pool(loops, #{isolation => process, size => 3}).

new_dict() ->
    {ok, SD} = py:shared_dict_new(),
    SD.

%% Everybody has begun.
await_load(#{done := Done} = Shared) ->
    Loops = [written(path(Shared, N)) || N <- lists:seq(1, ?LOOPS)],
    case counters:get(Done, 1) > 100 andalso lists:all(fun(At) -> At > 100 end, Loops) of
        true -> ok;
        false -> timer:sleep(10), await_load(Shared)
    end.

%% Gives {Kind, milliseconds until a dict operation works again}. The pause is the random moment.
kill(Kind, Probe) ->
    timer:sleep(rand:uniform(60)),
    Killed = victims(Kind),
    Began = erlang:monotonic_time(microsecond),
    _ = os:cmd("kill -9 " ++ lists:join(" ", [integer_to_list(Pid) || Pid <- Killed])),
    ok = await_probe(Probe),
    Took = (erlang:monotonic_time(microsecond) - Began) / 1000,
    _ = await_other(Kind, Killed, now_ms() + ?PATIENCE),
    {Kind, Took}.

victims(Kind) ->
    case pids(Kind) of
        [] -> timer:sleep(5), victims(Kind);
        Pids -> Pids
    end.

pids(python) -> some(lists:append([Pids || {_, Pids} <- python_pids()]));
pids(table) -> table_pids();
pids(all) ->
    case {table_pids(), [Pids || {_, Pids} <- python_pids()]} of
        {[_] = Table, [_, _] = Python} -> Table ++ lists:append(Python);
        _ -> []
    end.

some([]) -> [];
some(Pids) -> [lists:nth(rand:uniform(length(Pids)), Pids)].

table_pids() ->
    case info() of
        #{table := #{os_pid := Pid}} -> [Pid];
        _ -> []
    end.

python_pids() ->
    case info() of
        #{pools := Pools} -> [{Pool, [Pid || #{os_pid := Pid} <- Workers]} || {Pool, #{workers := Workers}} <- maps:to_list(Pools)];
        _ -> []
    end.

port_pids() -> table_pids() ++ lists:append([Pids || {_, Pids} <- python_pids()]).

%% The next kill waits until all are up again: there is nothing to learn from a pool that is not there.
await_other(Kind, Killed, Deadline) ->
    Now = port_pids(),
    case length(Now) >= 5 andalso Now -- Killed =:= Now of
        true -> ok;
        false when Kind =:= never -> ok;
        false ->
            case now_ms() > Deadline of
                true -> exit({'does not come up again', Kind, Killed});
                false -> timer:sleep(5), await_other(Kind, Killed, Deadline)
            end
    end.

%% A handle from before all kills.
await_probe(Probe) ->
    try py:shared_dict_get(Probe, <<"since the beginning">>) of
        Value when Value =:= self() -> ok
    catch
        exit:{port_down, _} -> await_probe(Probe)
    end.

info() ->
    try py:info() of
        #{} = Info -> Info;
        _ -> none
    catch
        exit:{port_down, _} -> none
    end.

now_ms() -> erlang:monotonic_time(millisecond).

ended({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, {shutdown, What}} -> What;
        {'DOWN', Monitor, process, Pid, Why} -> {failed, Why}
    after ?PATIENCE -> {hanging, erlang:process_info(Pid, current_stacktrace)}
    end.

%%% Erlang callers

%% Key -> the values that may be in the dict: one, but for a key whose last change nobody has acknowledged.
caller(Shared, SD) -> caller(Shared, SD, #{}, 0).

caller(#{stop := Stop, done := Done} = Shared, SD, Model, N) ->
    Key = <<"key ", (integer_to_binary(rand:uniform(?KEYS)))/binary>>,
    Next = case rand:uniform(4) of
               1 -> change(Key, undefined, Model, fun() -> py:shared_dict_del(SD, Key) end);
               2 -> look(SD, Key, Model);
               _ ->
                   Value = value(N),
                   change(Key, Value, Model, fun() -> py:shared_dict_set(SD, Key, Value) end)
           end,
    counters:add(Done, 1, 1),
    case atomics:get(Stop, 1) of
        0 -> caller(Shared, SD, Next, N + 1);
        1 ->
            _ = lists:foldl(fun(Each, Sum) -> look(SD, Each, Sum) end, Next, maps:keys(Next)),
            exit({shutdown, #{stray => stray(0)}})
    end.

value(N) when N rem 3 =:= 0 -> N;
value(N) when N rem 3 =:= 1 -> {N, binary:copy(<<N:32>>, rand:uniform(300))};
value(N) -> {N, binary:copy(<<N:32>>, rand:uniform(20000))}.

change(Key, Value, Model, Work) ->
    try Work() of
        ok -> Model#{Key => [Value]}
    catch
        exit:{port_down, _} -> Model#{Key => [Value | maps:get(Key, Model, [undefined])]}
    end.

look(SD, Key, Model) ->
    Possible = maps:get(Key, Model, [undefined]),
    try py:shared_dict_get(SD, Key) of
        Value ->
            lists:member(Value, Possible) orelse exit({shutdown, {lost, {Key, shortened(Value), shortened(Possible)}}}),
            Model#{Key => [Value]}
    catch
        exit:{port_down, _} -> Model
    end.

shortened(Term) -> iolist_to_binary(io_lib:format("~0.100p", [Term])).

%% Messages that nobody asked for: an answer that came twice.
stray(N) ->
    receive _ -> stray(N + 1)
    after 0 -> N
    end.

%%% Python loops

python() -> <<"
import os
from erlang import SharedDict

def count(handle, name, path, at):
    sd = SharedDict(handle)
    done = os.open(path, os.O_RDWR | os.O_CREAT)
    while 'stop' not in sd:
        at += 1
        sd[name] = at
        if at % 3 == 0:
            sd['large'] = bytes([at % 251]) * (at % 40000)
        os.pwrite(done, at.to_bytes(8, 'big'), 0)
    return at
">>.

loop(#{stop := Stop, done := Done} = Shared, N, SD, At) ->
    Path = path(Shared, N),
    Args = #{h => SD, name => <<"count">>, path => list_to_binary(Path), at => At},
    Self = self(),
    Worker = spawn(fun() -> Self ! {self(), run(Args)} end),
    ok = wait_for(Worker, Stop, SD),
    Written = written(Path),
    counters:add(Done, 2, max(0, Written - At)),
    Now = settled(SD),
    Now =:= Written orelse Now =:= Written + 1 orelse exit({shutdown, {lost, {loop, N, Now, Written}}}),
    case atomics:get(Stop, 1) of
        0 -> counters:add(Done, 3, 1), loop(Shared, N, SD, Now);
        1 -> exit({shutdown, #{stray => stray(0)}})
    end.

run(Args) ->
    try
        ok = py:exec(python(), #{}, #{pool => loops, timeout => infinity}),
        py:eval(<<"count(h, name, path, at)">>, Args, #{pool => loops, timeout => infinity})
    catch
        exit:{port_down, _} -> again;
        error:{badmatch, {error, {worker_died, _}}} -> again
    end.

wait_for(Worker, Stop, SD) ->
    receive
        {Worker, {ok, _}} -> ok;
        {Worker, {error, {worker_died, _}}} -> ok;
        {Worker, again} -> ok;
        {Worker, Other} -> exit({shutdown, {failed, Other}})
    after 50 ->
        _ = atomics:get(Stop, 1) =:= 1 andalso until_up(fun() -> py:shared_dict_set(SD, <<"stop">>, true) end),
        wait_for(Worker, Stop, SD)
    end.

path(#{folder := Folder}, N) -> filename:join(Folder, "loop" ++ integer_to_list(N)).

written(Path) ->
    case file:read_file(Path) of
        {ok, <<At:64>>} -> At;
        {ok, <<>>} -> 0;
        {error, enoent} -> 0
    end.

settled(SD) -> until_up(fun() -> py:shared_dict_get(SD, <<"count">>, 0) end).

until_up(Fun) ->
    try Fun()
    catch exit:{port_down, _} -> until_up(Fun)
    end.

%%% What is left over

%% Everything is given back once nobody owns anything.
leaked() ->
    [File | _] = own_files(),
    _ = until(fun() -> maps:get(dicts, info(), 1) =< 1 end),
    Program = filename:join(code:priv_dir(pyport), "pyport"),
    until_clean(Program, File, now_ms() + ?PATIENCE).

until_clean(Program, File, Deadline) ->
    Text = os:cmd(Program ++ " --audit " ++ File),
    {match, [Leaked]} = re:run(Text, "leaked_blocks ([0-9]+)", [{capture, all_but_first, list}]),
    case {list_to_integer(Leaked), now_ms() > Deadline} of
        {0, _} -> 0;
        {N, true} -> N;
        {_, false} -> timer:sleep(100), until_clean(Program, File, Deadline)
    end.

until(Fun) -> until(Fun, now_ms() + ?PATIENCE).

until(Fun, Deadline) ->
    case Fun() orelse now_ms() > Deadline of
        true -> ok;
        false -> timer:sleep(10), until(Fun, Deadline)
    end.

own_files() -> files_of(os:getpid()).

files_of(Pid) -> filelib:wildcard("/dev/shm/pyport-" ++ Pid ++ "-*").

is_pyport(Pid) ->
    case file:read_file("/proc/" ++ integer_to_list(Pid) ++ "/cmdline") of
        {ok, Line} -> binary:match(Line, <<"priv/pyport">>) =/= nomatch;
        {error, _} -> false
    end.

%%% Whole nodes

be_a_node(Folder) ->
    ok = logger:set_primary_config(level, none),
    start(),
    Shared = #{stop => atomics:new(1, []), done => counters:new(3, []), folder => Folder},
    _ = [spawn(fun() -> caller(Shared, new_dict()) end) || _ <- lists:seq(1, ?CALLERS)],
    _ = [spawn(fun() -> loop(Shared, N, new_dict(), 0) end) || N <- lists:seq(1, ?LOOPS)],
    await_load(Shared),
    io:format("up ~s ~s~n", [os:getpid(), lists:join(",", [integer_to_list(Pid) || Pid <- port_pids()])]),
    receive never -> ok end.

whole_nodes(Folder, Count) ->
    Left = [kill_node(filename:join(Folder, "node" ++ integer_to_list(N))) || N <- lists:seq(1, Count)],
    #{nodes => Count, node_files => lists:append([Files || {Files, _} <- Left]), node_processes => lists:append([Pids || {_, Pids} <- Left])}.

kill_node(Folder) ->
    ok = filelib:ensure_path(Folder),
    Port = open_port({spawn_executable, os:find_executable("escript")},
                     [{args, [escript:script_name(), "node", Folder]}, {line, 1000}, exit_status]),
    {Pid, Ports} = receive
                       {Port, {data, {eol, "up " ++ Line}}} ->
                           [Own, Others] = string:split(Line, " "),
                           {Own, [list_to_integer(Other) || Other <- string:split(Others, ",", all)]}
                   after 60000 -> exit('the node does not come up')
                   end,
    timer:sleep(rand:uniform(100)),
    _ = os:cmd("kill -9 " ++ Pid),
    receive {Port, {exit_status, _}} -> ok after ?PATIENCE -> exit('the node does not die') end,
    until(fun() -> files_of(Pid) =:= [] andalso not lists:any(fun is_pyport/1, Ports) end, now_ms() + ?NODE_GRACE),
    {files_of(Pid), [Other || Other <- Ports, is_pyport(Other)]}.

%%% Report

report(#{kills := Kills, recoveries := Recoveries} = Result) ->
    #{writes := Writes, loops := Loops, deaths := Deaths, nodes := Nodes} = Result,
    io:format("~b operations of Erlang callers, ~b writes of Python loops, which died ~b times~n", [Writes, Loops, Deaths]),
    [io:format("~4b kills of ~-14s dict operations again after ~.1f ms (median), ~.1f (p99), ~.1f (longest)~n",
               [Count, what(Kind), part(0.5, Times), part(0.99, Times), lists:max(Times)])
     || {Kind, Count} <- Kills, Count > 0, Times <- [lists:sort([Time || {Each, Time} <- Recoveries, Each =:= Kind])]],
    io:format("~4b kills of a whole node~n", [Nodes]),
    Counts = [{"lost acknowledged writes", lost}, {"callers left hanging", hanging}, {"callers that failed", failed},
              {"left-over OS processes", processes}, {"left-over files", files},
              {"OS processes 1 s after a node's death", node_processes}, {"files 1 s after a node's death", node_files}],
    Zeros = [{Name, length(Things), Things} || {Name, Key} <- Counts, Things <- [maps:get(Key, Result)]]
        ++ [{"answered twice", maps:get(stray, Result), []}, {"leaked blocks", maps:get(leaked, Result), []}],
    [io:format("~4b ~s~s~n", [N, Name, [io_lib:format(" ~0p", [Things]) || N > 0, Things =/= []]]) || {Name, N, Things} <- Zeros],
    Failed = length([N || {_, N, _} <- Zeros, N =/= 0]),
    io:format("~b passed, ~b failed~n", [length(Zeros) - Failed, Failed]),
    halt(min(1, Failed)).

what(python) -> "a python port";
what(table) -> "the table's";
what(all) -> "all of them".

part(Share, Sorted) -> lists:nth(max(1, ceil(Share * length(Sorted))), Sorted).
