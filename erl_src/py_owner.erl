%% @private Ties dicts and namespaces to the Erlang processes that own them.
%%
%% This process itself sends NEW, NS_NEW, DESTROY and NS_DROP, so they reach the port programs in the order
%% in which they were decided:
%%
%% ```
%%   new: monitor the owner -> row in the table -> NEW -> handle to the caller
%% '''
%%
%% A caller that is killed anywhere on that way leaves a monitor, whose DOWN sends the DESTROY behind the NEW.
%% If this process is killed, its successor finds the rows, monitors their owners anew, and gets a DOWN at once
%% for those that died meanwhile. A row is written before its frame is sent: what the table has, has a row.
%%
%% The table's port may die with any of these frames unread. Dicts outlive it, so when the next one is up the dicts in
%% the table are compared with the rows: a dict without a row is destroyed, as its owner is dead, or was
%% told that it could not be made.
%%
%% Owners may live on other nodes; the loss of a node is the death of its processes.
-module(py_owner).

-behaviour(gen_server).

-include_lib("kernel/include/logger.hrl").
-include("py_context.hrl").
-include("py_protocol.hrl").

-export([start_link/1, new_dict/4, forget/1, abandon/1, destroyed/1, count/0]).
-export([namespace/3, renew_namespace/4, pool_is_gone/1]).
-export([table_is_up/0, sweep/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-export_type([found/0]).

-define(BULK, 1000).        % handles or namespaces in one frame
-define(DRAIN, 10000).      % owners whose death is handled at once
-define(LOOK, 60000).       % milliseconds between two looks for dicts that others have destroyed

-type ns() :: pos_integer().
-type found() :: {ok, py_context:context(), ns(), Told :: told | untold, Lost :: no | {lost, Why :: term()}}.
%% Untold: the port was busy, and the caller must send the NS_NEW itself, before anything else.

-record(state, {owners :: py_owners:owners(), max_dicts :: pos_integer() | infinity}).

-spec start_link(pyport_config:config()) -> {ok, pid()} | {error, term()} | ignore.
start_link(Config) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, Config, [{spawn_opt, [{message_queue_data, off_heap}]}]).

%% @doc Makes a dict that the process owns, with those options. The reply of the port program goes to the request `Id', which the
%% caller has prepared in `Context'.
-spec new_dict(pid(), py_context:context(), py_protocol:id(), py_options:sent()) ->
          {ok, py_handle:bits()} | {error, {table_full, max_dicts_per_owner}} | {down, term()}.
new_dict(Pid, Context, Id, Options) -> call({new_dict, Pid, Context, Id, Options}, infinity).

%% @doc A namespace of the calling process in a pool: its home, or one in the OS process of that incarnation.
-spec namespace(atom(), py_tables:place(), timeout()) -> found() | none_up | timeout | {down, term()}.
namespace(Pool, Place, Timeout) -> call({namespace, Pool, Place, none}, Timeout).

%% @doc Another one, after the port program said that it does not know this one.
-spec renew_namespace(atom(), py_tables:place(), ns(), timeout()) -> found() | none_up | timeout | {down, term()}.
renew_namespace(Pool, Place, Ns, Timeout) -> call({namespace, Pool, Place, Ns}, Timeout).

%% @doc Forgets dicts that were destroyed by a caller.
-spec forget([py_handle:bits()]) -> ok.
forget(Handles) -> gen_server:cast(?MODULE, {forget, Handles}).

%% @doc Forgets a dict of which nobody knows whether it was made, and destroys it if it was.
-spec abandon(py_handle:bits()) -> ok.
abandon(Bits) -> gen_server:cast(?MODULE, {abandon, Bits}).

%% @doc The body of a DESTROYED event.
-spec destroyed(binary()) -> ok.
destroyed(Body) -> gen_server:cast(?MODULE, {destroyed, Body}).

%% @doc The pool was stopped: nobody will ask for what was lost with it.
-spec pool_is_gone(atom()) -> ok.
pool_is_gone(Pool) -> gen_server:cast(?MODULE, {pool_is_gone, Pool}).

%% @doc A port of the table is up.
-spec table_is_up() -> ok.
table_is_up() -> gen_server:cast(?MODULE, table_is_up).

%% @doc An OS process is dead: what it held in the table is to be given back.
-spec sweep() -> ok.
sweep() -> gen_server:cast(?MODULE, sweep).

%% @doc How many processes own something, and how many dicts are owned.
-spec count() -> #{owners := non_neg_integer(), dicts := non_neg_integer()} | {down, term()}.
count() -> call(count, infinity).

call(Request, Timeout) ->
    try gen_server:call(?MODULE, Request, Timeout)
    catch
        exit:{timeout, {gen_server, call, _}} -> timeout;
        exit:{Why, {gen_server, call, _}} -> {down, {owner_down, Why}}
    end.

%%% Server

-spec init(pyport_config:config()) -> {ok, #state{}}.
init(#{max_dicts_per_owner := MaxDicts}) ->
    Dicts = lists:foldl(fun({Bits, Pid, Incarnation}, Owners) ->
                                py_owners:add_dict(Pid, Bits, Incarnation, watch(Pid, Owners))
                        end, py_owners:new(), py_tables:dicts()),
    Owners = lists:foldl(fun({{Pid, Pool, Place}, Ns, Incarnation}, Acc) ->
                                 py_owners:add_namespace(Pid, Pool, Place, Ns, Incarnation, watch(Pid, Acc))
                         end, Dicts, py_tables:namespaces()),
    %% The last one may not have been told to its port program any more; known ones are ignored there.
    ok = tell_namespaces(?OP_NS_NEW, [{Pool, Place, Ns, Incarnation}
                                      || {{_, Pool, Place}, Ns, Incarnation} <- py_tables:namespaces()]),
    ok = look_later(),
    {ok, #state{owners = Owners, max_dicts = MaxDicts}}.

watch(Pid, Owners) ->
    case py_owners:is_owner(Pid, Owners) of
        true -> Owners;
        false -> py_owners:add_owner(Pid, erlang:monitor(process, Pid), Owners)
    end.

look_later() ->
    _ = erlang:send_after(?LOOK, self(), look),
    ok.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, term(), #state{}}.
handle_call({new_dict, Pid, Context, Id, Options}, _From, #state{owners = Owners, max_dicts = Max} = State) ->
    case py_owners:dicts_of(Pid, Owners) of
        Many when is_integer(Max), Many >= Max -> {reply, {error, {table_full, max_dicts_per_owner}}, State};
        _ ->
            {Reply, Now} = make_dict(Context, Id, Options, Pid, Owners),
            {reply, Reply, State#state{owners = Now}}
    end;
handle_call({namespace, Pool, Place, Unknown}, {Pid, _}, #state{owners = Owners} = State) ->
    {Reply, Now} = find_namespace(py_tables:namespace(Pid, Pool, Place), Unknown, Pool, Place, Pid, Owners),
    {reply, Reply, State#state{owners = Now}};
handle_call(count, _From, #state{owners = Owners} = State) ->
    {reply, py_owners:count(Owners), State};
handle_call(_Request, _From, State) ->
    {reply, {error, unknown_request}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast({forget, Handles}, State) ->
    {noreply, forget(Handles, State)};
handle_cast({abandon, Bits}, State) ->
    ok = destroy([Bits]),
    {noreply, forget([Bits], State)};
handle_cast({destroyed, Body}, State) ->
    {noreply, forget(py_protocol:destroyed(Body), State)};
handle_cast({pool_is_gone, Pool}, #state{owners = Owners} = State) ->
    ok = py_tables:delete_namespaces(Pool),
    {noreply, State#state{owners = settled(py_owners:remove_pool(Pool, Owners))}};
handle_cast(table_is_up, State) ->
    ok = tell_table(?OP_SWEEP, []),
    {noreply, reconcile(fun destroy/1, State)};
handle_cast(sweep, State) ->
    ok = tell_table(?OP_SWEEP, []),
    {noreply, State};
handle_cast(_Request, State) ->
    {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({'DOWN', _, process, Pid, _}, #state{owners = Owners} = State) ->
    {noreply, State#state{owners = bury([Pid | drain(?DRAIN)], Owners)}};
handle_info(look, State) ->
    ok = look_later(),
    {noreply, look(State)};
handle_info(_Message, State) ->
    ?LOG_WARNING("py_owner got a message that it does not know", #{domain => [pyport]}),
    {noreply, State}.

%% Owners that die together are buried together.
drain(0) -> [];
drain(More) ->
    receive
        {'DOWN', _, process, Pid, _} -> [Pid | drain(More - 1)]
    after 0 -> []
    end.

bury(Pids, Owners) ->
    {Things, Rest} = lists:mapfoldl(fun py_owners:remove_owner/2, Owners, Pids),
    Dicts = [Dict || #{dicts := Dicts} <- Things, Dict <- Dicts],
    ok = destroy([Bits || {Bits, _} <- Dicts]),
    ok = tell_namespaces(?OP_NS_DROP, [Ns || #{namespaces := Namespaces} <- Things, Ns <- Namespaces]),
    ok = lists:foreach(fun({Bits, _}) -> py_tables:delete_dict(Bits) end, Dicts),
    _ = [py_tables:delete_namespace(Pid, Pool, Place)
         || {Pid, #{namespaces := Namespaces}} <- lists:zip(Pids, Things), {Pool, Place, _, _} <- Namespaces],
    Rest.

%%% Dicts

make_dict(#context{incarnation = Incarnation} = Context, Id, Options, Pid, Owners) ->
    Bits = py_handle:new(),
    Owned = py_owners:add_dict(Pid, Bits, Incarnation, watch(Pid, Owners)),
    ok = py_tables:put_dict(Bits, Pid, Incarnation),
    case py_request:send_prepared(Context, ?OP_NEW, Id, new_body(Bits, Options)) of
        ok -> {{ok, Bits}, Owned};
        Down -> {Down, forget_dict(Bits, Owned)}
    end.

new_body(Bits, {0, 0, 0}) -> py_protocol:encode(Bits);
new_body(Bits, Options) -> py_protocol:encode({Bits, Options}).

forget(Handles, #state{owners = Owners} = State) ->
    State#state{owners = lists:foldl(fun forget_dict/2, Owners, Handles)}.

forget_dict(Bits, Owners) ->
    ok = py_tables:delete_dict(Bits),
    settled(py_owners:remove_dict(Bits, Owners)).

settled({Monitors, Owners}) ->
    _ = [true = erlang:demonitor(Monitor, [flush]) || Monitor <- Monitors],
    Owners.

%% Handles are unknown to other files than the one in which they were made, and unknown ones are ignored.
destroy(Handles) ->
    case py_context:find() of
        {ok, Context} -> bulks(Handles, fun(Bulk) -> post(Context, ?OP_DESTROY, Bulk) end);
        {down, _} -> ok   % they have no rows any more: the next port of the table destroys them
    end.

post(Context, Op, Body) ->
    _ = py_request:post(Context, Op, ?FLAG_NO_REPLY, py_protocol:encode(Body)),
    ok.

bulks([], _) -> ok;
bulks(Things, Send) ->
    {Bulk, Rest} = lists:split(min(?BULK, length(Things)), Things),
    ok = Send(Bulk),
    bulks(Rest, Send).

tell_table(Op, Body) ->
    case py_context:find() of
        {ok, Context} ->
            _ = py_request:post(Context, Op, ?FLAG_NO_REPLY, Body),
            ok;
        {down, _} -> ok
    end.

%% Python, and processes that are not ours, may have destroyed dicts without our being told.
look(#state{owners = Owners} = State) ->
    case py_owners:count(Owners) of
        #{dicts := 0} -> State;
        _ -> reconcile(fun(_) -> ok end, State)
    end.

reconcile(Destroy, State) ->
    case py_context:find() of
        {ok, #context{incarnation = Incarnation} = Context} ->
            case py_request:call(py_request:unbounded(Context), ?OP_DICTS, 0, [], infinity) of
                {?REPLY_VALUE, Body} ->
                    #{destroy := Ownerless, forget := Gone} =
                        py_owners:reconcile(py_protocol:destroyed(Body), py_tables:dicts(), Incarnation),
                    ok = Destroy(Ownerless),
                    forget(Gone, State);
                _ -> State   % it died again; the next one asks again
            end;
        {down, _} -> State
    end.

%%% Namespaces

%% The row that a caller found is good, bad (its OS process is gone or draining, or does not know it), or none.
find_namespace({Ns, Incarnation}, Unknown, Pool, Place, Pid, Owners) when Ns =/= Unknown ->
    case py_context:port(Pool, Incarnation) of
        {ok, Context} -> {{ok, Context, Ns, told, no}, Owners};
        gone -> make_namespace(lost(Place, Incarnation), Pool, Place, Pid, Owners)
    end;
find_namespace({_, Incarnation}, _, Pool, Place, Pid, Owners) ->
    make_namespace(lost(Place, Incarnation), Pool, Place, Pid, Owners);
find_namespace(none, _, Pool, Place, Pid, Owners) ->
    make_namespace(no, Pool, Place, Pid, Owners).

lost(home, Incarnation) ->
    case py_tables:how_it_ended(Incarnation) of
        {ok, Why} -> {lost, Why};
        unknown -> {lost, unknown}
    end;
lost(_, _) -> no.

make_namespace(Lost, Pool, Place, Pid, Owners) ->
    case where(Pool, Place, Owners) of
        {ok, Context} ->
            {Ns, Owned} = own_namespace(Context, Pool, Place, Pid, Owners),
            {{ok, Context, Ns, told(Context, Ns), Lost}, Owned};
        gone -> {none_up, Owners}
    end.

where(Pool, home, Owners) ->
    case [Incarnation || #context{incarnation = Incarnation} <- py_context:ports(Pool)] of
        [] -> gone;
        Incarnations -> py_context:port(Pool, py_owners:least_used(Incarnations, Owners))
    end;
where(Pool, Incarnation, _) -> py_context:port(Pool, Incarnation).

own_namespace(#context{incarnation = Incarnation}, Pool, Place, Pid, Owners) ->
    Ns = erlang:unique_integer([positive, monotonic]),
    Owned = py_owners:add_namespace(Pid, Pool, Place, Ns, Incarnation, watch(Pid, Owners)),
    ok = py_tables:put_namespace(Pid, Pool, Place, Ns, Incarnation),
    {Ns, without_stale(Pid, Owned)}.

%% Those for single calls in OS processes that are gone are of no use.
without_stale(Pid, Owners) ->
    Stale = [{Pool, Place} || {Pool, Place, _, Incarnation} <- py_owners:namespaces_of(Pid, Owners), Place =/= home,
                              py_context:port(Pool, Incarnation) =:= gone],
    ok = lists:foreach(fun({Pool, Place}) -> py_tables:delete_namespace(Pid, Pool, Place) end, Stale),
    py_owners:remove_namespaces(Pid, Stale, Owners).

%% This process never waits for a busy port of a pool.
told(Context, Ns) ->
    case py_request:try_post(Context, ?OP_NS_NEW, ?FLAG_NO_REPLY, py_protocol:encode([Ns])) of
        ok -> told;
        busy -> untold;
        {down, _} -> told   % the caller will find out
    end.

tell_namespaces(Op, Namespaces) ->
    ByPort = lists:foldl(fun({Pool, _, Ns, Incarnation}, Acc) ->
                                 maps:update_with({Pool, Incarnation}, fun(Nss) -> [Ns | Nss] end, [Ns], Acc)
                         end, #{}, Namespaces),
    maps:foreach(fun({Pool, Incarnation}, Nss) -> tell_port(py_tables:port(Pool, Incarnation), Op, Nss) end, ByPort).

tell_port(none, _, _) -> ok;   % they went with it
tell_port({_, Context}, Op, Nss) ->
    bulks(Nss, fun(Bulk) ->
                       Body = py_protocol:encode(Bulk),
                       case py_request:try_post(Context, Op, ?FLAG_NO_REPLY, Body) of
                           busy ->
                               _ = spawn(fun() -> py_request:post(Context, Op, ?FLAG_NO_REPLY, Body) end),
                               ok;
                           _ -> ok
                       end
               end).
