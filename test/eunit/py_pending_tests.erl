-module(py_pending_tests).

-include_lib("eunit/include/eunit.hrl").

put_take_test() ->
    {Pending, Ids} = py_pending:new(),
    Ref = make_ref(),
    Id = py_pending:put(Pending, Ids, Ref),
    ?assertEqual(1, py_pending:size(Pending)),
    ?assert(py_pending:answer(Pending, Id, op, body)),
    receive {Ref, op, body} -> ok after 0 -> error(not_answered) end,
    ?assertNot(py_pending:answer(Pending, Id, op, body)),
    ?assertNot(py_pending:take_back(Pending, Id)),
    receive {Ref, _, _} -> error(answered_twice) after 0 -> ok end,
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

answer_all_test() ->
    {Pending, Ids} = py_pending:new(),
    Refs = [make_ref() || _ <- lists:seq(1, 100)],
    [py_pending:put(Pending, Ids, Ref) || Ref <- Refs],
    ?assertEqual(100, py_pending:answer_all(Pending, why)),
    [receive {Ref, died, why} -> ok after 0 -> error(not_answered) end || Ref <- Refs],
    ?assertEqual(0, py_pending:size(Pending)),
    ?assertEqual(0, py_pending:answer_all(Pending, why)).

heir_test() ->
    Test = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> Test ! py_pending:new(), receive after infinity -> ok end end),
    {Pending, Ids} = receive {_, _} = New -> New end,
    Ref = make_ref(),
    _ = py_pending:put(Pending, Ids, Ref),
    exit(Pid, kill),
    receive {'DOWN', Monitor, _, _, killed} -> ok end,
    receive {Ref, died, killed} -> ok after 4000 -> error(not_answered) end.

%% Rows of killed callers go with the next heartbeat, those of others stay.
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
    ?assert(py_pending:take_back(Pending, Own)).

parallel_test() ->
    {Pending, Ids} = py_pending:new(),
    Test = self(),
    Pids = [spawn_link(fun() -> Test ! {self(), [py_pending:put(Pending, Ids, make_ref()) || _ <- lists:seq(1, 1000)]} end)
            || _ <- lists:seq(1, 8)],
    All = lists:append([receive {Pid, Taken} -> Taken end || Pid <- Pids]),
    ?assertEqual(8000, length(lists:usort(All))).

%%% Time limits

whose_test() ->
    {Pending, Ids} = py_pending:new(),
    Ref = make_ref(),
    Id = py_pending:put(Pending, Ids, Ref),
    ?assertEqual(self(), py_pending:whose(Pending, Id)),
    ?assertEqual(unknown, py_pending:whose(Pending, Id + 1)),
    ?assert(py_pending:is_waiting(Pending, Id, Ref)),
    ?assertNot(py_pending:is_waiting(Pending, Id, make_ref())),
    true = py_pending:take_back(Pending, Id),
    ?assertNot(py_pending:is_waiting(Pending, Id, Ref)).

%% What comes after its time is marked, and comes once.
expire_test() ->
    {Pending, Ids} = py_pending:new(),
    Ref = make_ref(),
    Id = py_pending:put(Pending, Ids, Ref),
    %% another request that has the id of one that is over
    ?assertNot(py_pending:expire(Pending, Id, make_ref())),
    ?assert(py_pending:is_waiting(Pending, Id, Ref)),
    ?assert(py_pending:expire(Pending, Id, Ref)),
    ?assertNot(py_pending:expire(Pending, Id, Ref)),
    ?assertNot(py_pending:is_waiting(Pending, Id, Ref)),
    ?assert(py_pending:is_waiting(Pending, Id, {expired, Ref})),
    ?assertEqual(1, py_pending:size(Pending)),
    ?assert(py_pending:answer(Pending, Id, reply, body)),
    receive {{expired, Ref}, reply, body} -> ok after 0 -> error(no_answer) end,
    ?assertNot(py_pending:expire(Pending, Id, Ref)).
