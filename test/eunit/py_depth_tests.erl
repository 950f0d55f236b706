-module(py_depth_tests).

-include_lib("eunit/include/eunit.hrl").

-define(REFUSED, {error, {bad_etf, <<"depth over 512 at byte 2585">>}}).

nest(Wrap, Levels) -> lists:foldl(fun(_, Term) -> Wrap(Term) end, [], lists:seq(1, Levels)).

path(Terms) ->
    {error, {bad_term, Path, depth}} = py_depth:explain(?REFUSED, Terms),
    Path.

other_results_test_() ->
    [?_assertEqual(Result, py_depth:explain(Result, [nest(fun(T) -> [T] end, 600)]))
     || Result <- [ok, {ok, 1}, missing, {error, timeout}, {error, {bad_etf, <<"unknown tag">>}}]].

wrapped_test_() ->
    [?_assertEqual(lists:duplicate(511, Step), path([nest(Wrap, 600)]))
     || {Wrap, Step} <- [{fun(T) -> [T] end, 1}, {fun(T) -> [0, T] end, 2}, {fun(T) -> {x, y, T} end, 3},
                         {fun(T) -> #{<<"k">> => T} end, <<"k">>}, {fun(T) -> #{k => T} end, <<"k">>}, {fun(T) -> #{7 => T} end, 7},
                         {fun(T) -> #{{1} => T} end, <<"{1}">>}]].

%% In a body with a list of pairs, values begin two levels further down.
pairs_test_() ->
    Pairs = fun(Levels) -> [{<<"good">>, nest(fun(T) -> [T] end, 400)}, {7, nest(fun(T) -> [T] end, Levels)}] end,
    Path = fun(Levels) -> {error, {bad_term, Found, depth}} = py_depth:explain_pairs(?REFUSED, Pairs(Levels)), Found end,
    [?_assertEqual([7 | lists:duplicate(509, 1)], Path(600)),
     ?_assertEqual([7 | lists:duplicate(509, 1)], Path(510)),
     ?_assertEqual([], Path(509)),
     ?_assertEqual(ok, py_depth:explain_pairs(ok, Pairs(600)))].

%% Branches that are deep but not too deep are passed by.
the_first_that_is_too_deep_test_() ->
    Good = nest(fun(T) -> [T] end, 500),
    Bad = nest(fun(T) -> [T] end, 600),
    [?_assertMatch([3, 1, 1 | _], path([[Good, #{x => Good}, Bad]])),
     ?_assertMatch([<<"b">>, 2, 1 | _], path([[Good], #{a => Good, b => {Good, Bad}}])),
     ?_assertEqual([<<"[[[[[[[[...]]]]]]]]">>], [hd(path([#{Bad => 1}]))]),
     ?_assertEqual([], path([Good])),
     ?_assertEqual([], path([fun() -> Bad end]))].
