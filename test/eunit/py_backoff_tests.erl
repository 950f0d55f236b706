-module(py_backoff_tests).

-include_lib("eunit/include/eunit.hrl").

%% The delays after deaths that came so many milliseconds after the start.
delays(Role, Ups) ->
    {Delays, _} = lists:mapfoldl(fun(Up, Backoff) -> py_backoff:died(Role, Up, Backoff) end, py_backoff:new(), Ups),
    Delays.

what_served_is_started_at_once_test() ->
    [?assertEqual(lists:duplicate(1000, 0), delays(python, lists:duplicate(1000, Up))) || Up <- [1000, served]].

ever_longer_test() ->
    ?assertEqual([0, 0, 0, 100, 200, 400, 800, 1600, 3000, 3000], delays(python, lists:duplicate(10, 10))),
    ?assertEqual([0, 0, 0, 100, 200], delays(python, lists:duplicate(5, never))).

%% Without end, and without large numbers.
never_gives_up_test() ->
    ?assertEqual(3000, lists:last(delays(python, lists:duplicate(10000, never)))).

a_good_one_starts_the_count_anew_test() ->
    ?assertEqual([0, 0, 0, 100, 0, 0, 0, 0, 100], delays(python, [1, 1, 1, 1, 5000, 1, 1, 1, 1])).

the_table_is_needed_by_all_test() ->
    ?assertEqual([0, 0, 0, 100, 100, 100], delays(table, lists:duplicate(6, never))).
