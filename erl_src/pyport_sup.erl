%% @private The supervisor: what all share, the table's port, and the pools.
%%
%% ```
%% pyport_sup
%%  +- py_global_sup    a process for each dict here whose name is known in the whole cluster
%%  +- py_shared        the table's file
%%  +- py_log           Python's output
%%  +- py_owner         monitors owners
%%  +- py_watch         sends changes of dicts to those who watch them
%%  +- py_keeper_sup    of the table: py_port_sup with py_table, and its py_keeper
%%  +- py_pool_sup
%%      +- py_keeper_sup    one a pool: py_port_sup with a py_port for each OS process, and their py_keeper
%% '''
%%
%% one_for_one: nobody holds anything of another. What must be remembered stands in tables of this process
%% (py_tables). A port program that dies is no crash of any of these, so no pool takes another one, or the
%% table, with it.
-module(pyport_sup).

-behaviour(supervisor).

-include("py_context.hrl").

-export([start_link/1, init/1]).

-spec start_link(pyport:options()) -> {ok, pid()} | {error, term()}.
start_link(Options) ->
    case ready(Options) of
        {ok, Config} -> reason(supervisor:start_link({local, ?MODULE}, ?MODULE, Config));
        {error, _} = Error -> Error
    end.

%% What can be wrong before anything runs is said here, in words, instead of by a restart loop.
ready(Options) ->
    case {whereis(?MODULE), pyport_config:load(Options)} of
        {Pid, _} when is_pid(Pid) -> {error, {already_started, Pid}};
        {undefined, {ok, #{program := Program} = Config}} ->
            case pyport_config:check_program(Program) of
                ok -> {ok, Config};
                Error -> Error
            end;
        {undefined, Error} -> Error
    end.

%% The pool of whoever has only one need not be named.
reason({error, {shutdown, {failed_to_start_child, table, Why}}}) -> {error, py_pools:start_error(Why)};
reason({error, {shutdown, {failed_to_start_child, pools, Why}}}) -> {error, pool_error(Why)};
reason({error, {shutdown, {failed_to_start_child, _, Why}}}) -> {error, Why};
reason(Result) -> Result.

pool_error({shutdown, {failed_to_start_child, default, Why}}) -> py_pools:start_error(Why);
pool_error({shutdown, {failed_to_start_child, Pool, Why}}) -> {pool, Pool, py_pools:start_error(Why)};
pool_error(Why) -> Why.

-spec init(pyport_config:config()) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init(#{pools := Pools, call_timeout := Timeout} = Config) ->
    ok = py_tables:create(),
    ok = py_tables:put_fact(config, Config),
    ok = py_tables:put_fact(call_timeout, Timeout),
    ok = maps:foreach(fun py_tables:put_pool/2, Pools),
    Children = [#{id => py_global, start => {py_global, start_supervisor, []}, type => supervisor},
                #{id => py_shared, start => {py_shared, start_link, [Config]}},
                #{id => py_log, start => {py_log, start_link, [Config]}},
                #{id => py_owner, start => {py_owner, start_link, [Config]}},
                #{id => py_watch, start => {py_watch, start_link, [Config]}},
                #{id => table, start => {py_keeper_sup, start_link, [table, ?TABLE]}, type => supervisor,
                  shutdown => infinity},
                #{id => pools, start => {py_pool_sup, start_link, []}, type => supervisor, shutdown => infinity}],
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10}, Children}}.
