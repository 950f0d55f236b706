#!/usr/bin/env escript
%% -*- erlang -*-
%% Session state: several Python calls share what belongs to one user.
%%
%%     ERL_LIBS=_build/default/lib escript examples/session.escript
-mode(compile).

main([]) ->
    ok = application:load(pyport),
    ok = application:set_env(pyport, python_path, [filename:dirname(filename:absname(escript:script_name()))]),
    {ok, _} = application:ensure_all_started(pyport),
    {UserId, ItemId, Item2Id} = {17, 4711, 4712},

    %% Create session state for a user
    {ok, Session} = py:shared_dict_new(),
    ok = py:shared_dict_set(Session, <<"user_id">>, UserId),
    ok = py:shared_dict_set(Session, <<"cart">>, []),

    %% Multiple Python calls share the session
    {ok, 1} = py:call(shop, add_to_cart, [Session, ItemId]),
    {ok, 2} = py:call(shop, add_to_cart, [Session, Item2Id]),

    %% Read final state
    Cart = [ItemId, Item2Id] = py:shared_dict_get(Session, <<"cart">>),
    io:format("cart of user ~p: ~p~n", [py:shared_dict_get(Session, <<"user_id">>), Cart]),

    %% Cleanup when done
    ok = py:shared_dict_destroy(Session),
    ok = application:stop(pyport).
