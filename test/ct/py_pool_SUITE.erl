%% Pools: their start and stop, isolation, what their OS processes are given and may take, their death and what is
%% told of it, and their replacement.
-module(py_pool_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([log/2]).
-export([pools_of_the_configuration/1, start_and_stop/1, forms/1, unknown_pool/1, refused_pools/1, default_pool_of_processes/1,
         isolation/1, parallel_processes/1, homes_are_spread/1, namespaces_are_apart/1, dicts_are_shared/1,
         env_cwd_and_path/1, preload/1, on_restart/1, on_restart_fails/1,
         death_is_told/1, tail_of_standard_error/1, standard_error_is_logged/1, standard_error_leaves_nothing/1,
         death_disturbs_nobody/1, calls_wait_for_the_next/1, crash_loop/1,
         lost_namespace_is_told_once/1, lost_namespaces_without_listeners/1,
         max_calls/1, max_rss/1, draining/1, draining_waits_for_casts/1, replacement_that_fails/1,
         max_memory/1, stop_while_calls_run/1, stopped_pools_leave_nothing/1, pools_outlive_their_supervisor/1,
         keeper_is_killed/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [pools_of_the_configuration, start_and_stop, forms, unknown_pool, refused_pools, default_pool_of_processes,
     isolation, parallel_processes, homes_are_spread, namespaces_are_apart, dicts_are_shared,
     env_cwd_and_path, preload, on_restart, on_restart_fails,
     death_is_told, tail_of_standard_error, standard_error_is_logged, standard_error_leaves_nothing,
     death_disturbs_nobody, calls_wait_for_the_next, crash_loop,
     lost_namespace_is_told_once, lost_namespaces_without_listeners,
     max_calls, max_rss, draining, draining_waits_for_casts, replacement_that_fails,
     max_memory, stop_while_calls_run, stopped_pools_leave_nothing, pools_outlive_their_supervisor,
     keeper_is_killed].

init_per_testcase(_Case, Config) -> py_ct:start(Config, [{heartbeat_interval, 100}, {heartbeat_timeout, 30000}]).

%% The process of the case still owns its dicts here; py_limit_SUITE and others look for what is left over.
end_per_testcase(_Case, Config) ->
    Started = py_ct:children() -- ?config(pyport_before, Config),
    ok = application:stop(pyport),
    [application:unset_env(pyport, Key) || {Key, _} <- [{pools, x} | ?config(pyport_set, Config)]],
    case {[Pid || Pid <- Started, py_ct:is_alive(Pid)], py_ct:files()} of
        {[], []} -> ok;
        Left -> {fail, {left_over, Left}}
    end.

-define(PROCESS(Size), #{isolation => process, size => Size}).

%%% Start and stop

pools_of_the_configuration(Config) ->
    ok = py_ct:stop(Config),
    Started = py_ct:start([], [{pools, #{science => ?PROCESS(2), plain => [{size, 1}], default => #{size => 3}}}]),
    #{pools := Pools} = py:info(),
    ?assertMatch(#{science := #{isolation := process, size := 2, workers := [#{interpreters := [_]}, #{interpreters := [_]}]},
                   plain := #{isolation := interpreter, size := 1, workers := [#{interpreters := [_]}]},
                   default := #{isolation := interpreter, size := 3, workers := [#{interpreters := [_, _, _]}]}}, Pools),
    ?assertEqual(3, map_size(Pools)),
    in_process(fun() -> [?assertEqual({ok, 2.0}, py:call(Pool, math, sqrt, [4])) || Pool <- [science, plain, default]] end),
    %% none is started without the others
    ok = py_ct:stop(Started),
    ?assertMatch({error, {pool, science, {bad_config, <<"preload: ", _/binary>>}}},
                 refused([{pools, #{science => #{preload => [no_such_module]}}}])),
    ?assertMatch({error, {bad_config, <<"preload: ", _/binary>>}},
                 refused([{pools, #{default => #{preload => [no_such_module]}}}])),
    _ = py_ct:start([], []),
    ok.

refused(Options) ->
    Trap = process_flag(trap_exit, true),
    Error = pyport:start_link(Options),
    receive {'EXIT', _, _} -> ok end,
    process_flag(trap_exit, Trap),
    Error.

start_and_stop(_Config) ->
    ?assertEqual(ok, py:start_pool(science, ?PROCESS(1))),
    ?assertEqual({error, {already_started, science}}, py:start_pool(science, ?PROCESS(1))),
    {ok, Pid} = py:call(science, os, getpid, []),
    ?assertEqual([Pid], py_ct:os_pids(science)),
    ?assertEqual(ok, py:stop_pool(science)),
    ?assertNot(py_ct:is_alive(Pid)),
    ?assertEqual({error, {no_pool, science}}, py:stop_pool(science)),
    ?assertEqual({error, {no_pool, science}}, py:call(science, os, getpid, [])),
    ?assertEqual(ok, py:start_pool(science, [{size, 1}])),
    {ok, Other} = py:call(science, os, getpid, []),
    ?assertNotEqual(Pid, Other),
    ?assertEqual(ok, py:stop_pool(science)).

%% The pool as the first argument, or in the options.
forms(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    [Pid] = py_ct:os_pids(p),
    Script = filename:join(py_ct:data("python"), "helpers.py"),
    [?assertEqual({ok, Pid}, Result)
     || Result <- [py:call(p, os, getpid, []), py:call(p, os, <<"getpid">>, [], #{}), py:call(p, "os", "getpid", [], #{}, 5000),
                   py:call(os, getpid, [], #{}, #{pool => p}), py:call(os, "getpid", [], #{}, #{pool => p, timeout => infinity}),
                   py:call(p, os, getpid, [], #{}, #{timeout => 5000}),
                   py:eval(p, <<"__import__('os').getpid()">>), py:eval(p, "__import__(name).getpid()", #{name => os}),
                   py:eval(p, "__import__('os').getpid()", #{}, 5000), py:eval("__import__('os').getpid()", #{}, #{pool => p}),
                   py:await(py:spawn_call(p, os, getpid, [])), py:await(py:spawn_call(p, os, getpid, [], #{})),
                   py:await(py:spawn_call(p, os, getpid, [], #{}, 5000)), py:await(py:spawn_call(os, getpid, [], #{}, #{pool => p}))]],
    [?assertEqual(ok, Result)
     || Result <- [py:exec(p, <<"x = 1">>), py:exec(p, "y = z", #{z => 2}), py:exec(p, "z = 3", #{}, 5000),
                   py:exec("w = 4", #{}, #{pool => p}), py:run(p, Script, []), py:run(p, Script, [], 5000),
                   py:run(Script, [], #{pool => p}), py:cast(p, math, sqrt, [4]), py:cast(p, math, sqrt, [4], #{}),
                   py:cast(math, sqrt, [4], #{}, #{pool => p}), py:cast(p, math, sqrt, [4], #{}, 5000)]],
    ?assertEqual({ok, [1, 2, 3, 4]}, py:eval(p, "[x, y, z, w]")),
    ?assertEqual({ok, 6}, py:eval(p, x, #{x => 6})),
    %% a variable named like a pool is one
    ?assertEqual({ok, 7}, py:eval(p, #{p => 7})),
    ?assertEqual({ok, py_ct:os_pid()}, py:call(default, os, getpid, [])),
    ok = py:stop_pool(p).

unknown_pool(_Config) ->
    Error = {error, {no_pool, nowhere}},
    [?assertEqual(Error, Result)
     || Result <- [py:call(nowhere, m, f, []), py:eval(nowhere, "1"), py:exec("1", #{}, #{pool => nowhere}), py:run(nowhere, "f", []),
                   py:await(py:spawn_call(nowhere, m, f, [])), py:cast(nowhere, m, f, []), py:stop_pool(nowhere),
                   py:on_restart(nowhere, "1")]].

%% What is wrong is said by start_pool, and nothing is left of it.
refused_pools(_Config) ->
    Before = py_ct:children(),
    [?assertMatch({error, {bad_config, Key, <<_, _/binary>>}}, py:start_pool(p, Options))
     || {Key, Options} <- [{isolation, #{isolation => thread}}, {size, [{size, 0}]}, {sise, #{sise => 1}}, {options, nonsense},
                           {cwd, #{cwd => "/no/such/folder"}}, {max_memory, #{max_memory => many}}]],
    [begin
         {error, {bad_config, Why}} = py:start_pool(p, Options),
         ?assertEqual({Key, Why, 0}, {Key, Why, element(1, binary:match(Why, <<Key/binary, ": ">>))})
     end || {Key, Options} <- [{<<"preload">>, #{preload => [no_such_module]}}, {<<"on_restart">>, #{on_restart => "1/0"}},
                           {<<"max_memory">>, #{max_memory => 1 bsl 20}}, {<<"python">>, #{python => "/etc"}}]],
    ?assertEqual({error, {no_pool, p}}, py:eval(p, "1")),
    ?assertEqual([default], maps:keys(maps:get(pools, py:info()))),
    py_ct:eventually(fun() -> py_ct:children() -- Before =:= [] end),
    ?assertEqual([py_shared:file()], [filename:join("/dev/shm", iolist_to_binary(File)) || File <- py_ct:files()]).

default_pool_of_processes(Config) ->
    ok = py_ct:stop(Config),
    Started = py_ct:start([], [{pools, #{default => ?PROCESS(2)}}]),
    ?assertEqual(2, length(py_ct:os_pids(default))),
    in_process(fun() -> ?assertEqual({ok, true}, py:call(pools, is_main_interpreter, [])) end),
    ok = py_ct:stop(Started),
    _ = py_ct:start([], []),
    ok.

%%% Isolation

isolation(_Config) ->
    ok = py:start_pool(processes, ?PROCESS(3)),
    ok = py:start_pool(interpreters, #{size => 3}),
    ?assertEqual({3, 1}, {length(py_ct:os_pids(processes)), length(py_ct:os_pids(interpreters))}),
    ?assertEqual([1, 1, 1], [length(I) || #{interpreters := I} <- py_ct:workers(processes)]),
    ?assertEqual([{ok, true}, {ok, false}], [py:call(Pool, pools, is_main_interpreter, []) || Pool <- [processes, interpreters]]),
    [ok = py:stop_pool(Pool) || Pool <- [processes, interpreters]].

%% Two calls that each wait for the other's sign, in two OS processes.
parallel_processes(_Config) ->
    ok = py:start_pool(p, ?PROCESS(2)),
    {ok, SD} = py:shared_dict_new(),
    Calls = [py:spawn_call(p, pools, meet, [SD, Me, Other], #{}, 20000) || {Me, Other} <- [{a, b}, {b, a}]],
    Pids = [begin {ok, Pid} = py:await(Call), Pid end || Call <- Calls],
    ?assertEqual(lists:sort(py_ct:os_pids(p)), lists:sort(Pids)),
    ok = py:stop_pool(p).

%% Each process has its home where the fewest have theirs.
homes_are_spread(_Config) ->
    ok = py:start_pool(p, ?PROCESS(3)),
    Test = self(),
    Users = [begin
                 User = spawn_link(fun() ->
                                           {ok, Pid} = py:call(p, os, getpid, []),
                                           ok = py:exec(p, "x = 1"),
                                           ?assertEqual({ok, {1, Pid}}, py:eval(p, "(x, __import__('os').getpid())")),
                                           Test ! {self(), Pid},
                                           receive stop -> ok end
                                   end),
                 receive {User, Pid} -> {User, Pid} end
             end || _ <- lists:seq(1, 12)],
    ?assertEqual([4, 4, 4], [length([U || {U, Pid} <- Users, Pid =:= Of]) || Of <- py_ct:os_pids(p)]),
    [User ! stop || {User, _} <- Users],
    py_ct:eventually(fun() -> maps:get(namespaces, py:info()) =:= 0 end),
    ok = py:stop_pool(p).

%% One process has a namespace in each pool.
namespaces_are_apart(_Config) ->
    ok = py:start_pool(p, ?PROCESS(2)),
    ok = py:exec("x = 'default'"),
    ?assertMatch({error, {'NameError', _}}, py:eval(p, "x")),
    ok = py:exec(p, "x = 'p'"),
    ?assertEqual([{ok, <<"default">>}, {ok, <<"p">>}], [py:eval(Pool, "x") || Pool <- [default, p]]),
    %% spawned calls of __main__ go where it is
    ok = py:exec(p, "def where(): return x"),
    Calls = [py:spawn_call(p, '__main__', where, []) || _ <- lists:seq(1, 10)],
    ?assertEqual(lists:duplicate(10, {ok, <<"p">>}), [py:await(Call) || Call <- Calls]),
    ok = py:stop_pool(p).

dicts_are_shared(_Config) ->
    ok = py:start_pool(p, ?PROCESS(2)),
    {ok, SD} = py:shared_dict_new(),
    ?assertMatch(#{processes := 4}, py:info()),
    ok = py:exec("from erlang import SharedDict\nSharedDict(sd)['from'] = ['default', 1]", #{sd => SD}),
    ?assertEqual({ok, [<<"default">>, 1]}, py:eval(p, "sd['from']", #{sd => SD})),
    {ok, none} = py:call(p, helpers, put, [SD, <<"from">>, #{p => 2}]),
    ?assertEqual(#{<<"p">> => 2}, py:shared_dict_get(SD, from)),
    ?assertEqual({ok, #{<<"p">> => 2}}, py:eval("sd['from']", #{sd => SD})),
    ok = py:stop_pool(p),
    ?assertEqual(#{<<"p">> => 2}, py:shared_dict_get(SD, from)),
    py_ct:eventually(fun() -> maps:get(processes, py:info()) =:= 2 end).

%%% What they are given

env_cwd_and_path(Config) ->
    Folder = filename:join(?config(priv_dir, Config), "folder"),
    ok = filelib:ensure_dir(filename:join(Folder, "x")),
    ok = file:write_file(filename:join(Folder, "only_here.py"), "x = 5\n"),
    true = os:putenv("PYPORT_TEST_GIVEN", "by the node"),
    ok = py:start_pool(p, #{isolation => process, size => 1, cwd => Folder, path => [Folder, py_ct:data("python")],
                            env => #{"PYPORT_TEST" => <<"süß"/utf8>>, 'PYPORT_TEST_GIVEN' => false}}),
    {ok, [Value, Cwd, Path]} = py:call(p, pools, surroundings, [<<"PYPORT_TEST">>]),
    ?assertEqual({<<"süß"/utf8>>, iolist_to_binary(Folder)}, {Value, Cwd}),
    ?assert(lists:member(iolist_to_binary(Folder), Path)),
    ?assertMatch({ok, [none | _]}, py:call(p, pools, surroundings, [<<"PYPORT_TEST_GIVEN">>])),
    ok = py:start_pool(q, ?PROCESS(1)),
    ?assertMatch({ok, [<<"by the node">> | _]}, py:call(q, pools, surroundings, [<<"PYPORT_TEST_GIVEN">>])),
    ok = py:stop_pool(q),
    ?assertEqual({ok, 5}, py:eval(p, "__import__('only_here').x")),
    true = os:unsetenv("PYPORT_TEST_GIVEN"),
    ok = py:stop_pool(p).

%% Also in the OS processes that come later.
preload(_Config) ->
    [begin
         ok = py:start_pool(p, Options#{preload => [pools, 'xml.dom']}),
         Loaded = "all(m in __import__('sys').modules for m in ('pools', 'xml.dom'))",
         ?assertEqual({ok, true}, py:eval(p, Loaded)),
         [Pid | _] = py_ct:os_pids(p),
         ok = py_ct:kill_9(Pid),
         py_ct:await_another(p, Pid),
         ?assertEqual({ok, true}, py:eval(p, Loaded)),
         ok = py:stop_pool(p)
     end || Options <- [?PROCESS(1), #{size => 2}]].

%% In every fresh interpreter; the code of the time of the start counts.
on_restart(_Config) ->
    [begin
         ok = py:start_pool(p, Options#{on_restart => "import pools\npools.started.append('first')"}),
         Started = fun() -> py:eval(p, "__import__('pools').started") end,
         ?assertEqual({ok, [<<"first">>]}, Started()),
         ok = py:on_restart(p, <<"import pools\npools.started.append('second')">>),
         ?assertEqual({ok, [<<"first">>]}, Started()),
         [begin
              ok = py_ct:kill_9(Pid),
              py_ct:await_another(p, Pid)
          end || Pid <- py_ct:os_pids(p)],
         ?assertEqual({ok, [<<"second">>]}, Started()),
         ok = py:on_restart(p, <<>>),
         [begin
              ok = py_ct:kill_9(Pid),
              py_ct:await_another(p, Pid)
          end || Pid <- py_ct:os_pids(p)],
         ?assertEqual({ok, []}, Started()),
         ok = py:stop_pool(p)
     end || Options <- [?PROCESS(1), #{size => 1}]],
    ?assertEqual(ok, py:on_restart("import pools\npools.started.append('default')")),
    py_ct:restart_port_program(),
    ?assertEqual({ok, [<<"default">>]}, py:eval("__import__('pools').started")).

%% Its pool is down until it is put right; the others are not.
on_restart_fails(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    with_log(fun() ->
                     ok = py:on_restart(p, "raise ValueError('not today')"),
                     ok = py_ct:kill_9(py_ct:os_pid(p)),
                     #{text := Text} = logged(<<"could not be started">>),
                     ?assertNotEqual(nomatch, binary:match(Text, <<"not today">>)),
                     py_ct:eventually(fun() ->
                                              case py:eval(p, "1", #{}, 5000) of
                                                  {error, {worker_died, #{reason := {bad_config, <<"on_restart: ", _/binary>>}}}} -> true;
                                                  {error, {worker_died, #{}}} -> false
                                              end
                                      end),
                     ?assertEqual({ok, 1}, py:eval("1")),
                     ok = py:on_restart(p, ""),
                     py_ct:eventually(fun() -> py:eval(p, "1") =:= {ok, 1} end, 20000)
             end),
    ok = py:stop_pool(p).

%%% Death

death_is_told(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    ok = py:start_pool(q, #{size => 2}),
    [begin
         ?assertMatch({error, {worker_died, #{reason := exited, exit_status := 7, stderr_tail := <<"so long">>}}},
                      py:call(Pool, pools, die, [{bytes, <<"so long">>}, 7])),
         ?assertMatch({error, {worker_died, #{reason := signal, signal := 11, stderr_tail := <<"ouch", _/binary>>}}},
                      py:call(Pool, pools, kill_self, [{bytes, <<"ouch">>}, 11])),
         ?assertMatch({error, {worker_died, #{reason := signal, signal := 9, stderr_tail := <<>>}}},
                      py:call(Pool, pools, kill_self, [{bytes, <<>>}, 9])),
         ?assertEqual({ok, 1}, py:eval(Pool, "1"))
     end || Pool <- [p, q]],
    [ok = py:stop_pool(Pool) || Pool <- [p, q]].

%% The last 4 KiB, whoever wrote them.
tail_of_standard_error(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    Long = binary:copy(<<"0123456789">>, 1000),
    {ok, _} = py:call(p, pools, write_in_c, [{bytes, <<"from C;">>}]),
    {error, {worker_died, #{stderr_tail := Short}}} = py:call(p, pools, die, [{bytes, <<"from Python">>}, 1]),
    ?assertEqual(<<"from C;from Python">>, Short),
    {error, {worker_died, #{stderr_tail := Tail}}} = py:call(p, pools, die, [{bytes, <<Long/binary, "end">>}, 1]),
    ?assertEqual({4096, <<"end">>}, {byte_size(Tail), binary:part(Tail, 4093, 3)}),
    %% a fatal error of Python's own says where it was
    {error, {worker_died, #{reason := signal, signal := 6, stderr_tail := Fatal}}} = py:call(p, hostile, abort, []),
    ?assertEqual({p, true}, {p, is_binary(Fatal)}),
    ok = py:stop_pool(p).

standard_error_is_logged(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    with_log(fun() ->
                     Pid = integer_to_list(py_ct:os_pid(p)),
                     {ok, _} = py:call(p, pools, write_in_c, [{bytes, <<"while it lives\n">>}]),
                     #{level := Level, meta := Meta, text := Text} = logged(<<"while it lives">>),
                     ?assertEqual({warning, <<"while it lives">>}, {Level, Text}),
                     ?assertMatch(#{domain := [pyport, python], stream := stderr, pool := p, os_pid := Pid}, Meta),
                     {error, _} = py:call(p, pools, die, [{bytes, <<"as it dies">>}, 1]),
                     logged(<<"as it dies">>),
                     %% more than one may write: the end of it, and how much was left out
                     Much = <<(binary:copy(<<"x">>, 3 bsl 20))/binary, "the end">>,
                     {ok, _} = py:call(p, pools, write_to_fd_2, [{bytes, Much}]),
                     #{text := End} = logged(<<"the end">>),
                     ?assert(byte_size(End) < 100000),
                     ?assertMatch({match, _}, re:run(End, "\\([0-9]+ bytes before this are left out\\)")),
                     {ok, _} = py:call(p, pools, write_to_fd_2, [{bytes, <<"and on">>}]),
                     logged(<<"and on">>)
             end),
    ok = py:stop_pool(p).

%% The file has no name as soon as the program has it, so nothing is left however anybody dies.
standard_error_leaves_nothing(_Config) ->
    ok = py:start_pool(p, ?PROCESS(2)),
    ?assertEqual(1, length(py_ct:files())),
    [ok = py_ct:kill_9(Pid) || Pid <- py_ct:os_pids(p)],
    py_ct:eventually(fun() -> py:eval(p, "1") =:= {ok, 1} end),
    py_ct:eventually(fun() -> length(py_ct:files()) =:= 1 end),
    ok = py:stop_pool(p),
    ?assertEqual(1, length(py_ct:files())).

%% Neither the table, nor another pool, nor another OS process of the same one.
death_disturbs_nobody(_Config) ->
    ok = py:start_pool(p, ?PROCESS(2)),
    {ok, SD} = py:shared_dict_new(),
    Table = py_ct:table_pid(),
    Default = py_ct:os_pid(),
    [First, Second] = py_ct:os_pids(p),
    Waiting = [py:spawn_call(Pool, pools, wait_for, [SD, <<"go">>], #{}, 60000) || Pool <- [p, p, default]],
    py_ct:eventually(fun() -> length([busy || #{busy := true} <- py_ct:interpreters(p) ++ py_ct:interpreters()]) =:= 3 end),
    ok = py_ct:kill_9(First),
    py_ct:await_another(p, First),
    ok = py:shared_dict_set(SD, go, true),
    Results = [py:await(Call) || Call <- Waiting],
    ?assertMatch([{error, {worker_died, #{reason := _}}}], [Result || {error, _} = Result <- Results]),
    ?assertEqual(lists:sort([{ok, Second}, {ok, Default}]), lists:sort([Result || {ok, _} = Result <- Results])),
    ?assertEqual({Table, Default}, {py_ct:table_pid(), py_ct:os_pid()}),
    ?assert(lists:member(Second, py_ct:os_pids(p))),
    ok = py:stop_pool(p).

%% Whoever calls while the next one is being started is served, not refused.
calls_wait_for_the_next(_Config) ->
    [begin
         ok = py_ct:kill_9(py_ct:os_pid()),
         Results = [py:eval("1") || _ <- lists:seq(1, 20)],
         %% the first may have been sent to the dying one
         ?assertEqual([], [Result || Result <- Results, Result =/= {ok, 1}, not is_death(Result)]),
         ?assert(length([dead || Result <- Results, is_death(Result)]) =< 1),
         timer:sleep(1100)   % or it would be a crash loop, in which nobody waits
     end || _ <- [1, 2, 3]],
    %% so are casts and spawned calls
    {ok, SD} = py:shared_dict_new(),
    Pid = py_ct:os_pid(),
    Server = py_ct:port_server(default),
    Monitor = monitor(process, Server),
    ok = py_ct:kill_9(Pid),
    receive {'DOWN', Monitor, process, Server, _} -> ok end,
    ?assertEqual(ok, py:cast(helpers, put, [SD, <<"k">>, 1])),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, k) =:= 1 end),
    ?assertEqual({ok, 2.0}, py:await(py:spawn_call(math, sqrt, [4]))).

is_death({error, {worker_died, #{}}}) -> true;
is_death(_) -> false.

%% A pool whose OS processes die as soon as they are there: its calls are told at once, after the first few deaths;
%% nobody else notices, and it is back when it can be.
crash_loop(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    Sup = [whereis(Name) || Name <- [pyport_sup, py_pool_sup, py_table]],
    {ok, SD} = py:shared_dict_new(),
    ok = py:on_restart(p, "import os; os.write(2, b'loop'); os._exit(3)"),
    ok = py_ct:kill_9(py_ct:os_pid(p)),
    py_ct:eventually(fun() ->
                             case py:eval(p, "1", #{}, 10000) of
                                 {error, {worker_died, #{reason := exited, exit_status := 3, stderr_tail := <<"loop">>}}} -> true;
                                 {error, {worker_died, _}} -> false
                             end
                     end),
    [begin
         ?assertMatch({error, {worker_died, #{}}}, py:eval(p, "1", #{}, 10000)),
         ?assertEqual({ok, N}, py:eval("n", #{n => N})),
         ok = py:shared_dict_set(SD, k, N)
     end || N <- lists:seq(1, 50)],
    ?assertEqual(Sup, [whereis(Name) || Name <- [pyport_sup, py_pool_sup, py_table]]),
    ok = py:on_restart(p, ""),
    py_ct:eventually(fun() -> py:eval(p, "1") =:= {ok, 1} end, 20000),
    ok = py:stop_pool(p).

%%% Lost namespaces

lost_namespace_is_told_once(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    ok = load_telemetry(self()),
    try
        with_log(fun() ->
                         ok = py:exec(p, "x = 1"),
                         Pid = py_ct:os_pid(p),
                         ok = py_ct:kill_9(Pid),
                         py_ct:await_another(p, Pid),
                         Self = self(),
                         ?assertMatch({error, {'NameError', _}}, py:eval(p, "x")),
                         #{level := warning, meta := Meta} = logged(<<"has lost its Python namespace">>),
                         ?assertMatch(#{domain := [pyport], pyport_event := namespace_lost, pool := p, pid := Self}, Meta),
                         #{reason := Reason} = Meta,
                         ?assert(is_kill(Reason)),
                         receive {telemetry, Event, Measurements, Metadata} ->
                                 ?assertEqual({[pyport, namespace, lost], #{count => 1}, #{pool => p, pid => Self, reason => Reason}},
                                              {Event, Measurements, Metadata})
                         after 0 -> ct:fail(no_telemetry)
                         end,
                         ok = py:exec(p, "x = 2"),
                         ?assertEqual({ok, 2}, py:eval(p, "x")),
                         %% not to those who had none, and not of spawned calls
                         in_process(fun() -> {ok, 1} = py:eval(p, "1") end),
                         ?assertEqual([], [Event || {telemetry, Event, _, _} <- py_ct:flush()])
                 end)
    after
        unload_telemetry()
    end,
    ok = py:stop_pool(p).

%% A request that is written to what is dead already takes its exit status away.
is_kill({signal, 9}) -> true;
is_kill(Reason) -> Reason =:= epipe.

%% A release without telemetry.
lost_namespaces_without_listeners(_Config) ->
    false = code:is_loaded(telemetry),
    ok = py:exec("x = 1"),
    py_ct:restart_port_program(),
    ?assertMatch({error, {'NameError', _}}, py:eval("x")),
    ?assertEqual(false, code:is_loaded(telemetry)).

load_telemetry(Test) ->
    Text = lists:flatten(io_lib:format("execute(Event, Measurements, Metadata) -> "
                                       "list_to_pid(~p) ! {telemetry, Event, Measurements, Metadata}, ok.", [pid_to_list(Test)])),
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Form} = erl_parse:parse_form(Tokens),
    {ok, telemetry, Binary} = compile:forms([{attribute, 1, module, telemetry}, {attribute, 1, export, [{execute, 3}]}, Form]),
    {module, telemetry} = code:load_binary(telemetry, "telemetry.beam", Binary),
    ok.

unload_telemetry() ->
    code:purge(telemetry),
    true = code:delete(telemetry),
    code:purge(telemetry).

%%% Recycling

%% Many callers, and not one of their calls fails.
max_calls(_Config) ->
    [begin
         ok = py:start_pool(p, Options#{max_calls => 100}),
         Begin = py_ct:os_pids(p),
         Callers = [spawn_monitor(fun() -> call_until_stopped(0) end) || _ <- [1, 2, 3, 4]],
         py_ct:eventually(fun() -> [Pid || Pid <- Begin, py_ct:is_alive(Pid)] =:= [] end, 60000),
         [Caller ! stop || {Caller, _} <- Callers],
         Counts = [receive {'DOWN', Monitor, process, Caller, {calls, Count}} -> Count end || {Caller, Monitor} <- Callers],
         ?assert(lists:sum(Counts) >= 100),
         ok = py:stop_pool(p)
     end || Options <- [?PROCESS(2), #{size => 2}]].

call_until_stopped(Calls) ->
    {ok, 2.0} = py:call(p, math, sqrt, [4]),
    {ok, 3.0} = py:await(py:spawn_call(p, math, sqrt, [9])),
    receive stop -> exit({calls, 2 * (Calls + 1)})
    after 0 -> call_until_stopped(Calls + 1)
    end.

max_rss(_Config) ->
    ok = py:start_pool(p, (?PROCESS(1))#{max_rss => 150 bsl 20}),
    Pid = py_ct:os_pid(p),
    {ok, none} = py:call(p, pools, grow, [10 bsl 20]),
    timer:sleep(500),   % some heartbeats
    ?assertEqual(Pid, py_ct:os_pid(p)),
    {ok, none} = py:call(p, pools, grow, [200 bsl 20]),
    py_ct:await_another(p, Pid),
    py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end),
    ok = py:stop_pool(p).

%% Calls that run are let end; new ones go to the next OS process meanwhile, which is there before.
draining(_Config) ->
    ok = py:start_pool(p, #{size => 2, max_calls => 3}),
    {ok, SD} = py:shared_dict_new(),
    Pid = py_ct:os_pid(p),
    ok = py:exec(p, "x = 1"),
    with_log(fun() ->
                     Long = spawn_monitor(fun() -> exit(py:call(p, pools, wait_for, [SD, <<"go">>])) end),
                     py_ct:eventually(fun() -> not py_ct:is_idle(p) end),
                     [?assertEqual({ok, 1}, py:eval(p, "x")) || _ <- [1, 2]],
                     py_ct:await_another(p, Pid),
                     ?assertMatch(#{pools := #{p := #{workers := [#{os_pid := Pid, status := draining}, #{status := up}]}}}, py:info()),
                     %% this process has a fresh namespace now, and is told why
                     ?assertMatch({error, {'NameError', _}}, py:eval(p, "x")),
                     ?assertMatch(#{meta := #{reason := recycled, pool := p}}, logged(<<"has lost its Python namespace">>)),
                     ?assert(py_ct:is_alive(Pid)),
                     ok = py:shared_dict_set(SD, go, true),
                     {Caller, Monitor} = Long,
                     receive {'DOWN', Monitor, process, Caller, Why} -> ?assertEqual({ok, Pid}, Why) end,
                     py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end)
             end),
    ok = py:stop_pool(p).

%% A cast that was accepted is done, though nobody waits for it.
draining_waits_for_casts(_Config) ->
    ok = py:start_pool(p, #{size => 2, max_calls => 3}),
    {ok, SD} = py:shared_dict_new(),
    Pid = py_ct:os_pid(p),
    ok = py:exec(p, "import pools, helpers\ndef later(sd):\n    pools.wait_for(sd, 'go')\n    helpers.put(sd, 'done', pools.where())"),
    ok = py:cast(p, '__main__', later, [SD]),
    in_process(fun() -> [?assertEqual({ok, 1}, py:eval(p, "1")) || _ <- [1, 2]] end),
    py_ct:await_another(p, Pid),
    timer:sleep(300),   % some looks whether something runs
    ?assert(py_ct:is_alive(Pid)),
    ok = py:shared_dict_set(SD, go, true),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, done) =:= Pid end),
    py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end),
    ok = py:stop_pool(p).

%% The old one goes on.
replacement_that_fails(_Config) ->
    ok = py:start_pool(p, (?PROCESS(1))#{max_calls => 2}),
    Pid = py_ct:os_pid(p),
    with_log(fun() ->
                     ok = py:on_restart(p, "raise ValueError('no')"),
                     [{ok, Pid} = py:call(p, os, getpid, []) || _ <- lists:seq(1, 5)],
                     logged(<<"could not be started">>),
                     [?assertEqual({ok, Pid}, py:call(p, os, getpid, [])) || _ <- lists:seq(1, 5)]
             end),
    ok = py:stop_pool(p).

%%% Memory

max_memory(_Config) ->
    ok = py:start_pool(p, (?PROCESS(1))#{max_memory => 512 bsl 20}),
    Pid = py_ct:os_pid(p),
    ?assertEqual({ok, 10 bsl 20}, py:call(p, pools, allocate, [10 bsl 20])),
    ?assertMatch({error, {'MemoryError', _}}, py:call(p, pools, allocate, [1 bsl 30])),
    ?assertEqual({ok, Pid}, py:call(p, os, getpid, [])),
    %% others have no such limit
    ?assertEqual({ok, 1 bsl 30}, py:call(pools, allocate, [1 bsl 30])),
    %% filled to the brim, it is an error of the call or the end of that process alone
    Table = py_ct:table_pid(),
    Result = py:exec(p, "keep = []\nwhile True: keep.append(bytearray(1 << 20))", #{}, 60000),
    case Result of
        {error, {'MemoryError', _}} -> ok;
        {error, {worker_died, #{reason := out_of_memory}}} -> ok
    end,
    ?assertEqual(Table, py_ct:table_pid()),
    ok = py:stop_pool(p).

%%% The end

stop_while_calls_run(_Config) ->
    ok = py:start_pool(p, ?PROCESS(2)),
    {ok, SD} = py:shared_dict_new(),
    Callers = [spawn_monitor(fun() -> exit(py:call(p, pools, wait_for, [SD, <<"never">>])) end) || _ <- lists:seq(1, 10)],
    py_ct:eventually(fun() -> lists:sum([N || #{in_flight := N} <- py_ct:workers(p)]) =:= 10 end),
    ok = py:stop_pool(p),
    [receive {'DOWN', Monitor, process, Caller, Why} -> ?assertMatch({error, {worker_died, #{reason := shutdown}}}, Why) end
     || {Caller, Monitor} <- Callers],
    ?assertEqual({ok, 1}, py:eval("1")).

stopped_pools_leave_nothing(_Config) ->
    Test = self(),
    User = spawn_link(fun() ->
                              [begin
                                   ok = py:start_pool(p, ?PROCESS(2)),
                                   ok = py:exec(p, "x = 1"),
                                   _ = [py:await(py:spawn_call(p, math, sqrt, [N])) || N <- lists:seq(1, 6)],
                                   ok = py:stop_pool(p)
                               end || _ <- [1, 2, 3]],
                              Test ! done,
                              receive stop -> ok end
                      end),
    receive done -> ok end,
    py_ct:eventually(fun() -> py_tables:namespaces() =:= [] end),
    ?assertMatch(#{owners := 0}, py_owner:count()),
    User ! stop.

%% A pool that was started later is not forgotten by a supervisor that was killed.
pools_outlive_their_supervisor(_Config) ->
    ok = py:start_pool(p, ?PROCESS(1)),
    Pid = py_ct:os_pid(p),
    Supervisor = whereis(py_pool_sup),
    exit(Supervisor, kill),
    py_ct:eventually(fun() -> is_pid(whereis(py_pool_sup)) andalso whereis(py_pool_sup) =/= Supervisor end),
    py_ct:await_another(p, Pid),
    ?assertEqual({ok, 1}, py:eval(p, "1")),
    py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end),
    ok = py:stop_pool(p).

keeper_is_killed(_Config) ->
    ok = py:start_pool(p, ?PROCESS(2)),
    Pids = py_ct:os_pids(p),
    {ok, Keeper} = py_tables:server({keeper, p}),
    exit(Keeper, kill),
    py_ct:eventually(fun() -> py_tables:server({keeper, p}) =/= {ok, Keeper} end),
    py_ct:eventually(fun() -> length(py_ct:os_pids(p)) =:= 2 andalso py_ct:os_pids(p) -- Pids =:= py_ct:os_pids(p) end),
    ?assertEqual({ok, 1}, py:eval(p, "1")),
    ?assertEqual([], [Pid || Pid <- Pids, py_ct:is_alive(Pid)]),
    ok = py:stop_pool(p).

%%% Helpers

in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(Fun),
    receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end.

%% Runs Fun with all of our log events coming to this process.
with_log(Fun) ->
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => self(), level => all, filter_default => stop,
                                                filters => [{ours, {fun logger_filters:domain/2, {log, sub, [pyport]}}}]}),
    try Fun()
    after
        logger:remove_handler(?MODULE),
        py_ct:flush()
    end.

%% A logger handler, called in the process that logs.
log(#{level := Level, meta := Meta} = Event, #{config := Test}) ->
    Text = iolist_to_binary(unicode:characters_to_binary(logger_formatter:format(Event, #{template => [msg]}))),
    Test ! {logged, #{level => Level, meta => Meta, text => Text}}.

%% The event whose text holds these words.
logged(Words) ->
    receive
        {logged, #{text := Text} = Event} ->
            case binary:match(Text, Words) of
                nomatch -> logged(Words);
                _ -> Event
            end
    after 20000 -> ct:fail({not_logged, Words})
    end.
