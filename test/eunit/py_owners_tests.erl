-module(py_owners_tests).

-include_lib("eunit/include/eunit.hrl").

-define(NOTHING, #{dicts => [], namespaces => []}).

owner(Pid, Owners) -> py_owners:add_owner(Pid, make_ref(), Owners).

pids(N) -> [spawn(fun() -> ok end) || _ <- lists:seq(1, N)].

empty_test() ->
    Owners = py_owners:new(),
    ?assertEqual(#{owners => 0, dicts => 0}, py_owners:count(Owners)),
    ?assertNot(py_owners:is_owner(self(), Owners)),
    ?assertEqual({?NOTHING, Owners}, py_owners:remove_owner(self(), Owners)),
    ?assertEqual({[], Owners}, py_owners:remove_dict(<<1:128>>, Owners)),
    ?assertEqual(0, py_owners:dicts_of(self(), Owners)),
    ?assertEqual([], py_owners:namespaces_of(self(), Owners)),
    ?assertEqual({[], Owners}, py_owners:remove_pool(default, Owners)).

an_owner_dies_test() ->
    [A, B] = pids(2),
    Owners0 = owner(B, owner(A, py_owners:new())),
    Owners1 = py_owners:add_dict(A, <<1:128>>, 7, Owners0),
    Owners2 = py_owners:add_dict(A, <<2:128>>, 8, Owners1),
    Owners3 = py_owners:add_dict(B, <<3:128>>, 8, Owners2),
    Owners4 = py_owners:add_namespace(A, default, home, 5, 80, Owners3),
    Owners5 = py_owners:add_namespace(A, science, home, 6, 81, Owners4),
    Owners6 = py_owners:add_namespace(A, science, 82, 7, 82, Owners5),
    ?assertEqual([2, 1], [py_owners:dicts_of(Pid, Owners6) || Pid <- [A, B]]),
    {#{dicts := Dicts, namespaces := Namespaces}, Owners7} = py_owners:remove_owner(A, Owners6),
    ?assertEqual([{<<1:128>>, 7}, {<<2:128>>, 8}], lists:sort(Dicts)),
    ?assertEqual([{default, home, 5, 80}, {science, 82, 7, 82}, {science, home, 6, 81}], lists:sort(Namespaces)),
    ?assertEqual(#{owners => 1, dicts => 1}, py_owners:count(Owners7)),
    ?assertEqual({?NOTHING, Owners7}, py_owners:remove_owner(A, Owners7)),
    %% its dicts are nobody's now
    ?assertEqual({[], Owners7}, py_owners:remove_dict(<<1:128>>, Owners7)).

the_last_dict_ends_the_monitor_test() ->
    Monitor = make_ref(),
    Owners0 = py_owners:add_owner(self(), Monitor, py_owners:new()),
    Owners1 = py_owners:add_dict(self(), <<2:128>>, 1, py_owners:add_dict(self(), <<1:128>>, 1, Owners0)),
    {[], Owners2} = py_owners:remove_dict(<<1:128>>, Owners1),
    ?assertEqual({[Monitor], py_owners:new()}, py_owners:remove_dict(<<2:128>>, Owners2)).

a_namespace_keeps_the_monitor_test() ->
    Owners0 = py_owners:add_namespace(self(), default, home, 1, 1, owner(self(), py_owners:new())),
    Owners1 = py_owners:add_dict(self(), <<1:128>>, 1, Owners0),
    ?assertMatch({[], _}, py_owners:remove_dict(<<1:128>>, Owners1)).

a_new_namespace_takes_the_place_test() ->
    Owners0 = py_owners:add_namespace(self(), default, home, 1, 10, owner(self(), py_owners:new())),
    Owners1 = py_owners:add_namespace(self(), default, home, 2, 20, Owners0),
    %% and counts no more where it was
    ?assertEqual(10, py_owners:least_used([20, 10], Owners1)),
    {Things, _} = py_owners:remove_owner(self(), Owners1),
    ?assertEqual(#{dicts => [], namespaces => [{default, home, 2, 20}]}, Things).

one_monitor_an_owner_test() ->
    Owners = owner(self(), py_owners:new()),
    ?assertError(function_clause, py_owners:add_owner(self(), make_ref(), Owners)).

%% The one with the fewest, the oldest of several; namespaces for single calls do not count.
least_used_test() ->
    [A, B, C] = pids(3),
    New = lists:foldl(fun owner/2, py_owners:new(), [A, B, C]),
    ?assertEqual(1, py_owners:least_used([1, 2, 3], New)),
    One = py_owners:add_namespace(A, p, home, 11, 1, New),
    ?assertEqual(2, py_owners:least_used([1, 2, 3], One)),
    Two = py_owners:add_namespace(B, p, home, 12, 2, One),
    Three = py_owners:add_namespace(B, p, 3, 13, 3, Two),
    ?assertEqual(3, py_owners:least_used([1, 2, 3], Three)),
    Four = py_owners:add_namespace(C, p, home, 14, 3, Three),
    ?assertEqual(1, py_owners:least_used([1, 2, 3], Four)),
    {_, Five} = py_owners:remove_owner(B, Four),
    ?assertEqual(2, py_owners:least_used([1, 2, 3], Five)),
    %% nothing is left in the count of those that are gone
    {_, Six} = py_owners:remove_owner(A, Five),
    {_, Seven} = py_owners:remove_owner(C, Six),
    ?assertEqual(py_owners:new(), Seven).

stale_namespaces_test() ->
    Owners0 = py_owners:add_namespace(self(), p, home, 1, 1, owner(self(), py_owners:new())),
    Owners1 = py_owners:add_namespace(self(), p, 2, 2, 2, Owners0),
    ?assertEqual([{p, 2, 2, 2}, {p, home, 1, 1}], lists:sort(py_owners:namespaces_of(self(), Owners1))),
    Owners2 = py_owners:remove_namespaces(self(), [{p, 2}], Owners1),
    ?assertEqual([{p, home, 1, 1}], py_owners:namespaces_of(self(), Owners2)),
    ?assertEqual(Owners2, py_owners:remove_namespaces(self(), [], Owners2)).

%% Whoever had only namespaces of the pool is no owner any more.
a_pool_goes_test() ->
    [A, B, C] = pids(3),
    Monitor = make_ref(),
    Owners0 = owner(C, owner(B, py_owners:add_owner(A, Monitor, py_owners:new()))),
    Owners1 = py_owners:add_namespace(A, p, home, 1, 1, Owners0),
    Owners2 = py_owners:add_namespace(A, p, 2, 2, 2, Owners1),
    Owners3 = py_owners:add_namespace(B, p, home, 3, 1, Owners2),
    Owners4 = py_owners:add_namespace(B, q, home, 4, 3, Owners3),
    Owners5 = py_owners:add_dict(C, <<1:128>>, 9, Owners4),
    {Monitors, Owners6} = py_owners:remove_pool(p, Owners5),
    ?assertEqual([Monitor], Monitors),
    ?assertEqual([false, true, true], [py_owners:is_owner(Pid, Owners6) || Pid <- [A, B, C]]),
    ?assertEqual([{q, home, 4, 3}], py_owners:namespaces_of(B, Owners6)),
    ?assertEqual(1, py_owners:least_used([1, 3], Owners6)).

%%% Reconciliation with a table that was found again

reconcile_test_() ->
    [A, B, C] = [<<N:128>> || N <- [1, 2, 3]],
    Pid = self(),
    [{Name, ?_assertEqual(#{destroy => Destroy, forget => Forget}, py_owners:reconcile(InTable, Rows, 7))}
     || {Name, InTable, Rows, Destroy, Forget} <-
            [{"nothing", [], [], [], []},
             {"all as it was", [A, B], [{A, Pid, 7}, {B, Pid, 7}], [], []},
             {"owners died meanwhile", [A, B, C], [{B, Pid, 7}], [A, C], []},
             {"made by a Python process", [<<1:1, 0:127>>, A], [], [A], []},
             {"destroyed by Python, and nobody was told", [A], [{A, Pid, 7}, {B, Pid, 7}], [], [B]},
             {"a new file: rows of the old one stay, as lost", [], [{A, Pid, 6}], [], []},
             {"the same handle in both cannot be, but is not ours", [A], [{A, Pid, 6}], [A], []}]].

%% Nothing is left of many owners, whichever way their dicts go.
nothing_is_left_test() ->
    Pids = pids(200),
    Full = lists:foldl(fun(Pid, Owners) ->
                               lists:foldl(fun(N, Acc) -> py_owners:add_dict(Pid, erlang:md5(term_to_binary({Pid, N})), 1, Acc) end,
                                           owner(Pid, Owners), [1, 2, 3])
                       end, py_owners:new(), Pids),
    ?assertEqual(#{owners => 200, dicts => 600}, py_owners:count(Full)),
    Half = lists:foldl(fun(Pid, Owners) -> element(2, py_owners:remove_dict(erlang:md5(term_to_binary({Pid, 2})), Owners)) end,
                       Full, Pids),
    ?assertEqual(py_owners:new(), lists:foldl(fun(Pid, Owners) -> element(2, py_owners:remove_owner(Pid, Owners)) end, Half, Pids)).
