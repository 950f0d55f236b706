#!/usr/bin/env escript
%% -*- erlang -*-
%% The whole of a SharedDict's first functions, one after the other, from Erlang and then from Python.
%%
%%     ERL_LIBS=_build/default/lib escript examples/shared_dict.escript
-mode(compile).

main([]) ->
    ok = application:load(pyport),
    ok = application:set_env(pyport, python_path, [filename:dirname(filename:absname(escript:script_name()))]),
    {ok, _} = application:ensure_all_started(pyport),

    %% Create a SharedDict
    {ok, SD} = py:shared_dict_new(),

    %% Set values
    ok = py:shared_dict_set(SD, <<"config">>, #{host => <<"localhost">>, port => 8080}),

    %% Get values
    Config = py:shared_dict_get(SD, <<"config">>),
    #{<<"host">> := <<"localhost">>, <<"port">> := 8080} = Config,
    undefined = py:shared_dict_get(SD, <<"missing">>),

    %% Get with default
    Value = py:shared_dict_get(SD, <<"missing">>, default_value),
    default_value = Value,

    %% List keys
    Keys = py:shared_dict_keys(SD),
    [<<"config">>] = Keys,
    io:format("config: ~p~ndefault: ~p~nkeys: ~p~n", [Config, Value, Keys]),

    %% The same in Python, which leaves what it saw
    ok = py:exec(<<"from with_config import process_with_config, use_all">>),
    {ok, none} = py:eval(<<"process_with_config(handle)">>, #{<<"handle">> => SD}),
    io:format("~ts", [py:shared_dict_get(SD, <<"seen">>)]),

    %% Delete a key; that it is not there is no error
    ok = py:shared_dict_del(SD, <<"config">>),
    ok = py:shared_dict_del(SD, <<"config">>),
    [<<"seen">>] = py:shared_dict_keys(SD),

    %% Every operation of Python's, and the end
    {ok, <<"destroyed">>} = py:eval(<<"use_all(handle)">>, #{<<"handle">> => SD}),
    try py:shared_dict_get(SD, <<"seen">>)
    catch error:badarg -> io:format("destroyed: badarg~n")
    end,

    %% Explicit cleanup (optional: the end of the owning process does it); again is no error
    ok = py:shared_dict_destroy(SD),
    ok = py:shared_dict_destroy(SD),
    ok = application:stop(pyport).
