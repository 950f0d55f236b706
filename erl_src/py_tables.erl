%% @private The tables that outlive py_owner and py_port; the supervisor owns them.
%%
%% pyport_dicts       {Handle bits, Owner, Incarnation}   live dicts, and lost ones whose owner lives
%% pyport_namespaces  {Owner, Namespace, Incarnation}     written by py_owner, read by callers
%% pyport_process     {program, py_os:identity()}         the OS process of the last port program
%%
%% A row of an incarnation that is not the present one speaks of a port program that died.
-module(py_tables).

-export([create/0]).
-export([put_dict/3, delete_dict/1, dict_incarnation/1, dicts/0]).
-export([put_namespace/3, delete_namespace/1, namespace/1, namespaces/0]).
-export([put_process/1, delete_process/0, process/0]).

-define(DICTS, pyport_dicts).
-define(NAMESPACES, pyport_namespaces).
-define(PROCESS, pyport_process).

-type bits() :: py_handle:bits().
-type incarnation() :: pos_integer().
-type ns() :: pos_integer().

-spec create() -> ok.
create() ->
    Options = [named_table, public, set, {read_concurrency, true}],
    _ = [ets:new(Name, Options) || Name <- [?DICTS, ?NAMESPACES, ?PROCESS]],
    ok.

-spec put_dict(bits(), pid(), incarnation()) -> ok.
put_dict(Bits, Owner, Incarnation) -> insert(?DICTS, {Bits, Owner, Incarnation}).

-spec delete_dict(bits()) -> ok.
delete_dict(Bits) -> remove(?DICTS, Bits).

%% @doc In which port program the dict was made, if its row is still there.
-spec dict_incarnation(bits()) -> {ok, incarnation()} | unknown.
dict_incarnation(Bits) ->
    try ets:lookup(?DICTS, Bits) of
        [{_, _, Incarnation}] -> {ok, Incarnation};
        [] -> unknown
    catch
        error:badarg -> unknown   % pyport does not run
    end.

-spec dicts() -> [{bits(), pid(), incarnation()}].
dicts() -> ets:tab2list(?DICTS).

-spec put_namespace(pid(), ns(), incarnation()) -> ok.
put_namespace(Pid, Ns, Incarnation) -> insert(?NAMESPACES, {Pid, Ns, Incarnation}).

-spec delete_namespace(pid()) -> ok.
delete_namespace(Pid) -> remove(?NAMESPACES, Pid).

-spec namespace(pid()) -> {ns(), incarnation()} | none.
namespace(Pid) ->
    try ets:lookup(?NAMESPACES, Pid) of
        [{_, Ns, Incarnation}] -> {Ns, Incarnation};
        [] -> none
    catch
        error:badarg -> none
    end.

-spec namespaces() -> [{pid(), ns(), incarnation()}].
namespaces() -> ets:tab2list(?NAMESPACES).

-spec put_process(py_os:identity()) -> ok.
put_process(Identity) -> insert(?PROCESS, {program, Identity}).

-spec delete_process() -> ok.
delete_process() -> remove(?PROCESS, program).

-spec process() -> {ok, py_os:identity()} | none.
process() ->
    case ets:lookup(?PROCESS, program) of
        [{_, Identity}] -> {ok, Identity};
        [] -> none
    end.

insert(Table, Row) ->
    true = ets:insert(Table, Row),
    ok.

remove(Table, Key) ->
    true = ets:delete(Table, Key),
    ok.
