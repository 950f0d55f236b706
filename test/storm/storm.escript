#!/usr/bin/env escript
%% -*- erlang -*-
%% One node under load whose port program is killed, stopped and crashed all the time, for as long as one likes:
%%
%%     ERL_LIBS=_build/default/lib escript test/storm/storm.escript SECONDS
%%
%% Users work on dicts of their own and know what must be in them; callers run Python; owners come and die with
%% their dicts; every few seconds some mischief is done. Whatever happens, each answer is the right one or says
%% that the port program died, nobody gets a message that he did not ask for, nobody waits for ever, pyport
%% comes back, and at the end nothing is left over. Closes with what was done and `N passed, N failed'.
-mode(compile).

-define(USERS, 6).
-define(CALLERS, 6).
-define(OWNERS, 2).
-define(PAUSE, 2500).      % between two mischiefs
-define(CALM, 5000).       % after the last: a death answers all, also those whose reply was lost
-define(PATIENCE, 30000).  % milliseconds after which an answer is not slow but missing

main([Text]) ->
    Seconds = list_to_integer(Text),
    ok = logger:set_primary_config(level, none),   % crashes are the point here
    start(),
    Before = figures(),
    Shared = #{stop => atomics:new(1, []), done => counters:new(16, []), died => counters:new(1, [])},
    Actors = [{spawn_monitor(fun() -> Act(Shared#{slot => Slot}) end), Kind, Slot}
              || {Slot, {Kind, Act}} <- lists:enumerate(actors())],
    {Mischiefs, Troubles} = rage(Actors, Shared, Seconds),
    Left = leftovers(Before),
    Survivors = survivors(Mischiefs),
    report(Seconds, Shared, Mischiefs, Troubles, Left ++ Survivors);
main(_) ->
    io:format(standard_error, "usage: storm.escript SECONDS~n", []),
    halt(2).

actors() ->
    lists:append([lists:duplicate(?USERS, {user, fun use_dict/1}), lists:duplicate(?CALLERS, {caller, fun call_python/1}),
                  lists:duplicate(?OWNERS, {owners, fun make_owners/1})]).

start() ->
    ok = application:load(pyport),
    [ok = application:set_env(pyport, Key, Value)
     || {Key, Value} <- [{interpreters, 2}, {heartbeat_interval, 500}, {heartbeat_timeout, 3000}]],
    {ok, _} = application:ensure_all_started(pyport),
    await_answer().

%%% Users: each knows what is in its dict

use_dict(Shared) ->
    again(Shared, fun() ->
                          {ok, SD} = py:shared_dict_new(),
                          use(Shared, SD, #{})
                  end).

use(Shared, SD, Model) ->
    Key = <<"key ", ($a + rand:uniform(16))>>,
    Next = case rand:uniform(8) of
               1 -> right(ok, py:shared_dict_del(SD, Key)), maps:remove(Key, Model);
               2 -> right(lists:sort(maps:keys(Model)), lists:sort(py:shared_dict_keys(SD))), Model;
               N when N < 5 ->
                   Value = value(rand:uniform(4)),
                   right(ok, py:shared_dict_set(SD, Key, Value)),
                   Model#{Key => Value};
               _ -> right(maps:get(Key, Model, undefined), py:shared_dict_get(SD, Key)), Model
           end,
    go_on(Shared, fun() -> use(Shared, SD, Next) end).

value(1) -> rand:uniform(1 bsl 70);
value(2) -> #{<<"list">> => lists:seq(1, rand:uniform(50)), <<"self">> => self()};
value(3) -> rand:bytes(rand:uniform(200000));
value(4) -> {<<"tuple">>, rand:uniform(), true, none}.

%%% Callers: what Python answers is known as well

call_python(Shared) -> again(Shared, fun() -> calls(Shared) end).

calls(Shared) ->
    N = rand:uniform(1000),
    case rand:uniform(6) of
        1 -> right({ok, float(N)}, py:call(math, sqrt, [N * N]));
        2 -> right({ok, N + 1}, py:eval(<<"n + 1">>, #{n => N}));
        3 -> right({ok, N}, py:await(py:spawn_call(operator, 'index', [N])));
        4 -> right(ok, py:cast(time, sleep, [0.01]));
        5 -> right({error, timeout}, py:exec(<<"while True: pass">>, #{}, 20));
        6 -> right(ok, py:exec(<<"from erlang import SharedDict\nd = None">>))
    end,
    go_on(Shared, fun() -> calls(Shared) end).

%%% Owners: they come, make dicts, and die, some of them killed at an odd moment

make_owners(#{died := Died} = Shared) ->
    {Pid, Monitor} = spawn_monitor(fun own/0),
    _ = rand:uniform(3) =:= 1 andalso erlang:send_after(rand:uniform(20), self(), {kill, Pid}),
    receive
        {kill, Pid} -> exit(Pid, kill)
    after 0 -> ok
    end,
    case await_death(Pid, Monitor) of
        port_down -> timer:sleep(20);
        _ -> counters:add(Died, 1, 1)
    end,
    go_on(Shared, fun() -> make_owners(Shared) end).

own() ->
    try
        Dicts = [element(2, {ok, _} = py:shared_dict_new()) || _ <- lists:seq(1, rand:uniform(10))],
        [ok = py:shared_dict_set(SD, 1, <<"mine">>) || SD <- Dicts],
        _ = rand:uniform(2) =:= 1 andalso py:exec(<<"x = 1">>),
        exit(lists:nth(rand:uniform(3), [normal, shutdown, {an_error, []}]))
    catch
        exit:{port_down, _} -> exit(port_down)
    end.

await_death(Pid, Monitor) ->
    receive
        {kill, Pid} -> exit(Pid, kill), await_death(Pid, Monitor);
        {kill, _} -> await_death(Pid, Monitor);   % of an earlier one
        {'DOWN', Monitor, process, Pid, Why} -> Why
    end.

%%% What all actors do

%% Does the work anew each time that the port program dies. Who is told that it died must find another one.
again(#{stop := Stop} = Shared, Work) ->
    Before = port_pids(),
    Died = try Work(), false
           catch
               exit:{port_down, {owner_down, _}} -> false;
               exit:{port_down, _} -> true;
               throw:died -> true
           end,
    _ = Died andalso Before =/= [] andalso (another(Before) orelse exit({told_of_a_death_that_was_none, Before})),
    case atomics:get(Stop, 1) of
        0 -> timer:sleep(20), again(Shared, Work);
        1 -> ok
    end.

another(Before) -> await_until(fun() -> Now = port_pids(), Now =/= [] andalso Now =/= Before end) =:= ok.

%% The OS processes of the table and of the pools; none while pyport does not answer.
port_pids() ->
    case info() of
        #{table := #{os_pid := Table}} = Info -> [Table | python_pids(Info)];
        _ -> []
    end.

python_pids(#{pools := Pools}) ->
    [Pid || #{workers := Workers} <- maps:values(Pools), #{os_pid := Pid} <- Workers];
python_pids(_) -> [].

right(Answer, Answer) -> ok;
right(_, {error, {worker_died, _}}) -> throw(died);
right(Expected, Answer) -> exit({wrong_answer, shortened(Answer), expected, shortened(Expected)}).

shortened(Term) -> iolist_to_binary(io_lib:format("~0.200p", [Term])).

go_on(#{stop := Stop, done := Done, slot := Slot}, Next) ->
    receive {Tag, _} = Message when Tag =/= kill -> exit({stray_message, Message});
            Message when tuple_size(Message) =/= 2 -> exit({stray_message, Message})
    after 0 -> ok
    end,
    counters:add(Done, Slot, 1),
    case atomics:get(Stop, 1) of
        0 -> Next();
        1 -> ok
    end.

%%% The mischief

%% Gives what was done, as {Kind, OsPid}, and what went wrong.
rage(Actors, #{stop := Stop} = Shared, Seconds) ->
    End = now_ms() + Seconds * 1000,
    {Mischiefs, Troubles} = rage(Actors, Shared, End, progress(Actors, Shared, #{}), [], []),
    timer:sleep(?CALM),
    ok = atomics:put(Stop, 1, 1),
    {Mischiefs, Troubles ++ ended(Actors)}.

rage(Actors, Shared, End, Seen, Mischiefs, []) ->
    case now_ms() < End of
        true ->
            timer:sleep(?PAUSE),
            Kind = lists:nth(rand:uniform(length(kinds())), kinds()),
            Pid = victim(Kind),
            ok = apart(fun() -> do(Kind, Pid) end),
            Back = [{Kind, 'pyport did not come back'} || await_answer() =:= never],
            Later = progress(Actors, Shared, Seen),
            Troubles = Back ++ dead(Actors) ++ stuck(Actors, Later),
            tell(Kind, Troubles),
            rage(Actors, Shared, End, Later, [{Kind, Pid} | Mischiefs], Troubles);
        false -> {Mischiefs, []}
    end;
rage(_, _, _, _, Mischiefs, Troubles) -> {Mischiefs, Troubles}.

%% In a process of its own, which takes its namespace with it.
apart(Fun) ->
    {_, Monitor} = spawn_monitor(fun() -> _ = catch Fun(), ok end),
    receive {'DOWN', Monitor, process, _, _} -> ok end.

kinds() ->
    [kill_9, kill_table, stop, stop_table, os_exit, segfault, kill_py_port, kill_py_owner, spin, stuck_in_c].

victim(Kind) when Kind =:= kill_table; Kind =:= stop_table -> first(port_pids());
victim(_) -> first(python_pids(info())).

first([Pid | _]) -> Pid;
first([]) -> unknown.

do(kill_9, Pid) -> signal("KILL", Pid);
do(kill_table, Pid) -> signal("KILL", Pid);
do(stop, Pid) -> signal("STOP", Pid);
do(stop_table, Pid) -> signal("STOP", Pid);
do(os_exit, _) -> py:exec(<<"import os; os._exit(3)">>);
do(segfault, _) -> py:exec(<<"import ctypes; ctypes.string_at(0)">>);
do(kill_py_port, _) ->
    [Context | _] = py_context:ports(default),
    exit(element(6, Context), kill);
do(kill_py_owner, _) -> exit(whereis(py_owner), kill);
do(spin, _) -> [py:exec(<<"while True: pass">>, #{}, 300) || _ <- [1, 2, 3]];
do(stuck_in_c, _) -> py:exec(<<"import ctypes; ctypes.CDLL(None).sleep(2)">>, #{}, 50).

signal(Name, Pid) -> os:cmd("kill -" ++ Name ++ " " ++ integer_to_list(Pid)).

tell(Kind, Troubles) -> io:format("~s: ~s~n", [Kind, case Troubles of [] -> "all well"; _ -> "TROUBLE" end]).

%% Until the port program answers.
await_answer() -> await_until(fun() -> python_pids(info()) =/= [] end).

await_until(Fun) -> await_until(Fun, now_ms() + ?PATIENCE).

await_until(Fun, Deadline) ->
    case {Fun(), now_ms() < Deadline} of
        {true, _} -> ok;
        {false, true} -> timer:sleep(20), await_until(Fun, Deadline);
        {false, false} -> never
    end.

info() ->
    try py:info() of
        #{} = Info -> Info;
        _ -> #{}
    catch _:_ -> #{}
    end.

now_ms() -> erlang:monotonic_time(millisecond).

%%% Who got stuck, and who died

%% Slot -> {operations, since when it has not got on}
progress(Actors, #{done := Done}, Seen) ->
    maps:from_list([{Slot, since(counters:get(Done, Slot), maps:get(Slot, Seen, none))} || {_, _, Slot} <- Actors]).

since(Count, {Count, Since}) -> {Count, Since};
since(Count, _) -> {Count, now_ms()}.

stuck(Actors, Seen) ->
    [{Kind, 'got no answer', erlang:process_info(Pid, current_stacktrace)}
     || {{Pid, _}, Kind, Slot} <- Actors, now_ms() - element(2, maps:get(Slot, Seen)) > ?PATIENCE].

dead(Actors) ->
    lists:append([receive {'DOWN', Monitor, process, _, Why} -> [{Kind, Why}] after 0 -> [] end
                  || {{_, Monitor}, Kind, _} <- Actors]).

%% Every actor ends once it is told, also the one that waits for an answer.
ended(Actors) ->
    Alive = fun() -> [Actor || {{Pid, _}, _, _} = Actor <- Actors, is_process_alive(Pid)] end,
    _ = await_until(fun() -> Alive() =:= [] end),
    [{Kind, 'does not end', erlang:process_info(Pid, current_stacktrace)} || {{Pid, _}, Kind, _} <- Alive()]
        ++ [Trouble || {_, Why} = Trouble <- dead(Actors), Why =/= normal].

%%% What is left over

figures() ->
    #{'processes of the node' => erlang:system_info(process_count), ports => length(erlang:ports()),
      tables => length(ets:all()), descriptors => descriptors()}.

descriptors() ->
    {ok, Names} = file:list_dir("/proc/" ++ os:getpid() ++ "/fd"),
    length(Names).

of_pyport() ->
    Info = info(),
    Owners = py_owner:count(),
    maps:merge(maps:with([dicts, namespaces, in_flight], Info),
               #{rows => length(py_tables:dicts()) + length(py_tables:namespaces()), owners => maps:get(owners, Owners)}).

leftovers(Before) ->
    _ = await_until(fun() -> lists:all(fun(N) -> N =:= 0 end, maps:values(of_pyport())) end),
    _ = await_until(fun() -> more(Before) =:= [] end),
    [{What, N} || {What, N} <- maps:to_list(of_pyport()), N =/= 0] ++ more(Before).

more(Before) -> [{What, N - maps:get(What, Before)} || {What, N} <- maps:to_list(figures()), N > maps:get(What, Before)].

%% None of the port programs lives after the end.
survivors(Mischiefs) ->
    Last = port_pids(),
    ok = application:stop(pyport),
    Pids = lists:usort(Last ++ [Pid || {_, Pid} <- Mischiefs]) -- [unknown],
    _ = await_until(fun() -> not lists:any(fun is_pyport/1, Pids) end),
    [{'OS process', Pid} || Pid <- Pids, is_pyport(Pid)].

is_pyport(Pid) ->
    case file:read_file("/proc/" ++ integer_to_list(Pid) ++ "/cmdline") of
        {ok, Line} -> binary:match(Line, <<"priv/pyport">>) =/= nomatch;
        {error, _} -> false
    end.

%%% Report

report(Seconds, #{done := Done, died := Died}, Mischiefs, Troubles, Left) ->
    [io:format("TROUBLE ~0p~n", [Trouble]) || Trouble <- Troubles],
    [io:format("LEFT OVER ~0p~n", [Thing]) || Thing <- Left],
    Kinds = [Kind || {Kind, _} <- Mischiefs],
    Counts = [io_lib:format("~b ~s", [length([K || K <- Kinds, K =:= Kind]), Kind]) || Kind <- lists:usort(Kinds)],
    io:format("storm of ~b s: ~b operations, ~b owners died; ~b mischiefs (~s)~n",
              [Seconds, lists:sum([counters:get(Done, Slot) || Slot <- lists:seq(1, 16)]), counters:get(Died, 1),
               length(Kinds), lists:join(", ", Counts)]),
    Checks = [Mischiefs =/= [], Troubles =:= [], Left =:= []],
    Failed = length([false || false <- Checks]),
    io:format("~b passed, ~b failed~n", [length(Checks) - Failed, Failed]),
    halt(min(1, Failed)).
