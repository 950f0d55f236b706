-module(py_error_tests).

-include_lib("eunit/include/eunit.hrl").

format(Cause) -> py_error:format_error(badarg, [{py, f, [1, 2], [{error_info, #{module => py_error, cause => Cause}}]}]).

format_test_() ->
    [?_assertMatch(#{Position := [_ | _]}, format({Position, What}))
     || {Position, What} <- [{1, not_a_handle}, {1, destroyed}, {1, lost}, {2, key}, {1, name}, {2, name}, {1, code}, {3, arguments},
                             {4, keyword_arguments}, {2, variables}, {5, timeout}, {1, file}, {2, argv}, {1, call},
                             {1, pool}, {3, options}, {3, call_options}, {5, convert}, {4, read_options}, {1, counter_names}]].

words_test_() ->
    [?_assertEqual(#{1 => "the SharedDict has been destroyed"}, format({1, destroyed})),
     ?_assertEqual(#{1 => "the SharedDict was lost with the table's file"}, format({1, lost})),
     ?_assertEqual(#{1 => "not a SharedDict handle"}, format({1, not_a_handle})),
     ?_assertEqual(#{3 => "its convert must be all, none or a list of set, datetime, decimal, uuid and numpy"}, format({3, convert}))].

without_cause_test() ->
    ?assertEqual(#{}, py_error:format_error(badarg, [{py, f, [1], []}])).
