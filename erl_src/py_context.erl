%% @private The ways to the port programs that run now, as every caller finds them without asking a process.
%%
%% A py_port publishes its context when its port program has answered HELLO, and withdraws it when that died. A
%% caller may hold an old one; it finds out when its port_command/3 fails.
%%
%% The table's stands in a persistent term: a read costs some nanoseconds and copies nothing. Those of the pools
%% come and go and stand in ETS (py_tables), in the order of their incarnations, which grow.
-module(py_context).

-include("py_context.hrl").

-export([publish/1, withdraw/2, forget/2, forget_dead/1, get/0, find/0, incarnation/0]).
-export([ports/1, port/2, draining/1, all_ports/0]).

-export_type([context/0]).

-type context() :: #context{}.

-define(KEY, pyport_context).

-spec publish(context()) -> ok.
publish(#context{pool = ?TABLE} = Context) -> persistent_term:put(?KEY, Context);
publish(#context{} = Context) -> py_tables:put_port(Context#context.pool, Context#context.incarnation, up, Context).

%% @doc What is told of the table's port until the next is published: `Why'.
-spec withdraw(context(), Why :: term()) -> ok.
withdraw(#context{pool = ?TABLE}, Why) -> persistent_term:put(?KEY, {down, Why});
withdraw(#context{pool = Pool, incarnation = Incarnation}, Why) ->
    ok = py_tables:put_end(Incarnation, Why),
    py_tables:delete_port(Pool, Incarnation).

%% @doc Withdraws what a py_port that was killed could not: its contexts still stand.
-spec forget(Pool :: atom(), pid()) -> ok.
forget(Pool, Server) ->
    lists:foreach(fun(Context) -> withdraw(Context, killed) end,
                  [Context || #context{server = Pid} = Context <- standing(Pool), Pid =:= Server]).

%% @doc The same for all that were killed while nobody looked.
-spec forget_dead(Pool :: atom()) -> ok.
forget_dead(Pool) ->
    lists:foreach(fun(#context{server = Pid}) -> forget(Pool, Pid) end,
                  [Context || #context{server = Pid} = Context <- standing(Pool), not is_process_alive(Pid)]).

standing(?TABLE) ->
    case find() of
        {ok, Context} -> [Context];
        {down, _} -> []
    end;
standing(Pool) -> [Context || {_, Context} <- py_tables:ports(Pool)].

%%% The table's

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

%% @doc Of the table's file that is used now.
-spec incarnation() -> {ok, pos_integer()} | {down, Why :: term()}.
incarnation() ->
    case find() of
        {ok, #context{incarnation = Incarnation}} -> {ok, Incarnation};
        Down -> Down
    end.

%%% The pools'

%% @doc The OS processes of a pool that take calls, the oldest first.
-spec ports(atom()) -> [context()].
ports(Pool) -> [Context || {up, Context} <- py_tables:ports(Pool)].

%% @doc One of them; `gone' also when it takes no more calls.
-spec port(atom(), Incarnation :: pos_integer()) -> {ok, context()} | gone.
port(Pool, Incarnation) ->
    case py_tables:port(Pool, Incarnation) of
        {up, Context} -> {ok, Context};
        _ -> gone
    end.

%% @doc From now on it takes no more calls.
-spec draining(context()) -> ok.
draining(#context{pool = Pool, incarnation = Incarnation} = Context) ->
    ok = py_tables:put_end(Incarnation, recycled),
    py_tables:put_port(Pool, Incarnation, draining, Context).

%% @doc Of all pools, also those that take no more calls.
-spec all_ports() -> [context()].
all_ports() -> [Context || {_, Context} <- py_tables:ports('_')].
