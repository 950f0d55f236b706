#!/usr/bin/env escript
%% -*- erlang -*-
%% Linearizability in the long run: so many histories of Erlang processes and Python threads in three OS processes on
%% one dict each, a tenth of them with OS processes killed meanwhile. Half are of single keys and checked key by key, half of
%% numbers, claims, batches and transactions, keys that expire, lists and locks (test/lib/linear_steps.erl):
%%
%%     ERL_LIBS=_build/test/lib escript test/storm/linear.escript HISTORIES
%%
%% after `rebar3 as test compile'. Stops at the first that is not linearizable, and shows it. Closes with what was
%% done and `N passed, N failed', where each history is one.
-mode(compile).

-define(ROUND, 250).    % histories between two lines of progress
-define(KILLS, {1, 10}).

main([Text]) ->
    Histories = list_to_integer(Text),
    ok = logger:set_primary_config(level, none),   % deaths are the point here
    Root = filename:dirname(filename:dirname(filename:dirname(filename:absname(escript:script_name())))),
    true = code:add_patha(filename:join(code:lib_dir(pyport), "test/lib")),
    start(filename:join(Root, "test/ct/data/python")),
    Before = erlang:monotonic_time(second),
    {Result, Counts} = rounds(Histories, none),
    Left = leftovers(),
    ok = linear_env:stop(),
    ok = application:stop(pyport),
    report(Histories, Result, Left, Counts, erlang:monotonic_time(second) - Before);
main(_) ->
    io:format(standard_error, "usage: linear.escript HISTORIES~n", []),
    halt(2).

start(PythonPath) ->
    ok = application:load(pyport),
    [ok = application:set_env(pyport, Key, Value) || {Key, Value} <- [{interpreters, 2}, {python_path, [PythonPath]}]],
    {ok, _} = application:ensure_all_started(pyport),
    ok = linear_env:start().

rounds(0, Sum) -> {ok, Sum};
rounds(Left, Sum) ->
    Now = min(Left, ?ROUND),
    case linear_run:run(Now, linear_env:env(themes(), right, right, ?KILLS)) of
        {ok, Counts} ->
            Next = linear_run:add(Counts, Sum),
            io:format("~ts~n", [linear_run:summary(Next)]),
            rounds(Left - Now, Next);
        {error, Text, Counts} -> {{error, Text}, linear_run:add(Counts, Sum)}
    end.

%% As many of registers as of all else.
themes() -> [register || _ <- linear_steps:themes()] ++ linear_steps:themes().

%% Every dict was destroyed.
leftovers() ->
    case py:info() of
        #{dicts := 0} -> [];
        #{dicts := N} -> [{dicts, N}]
    end.

report(Histories, Result, Left, #{histories := Done} = Counts, Seconds) ->
    Good = case Result of ok -> Done; {error, Text} -> io:format("~ts~n", [Text]), Done - 1 end,
    [io:format("LEFT OVER ~0p~n", [Thing]) || Thing <- Left],
    io:format("linearizability in ~b s: ~ts~n", [Seconds, linear_run:summary(Counts)]),
    Failed = length(Left) + case Result of ok -> 0; _ -> 1 end,
    io:format("~b passed, ~b failed~n", [max(0, Good), Failed]),
    halt(case Failed =:= 0 andalso Done =:= Histories of true -> 0; false -> 1 end).
