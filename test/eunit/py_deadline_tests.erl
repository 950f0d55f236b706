-module(py_deadline_tests).

-include_lib("eunit/include/eunit.hrl").

a_timeout_is_what_a_receive_may_wait_test() ->
    [?assert(py_deadline:is_timeout(Good)) || Good <- [0, 1, 16#ffffffff, infinity]],
    [?assertNot(py_deadline:is_timeout(Bad)) || Bad <- [-1, 16#100000000, 1.0, default, <<"1">>]].

left_is_never_more_than_the_timeout_test() ->
    Left = py_deadline:left(py_deadline:from_timeout(60000)),
    ?assert(Left > 0),
    ?assert(Left =< 60000).

nothing_is_left_of_what_is_over_test() ->
    ?assertEqual(0, py_deadline:left(py_deadline:from_timeout(0))),
    ?assertEqual(0, py_deadline:left(py_deadline:from_timeout(0) - 1000)).

for_ever_stays_for_ever_test() -> ?assertEqual(infinity, py_deadline:left(py_deadline:from_timeout(infinity))).
