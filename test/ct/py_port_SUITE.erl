%% The life of port programs, the table's and Python's: start, refusal, death of every kind, stop.
-module(py_port_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([log/2, init/1]).
-export([missing_program/1, bad_config/1, python_is_refused/1, only_one/1, own_supervisor/1,
         never_says_hello/1, dies_at_once/1, other_protocol/1, unknown_frames/1,
         killed_while_all_wait/1, killed_while_dicts_wait/1, table_is_killed_under_load/1, py_port_is_killed/1,
         py_table_is_killed/1, all_that_answer_are_killed/1,
         py_port_is_killed_over_a_stopped_program/1,
         killed_again_and_again/1, table_is_killed_again_and_again/1,
         children_of_python_go_too/1, heartbeat/1, heartbeat_of_python/1, heartbeat_spares_busy_python/1,
         too_many_in_flight/1, too_many_dict_operations/1, in_flight_of_killed_callers/1, busy_port/1,
         killed_while_the_port_is_busy/1, call_into_a_busy_port/1,
         stop_while_python_runs/1, stop_a_stopped_one/1, stale_files_are_swept/1, table_dir/1,
         node_is_killed/1, output_is_shown/1, status_shows_no_values/1, nothing_logs_values/1]).

-behaviour(supervisor).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [missing_program, bad_config, python_is_refused, only_one, own_supervisor,
     never_says_hello, dies_at_once, other_protocol, unknown_frames,
     killed_while_all_wait, killed_while_dicts_wait, table_is_killed_under_load, py_port_is_killed,
     py_table_is_killed, all_that_answer_are_killed,
     py_port_is_killed_over_a_stopped_program, killed_again_and_again, table_is_killed_again_and_again,
     children_of_python_go_too, heartbeat, heartbeat_of_python, heartbeat_spares_busy_python,
     too_many_in_flight, too_many_dict_operations, in_flight_of_killed_callers, busy_port,
     killed_while_the_port_is_busy, call_into_a_busy_port,
     stop_while_python_runs, stop_a_stopped_one, stale_files_are_swept, table_dir,
     node_is_killed, output_is_shown, status_shows_no_values, nothing_logs_values].

init_per_testcase(_Case, Config) ->
    _ = application:stop(pyport),
    _ = application:load(pyport),
    Config.

end_per_testcase(_Case, _Config) ->
    Left = py_ct:children(),
    _ = application:stop(pyport),
    Alive = [Pid || Pid <- Left, py_ct:is_alive(Pid)],
    [application:unset_env(pyport, Key) || {Key, _} <- application:get_all_env(pyport)],
    [py_ct:kill_9(Pid) || Pid <- Alive],
    case Alive of
        [] -> ok;
        _ -> {fail, {left_over, Alive}}
    end.

start(Options) ->
    [ok = application:set_env(pyport, Key, Value)
     || {Key, Value} <- [{interpreters, 2}, {python_path, [py_ct:data("python")]} | Options]],
    {ok, _} = application:ensure_all_started(pyport).

%%% What is wrong is said by start_link

missing_program(Config) ->
    Priv = ?config(priv_dir, Config),
    Plain = filename:join(Priv, "plain"),
    ok = file:write_file(Plain, "#!/bin/sh\n"),
    [?assertEqual({error, {no_program, unicode:characters_to_binary(Path), Why}}, pyport:start_link([{program, Path}]))
     || {Path, Why} <- [{"/no/such/pyport", enoent}, {Priv, not_a_file}, {Plain, not_executable}]],
    ok = application:set_env(pyport, program, "/no/such/pyport"),
    {error, {pyport, {{no_program, <<"/no/such/pyport">>, enoent}, _}}} = application:ensure_all_started(pyport).

bad_config(_Config) ->
    ?assertMatch({error, {bad_config, interpreters, _}}, pyport:start_link([{interpreters, 0}])),
    ?assertMatch({error, {bad_config, interpreter, _}}, pyport:start_link(#{interpreter => 1})),
    ?assertEqual(undefined, whereis(pyport_sup)).

%% What only the port program can know.
python_is_refused(_Config) ->
    process_flag(trap_exit, true),
    {error, {bad_config, Why}} = pyport:start_link([{python, "/etc"}]),
    ?assertNotEqual(nomatch, binary:match(Why, <<"python">>)).

only_one(_Config) ->
    start([]),
    Pid = whereis(pyport_sup),
    ?assertEqual({error, {already_started, Pid}}, pyport:start_link([])),
    ?assertEqual({ok, 2}, py:eval(<<"1 + 1">>)).

own_supervisor(_Config) ->
    {ok, Sup} = supervisor:start_link(?MODULE, [{interpreters, 1}, {none, nil}]),
    unlink(Sup),
    ?assertEqual({ok, nil}, py:eval(<<"None">>)),
    ?assertMatch([{pyport, _, supervisor, [pyport_sup]}], supervisor:which_children(Sup)),
    Pids = py_ct:children(),
    ok = supervisor:terminate_child(Sup, pyport),
    ?assertEqual({2, []}, {length(Pids), [Pid || Pid <- Pids, py_ct:is_alive(Pid)]}),
    ?assertEqual([], py_ct:files()),
    ?assertExit({port_down, _}, py:eval(<<"1">>)),
    {ok, _} = supervisor:restart_child(Sup, pyport),
    ?assertEqual({ok, 1}, py:eval(<<"1">>)),
    stop_supervisor(Sup).

%% As a supervisor, with pyport as its child.
init(Options) -> {ok, {#{strategy => one_for_one}, [pyport:child_spec(Options)]}}.

stop_supervisor(Sup) ->
    Monitor = monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Monitor, process, Sup, _} -> ok end.

%%% Programs that are not what they should be

never_says_hello(Config) ->
    process_flag(trap_exit, true),
    Program = script(Config, "exec sleep 1000"),
    ?assertEqual({error, start_timeout}, pyport:start_link([{program, Program}, {start_timeout, 300}])),
    ?assertEqual([], [Pid || {Pid, "sleep"} <- own_children()]).

dies_at_once(Config) ->
    process_flag(trap_exit, true),
    %% read first, or else what is told may be that HELLO could not be written
    ?assertEqual({error, {port_down, {exit_status, 3}}}, pyport:start_link([{program, script(Config,
    "head -c 4 >/dev/null; exit 3")}])),
    ?assertMatch({error, {port_down, _}}, pyport:start_link([{program, script(Config, "kill -9 $$")}])).

other_protocol(Config) ->
    process_flag(trap_exit, true),
    ?assertEqual({error, {protocol_mismatch, 2, 1}},
                 pyport:start_link([{program, sends(Config, [<<2, 16#81, 0:16, 1:32>>])}])),
    ?assertEqual({error, {protocol_mismatch, 9, 1}},
                 pyport:start_link([{program, sends(Config, [hello(#{protocol => 9, version => <<>>, python => <<>>})])}])).

%% Frames that nobody waits for, and some that are no frames, disturb nobody.
unknown_frames(Config) ->
    Good = hello(#{protocol => 1, version => <<"v">>, python => <<"p">>, os_pid => 1, interpreters => 1}),
    Program = sends(Config, [Good, <<1, 16#80, 0:16, 77:32>>, <<>>, <<1>>, <<7, 7, 7>>, <<2, 16#80, 0:16, 77:32>>,
                             <<1, 16#ff, 0:16, 0:32>>, <<1, 16#80, 0:16, 0:32>>, <<1, 16#83, 0:16, 0:32, (term_to_binary(gone))/binary>>]),
    {ok, Sup} = pyport:start_link([{program, Program}]),
    unlink(Sup),
    Servers = [whereis(py_table), py_ct:port_server(default)],
    [_ = sys:get_status(Server) || Server <- Servers],
    ?assertEqual(Servers, [whereis(py_table), py_ct:port_server(default)]),
    ?assertMatch(#{program := <<"v">>, python := <<"p">>}, py:version()),
    stop_supervisor(Sup).

%%% Death

%% Each of those who wait is answered once, and nothing more comes.
killed_while_all_wait(_Config) ->
    start([]),
    Pid = py_ct:os_pid(),
    {ok, SD} = py:shared_dict_new(),
    Tail = <<"last words">>,
    ok = py:exec(<<"import os; os.write(2, b'last words')">>),
    Wait = fun(1) -> py:call(helpers, wait_for, [SD, <<"never">>], #{}, infinity);
              (2) -> py:await(py:spawn_call(helpers, wait_for, [SD, <<"never">>], #{}, infinity));
              (3) -> py:exec(<<"while True: pass">>, #{}, infinity);
              (4) -> py:eval(<<"__import__('time').sleep(1000)">>, #{}, infinity)
           end,
    Callers = [spawn_monitor(fun() ->
                                     Answer = Wait(1 + N rem 4),
                                     exit({Answer, late_messages()})
                             end) || N <- lists:seq(1, 200)],
    py_ct:eventually(fun() -> jobs() =:= 200 end),
    ok = py_ct:kill_9(Pid),
    [receive {'DOWN', Monitor, process, Caller, Why} ->
             ?assertMatch({{error, {worker_died, #{reason := Reason, stderr_tail := Tail}}}, []}
                            when Reason =:= signal; Reason =:= epipe, Why)
     end || {Caller, Monitor} <- Callers],
    py_ct:await_another(Pid),
    ?assertEqual({ok, 2}, py:eval(<<"1 + 1">>)).

%% Jobs that the port program has: running and waiting.
jobs() -> lists:sum([Waiting + length([1 || Busy]) || #{jobs_waiting := Waiting, busy := Busy} <- py_ct:interpreters()]).

in_flight(Context) -> py_pending:size(element(3, Context)).

late_messages() ->
    receive Message -> [Message]
    after 200 -> []
    end.

%% A stopped program keeps dict operations waiting; then it is killed.
killed_while_dicts_wait(_Config) ->
    start([]),
    Pid = py_ct:table_pid(),
    {ok, SD} = py:shared_dict_new(),
    ok = py_ct:signal("STOP", Pid),
    Callers = [spawn_monitor(fun() ->
                                     Answer = try py:shared_dict_get(SD, N)
                                              catch exit:Why -> {exited, Why}
                                              end,
                                     exit({Answer, late_messages()})
                             end) || N <- lists:seq(1, 200)],
    py_ct:eventually(fun() -> in_flight() =:= 200 end),
    ok = py_ct:kill_9(Pid),
    [receive {'DOWN', Monitor, process, Caller, Why} -> ?assertMatch({{exited, {port_down, _}}, []}, Why)
     end || {Caller, Monitor} <- Callers],
    py_ct:await_another_table(Pid),
    ?assertEqual([], py:shared_dict_keys(SD)).

%% Of the table's port program.
in_flight() ->
    {ok, Context} = py_context:find(),
    in_flight(Context).

%% Killed once more and more while others set and get: what was acknowledged is there, and Python goes on.
table_is_killed_under_load(_Config) ->
    start([]),
    {ok, SD} = py:shared_dict_new(),
    Python = py_ct:os_pid(),
    Stop = counters:new(1, []),
    Writers = [spawn_monitor(fun() -> exit({last, count_up(SD, N, 0, Stop)}) end) || N <- lists:seq(1, 8)],
    [begin
         py_ct:restart_table(),
         {ok, none} = py:call(helpers, put, [SD, <<"python">>, N])
     end || N <- lists:seq(1, 20)],
    counters:add(Stop, 1, 1),
    Lasts = [receive {'DOWN', Monitor, process, Writer, {last, Last}} -> Last end || {Writer, Monitor} <- Writers],
    ct:pal("the 8 writers came to ~w", [Lasts]),
    [?assert(py:shared_dict_get(SD, N) >= Last) || {N, Last} <- lists:zip(lists:seq(1, 8), Lasts)],
    ?assertEqual(20, py:shared_dict_get(SD, python)),
    ?assertEqual(Python, py_ct:os_pid()).

%% The last number that was acknowledged.
count_up(SD, Key, N, Stop) ->
    case counters:get(Stop, 1) of
        1 -> N;
        0 ->
            Acknowledged = try py:shared_dict_set(SD, Key, N + 1) of
                               ok -> N + 1
                           catch
                               exit:{port_down, _} -> N
                           end,
            count_up(SD, Key, Acknowledged, Stop)
    end.

py_port_is_killed(_Config) ->
    start([]),
    Pid = py_ct:os_pid(),
    {ok, SD} = py:shared_dict_new(),
    Callers = [spawn_monitor(fun() -> exit(py:call(helpers, wait_for, [SD, <<"never">>], #{}, infinity)) end)
               || _ <- lists:seq(1, 50)],
    py_ct:eventually(fun() -> jobs() =:= 50 end),
    exit(py_ct:port_server(default), kill),
    [receive {'DOWN', Monitor, process, Caller, Why} -> ?assertMatch({error, {worker_died, #{reason := killed}}}, Why)
     end || {Caller, Monitor} <- Callers],
    py_ct:await_another(Pid),
    py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end),
    %% Nobody is sent to the killed one any more.
    py_ct:eventually(fun() -> [dead || Context <- py_context:ports(default), not is_process_alive(element(6, Context))] =:= [] end),
    [?assertEqual({ok, 2.0}, py:await(py:spawn_call(math, sqrt, [4]))) || _ <- lists:seq(1, 20)],
    %% the killed one's table is gone
    py_ct:eventually(fun() -> length([Table || Table <- ets:all(), ets:info(Table, name) =:= py_pending]) =:= 2 end),
    ?assertEqual(undefined, py:shared_dict_get(SD, k)).

py_table_is_killed(_Config) ->
    start([]),
    Pid = py_ct:table_pid(),
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, 1),
    exit(whereis(py_table), kill),
    py_ct:await_another_table(Pid),
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end).

%% Whoever else is killed: those who wait are told.
all_that_answer_are_killed(_Config) ->
    start([]),
    Pid = py_ct:os_pid(),
    {ok, SD} = py:shared_dict_new(),
    Callers = [spawn_monitor(fun() -> exit(py:call(helpers, wait_for, [SD, <<"never">>], #{}, infinity)) end)
               || _ <- lists:seq(1, 10)],
    py_ct:eventually(fun() -> jobs() =:= 10 end),
    {ok, Keeper} = py_tables:server({keeper, default}),
    Servers = [whereis(py_owner), Keeper, py_ct:port_server(default), whereis(py_table)],
    [begin
         Monitor = erlang:monitor(process, Server),
         exit(Server, kill),
         receive {'DOWN', Monitor, process, Server, _} -> ok end
     end || Server <- Servers],
    [receive {'DOWN', Monitor, process, Caller, Why} -> ?assertMatch({error, {worker_died, #{reason := _}}}, Why)
     end || {Caller, Monitor} <- Callers],
    py_ct:await_another(Pid),
    ?assertEqual([], py:shared_dict_keys(SD)).

%% A stopped program does not see the end of its input; the next py_port ends it.
py_port_is_killed_over_a_stopped_program(_Config) ->
    start([]),
    Pid = py_ct:os_pid(),
    ok = py_ct:signal("STOP", Pid),
    exit(py_ct:port_server(default), kill),
    py_ct:await_another(Pid),
    ?assertNot(py_ct:is_alive(Pid)).

%% However often, nobody gives up: the table does not notice, and Python comes back.
killed_again_and_again(_Config) ->
    start([]),
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, 1),
    Supervisors = [whereis(pyport_sup), whereis(py_pool_sup), whereis(py_table)],
    Table = py_ct:table_pid(),
    [begin
         [catch py_ct:kill_9(Pid) || Pid <- py_ct:children(), Pid =/= Table],
         ?assertEqual(1, py:shared_dict_get(SD, k)),
         timer:sleep(20)
     end || _ <- lists:seq(1, 100)],
    py_ct:eventually(fun() -> py:eval(<<"1 + 1">>, #{}, 60000) =:= {ok, 2} end, 20000),
    ?assertEqual(Supervisors, [whereis(pyport_sup), whereis(py_pool_sup), whereis(py_table)]),
    ?assertEqual(Table, py_ct:table_pid()).

%% So with the table: its dicts survive, and so does Python.
table_is_killed_again_and_again(_Config) ->
    start([]),
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, 1),
    Sup = whereis(pyport_sup),
    Python = py_ct:os_pid(),
    [py_ct:restart_table() || _ <- lists:seq(1, 30)],
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    ?assertEqual(Sup, whereis(pyport_sup)),
    ?assertEqual({ok, 2}, py:eval(<<"1 + 1">>)),
    ?assertEqual(Python, py_ct:os_pid()).

children_of_python_go_too(_Config) ->
    start([]),
    Pid = py_ct:os_pid(),
    {ok, Child} = py:eval(<<"__import__('subprocess').Popen(['sleep', '1000']).pid">>),
    ?assert(py_ct:is_alive(Child)),
    ok = py_ct:kill_9(Pid),
    py_ct:await_another(Pid),
    py_ct:eventually(fun() -> not py_ct:is_alive(Child) end).

%%% Heartbeat

heartbeat(_Config) ->
    start([{heartbeat_interval, 50}, {heartbeat_timeout, 400}]),
    Pid = py_ct:table_pid(),
    {ok, SD} = py:shared_dict_new(),
    with_log(fun() ->
                     ok = py_ct:signal("STOP", Pid),
                     ?assertExit({port_down, heartbeat_timeout}, py:shared_dict_get(SD, k)),
                     ?assertNotEqual(nomatch, binary:match(logged(<<"heartbeat_timeout">>), integer_to_binary(Pid)))
             end),
    py_ct:await_another_table(Pid),
    ?assertNot(py_ct:is_alive(Pid)).

heartbeat_of_python(_Config) ->
    start([{heartbeat_interval, 50}, {heartbeat_timeout, 400}]),
    Pid = py_ct:os_pid(),
    ok = py_ct:signal("STOP", Pid),
    ?assertMatch({error, {worker_died, #{reason := heartbeat_timeout, signal := 9}}}, py:eval(<<"1">>)),
    py_ct:await_another(Pid),
    ?assertNot(py_ct:is_alive(Pid)).

%% Python that keeps its GIL for long is no reason to kill it.
heartbeat_spares_busy_python(_Config) ->
    start([{heartbeat_interval, 20}, {heartbeat_timeout, 500}]),
    Pid = py_ct:os_pid(),
    ?assertMatch({ok, _}, py:eval(<<"sum(range(30_000_000))">>)),
    ?assertEqual(Pid, py_ct:os_pid()).

%%% Too much

%% Each port program has its own count.
too_many_in_flight(_Config) ->
    start([{max_in_flight, 10}]),
    {ok, SD} = py:shared_dict_new(),
    Calls = [py:spawn_call(helpers, wait_for, [SD, <<"go">>]) || _ <- lists:seq(1, 10)],
    ?assertEqual({error, overloaded}, py:await(py:spawn_call(math, sqrt, [4]))),
    ?assertEqual({error, overloaded}, py:eval(<<"1">>)),
    %% what tells why goes nevertheless
    ?assertMatch(#{in_flight := 10, pools := #{default := #{workers := [#{in_flight := 10}]}}}, py:info()),
    ?assertEqual({error, timeout}, py:await(hd(Calls), 0)),
    ok = py:shared_dict_set(SD, go, true),
    ?assertEqual(lists:duplicate(9, {ok, <<"went">>}), [py:await(Call) || Call <- tl(Calls)]).

too_many_dict_operations(_Config) ->
    start([{max_in_flight, 10}]),
    {ok, SD} = py:shared_dict_new(),
    {ok, Other} = py:shared_dict_new(),
    Pid = py_ct:table_pid(),
    ok = py_ct:signal("STOP", Pid),
    Callers = [spawn_monitor(fun() -> exit(py:shared_dict_set(SD, N, N)) end) || N <- lists:seq(1, 10)],
    py_ct:eventually(fun() -> in_flight() =:= 10 end),
    ?assertEqual({error, overloaded}, py:shared_dict_set(SD, go, true)),
    ?assertEqual({error, overloaded}, py:shared_dict_new()),
    %% what clears away goes nevertheless
    Destroyer = spawn_monitor(fun() -> exit(py:shared_dict_destroy(Other)) end),
    py_ct:eventually(fun() -> in_flight() =:= 11 end),
    ok = py_ct:signal("CONT", Pid),
    [receive {'DOWN', Monitor, process, Caller, Why} -> ?assertEqual(ok, Why) end || {Caller, Monitor} <- [Destroyer | Callers]],
    ?assertEqual(ok, py:shared_dict_set(SD, go, true)).

%% Killed callers give their places back.
in_flight_of_killed_callers(_Config) ->
    start([{max_in_flight, 100}, {heartbeat_interval, 50}]),
    {ok, SD} = py:shared_dict_new(),
    [begin
         {Pid, Monitor} = spawn_monitor(fun() -> busy(SD) end),
         erlang:yield(),
         exit(Pid, kill),
         receive {'DOWN', Monitor, process, Pid, killed} -> ok end
     end || _ <- lists:seq(1, 1000)],
    py_ct:eventually(fun() -> in_flight() =:= 0 end),
    %% entries of processes that were killed before they sent anything
    {ok, Context} = py_context:find(),
    [begin
         {Pid, Monitor} = spawn_monitor(fun() -> {ok, _} = py_request:prepare(Context) end),
         receive {'DOWN', Monitor, process, Pid, normal} -> ok end
     end || _ <- lists:seq(1, 100)],
    py_ct:eventually(fun() -> in_flight() =:= 0 end).

busy(SD) ->
    _ = py:shared_dict_set(SD, k, 1),
    busy(SD).

%% More than the port takes: callers wait for room instead of failing, in order and without loss.
busy_port(_Config) ->
    start([{heartbeat_timeout, 60000}]),
    {ok, SD} = py:shared_dict_new(),
    Pid = py_ct:table_pid(),
    Value = binary:copy(<<"v">>, 1 bsl 20),
    ok = py_ct:signal("STOP", Pid),
    Callers = [spawn_monitor(fun() -> exit(py:shared_dict_set(SD, N, Value)) end) || N <- lists:seq(1, 40)],
    py_ct:eventually(fun() -> length([C || {C, _} <- Callers, {status, suspended} =:= process_info(C,
    status)]) > 20 end),
    ok = py_ct:signal("CONT", Pid),
    [receive {'DOWN', Monitor, process, Caller, Why} -> ?assertEqual(ok, Why) end || {Caller, Monitor} <- Callers],
    ?assertEqual(lists:seq(1, 40), lists:sort(py:shared_dict_keys(SD))),
    ?assertEqual(Value, py:shared_dict_get(SD, 7)).

%% Callers whose request was sent are told; those that wait for room have sent nothing, and are served by the next.
killed_while_the_port_is_busy(_Config) ->
    start([{heartbeat_timeout, 60000}]),
    {ok, SD} = py:shared_dict_new(),
    Pid = py_ct:table_pid(),
    Value = binary:copy(<<"v">>, 1 bsl 20),
    ok = py_ct:signal("STOP", Pid),
    Callers = [spawn_monitor(fun() ->
                                     Answer = try py:shared_dict_set(SD, N, Value)
                                              catch exit:{port_down, _} -> told
                                              end,
                                     exit({N, Answer, late_messages()})
                             end) || N <- lists:seq(1, 40)],
    py_ct:eventually(fun() -> length([C || {C, _} <- Callers, {status, suspended} =:= process_info(C,
    status)]) > 20 end),
    ok = py_ct:kill_9(Pid),
    Answers = [receive {'DOWN', Monitor, process, Caller, {N, Answer, []}} -> {N, Answer} end || {Caller, Monitor} <- Callers],
    py_ct:await_another_table(Pid),
    ?assert(length([served || {_, ok} <- Answers]) > 20),
    ?assert(length([told || {_, told} <- Answers]) > 0),
    [?assertEqual(Value, py:shared_dict_get(SD, N)) || {N, ok} <- Answers].

%% A call that cannot even be written ends in time as well.
call_into_a_busy_port(_Config) ->
    start([{heartbeat_timeout, 60000}]),
    Pid = py_ct:os_pid(),
    ?assertEqual({ok, 1}, py:eval(<<"1">>)),
    ok = py_ct:signal("STOP", Pid),
    Value = binary:copy(<<"v">>, 1 bsl 20),
    Callers = [spawn_monitor(fun() -> exit(py:call(builtins, len, [Value], #{}, 2000)) end) || _ <- lists:seq(1, 40)],
    [receive {'DOWN', Monitor, process, Caller, Why} ->
             ?assert(Why =:= {error, timeout} orelse element(1, element(2, Why)) =:= worker_died)
     end || {Caller, Monitor} <- Callers],
    py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end),
    ?assertEqual({ok, 1}, py:eval(<<"1">>)).

%%% Stop

stop_while_python_runs(_Config) ->
    start([]),
    Pids = py_ct:children(),
    Callers = [spawn_monitor(fun() -> exit(py:exec(<<"while True: pass">>, #{}, infinity)) end) || _ <- lists:seq(1, 3)],
    py_ct:eventually(fun() -> lists:all(fun(#{busy := Busy}) -> Busy end, py_ct:interpreters()) end),
    ok = application:stop(pyport),
    ?assertEqual([], [Pid || Pid <- Pids, py_ct:is_alive(Pid)]),
    ?assertEqual([], py_ct:files()),
    [receive {'DOWN', Monitor, process, Caller, Why} -> ?assertMatch({error, {worker_died, #{reason := shutdown}}}, Why) end
     || {Caller, Monitor} <- Callers].

stop_a_stopped_one(_Config) ->
    start([]),
    Pids = py_ct:children(),
    ?assertEqual(2, length(Pids)),
    [ok = py_ct:signal("STOP", Pid) || Pid <- Pids],
    ok = application:stop(pyport),
    ?assertEqual([], [Pid || Pid <- Pids, py_ct:is_alive(Pid)]),
    ?assertEqual([], py_ct:files()).

%% What a dead node left is removed by the next one; what a living one has is not touched.
stale_files_are_swept(_Config) ->
    start([]),
    Own = filename:basename(py_shared:file()),
    ok = application:stop(pyport),
    {ok, Pid, Started, _} = py_file_names:parse(Own),
    Digits = binary:part(Own, byte_size(Own) - 8, 8),
    Name = fun(P, S) -> iolist_to_binary(io_lib:format("pyport-~b-~s-~s", [P, S, Digits])) end,
    Stale = [Name(Pid, "1"), <<(Name(Pid, "1"))/binary, ".stderr-1">>, Name(1 bsl 30, "1")],
    Kept = [Name(Pid, Started), <<"pyport-", Digits/binary>>],
    [ok = file:write_file(filename:join("/dev/shm", File), <<>>) || File <- Stale ++ Kept],
    try
        start([]),
        ?assertEqual([], [File || File <- Stale, filelib:is_file(filename:join("/dev/shm", File))]),
        ?assertEqual([], [File || File <- Kept, not filelib:is_file(filename:join("/dev/shm", File))])
    after
        [file:delete(filename:join("/dev/shm", File)) || File <- Stale ++ Kept]
    end.

%% The file is the user's alone, and where it was asked for.
table_dir(Config) ->
    Folder = filename:join(?config(priv_dir, Config), "table"),
    ok = filelib:ensure_dir(filename:join(Folder, "x")),
    start([{table_dir, Folder}]),
    {ok, SD} = py:shared_dict_new(),
    {ok, none} = py:call(helpers, put, [SD, <<"k">>, 1]),
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    {ok, [Name]} = file:list_dir(Folder),
    {ok, Info} = file:read_file_info(filename:join(Folder, Name)),
    ?assertEqual(8#600, element(8, Info) band 8#777),
    ok = application:stop(pyport),
    ?assertEqual({ok, []}, file:list_dir(Folder)).

%% kill -9 of the node while Python spins: the port program and its children are gone a moment later.
node_is_killed(_Config) ->
    Code = "{ok, _} = pyport:start_link([{interpreters, 2}]),"
        "{ok, Child} = py:eval(<<\"__import__('subprocess').Popen(['sleep', '1000']).pid\">>),"
        "[spawn(fun() -> py:exec(<<\"while True: pass\">>, #{}, infinity) end) || _ <- [1, 2, 3]],"
        "Busy = fun(F) -> #{table := #{os_pid := T}, pools := #{default := #{workers := [#{interpreters := I, os_pid := P}]}}} = py:info(),"
        " case lists:all(fun(#{busy := B}) -> B end, I) of true -> [P, T]; false -> F(F) end end,"
        "io:format(\"ready ~b ~b ~b ~s~n\", Busy(Busy) ++ [Child, py_shared:file()]), receive after infinity -> ok end.",
    Node = open_port({spawn_executable, os:find_executable("erl")},
                     [{args, ["-noshell", "-noinput" | paths()] ++ ["-eval", Code]}, {line, 1000}, exit_status, hide]),
    {Pids, File} = receive
                       {Node, {data, {eol, "ready " ++ Told}}} ->
                           {Numbers, [Path]} = lists:split(3, string:lexemes(Told, " ")),
                           {[list_to_integer(Number) || Number <- Numbers], Path}
                   after 60000 -> ct:fail(no_node)
                   end,
    ?assertEqual([], [Pid || Pid <- Pids, not py_ct:is_alive(Pid)]),
    ?assert(filelib:is_file(File)),
    %% erl is a script that becomes beam.smp, or its parent
    {os_pid, Beam} = erlang:port_info(Node, os_pid),
    Begin = py_ct:ms(0),
    Waits = py_ct:cpu_waits(),
    ok = py_ct:kill_9(Beam),
    py_ct:eventually(fun() -> [] =:= [Pid || Pid <- Pids, py_ct:is_alive(Pid)] andalso not filelib:is_file(File) end),
    Took = py_ct:ms(Begin),
    Waited = py_ct:cpu_waits() - Waits,
    ct:pal("gone after ~b ms, ~b of them with a busy machine", [Took, Waited]),
    %% a second, and what the machine was busy meanwhile; not all of it, however busy it is
    ?assert(Took < 1000 + Waited andalso Took < 5000).

%%% What a user sees who has configured nothing

%% A stock logger would let nothing pass that has a domain.
output_is_shown(_Config) ->
    Code = "{ok, _} = pyport:start_link([{interpreters, 1}]),"
        "ok = py:exec(<<\"print('hello from Python')\">>),"
        "_ = sys:get_state(py_log),"   % print came before the reply of exec
        "ok = logger_std_h:filesync(default),"
        "init:stop().",
    ?assertNotEqual(nomatch, binary:match(run_node(Code), <<"hello from Python">>)).

run_node(Code) ->
    Node = open_port({spawn_executable, os:find_executable("erl")},
                     [{args, ["-noshell", "-noinput" | paths()] ++ ["-eval", Code]}, binary, exit_status, hide]),
    run_node_output(Node, <<>>).

run_node_output(Node, Output) ->
    receive
        {Node, {data, More}} -> run_node_output(Node, <<Output/binary, More/binary>>);
        {Node, {exit_status, 0}} -> Output
    after 60000 -> ct:fail({node_does_not_end, Output})
    end.

paths() -> lists:append([["-pa", Path] || Path <- code:get_path(), filelib:is_dir(Path)]).

%%% Values are nobody's business

status_shows_no_values(_Config) ->
    start([]),
    Secret = <<"my very secret value">>,
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, Secret),
    Secret = py:shared_dict_get(SD, k),
    [begin
         Text = iolist_to_binary(io_lib:format("~p", [sys:get_status(Server)])),
         ?assertEqual(nomatch, binary:match(Text, <<"secret">>)),
         ?assertEqual(nomatch, binary:match(Text, <<"state,">>))
     end || Server <- [py_table, py_ct:port_server(default), py_log]],
    %% a reply on its way is not shown either
    ok = sys:suspend(py_table),
    Reader = spawn_monitor(fun() -> exit(py:shared_dict_get(SD, k)) end),
    py_ct:eventually(fun() -> process_info(whereis(py_table), message_queue_len) =/= {message_queue_len, 0} end),
    ?assertEqual({messages, []}, process_info(whereis(py_table), messages)),
    ok = sys:resume(py_table),
    {Pid, Monitor} = Reader,
    receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(Secret, Why) end.

%% Not in the log either, when things go wrong with requests on their way.
nothing_logs_values(_Config) ->
    start([]),
    Pid = py_ct:table_pid(),
    {ok, SD} = py:shared_dict_new(),
    with_log(fun() ->
                     ok = py_ct:signal("STOP", Pid),
                     Callers = [spawn_monitor(fun() -> catch py:shared_dict_set(SD, k, <<"my very secret value">>) end)
                                || _ <- lists:seq(1, 20)],
                     py_ct:eventually(fun() -> in_flight() =:= 20 end),
                     ok = py_ct:kill_9(Pid),
                     [receive {'DOWN', Monitor, process, Caller, _} -> ok end || {Caller, Monitor} <- Callers],
                     Text = logged(<<"is gone">>),
                     ?assertNotEqual(nomatch, binary:match(Text, <<"requests were waiting">>)),
                     py_ct:await_another_table(Pid),
                     [?assertEqual(nomatch, binary:match(Logged, <<"secret">>)) || {logged, Logged} <- py_ct:flush()]
             end).

%%% Helpers

%% A port program that is a shell script.
script(Config, Body) ->
    Path = filename:join(?config(priv_dir, Config), "program" ++ integer_to_list(erlang:unique_integer([positive]))),
    ok = file:write_file(Path, ["#!/bin/sh\n", Body, "\n"]),
    ok = file:change_mode(Path, 8#755),
    Path.

%% One that sends these frames, and then only reads.
sends(Config, Frames) ->
    Data = filename:join(?config(priv_dir, Config), "frames" ++ integer_to_list(erlang:unique_integer([positive]))),
    ok = file:write_file(Data, [[<<(byte_size(Frame)):32>>, Frame] || Frame <- Frames]),
    script(Config, ["cat '", Data, "'; exec cat >/dev/null"]).

hello(Reply) -> <<1, 16#81, 0:16, 1:32, (term_to_binary(Reply))/binary>>.

own_children() ->
    Lines = string:lexemes(os:cmd("ps -o pid=,comm= --ppid " ++ os:getpid()), "\n"),
    [list_to_tuple(string:lexemes(Line, " ")) || Line <- Lines].

with_log(Fun) ->
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => self(), level => all}),
    try Fun()
    after
        logger:remove_handler(?MODULE),
        py_ct:flush()
    end.

%% A logger handler: the text of everything that is logged.
log(Event, #{config := Test}) ->
    Test ! {logged, unicode:characters_to_binary(logger_formatter:format(Event, #{single_line => true}))}.

logged(Words) ->
    receive
        {logged, Text} ->
            case binary:match(Text, Words) of
                nomatch -> logged(Words);
                _ -> Text
            end
    after 20000 -> ct:fail({not_logged, Words})
    end.
