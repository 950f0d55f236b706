-module(py_pending_tests).

-include_lib("eunit/include/eunit.hrl").

put_take_test() ->
    {Pending, Ids} = py_pending:new(),
    Alias = make_ref(),
    Id = py_pending:put(Pending, Ids, Alias),
    ?assertEqual(1, py_pending:size(Pending)),
    ?assertEqual({ok, Alias}, py_pending:take(Pending, Id)),
    ?assertEqual(none, py_pending:take(Pending, Id)),
    ?assertEqual(0, py_pending:size(Pending)).

%% Ids wrap at 32 bits, leave out the events' 0, and never take one that is still waited for.
wrap_test() ->
    {Pending, Ids} = py_pending:new(),
    First = py_pending:put(Pending, Ids, make_ref()),
    ?assertEqual(1, First),
    ok = atomics:put(Ids, 1, 16#fffffffe),
    ?assertEqual(16#ffffffff, py_pending:put(Pending, Ids, make_ref())),
    ?assertEqual(2, py_pending:put(Pending, Ids, make_ref())),
    ok = atomics:put(Ids, 1, 16#fffffffffffffffe),
    ?assertEqual(3, py_pending:put(Pending, Ids, make_ref())).

take_all_test() ->
    {Pending, Ids} = py_pending:new(),
    Aliases = [make_ref() || _ <- lists:seq(1, 100)],
    [py_pending:put(Pending, Ids, Alias) || Alias <- Aliases],
    ?assertEqual(lists:sort(Aliases), lists:sort(py_pending:take_all(Pending))),
    ?assertEqual(0, py_pending:size(Pending)).

%% Entries of killed callers go with the next heartbeat, those of others stay.
sweep_test() ->
    {Pending, Ids} = py_pending:new(),
    Own = py_pending:put(Pending, Ids, make_ref()),
    Test = self(),
    {Pid, Monitor} = spawn_monitor(fun() ->
                                           Test ! {self(), [py_pending:put(Pending, Ids, make_ref()) || _ <- [1, 2, 3]]},
                                           receive after infinity -> ok end
                                   end),
    receive {Pid, _} -> ok end,
    ?assertEqual(0, py_pending:sweep(Pending)),
    exit(Pid, kill),
    receive {'DOWN', Monitor, _, _, killed} -> ok end,
    ?assertEqual(3, py_pending:sweep(Pending)),
    ?assertMatch({ok, _}, py_pending:take(Pending, Own)).

parallel_test() ->
    {Pending, Ids} = py_pending:new(),
    Test = self(),
    Pids = [spawn_link(fun() -> Test ! {self(), [py_pending:put(Pending, Ids, make_ref()) || _ <- lists:seq(1, 1000)]} end)
            || _ <- lists:seq(1, 8)],
    All = lists:append([receive {Pid, Taken} -> Taken end || Pid <- Pids]),
    ?assertEqual(8000, length(lists:usort(All))).
