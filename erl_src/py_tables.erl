%% @private The tables that outlive py_owner, the keepers and the ports; the supervisor owns them.
%%
%% pyport_dicts       {Handle bits, Owner, Incarnation}          live dicts, and lost ones whose owner lives
%% pyport_namespaces  {{Owner, Pool, Place}, Namespace, Incarnation}   written by py_owner, read by callers
%% pyport_ports       {{Pool, Incarnation}, up | draining, Context}    see py_context
%% pyport_ends        {Incarnation, Why}                         how the last OS processes of pools ended
%% pyport_pools       {Pool, Options}                            the pools that are to run
%% pyport_watches    {Id, Subscription}                          see py_watch
%% pyport_servers     {What, Pid}                                keepers and their helpers, see py_keeper
%% pyport_processes   {py_port, Pool, py_os:identity()}          the OS processes of port programs
%% pyport_facts       {Key, Value}                               the table's file, and which one it is
%%
%% `Place' is `home', or the incarnation of an OS process in which a process runs a single call.
%% A row of an incarnation that is not among the present ones speaks of something that is gone.
-module(py_tables).

-export([create/0]).
-export([put_dict/3, delete_dict/1, dict_incarnation/1, dicts/0]).
-export([put_namespace/5, delete_namespace/3, delete_namespaces/1, namespace/3, namespaces/0]).
-export([put_port/4, delete_port/2, port/2, ports/1, put_end/2, how_it_ended/1]).
-export([put_pool/2, delete_pool/1, pool/1, pools/0]).
-export([put_watch/2, delete_watch/1, watches/0]).
-export([put_server/2, delete_server/1, server/1]).
-export([put_process/3, delete_process/1, processes/0]).
-export([put_fact/2, fact/1]).

-export_type([place/0]).

-define(DICTS, pyport_dicts).
-define(NAMESPACES, pyport_namespaces).
-define(PORTS, pyport_ports).
-define(ENDS, pyport_ends).
-define(POOLS, pyport_pools).
-define(WATCHES, pyport_watches).
-define(SERVERS, pyport_servers).
-define(PROCESSES, pyport_processes).
-define(FACTS, pyport_facts).

-define(KEPT_ENDS, 1000).

-type bits() :: py_handle:bits().
-type incarnation() :: pos_integer().
-type ns() :: pos_integer().
-type place() :: home | incarnation().

-spec create() -> ok.
create() ->
    Options = [named_table, public, {read_concurrency, true}],
    _ = [ets:new(Name, [Type | Options])
         || {Name, Type} <- [{?DICTS, set}, {?NAMESPACES, set}, {?PORTS, ordered_set}, {?ENDS, ordered_set},
                             {?POOLS, set}, {?WATCHES, set}, {?SERVERS, set}, {?PROCESSES, set}, {?FACTS, set}]],
    ok.

%%% Dicts

-spec put_dict(bits(), pid(), incarnation()) -> ok.
put_dict(Bits, Owner, Incarnation) -> insert(?DICTS, {Bits, Owner, Incarnation}).

-spec delete_dict(bits()) -> ok.
delete_dict(Bits) -> remove(?DICTS, Bits).

%% @doc In which file of the table the dict was made, if its row is still there.
-spec dict_incarnation(bits()) -> {ok, incarnation()} | unknown.
dict_incarnation(Bits) ->
    case lookup(?DICTS, Bits) of
        [{_, _, Incarnation}] -> {ok, Incarnation};
        [] -> unknown
    end.

-spec dicts() -> [{bits(), pid(), incarnation()}].
dicts() -> ets:tab2list(?DICTS).

%%% Namespaces

-spec put_namespace(pid(), atom(), place(), ns(), incarnation()) -> ok.
put_namespace(Pid, Pool, Place, Ns, Incarnation) -> insert(?NAMESPACES, {{Pid, Pool, Place}, Ns, Incarnation}).

-spec delete_namespace(pid(), atom(), place()) -> ok.
delete_namespace(Pid, Pool, Place) -> remove(?NAMESPACES, {Pid, Pool, Place}).

%% @doc Those of a pool.
-spec delete_namespaces(atom()) -> ok.
delete_namespaces(Pool) ->
    true = ets:match_delete(?NAMESPACES, {{'_', Pool, '_'}, '_', '_'}),
    ok.

-spec namespace(pid(), atom(), place()) -> {ns(), incarnation()} | none.
namespace(Pid, Pool, Place) ->
    case lookup(?NAMESPACES, {Pid, Pool, Place}) of
        [{_, Ns, Incarnation}] -> {Ns, Incarnation};
        [] -> none
    end.

-spec namespaces() -> [{{pid(), atom(), place()}, ns(), incarnation()}].
namespaces() -> ets:tab2list(?NAMESPACES).

%%% Ports of pools

-spec put_port(atom(), incarnation(), up | draining, py_context:context()) -> ok.
put_port(Pool, Incarnation, Status, Context) -> insert(?PORTS, {{Pool, Incarnation}, Status, Context}).

-spec delete_port(atom(), incarnation()) -> ok.
delete_port(Pool, Incarnation) -> remove(?PORTS, {Pool, Incarnation}).

-spec port(atom(), incarnation()) -> {up | draining, py_context:context()} | none.
port(Pool, Incarnation) ->
    case lookup(?PORTS, {Pool, Incarnation}) of
        [{_, Status, Context}] -> {Status, Context};
        [] -> none
    end.

%% @doc In the order of their incarnations; `_' for all pools.
-spec ports(atom()) -> [{up | draining, py_context:context()}].
ports(Pool) ->
    try ets:select(?PORTS, [{{{Pool, '_'}, '$1', '$2'}, [], [{{'$1', '$2'}}]}])
    catch error:badarg -> []   % pyport does not run
    end.

%% @doc Only the last ones are kept.
-spec put_end(incarnation(), Why :: term()) -> ok.
put_end(Incarnation, Why) ->
    ok = insert(?ENDS, {Incarnation, Why}),
    case ets:info(?ENDS, size) > ?KEPT_ENDS of
        true -> remove(?ENDS, ets:first(?ENDS));
        false -> ok
    end.

-spec how_it_ended(incarnation()) -> {ok, Why :: term()} | unknown.
how_it_ended(Incarnation) ->
    case lookup(?ENDS, Incarnation) of
        [{_, Why}] -> {ok, Why};
        [] -> unknown
    end.

%%% Subscriptions

-spec put_watch(reference(), map()) -> ok.
put_watch(Id, Subscription) -> insert(?WATCHES, {Id, Subscription}).

-spec delete_watch(reference()) -> ok.
delete_watch(Id) -> remove(?WATCHES, Id).

-spec watches() -> [map()].
watches() -> [Subscription || {_, Subscription} <- ets:tab2list(?WATCHES)].

%%% Pools

-spec put_pool(atom(), py_pool_config:options()) -> ok.
put_pool(Pool, Options) -> insert(?POOLS, {Pool, Options}).

-spec delete_pool(atom()) -> ok.
delete_pool(Pool) -> remove(?POOLS, Pool).

-spec pool(atom()) -> {ok, py_pool_config:options()} | none.
pool(Pool) ->
    case lookup(?POOLS, Pool) of
        [{_, Options}] -> {ok, Options};
        [] -> none
    end.

-spec pools() -> [{atom(), py_pool_config:options()}].
pools() ->
    try lists:sort(ets:tab2list(?POOLS))
    catch error:badarg -> []   % pyport does not run
    end.

%%% Processes of ours

-spec put_server({keeper | ports, atom()}, pid()) -> ok.
put_server(What, Pid) -> insert(?SERVERS, {What, Pid}).

-spec delete_server({keeper | ports, atom()}) -> ok.
delete_server(What) -> remove(?SERVERS, What).

-spec server({keeper | ports, atom()}) -> {ok, pid()} | none.
server(What) ->
    case lookup(?SERVERS, What) of
        [{_, Pid}] -> {ok, Pid};
        [] -> none
    end.

%%% OS processes

-spec put_process(pid(), atom(), py_os:identity()) -> ok.
put_process(Server, Pool, Identity) -> insert(?PROCESSES, {Server, Pool, Identity}).

-spec delete_process(pid()) -> ok.
delete_process(Server) -> remove(?PROCESSES, Server).

-spec processes() -> [{pid(), atom(), py_os:identity()}].
processes() -> ets:tab2list(?PROCESSES).

%%% Facts

-spec put_fact(file | file_identity | incarnation | config | call_timeout, term()) -> ok.
put_fact(Key, Value) -> insert(?FACTS, {Key, Value}).

-spec fact(file | file_identity | incarnation | config | call_timeout) -> {ok, term()} | unknown.
fact(Key) ->
    case lookup(?FACTS, Key) of
        [{_, Value}] -> {ok, Value};
        [] -> unknown
    end.

%%% Inside

%% Callers may look while pyport does not run.
lookup(Table, Key) ->
    try ets:lookup(Table, Key)
    catch error:badarg -> []
    end.

insert(Table, Row) ->
    true = ets:insert(Table, Row),
    ok.

remove(Table, Key) ->
    true = ets:delete(Table, Key),
    ok.
