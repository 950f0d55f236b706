%% Dicts and namespaces end with the processes that own them.
-module(py_owner_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([exit_reasons/1, users_do_not_own/1, many_dicts_of_one_owner/1, ten_thousand_owners/1, killed_while_making/1,
         new_survives_the_tables_port/1, failed_new_leaves_nothing/1,
         owner_server_is_killed/1, owners_die_while_there_is_no_owner_server/1, namespace_of_the_dead/1,
         namespaces_survive_a_kill_of_the_owner_server/1, namespace_is_made_anew/1, interrupted_with_its_process/1,
         destroyed_early/1,
         monitors_end/1, dicts_outlive_python/1, dicts_outlive_the_tables_port/1,
         owners_die_while_the_table_is_down/1, unsent_operations_wait/1, lost_handles/1, damaged_file/1, lost_and_forgotten/1,
         destroyed_unheard/1, max_dicts_per_owner/1, namespace_after_a_restart/1, remote_owner/1,
         remote_node_dies/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [exit_reasons, users_do_not_own, many_dicts_of_one_owner, ten_thousand_owners, killed_while_making,
    new_survives_the_tables_port, failed_new_leaves_nothing,
     owner_server_is_killed, owners_die_while_there_is_no_owner_server, namespace_of_the_dead,
     namespaces_survive_a_kill_of_the_owner_server, namespace_is_made_anew, interrupted_with_its_process,
     destroyed_early,
     monitors_end, dicts_outlive_python, dicts_outlive_the_tables_port,
     owners_die_while_the_table_is_down, unsent_operations_wait, lost_handles, damaged_file, lost_and_forgotten,
     destroyed_unheard, max_dicts_per_owner, namespace_after_a_restart, remote_owner,
     remote_node_dies].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

%% Each case may kill as it likes: the supervisor counts from nought.
init_per_testcase(_Case, Config) -> py_ct:restart(Config).

end_per_testcase(_Case, Config) -> Config.

%% However the owner ends.
exit_reasons(_Config) ->
    [begin
         {Owner, SD} = owner(),
         ok = py:shared_dict_set(SD, k, 1),
         End(Owner),
         py_ct:await_gone(SD)
     end || End <- [fun(Owner) -> Owner ! {exit, normal} end,
                    fun(Owner) -> Owner ! {exit, shutdown} end,
                    fun(Owner) -> Owner ! {exit, {some, reason}} end,
                    fun(Owner) -> Owner ! crash end,
                    fun(Owner) -> Owner ! {throw, ball} end,
                    fun(Owner) -> exit(Owner, kill) end,
                    fun(Owner) -> exit(Owner, some_signal) end]].

%% Only the maker's exit counts.
users_do_not_own(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    [in_process(fun() -> ok = py:shared_dict_set(SD, N, N) end) || N <- lists:seq(1, 20)],
    ?assertEqual(lists:seq(1, 20), py:shared_dict_keys(SD)).

%% More than fit one DESTROY frame.
many_dicts_of_one_owner(_Config) ->
    #{dicts := Before} = py:info(),
    {Owner, Dicts} = owner(2500),
    ?assertEqual(Before + 2500, maps:get(dicts, py:info())),
    exit(Owner, kill),
    py_ct:eventually(fun() -> maps:get(dicts, py:info()) =:= Before end),
    [?assertError(badarg, py:shared_dict_keys(SD)) || SD <- Dicts].

%% 10,000 owners die at once: cleaned within a second, and others are answered meanwhile.
ten_thousand_owners(_Config) ->
    Before = dicts(),
    {ok, SD} = py:shared_dict_new(),
    Gate = spawn(fun() -> receive after infinity -> ok end end),
    Test = self(),
    Owners = [spawn(fun() ->
                            {ok, _} = py:shared_dict_new(),
                            ok = py:exec(<<"x = 1">>),
                            Monitor = monitor(process, Gate),
                            Test ! {ready, self()},
                            receive {'DOWN', Monitor, process, Gate, _} -> ok end
                    end) || _ <- lists:seq(1, 10000)],
    [receive {ready, Owner} -> ok end || Owner <- Owners],
    ?assertEqual(Before + 10001, dicts()),
    Begin = py_ct:ms(0),
    Waits = py_ct:cpu_waits(),
    exit(Gate, kill),
    Answers = answer_until(fun() -> dicts() =:= Before + 1 end, SD, 0),
    Took = py_ct:ms(Begin),
    Waited = py_ct:cpu_waits() - Waits,
    ct:pal("10,000 owners cleaned in ~b ms, ~b of them with a busy machine; others got ~b answers meanwhile", [Took, Waited, Answers]),
    %% one answer would be one that came when all was done
    ?assert(Answers >= 10),
    %% a second, and what the machine was busy meanwhile; not all of it, however busy it is
    ?assert(Took < 1000 + Waited andalso Took < 5000),
    py_ct:eventually(fun() -> maps:get(namespaces, py:info()) =:= 0 end).

%% Without asking Python, which is busy with the namespaces.
dicts() ->
    {value, #{dicts := Dicts}} = py_dict:table_info(),
    Dicts.

answer_until(Done, SD, Answers) ->
    ok = py:shared_dict_set(SD, k, Answers),
    Answers = py:shared_dict_get(SD, k),
    case Done() of
        true -> Answers + 1;
        false -> answer_until(Done, SD, Answers + 1)
    end.

%% Whenever a process is killed on its way through shared_dict_new, no dict is left.
killed_while_making(_Config) ->
    #{dicts := Before} = py:info(),
    lists:foreach(fun(N) ->
                          {Pid, Monitor} = spawn_monitor(fun Make() -> {ok, _} = py:shared_dict_new(), Make() end),
                          busy_wait(N rem 50),
                          exit(Pid, kill),
                          receive {'DOWN', Monitor, process, Pid, killed} -> ok end
                  end, lists:seq(1, 500)),
    py_ct:eventually(fun() -> maps:get(dicts, py:info()) =:= Before end),
    py_ct:eventually(fun() -> maps:get(in_flight, py:info()) =:= 0 end).

busy_wait(0) -> ok;
busy_wait(N) ->
    erlang:yield(),
    _ = lists:sum(lists:seq(1, N * 10)),
    busy_wait(N - 1).

%% The table's port dies before it answers: the dict is made by the next one, and only once.
new_survives_the_tables_port(_Config) ->
    Pid = py_ct:table_pid(),
    ok = py_ct:signal("STOP", Pid),
    Test = self(),
    Maker = spawn(fun() ->
                          Test ! {self(), py:shared_dict_new()},
                          receive after infinity -> ok end
                  end),
    py_ct:eventually(fun() -> lists:keymember(Maker, 2, py_tables:dicts()) end),
    ok = py_ct:kill_9(Pid),
    SD = receive {Maker, {ok, Made}} -> Made end,
    ?assertEqual([], py:shared_dict_keys(SD)),
    py_ct:await_another_table(Pid),
    py_ct:eventually(fun() -> {1, 1} =:= {length(py_tables:dicts()), maps:get(dicts, py:info())} end),
    ?assertMatch(#{owners := 1}, py_owner:count()),
    exit(Maker, kill).

%% A dict that could not be made leaves no row, though its owner lives on.
failed_new_leaves_nothing(Config) ->
    with_pyport(Config, max_dicts, 2,
                fun() ->
                        {ok, First} = py:shared_dict_new(),
                        {ok, _} = py:shared_dict_new(),
                        ?assertEqual({error, {table_full, max_dicts}}, py:shared_dict_new()),
                        py_ct:eventually(fun() -> length(py_tables:dicts()) =:= 2 end),
                        ok = py:shared_dict_destroy(First),
                        ?assertMatch({ok, _}, py:shared_dict_new())
                end).

%% py_owner dies; its successor knows all owners, and dicts stay as they were.
owner_server_is_killed(_Config) ->
    {Owner, SD} = owner(),
    ok = py:shared_dict_set(SD, k, 1),
    kill_owner_server(),
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    exit(Owner, kill),
    py_ct:await_gone(SD).

owners_die_while_there_is_no_owner_server(_Config) ->
    {Owner, SD} = owner(),
    {Survivor, Kept} = owner(),
    ok = sys:suspend(py_owner),
    exit(Owner, kill),
    py_ct:eventually(fun() -> not is_process_alive(Owner) end),
    ?assertEqual([], py:shared_dict_keys(SD)),
    kill_owner_server(),
    py_ct:await_gone(SD),
    ?assertEqual([], py:shared_dict_keys(Kept)),
    exit(Survivor, kill),
    py_ct:await_gone(Kept).

namespace_of_the_dead(_Config) ->
    Before = maps:get(namespaces, py:info()),
    in_process(fun() ->
                       ok = py:exec(<<"x = 1">>),
                       ?assertEqual(Before + 1, maps:get(namespaces, py:info()))
               end),
    py_ct:eventually(fun() -> maps:get(namespaces, py:info()) =:= Before end).

namespaces_survive_a_kill_of_the_owner_server(_Config) ->
    in_process(fun() ->
                       ok = py:exec(<<"x = 41">>),
                       kill_owner_server(),
                       ?assertEqual({ok, 42}, py:eval(<<"x + 1">>))
               end),
    py_ct:eventually(fun() -> maps:get(namespaces, py:info()) =:= 0 end).

%% A namespace that the port program does not know is asked for again.
namespace_is_made_anew(_Config) ->
    in_process(fun() ->
                       ok = py:exec(<<"x = 1">>),
                       [Context] = py_context:ports(default),
                       {Ns, _} = py_tables:namespace(self(), default, home),
                       ok = py_request:post(Context, 16#26, 1, py_protocol:encode([Ns])),
                       ?assertMatch({error, {'NameError', _}}, py:eval(<<"x">>)),
                       ok = py:exec(<<"x = 2">>),
                       ?assertEqual({ok, 2}, py:eval(<<"x">>))
               end),
    py_ct:eventually(fun() -> maps:get(namespaces, py:info()) =:= 0 end).

%% The endless loop of a process that was killed does not go on.
interrupted_with_its_process(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    Pid = spawn(fun() -> py:exec(<<"from erlang import SharedDict\nSharedDict(sd)['begun'] = 1\nwhile True: pass">>,
                                 #{sd => SD}, infinity) end),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, begun) =:= 1 end),
    exit(Pid, kill),
    py_ct:eventually(fun() -> py_ct:is_idle(default) end).

%% Destroyed by hand, then the owner exits: nothing is destroyed twice, nobody else's dict suffers.
destroyed_early(_Config) ->
    {Owner, SD} = owner(),
    ok = py:shared_dict_destroy(SD),
    {ok, Other} = py:shared_dict_new(),
    ok = py:shared_dict_set(Other, k, 1),
    exit(Owner, kill),
    py_ct:eventually(fun() -> not is_process_alive(Owner) end),
    ?assertEqual(1, py:shared_dict_get(Other, k)),
    ?assertError(badarg, py:shared_dict_keys(SD)).

%% A process that makes and destroys dicts for ever costs no more than one.
monitors_end(_Config) ->
    in_process(fun() ->
                       [begin
                            {ok, SD} = py:shared_dict_new(),
                            ok = py:shared_dict_destroy(SD)
                        end || _ <- lists:seq(1, 100)],
                       py_ct:eventually(fun() -> process_info(whereis(py_owner), monitors) =:= {monitors, []} end),
                       [begin
                            {ok, SD} = py:shared_dict_new(),
                            case N rem 2 of
                                0 -> ok = py:shared_dict_destroy(SD);
                                1 -> {ok, none} = py:call(helpers, destroy, [SD])
                            end
                        end || N <- lists:seq(1, 100)],
                       py_ct:eventually(fun() -> length(py_tables:dicts()) =:= 0 end)
               end),
    py_ct:eventually(fun() -> process_info(whereis(py_owner), monitors) =:= {monitors, []} end).

%% Python dies: no dict does.
dicts_outlive_python(_Config) ->
    {Owner, SD} = owner(),
    {ok, none} = py:call(helpers, put, [SD, <<"k">>, [1, 2]]),
    py_ct:restart_port_program(),
    ?assertEqual([1, 2], py:shared_dict_get(SD, k)),
    ?assertEqual({ok, [1, 2]}, py:eval(<<"sd['k']">>, #{sd => SD})),
    exit(Owner, kill),
    py_ct:await_gone(SD).

%% The table's port dies: nor does a dict then, and owners are watched as before.
dicts_outlive_the_tables_port(_Config) ->
    {Owner, SD} = owner(),
    ok = py:shared_dict_set(SD, k, [1, 2]),
    Python = py_ct:os_pid(),
    [begin
         py_ct:restart_table(),
         ?assertEqual([1, 2], py:shared_dict_get(SD, k))
     end || _ <- lists:seq(1, 3)],
    ?assertEqual(Python, py_ct:os_pid()),
    ?assertEqual({ok, [1, 2]}, py:eval(<<"sd['k']">>, #{sd => SD})),
    exit(Owner, kill),
    py_ct:await_gone(SD).

%% Owners that die while the table's port is down: the next one destroys what nobody owns.
owners_die_while_the_table_is_down(_Config) ->
    #{dicts := Before} = py:info(),
    {Owner, Dicts} = owner(100),
    {Survivor, SD} = owner(),
    ok = py:shared_dict_set(SD, k, 1),
    Pid = py_ct:table_pid(),
    ok = py_ct:signal("STOP", Pid),
    ok = sys:suspend(py_owner),
    exit(Owner, kill),
    py_ct:eventually(fun() -> not is_process_alive(Owner) end),
    ok = py_ct:kill_9(Pid),
    py_ct:eventually(fun() -> element(1, py_context:find()) =:= down orelse not py_ct:is_alive(Pid) end),
    ok = sys:resume(py_owner),
    py_ct:await_another_table(Pid),
    py_ct:eventually(fun() -> maps:get(dicts, py:info()) =:= Before + 1 end),
    [?assertError(badarg, py:shared_dict_keys(Dict)) || Dict <- Dicts],
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    exit(Survivor, kill),
    py_ct:await_gone(SD).

%% An operation that was not sent waits for the table's next port instead of failing.
unsent_operations_wait(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, k, 0),
    [begin
         Server = whereis(py_table),
         Pid = py_ct:table_pid(),
         ok = sys:suspend(Server),
         ok = py_ct:kill_9(Pid),
         py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end),
         Monitor = monitor(process, Server),
         ok = sys:resume(Server),
         receive {'DOWN', Monitor, process, Server, _} -> ok end,
         ?assertEqual(N - 1, py:shared_dict_get(SD, k)),
         ok = py:shared_dict_set(SD, k, N)
     end || N <- lists:seq(1, 3)].

%% Somebody takes the file away: its handles say so, and never name another's dict. Python that has the old file
%% in its memory is started anew.
lost_handles(_Config) ->
    {Owner, SD} = owner(),
    ok = py:shared_dict_set(SD, k, 1),
    lose_the_file(),
    New = [begin {ok, N} = py:shared_dict_new(), N end || _ <- lists:seq(1, 100)],
    [begin
         {_, Text} = py_ct:badarg_text(Use),
         ?assertNotEqual(nomatch, binary:match(Text, <<"the SharedDict was lost with the table's file">>))
     end || Use <- [fun() -> py:shared_dict_get(SD, k) end, fun() -> py:shared_dict_set(SD, k, 1) end,
                    fun() -> py:shared_dict_keys(SD) end, fun() -> py:shared_dict_del(SD, k) end]],
    ?assertEqual(lists:duplicate(100, []), [py:shared_dict_keys(N) || N <- New]),
    {ok, none} = py:call(helpers, put, [hd(New), <<"k">>, 2]),
    ?assertEqual(2, py:shared_dict_get(hd(New), k)),
    ?assertEqual(ok, py:shared_dict_destroy(SD)),
    exit(Owner, kill).

lose_the_file() ->
    Python = py_ct:os_pid(),
    ok = file:delete(py_shared:file()),
    py_ct:restart_table(),
    py_ct:await_another(Python).

%% A stray pointer has hit the first page: no port program can use the file any more, and another one is made.
damaged_file(_Config) ->
    {Owner, SD} = owner(),
    ok = py:shared_dict_set(SD, k, 1),
    Python = py_ct:os_pid(),
    {ok, File} = file:open(py_shared:file(), [read, write, raw, binary]),
    ok = file:pwrite(File, 0, binary:copy(<<255>>, 4096)),
    ok = file:close(File),
    py_ct:restart_table(),
    py_ct:await_another(Python),
    {_, Text} = py_ct:badarg_text(fun() -> py:shared_dict_get(SD, k) end),
    ?assertNotEqual(nomatch, binary:match(Text, <<"the SharedDict was lost with the table's file">>)),
    {ok, New} = py:shared_dict_new(),
    {ok, none} = py:call(helpers, put, [New, <<"k">>, 2]),
    ?assertEqual(2, py:shared_dict_get(New, k)),
    exit(Owner, kill).

lost_and_forgotten(_Config) ->
    {Owner, _SD} = owner(),
    lose_the_file(),
    ?assertMatch([_ | _], [Pid || {_, Pid, _} <- py_tables:dicts(), Pid =:= Owner]),
    exit(Owner, kill),
    py_ct:eventually(fun() -> [Pid || {_, Pid, _} <- py_tables:dicts(), Pid =:= Owner] =:= [] end).

%% Destroyed by Python, and the word of it lost: the row goes with the next look.
destroyed_unheard(_Config) ->
    {Owner, SD} = owner(),
    ok = sys:suspend(py_ct:port_server(default)),
    ok = py:cast(helpers, destroy, [SD]),
    py_ct:await_gone(SD),
    exit(py_ct:port_server(default), kill),
    ?assertMatch([_], [Pid || {_, Pid, _} <- py_tables:dicts(), Pid =:= Owner]),
    py_owner ! look,
    py_ct:eventually(fun() -> [Pid || {_, Pid, _} <- py_tables:dicts(), Pid =:= Owner] =:= [] end),
    exit(Owner, kill).

max_dicts_per_owner(Config) ->
    with_pyport(Config, max_dicts_per_owner, 3,
                fun() ->
                        Dicts = [begin {ok, SD} = py:shared_dict_new(), SD end || _ <- [1, 2, 3]],
                        ?assertEqual({error, {table_full, max_dicts_per_owner}}, py:shared_dict_new()),
                        %% others are not concerned
                        in_process(fun() -> ?assertMatch({ok, _}, py:shared_dict_new()) end),
                        ok = py:shared_dict_destroy(hd(Dicts)),
                        ?assertMatch({ok, _}, py:shared_dict_new()),
                        ?assertEqual({error, {table_full, max_dicts_per_owner}}, py:shared_dict_new())
                end).

%% Runs Fun, in a process of its own, in a pyport that was started with this configured.
with_pyport(Config, Key, Value, Fun) ->
    ok = application:stop(pyport),
    ok = application:set_env(pyport, Key, Value),
    try
        {ok, _} = application:ensure_all_started(pyport),
        in_process(Fun)
    after
        application:unset_env(pyport, Key),
        py_ct:restart(Config)
    end.

%% A process that had a namespace in the dead port program gets another one.
namespace_after_a_restart(_Config) ->
    in_process(fun() ->
                       ok = py:exec(<<"x = 1">>),
                       py_ct:restart_port_program(),
                       ?assertMatch({error, {'NameError', _}}, py:eval(<<"x">>)),
                       ok = py:exec(<<"x = 2">>),
                       ?assertEqual({ok, 2}, py:eval(<<"x">>))
               end).

%% An owner on another node: its own process, asking this node's py_owner.
remote_owner(_Config) ->
    py_ct:with_peer(fun(_Peer, Node) ->
                      {Owner, SD} = remote_dict(Node),
                      ok = py:shared_dict_set(SD, k, 1),
                      ?assertEqual(Node, node(Owner)),
                      exit(Owner, kill),
                      py_ct:await_gone(SD)
              end).

%% The loss of a node is the death of its processes.
remote_node_dies(_Config) ->
    py_ct:with_peer(fun(Peer, Node) ->
                      {_, SD} = remote_dict(Node),
                      {_, Also} = remote_dict(Node),
                      peer:stop(Peer),
                      py_ct:await_gone(SD),
                      py_ct:await_gone(Also)
              end).

%%% Helpers

in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(Fun),
    receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end.

owner() ->
    {Owner, [SD]} = owner(1),
    {Owner, SD}.

owner(Count) ->
    Test = self(),
    Owner = spawn(fun() ->
                          Test ! {self(), [begin {ok, SD} = py:shared_dict_new(), SD end || _ <- lists:seq(1, Count)]},
                          receive
                              {exit, Why} -> exit(Why);
                              {throw, Ball} -> throw(Ball);
                              crash -> error(on_purpose)
                          end
                  end),
    receive {Owner, Dicts} -> {Owner, Dicts} end.

kill_owner_server() ->
    Old = whereis(py_owner),
    exit(Old, kill),
    py_ct:eventually(fun() -> is_pid(whereis(py_owner)) andalso whereis(py_owner) =/= Old end).

%% A dict of this node that a process of the other one owns, as one does that has locked a key here.
remote_dict(Node) ->
    Owner = spawn(Node, timer, sleep, [infinity]),
    {ok, SD} = py_dict:new_of(Owner, #{}),
    {Owner, SD}.
