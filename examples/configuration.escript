#!/usr/bin/env escript
%% -*- erlang -*-
%% Configuration passing: Erlang fills a SharedDict, Python reads it and writes its results back.
%%
%%     ERL_LIBS=_build/default/lib escript examples/configuration.escript
-mode(compile).

main([]) ->
    ok = application:load(pyport),
    ok = application:set_env(pyport, python_path, [filename:dirname(filename:absname(escript:script_name()))]),
    {ok, _} = application:ensure_all_started(pyport),

    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, <<"db">>, #{host => <<"localhost">>,
                                            port => 5432,
                                            user => <<"admin">>}),

    ok = py:exec(<<"from config_job import process_data">>),
    {ok, <<"done">>} = py:eval(<<"process_data(handle)">>, #{<<"handle">> => SD}),

    #{<<"rows_processed">> := 1000, <<"connection">> := <<"localhost:5432">>} = Results =
        py:shared_dict_get(SD, <<"results">>),
    io:format("results: ~p~n", [Results]),
    ok = application:stop(pyport).
