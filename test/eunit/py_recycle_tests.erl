-module(py_recycle_tests).

-include_lib("eunit/include/eunit.hrl").
-include("../../erl_src/py_protocol.hrl").

new(MaxCalls, MaxRss) -> py_recycle:new(#{max_calls => MaxCalls, max_rss => MaxRss}).

info(Calls, Rss) -> #{calls => Calls, rss => Rss}.

without_limits_test() ->
    [begin
         ?assertEqual(?OP_PING, py_recycle:question(Off)),
         ?assertEqual(same, py_recycle:answered(Off)),
         ?assertEqual(same, py_recycle:informed(info(1 bsl 70, 1 bsl 70), Off))
     end || Off <- [py_recycle:new(#{}), new(infinity, infinity)]].

%% Replies are counted, and INFO decides: not each reply is a call's.
max_calls_test() ->
    New = new(3, infinity),
    ?assertEqual(?OP_INFO, py_recycle:question(New)),
    {not_due, One} = py_recycle:answered(New),
    {not_due, Two} = py_recycle:answered(One),
    {ask, Three} = py_recycle:answered(Two),
    {not_due, Again} = py_recycle:informed(info(1, 0), Three),
    {not_due, _} = py_recycle:answered(Again),
    {due, {max_calls, 3}, Due} = py_recycle:informed(info(3, 0), Three),
    %% told once
    ?assertEqual(same, py_recycle:answered(Due)),
    ?assertEqual(same, py_recycle:informed(info(4, 0), Due)),
    ?assertEqual(?OP_PING, py_recycle:question(Due)).

%% Casts have no replies; INFO knows of them.
casts_count_test() ->
    {not_due, One} = py_recycle:answered(new(5, infinity)),
    {not_due, Four} = py_recycle:informed(info(4, 0), One),
    ?assertMatch({ask, _}, py_recycle:answered(Four)).

the_first_call_may_be_the_last_test() -> ?assertMatch({ask, _}, py_recycle:answered(new(1, infinity))).

max_rss_test() ->
    New = new(infinity, 1000),
    {not_due, Same} = py_recycle:informed(info(7, 999), New),
    ?assertMatch({due, {max_rss, 1000}, _}, py_recycle:informed(info(8, 1000), Same)).

is_idle_test_() ->
    [?_assertEqual(Idle, py_recycle:is_idle(#{interpreters => [#{busy => B, jobs_waiting => W} || {B, W} <- Interpreters]}))
     || {Idle, Interpreters} <- [{true, [{false, 0}]}, {true, [{false, 0}, {false, 0}]}, {false, [{false, 0}, {true, 0}]},
                                 {false, [{false, 1}]}, {false, [{true, 2}]}]].
