%% @private The way to the present port program, as every caller finds it without asking a process.
%%
%% py_port publishes it when the port program has answered HELLO and withdraws it when that died. It stands in
%% a persistent term: a read costs some nanoseconds and copies nothing. A caller may hold an old one; it
%% finds out when its port_command/3 fails.
-module(py_context).

-include("py_context.hrl").

-export([publish/1, withdraw/1, get/0, find/0, incarnation/0]).

-export_type([context/0]).

-type context() :: #context{}.

-define(KEY, pyport_context).

-spec publish(context()) -> ok.
publish(#context{} = Context) -> persistent_term:put(?KEY, Context).

%% @doc Callers are told `Why' until the next context is published.
-spec withdraw(Why :: term()) -> ok.
withdraw(Why) -> persistent_term:put(?KEY, {down, Why}).

%% @doc The context, or `exit({port_down, Why})'.
-spec get() -> context().
get() ->
    case persistent_term:get(?KEY, undefined) of
        #context{} = Context -> Context;
        {down, Why} -> exit({port_down, Why});
        undefined -> exit({port_down, not_started})
    end.

-spec find() -> {ok, context()} | {down, Why :: term()}.
find() ->
    case persistent_term:get(?KEY, undefined) of
        #context{} = Context -> {ok, Context};
        {down, Why} -> {down, Why};
        undefined -> {down, not_started}
    end.

%% @doc Of the port program that runs now.
-spec incarnation() -> {ok, pos_integer()} | {down, Why :: term()}.
incarnation() ->
    case find() of
        {ok, #context{incarnation = Incarnation}} -> {ok, Incarnation};
        Down -> Down
    end.
