%% @private The requests that wait for their replies: id -> the process and the reference that the reply goes to.
%%
%% Callers put their own rows. py_port takes them when replies arrive, and answers all that are left when the
%% port program dies. The table is py_port's. When py_port ends, by a kill too, the table goes to an heir, a process
%% that knows nothing else, and it answers what is left; after that callers get badarg from the table.
%%
%% The number in flight is the size of the table: nothing else has to be counted down when callers are
%% killed. A row whose caller was killed before it sent anything is swept with each heartbeat.
-module(py_pending).

-export([new/0, put/3, answer/4, take_back/2, whose/2, expire/3, is_waiting/3, size/1, answer_all/2, sweep/1]).

-type id() :: 1..16#ffffffff.

%% @doc The calling process is to be the one that routes replies. It is linked to the heir, so that none is
%% without the other.
-spec new() -> {ets:tid(), atomics:atomics_ref()}.
new() ->
    Heir = spawn_link(fun inherit/0),
    {ets:new(py_pending, [set, public, {write_concurrency, true}, {heir, Heir, died}]), atomics:new(1, [{signed, false}])}.

inherit() ->
    process_flag(trap_exit, true),
    receive
        {'ETS-TRANSFER', Pending, _, died} -> answer_all(Pending, killed)
    end.

%% @doc Gives the caller a free id. Ids wrap at 32 bits; 0 is the events'.
-spec put(ets:tid(), atomics:atomics_ref(), reference()) -> id().
put(Pending, Ids, Ref) ->
    case atomics:add_get(Ids, 1, 1) band 16#ffffffff of
        0 -> put(Pending, Ids, Ref);
        Id ->
            case ets:insert_new(Pending, {Id, self(), Ref}) of
                true -> Id;
                false -> put(Pending, Ids, Ref)
            end
    end.

%% @doc Answers with `{Ref, What, Body}'; false when nobody waits any more. Between taking the row and sending
%% nothing is called and nothing returns, so that a kill does not come in between.
-spec answer(ets:tid(), id(), What :: term(), Body :: term()) -> boolean().
answer(Pending, Id, What, Body) ->
    case ets:take(Pending, Id) of
        [{_, Pid, Ref}] ->
            Pid ! {Ref, What, Body},
            true;
        [] -> false
    end.

%% @doc Takes the caller's own row back; false when an answer is on its way.
-spec take_back(ets:tid(), id()) -> boolean().
take_back(Pending, Id) -> ets:take(Pending, Id) =/= [].

%% @doc The process that waits for the reply.
-spec whose(ets:tid(), id()) -> pid() | unknown.
whose(Pending, Id) ->
    case ets:lookup(Pending, Id) of
        [{_, Pid, _}] -> Pid;
        [] -> unknown
    end.

%% @doc Marks a request whose time is over: what answers it from now on comes as `{{expired, Ref}, What, Body}'.
%% False when it does not wait any more. To be called by the process that routes replies.
-spec expire(ets:tid(), id(), reference()) -> boolean().
expire(Pending, Id, Ref) ->
    case ets:take(Pending, Id) of
        [{_, Pid, Ref}] -> ets:insert(Pending, {Id, Pid, {expired, Ref}});
        [Other] -> not ets:insert(Pending, Other);
        [] -> false
    end.

%% @doc Whether that very request still waits.
-spec is_waiting(ets:tid(), id(), reference() | {expired, reference()}) -> boolean().
is_waiting(Pending, Id, Ref) ->
    case ets:lookup(Pending, Id) of
        [{_, _, Ref}] -> true;
        _ -> false
    end.

%% @doc `undefined' when the table is gone.
-spec size(ets:tid()) -> non_neg_integer() | undefined.
size(Pending) -> ets:info(Pending, size).

%% @doc Answers all that wait with `{Ref, died, Why}'; gives how many there were.
-spec answer_all(ets:tid(), Why :: term()) -> non_neg_integer().
answer_all(Pending, Why) ->
    length([Id || {Id, _, _} <- ets:tab2list(Pending), answer(Pending, Id, died, Why)]).

%% @doc Forgets the rows of processes that are dead; gives how many there were.
-spec sweep(ets:tid()) -> non_neg_integer().
sweep(Pending) ->
    Dead = [Id || {Id, Pid, _} <- ets:tab2list(Pending), not is_process_alive(Pid)],
    ok = lists:foreach(fun(Id) -> ets:delete(Pending, Id) end, Dead),
    length(Dead).
