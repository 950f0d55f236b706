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
    ?assertEqual({keep, Owners}, py_owners:remove_dict(<<1:128>>, Owners)).

an_owner_dies_test() ->
    [A, B] = pids(2),
    Owners0 = owner(B, owner(A, py_owners:new())),
    Owners1 = py_owners:add_dict(A, <<1:128>>, 7, Owners0),
    Owners2 = py_owners:add_dict(A, <<2:128>>, 8, Owners1),
    Owners3 = py_owners:add_dict(B, <<3:128>>, 8, Owners2),
    Owners4 = py_owners:add_namespace(A, 5, 8, Owners3),
    {#{dicts := Dicts, namespaces := Namespaces}, Owners5} = py_owners:remove_owner(A, Owners4),
    ?assertEqual([{<<1:128>>, 7}, {<<2:128>>, 8}], lists:sort(Dicts)),
    ?assertEqual([{5, 8}], Namespaces),
    ?assertEqual(#{owners => 1, dicts => 1}, py_owners:count(Owners5)),
    ?assertEqual({?NOTHING, Owners5}, py_owners:remove_owner(A, Owners5)),
    %% its dicts are nobody's now
    ?assertEqual({keep, Owners5}, py_owners:remove_dict(<<1:128>>, Owners5)).

the_last_dict_ends_the_monitor_test() ->
    Monitor = make_ref(),
    Owners0 = py_owners:add_owner(self(), Monitor, py_owners:new()),
    Owners1 = py_owners:add_dict(self(), <<2:128>>, 1, py_owners:add_dict(self(), <<1:128>>, 1, Owners0)),
    {keep, Owners2} = py_owners:remove_dict(<<1:128>>, Owners1),
    ?assertEqual({{demonitor, Monitor}, py_owners:new()}, py_owners:remove_dict(<<2:128>>, Owners2)).

a_namespace_keeps_the_monitor_test() ->
    Owners0 = py_owners:add_namespace(self(), 1, 1, owner(self(), py_owners:new())),
    Owners1 = py_owners:add_dict(self(), <<1:128>>, 1, Owners0),
    ?assertMatch({keep, _}, py_owners:remove_dict(<<1:128>>, Owners1)).

a_new_namespace_takes_the_place_test() ->
    Owners0 = py_owners:add_namespace(self(), 1, 1, owner(self(), py_owners:new())),
    Owners1 = py_owners:add_namespace(self(), 2, 2, Owners0),
    {Things, _} = py_owners:remove_owner(self(), Owners1),
    ?assertEqual(#{dicts => [], namespaces => [{2, 2}]}, Things).

one_monitor_an_owner_test() ->
    Owners = owner(self(), py_owners:new()),
    ?assertError(function_clause, py_owners:add_owner(self(), make_ref(), Owners)).

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
