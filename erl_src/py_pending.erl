%% @private The requests that wait for their replies: id -> the alias that the reply goes to.
%%
%% Callers put their own entries; py_port takes them when replies arrive, and answers all that are left when
%% the port program dies. The table is py_port's, so it is gone when py_port is; callers then get badarg
%% from it, and their monitor of py_port fires.
%%
%% The number in flight is the size of the table: nothing else has to be counted down when callers are
%% killed. An entry whose caller was killed before it sent anything is swept with each heartbeat.
-module(py_pending).

-export([new/0, put/3, take/2, drop/2, size/1, take_all/1, sweep/1]).

-type id() :: 1..16#ffffffff.
-type alias() :: reference().

-spec new() -> {ets:tid(), atomics:atomics_ref()}.
new() -> {ets:new(py_pending, [set, public, {write_concurrency, true}]), atomics:new(1, [{signed, false}])}.

%% @doc Gives the caller a free id. Ids wrap at 32 bits; 0 is the events'.
-spec put(ets:tid(), atomics:atomics_ref(), alias()) -> id().
put(Pending, Ids, Alias) ->
    case atomics:add_get(Ids, 1, 1) band 16#ffffffff of
        0 -> put(Pending, Ids, Alias);
        Id ->
            case ets:insert_new(Pending, {Id, Alias, self()}) of
                true -> Id;
                false -> put(Pending, Ids, Alias)
            end
    end.

-spec take(ets:tid(), id()) -> {ok, alias()} | none.
take(Pending, Id) ->
    case ets:take(Pending, Id) of
        [{_, Alias, _}] -> {ok, Alias};
        [] -> none
    end.

-spec drop(ets:tid(), id()) -> ok.
drop(Pending, Id) ->
    true = ets:delete(Pending, Id),
    ok.

%% @doc `undefined' when the table is gone.
-spec size(ets:tid()) -> non_neg_integer() | undefined.
size(Pending) -> ets:info(Pending, size).

-spec take_all(ets:tid()) -> [alias()].
take_all(Pending) ->
    Aliases = [Alias || {Id, _, _} <- ets:tab2list(Pending), {ok, Alias} <- [take(Pending, Id)]],
    Aliases.

%% @doc Forgets the entries of processes that are dead; gives how many there were.
-spec sweep(ets:tid()) -> non_neg_integer().
sweep(Pending) ->
    Dead = [Id || {Id, _, Pid} <- ets:tab2list(Pending), not is_process_alive(Pid)],
    ok = lists:foreach(fun(Id) -> drop(Pending, Id) end, Dead),
    length(Dead).
