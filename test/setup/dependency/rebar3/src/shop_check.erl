%% Works with pyport as the project's code would; ends the node with status 0 when all is as it should be.
-module(shop_check).

-export([main/0]).

main() ->
    try
        {ok, _} = application:ensure_all_started(shop),
        SD = share(),
        kill(),
        11 = py:shared_dict_get(SD, <<"last_total">>),
        ok = application:stop(shop),
        io:format("the shop works~n"),
        halt(0)
    catch
        Class:Why:Stack ->
            io:format("~p: ~p~n~p~n", [Class, Why, Stack]),
            halt(1)
    end.

%% Erlang and a module of the project's own share a dictionary.
share() ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, <<"prices">>, #{pear => 3, quince => 5}),
    {ok, 11} = py:call(prices, total, [SD, [<<"pear">>, <<"pear">>, <<"quince">>]]),
    11 = py:shared_dict_get(SD, <<"last_total">>),
    SD.

%% The project's own supervisor has the port program started again.
kill() ->
    Pid = python(),
    {error, {worker_died, _}} = py:exec(<<"import os; os.kill(os.getpid(), 9)">>),
    {ok, 4.0} = again(100),
    false = Pid =:= python().

python() ->
    #{pools := #{default := #{workers := [#{os_pid := Pid}]}}} = py:info(),
    Pid.

again(0) -> not_restarted;
again(Tries) ->
    try py:call(math, sqrt, [16])
    catch exit:{port_down, _} -> timer:sleep(100), again(Tries - 1)
    end.
