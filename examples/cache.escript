#!/usr/bin/env escript
%% -*- erlang -*-
%% Cache sharing: Python computes once, Erlang reads as often as it likes, without Python.
%%
%%     ERL_LIBS=_build/default/lib escript examples/cache.escript
-mode(compile).

main([]) ->
    {ok, _} = application:ensure_all_started(pyport),

    %% Create shared cache
    {ok, Cache} = py:shared_dict_new(),

    %% Python can populate the cache
    ok = py:exec(<<"
        from erlang import SharedDict

        def expensive_computation():
            return sum(n * n for n in range(100_000))

        cache = SharedDict(handle)
        cache['computed'] = expensive_computation()
    ">>, #{<<"handle">> => Cache}),

    %% Erlang can read cached values
    CachedValue = 333328333350000 = py:shared_dict_get(Cache, <<"computed">>),
    io:format("computed: ~p~n", [CachedValue]),

    %% What exec defined is still there for this process
    {ok, true} = py:eval(<<"cache['computed'] == expensive_computation()">>),
    ok = application:stop(pyport).
